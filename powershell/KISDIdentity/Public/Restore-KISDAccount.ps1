function Restore-KISDAccount {
    <#
    .SYNOPSIS
    Brings back an account that was disabled or archived.

    .DESCRIPTION
    The same username, groups, and unit unless another is given; timers end. Nothing is changed: the
    answer is the plan, with -WhatIf and without.

    .PARAMETER OU
    Another unit than the one it came from.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Restore-KISDAccount -Context $context

    .OUTPUTS
    KISD.AccountChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.AccountChange')]
    param(
        [Parameter(ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$OU,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $unit = if ($PSBoundParameters.ContainsKey('OU')) { Get-KISDCheckedUnit -Value $OU }
            $account = Get-KISDAccountFact -Context $facts
            $ended = $account['State'] -cne 'active'
            $after = @{}
            if ($ended) {
                $state = Get-KISDNextState -Move 'restore' -Account $account
                if (-not $unit) { $unit = $account['OriginalOU'] }
                if (-not $unit) { $unit = Get-KISDUnit -Person $account -Context $facts }
                $after = [ordered]@{
                    State            = $state
                    DisableReason    = $null
                    OU               = $unit
                    OriginalOU       = $null
                    Groups           = Get-KISDDistinct -Name (@($account['Groups']) + @($account['RememberedGroups']))
                    RememberedGroups = @()
                }
            }
            $change = Get-KISDChange -Action 'enable' -Before $account -After $after
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountChange' -Part @{ Username = $account['Username'] }, $change, @{ CancelTimers = $ended }
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($account['Username'], 'Restore account') -or $WhatIfPreference) {
            $answer
        }
    }
}
