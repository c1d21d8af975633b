function Set-KISDAccount {
    <#
    .SYNOPSIS
    Changes data of a person.

    .DESCRIPTION
    A new name does not rename the account: see Rename-KISDAccount. The unit follows the class or
    the department if the account stands in that of the old one, and not elsewhere. Nothing is
    changed: the answer is the plan, with -WhatIf and without.

    .PARAMETER FirstName
    The given name, in any script.

    .PARAMETER LastName
    The family name, in any script.

    .PARAMETER GradeLevel
    The grade, 9 to 12.

    .PARAMETER GraduationYear
    The year in which the class graduates.

    .PARAMETER Department
    The department, which is also the unit.

    .PARAMETER Role
    What the person does there.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Set-KISDAccount -GradeLevel 12 -Context @{ Account = $account; DirectorySuffix = 'DC=coreskills,DC=example' }

    .OUTPUTS
    KISD.AccountChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.AccountChange')]
    param(
        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('first_name')]
        [ValidateNotNullOrEmpty()]
        [string]$FirstName,

        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('last_name')]
        [ValidateNotNullOrEmpty()]
        [string]$LastName,

        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('grade_level')]
        [ValidateRange(9, 12)]
        [int]$GradeLevel,

        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('graduation_year')]
        [ValidateRange(2020, 2060)]
        [int]$GraduationYear,

        [Parameter(ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Department,

        [Parameter(ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Role,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $after = Get-KISDCheckedChange -Bound $PSBoundParameters -Name 'FirstName', 'LastName', 'GradeLevel', 'GraduationYear', 'Department', 'Role'
            $account = Get-KISDOpenAccount -Context $facts -State 'staged', 'active', 'suspended', 'disabled' -Deed 'changed'
            $strange = ($account['Kind'] -ceq 'student') ? @('Department', 'Role') : @('GradeLevel', 'GraduationYear')
            foreach ($field in $strange) {
                if ($after.Contains($field)) {
                    throw (Get-KISDRefusal -Code 'validation_failed' -Message "${field}: not of a $($account['Kind'])")
                }
            }
            $place = ($account['State'] -ceq 'disabled') ? 'OriginalOU' : 'OU'
            if (Test-KISDEqual -Left $account[$place] -Right (Get-KISDUnit -Person $account -Context $facts)) {
                $after[$place] = Get-KISDUnit -Person (Join-KISDDictionary -Part $account, $after) -Context $facts
            }
            $change = Get-KISDChange -Action 'update' -Before $account -After $after
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountChange' -Part @{ Username = $account['Username'] }, $change
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($account['Username'], 'Change account') -or $WhatIfPreference) {
            $answer
        }
    }
}
