function Resume-KISDAccount {
    <#
    .SYNOPSIS
    Opens an account that was suspended, or staged for a later day.

    .DESCRIPTION
    An account that is active already is no error. Nothing is changed: the answer is the plan, with
    -WhatIf and without.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Resume-KISDAccount -Context $context

    .OUTPUTS
    KISD.AccountChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.AccountChange')]
    param(
        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $account = Get-KISDAccountFact -Context $facts
            $move = ($account['State'] -ceq 'suspended') ? 'resume' : 'activate'
            $after = ($account['State'] -ceq 'active') ? @{} : @{ State = Get-KISDNextState -Move $move -Account $account }
            $change = Get-KISDChange -Action 'enable' -Before $account -After $after
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountChange' -Part @{ Username = $account['Username'] }, $change
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($account['Username'], 'Resume account') -or $WhatIfPreference) {
            $answer
        }
    }
}
