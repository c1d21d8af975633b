function New-KISDAccountBatch {
    <#
    .SYNOPSIS
    Names many new accounts at once, in order.

    .DESCRIPTION
    For rosters: rows that passed validation, with student_id or employee_id, first_name, last_name,
    graduation_year or department. Names given to earlier rows count as taken. A row that finds no
    free name gets ErrorCode and ErrorMessage and stops no other. Nothing is changed: the answer is
    the plan, with -WhatIf and without.

    .PARAMETER Rows
    The rows.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    New-KISDAccountBatch -Rows $rows -Context @{ TakenUsernames = 'alovelace8001'; StudentMailDomain = 'students.coreskills.example'; DirectorySuffix = 'DC=coreskills,DC=example' }

    .OUTPUTS
    KISD.AccountBatch
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.AccountBatch')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [AllowEmptyCollection()]
        [object[]]$Rows,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $taken = Get-KISDNameSet -Name (Get-KISDFact -Context $facts -Name 'TakenUsernames')
            $accounts = [System.Collections.Generic.List[object]]::new()
            foreach ($row in $Rows) {
                try {
                    $person = ConvertTo-KISDPerson -Row (ConvertTo-KISDDictionary -Value $row)
                    $account = Get-KISDNewName -Person $person -Taken $taken -Context $facts
                    $null = $taken.Add($account['Username'])
                }
                catch [System.InvalidOperationException] {
                    $account = [ordered]@{ ErrorCode = $_.Exception.Data['KISDCode']; ErrorMessage = $_.Exception.Message }
                }
                $accounts.Add($account)
            }
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountBatch' -Part @{ Accounts = $accounts.ToArray() }
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess("$($Rows.Count) rows", 'Create accounts') -or $WhatIfPreference) {
            $answer
        }
    }
}
