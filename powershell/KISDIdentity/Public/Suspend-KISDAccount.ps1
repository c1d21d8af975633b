function Suspend-KISDAccount {
    <#
    .SYNOPSIS
    Bars the login of an account for a while.

    .DESCRIPTION
    Place and groups stay, and no timer runs. Nothing is changed: the answer is the plan, with
    -WhatIf and without.

    .PARAMETER Reason
    Why, in one line.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Suspend-KISDAccount -Reason 'lost laptop' -Context $context

    .OUTPUTS
    KISD.AccountChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.AccountChange')]
    param(
        [Parameter(ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Reason,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            if ($PSBoundParameters.ContainsKey('Reason')) { $null = Get-KISDCheckedLine -Value $Reason -Field 'Reason' -Longest 1000 }
            $account = Get-KISDAccountFact -Context $facts
            $revoke = $account['State'] -cne 'suspended'
            $after = $revoke ? @{ State = Get-KISDNextState -Move 'suspend' -Account $account } : @{}
            $change = Get-KISDChange -Action 'disable' -Before $account -After $after
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountChange' -Part @{ Username = $account['Username'] }, $change, @{ RevokeSessions = $revoke }
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($account['Username'], 'Suspend account') -or $WhatIfPreference) {
            $answer
        }
    }
}
