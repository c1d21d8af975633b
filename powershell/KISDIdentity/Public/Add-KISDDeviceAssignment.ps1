function Add-KISDDeviceAssignment {
    <#
    .SYNOPSIS
    Hands a device from stock to a person.

    .DESCRIPTION
    One device, one person. To whom it is with already is no error. Nothing is changed: the answer
    is the plan, with -WhatIf and without.

    .PARAMETER DeviceID
    The id on the label of the device.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Add-KISDDeviceAssignment -DeviceID LT-1 -Context @{ Device = $device; Account = $account }

    .OUTPUTS
    KISD.DeviceChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.DeviceChange')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('device_id')]
        [ValidateLength(1, 64)]
        [string]$DeviceID,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $id = Get-KISDCheckedPattern -Value $DeviceID -Field 'DeviceID' -Pattern 'Identifier'
            $device = Get-KISDDeviceFact -Context $facts -DeviceID $id
            $account = Get-KISDAccountFact -Context $facts
            $after = Get-KISDAssignment -Device $device -Account $account
            $change = Get-KISDChange -Action 'assign' -Before $device -After $after
            $answer = ConvertTo-KISDObject -TypeName 'KISD.DeviceChange' -Part @{ DeviceID = $id }, $change
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $DeviceID
            return
        }
        if ($PSCmdlet.ShouldProcess($id, 'Assign device') -or $WhatIfPreference) {
            $answer
        }
    }
}
