function Remove-KISDDeviceAssignment {
    <#
    .SYNOPSIS
    Takes a device back.

    .DESCRIPTION
    Its condition decides where it goes: good to stock, damaged to repair, lost to lost. Nothing is
    changed: the answer is the plan, with -WhatIf and without.

    .PARAMETER DeviceID
    The id on the label of the device.

    .PARAMETER Condition
    good, damaged or lost.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Remove-KISDDeviceAssignment -DeviceID LT-1 -Condition damaged -Context @{ Device = $device }

    .OUTPUTS
    KISD.DeviceChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('KISD.DeviceChange')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('device_id')]
        [ValidateLength(1, 64)]
        [string]$DeviceID,

        [Parameter(ValueFromPipelineByPropertyName)]
        [ValidateSet('good', 'damaged', 'lost', IgnoreCase = $false)]
        [string]$Condition,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $id = Get-KISDCheckedPattern -Value $DeviceID -Field 'DeviceID' -Pattern 'Identifier'
            $device = Get-KISDDeviceFact -Context $facts -DeviceID $id
            $shape = $Condition ? $Condition : 'good'
            $after = @{}
            if ($null -ne $device['AssignedTo']) {
                $after = [ordered]@{ Status = $script:Rules['Returned'][$shape]; AssignedTo = $null }
            }
            $change = Get-KISDChange -Action 'return' -Before $device -After $after
            $head = [ordered]@{ DeviceID = $id; Condition = $shape }
            $answer = ConvertTo-KISDObject -TypeName 'KISD.DeviceChange' -Part $head, $change
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $DeviceID
            return
        }
        if ($PSCmdlet.ShouldProcess($id, 'Return device') -or $WhatIfPreference) {
            $answer
        }
    }
}
