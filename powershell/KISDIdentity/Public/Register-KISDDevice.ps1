function Register-KISDDevice {
    <#
    .SYNOPSIS
    Puts a device into stock.

    .DESCRIPTION
    The same once more changes nothing; another device under the same id is refused. Nothing is
    changed: the answer is the plan, with -WhatIf and without.

    .PARAMETER DeviceID
    The id on the label of the device.

    .PARAMETER DeviceName
    What people call it.

    .PARAMETER DeviceType
    laptop, desktop, tablet or mobile.

    .PARAMETER Platform
    windows, macos, chromeos, ipados or linux.

    .PARAMETER SerialNumber
    The serial number of the maker.

    .PARAMETER OSVersion
    The version of its system.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Import-Csv ./devices.csv | Register-KISDDevice -Context @{ Device = $null }

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

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('device_name')]
        [ValidateNotNullOrEmpty()]
        [string]$DeviceName,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('device_type')]
        [ValidateSet('laptop', 'desktop', 'tablet', 'mobile', IgnoreCase = $false)]
        [string]$DeviceType,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ValidateSet('windows', 'macos', 'chromeos', 'ipados', 'linux', IgnoreCase = $false)]
        [string]$Platform,

        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('serial_number')]
        [ValidateNotNullOrEmpty()]
        [string]$SerialNumber,

        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('os_version')]
        [ValidateNotNullOrEmpty()]
        [string]$OSVersion,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $given = [ordered]@{
                DeviceID   = Get-KISDCheckedPattern -Value $DeviceID -Field 'DeviceID' -Pattern 'Identifier'
                DeviceName = Get-KISDCheckedLine -Value $DeviceName -Field 'DeviceName'
                DeviceType = $DeviceType
                Platform   = $Platform
            }
            foreach ($field in 'SerialNumber', 'OSVersion') {
                if ($PSBoundParameters.ContainsKey($field)) {
                    $given[$field] = Get-KISDCheckedLine -Value $PSBoundParameters[$field] -Field $field
                }
            }
            $existing = Get-KISDFact -Context $facts -Name 'Device'
            if ($null -eq $existing) {
                $given['Status'] = 'in_stock'
                $change = Get-KISDChange -Action 'create' -After $given
            }
            else {
                $change = Get-KISDChange -Action 'create' -Before $existing -After $given
                if ($change['Changed']) {
                    throw (Get-KISDRefusal -Code 'duplicate_device' -Message "$($given['DeviceID']) is another device already")
                }
            }
            $head = [ordered]@{ DeviceID = $given['DeviceID']; Created = $null -eq $existing }
            $answer = ConvertTo-KISDObject -TypeName 'KISD.DeviceChange' -Part $head, $change
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $DeviceID
            return
        }
        if ($PSCmdlet.ShouldProcess($DeviceID, 'Register device') -or $WhatIfPreference) {
            $answer
        }
    }
}
