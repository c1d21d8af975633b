function Disable-KISDAccount {
    <#
    .SYNOPSIS
    Ends the login of an account, and for a leaver starts the grace.

    .DESCRIPTION
    Groups and unit are remembered and the account moves to OU=Disabled. For a leaver DeleteAfter
    says when the grace is over; admin, security and leave never run out. Another reason replaces
    the earlier one and its timer. Devices still held are told; they block archive and purge.
    Nothing is changed: the answer is the plan, with -WhatIf and without.

    .PARAMETER Reason
    leaver (or deprovision), admin, security or leave.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Disable-KISDAccount -Reason leaver -Context $context -WhatIf

    .OUTPUTS
    KISD.AccountChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('KISD.AccountChange')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ValidateSet('leaver', 'deprovision', 'admin', 'security', 'leave', IgnoreCase = $false)]
        [string]$Reason,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $account = Get-KISDAccountFact -Context $facts
            $leaver = $script:Rules['Leaver']
            $cause = ($Reason -ceq 'deprovision') ? $leaver : $Reason
            $again = $account['State'] -ceq 'disabled'
            $after = [ordered]@{ DisableReason = $cause }
            if (-not $again) {
                $state = Get-KISDNextState -Move 'disable' -Account $account
                $after = Join-KISDDictionary -Part @{ State = $state }, $after, (Get-KISDPutAway -Account $account -Context $facts)
            }
            $change = Get-KISDChange -Action ($again ? 'update' : 'disable') -Before $account -After $after
            $timed = $change['Changed'] -and $cause -ceq $leaver
            $told = [ordered]@{
                Disabled       = -not $again
                Reason         = $Reason
                DeleteAfter    = $timed ? (Get-KISDLaterMoment -Context $facts -Name 'GraceDays' -Default $script:Rules['GraceDays'][$account['Kind']]) : $null
                CancelTimers   = $change['Changed'] -and $cause -cne $leaver
                RevokeSessions = -not $again
                DevicesHeld    = Get-KISDFactOrDefault -Context $facts -Name 'DevicesHeld' -Default @()
            }
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountChange' -Part @{ Username = $account['Username'] }, $change, $told
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($account['Username'], 'Disable account') -or $WhatIfPreference) {
            $answer
        }
    }
}
