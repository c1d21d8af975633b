function Update-KISDGroup {
    <#
    .SYNOPSIS
    Gives and takes groups and licences as rules decide.

    .DESCRIPTION
    For the Accounts of the context, or its one Account. Groups that no rule names stay. Only active
    and suspended accounts are entitled. Seats are released first and then given in order; who gets
    none is told in Refused with licence_exhausted. Nothing is changed: the answer is the plan, with
    -WhatIf and without.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Update-KISDGroup -Context @{ Account = $account; Groups = $rules }

    .OUTPUTS
    KISD.GroupUpdate
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.GroupUpdate')]
    param(
        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $accounts = $facts.Contains('Accounts') ? @($facts['Accounts']) : @(, (Get-KISDAccountFact -Context $facts))
            $update = Get-KISDGroupUpdate -Account $accounts -Context $facts
            $answer = ConvertTo-KISDObject -TypeName 'KISD.GroupUpdate' -Part $update
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess("$($accounts.Count) accounts", 'Update groups and licences') -or $WhatIfPreference) {
            $answer
        }
    }
}
