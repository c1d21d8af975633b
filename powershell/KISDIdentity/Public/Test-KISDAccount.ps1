function Test-KISDAccount {
    <#
    .SYNOPSIS
    Looks at one account for what does not fit together.

    .DESCRIPTION
    Problems are named in a fixed order: username_shape, email_mismatch, unit_unexpected,
    reason_missing, reason_left_over, groups_left_over.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Test-KISDAccount -Context $context | Where-Object Healthy -EQ $false

    .OUTPUTS
    KISD.AccountFinding
    #>
    [CmdletBinding()]
    [OutputType('KISD.AccountFinding')]
    param(
        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $account = Get-KISDAccountFact -Context $facts -LookOnly
            $problems = @(Get-KISDProblem -Account $account -Context $facts)
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountFinding' -Part ([ordered]@{
                    Username = $account['Username']
                    State    = $account['State']
                    Enabled  = $account['State'] -ceq 'active'
                    Healthy  = $problems.Count -eq 0
                    Problems = $problems
                })
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        $answer
    }
}
