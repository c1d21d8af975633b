function Set-KISDDevice {
    <#
    .SYNOPSIS
    Changes what is known of a device, or its status.

    .DESCRIPTION
    A device that somebody holds can break or be lost; it must come back before it is put away or
    retired. Nothing is changed: the answer is the plan, with -WhatIf and without.

    .PARAMETER DeviceName
    What people call it.

    .PARAMETER OSVersion
    The version of its system.

    .PARAMETER Status
    in_stock, repair, lost or retired.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Set-KISDDevice -Status repair -Context @{ Device = $device }

    .OUTPUTS
    KISD.DeviceChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.DeviceChange')]
    param(
        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('device_name')]
        [ValidateNotNullOrEmpty()]
        [string]$DeviceName,

        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('os_version')]
        [ValidateNotNullOrEmpty()]
        [string]$OSVersion,

        [Parameter(ValueFromPipelineByPropertyName)]
        [ValidateSet('in_stock', 'repair', 'lost', 'retired', IgnoreCase = $false)]
        [string]$Status,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $after = Get-KISDCheckedChange -Bound $PSBoundParameters -Name 'DeviceName', 'OSVersion', 'Status'
            $device = Get-KISDDeviceFact -Context $facts
            Assert-KISDDeviceMove -Device $device -After $after
            $change = Get-KISDChange -Action 'update' -Before $device -After $after
            $answer = ConvertTo-KISDObject -TypeName 'KISD.DeviceChange' -Part @{ DeviceID = $device['DeviceID'] }, $change
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($device['DeviceID'], 'Change device') -or $WhatIfPreference) {
            $answer
        }
    }
}
