function New-KISDStudentAccount {
    <#
    .SYNOPSIS
    Describes the account of a new student.

    .DESCRIPTION
    Username (initial, family name and end of the id, made safe for directories), e-mail and unit of
    the class. A collision appends 2 to 99 to username and e-mail together. Who exists already is no
    error: the answer then says Created false. Nothing is changed: the answer is the plan, with
    -WhatIf and without.

    .PARAMETER StudentID
    The id of the student in the information system; 1 to 32 characters.

    .PARAMETER FirstName
    The given name, in any script.

    .PARAMETER LastName
    The family name, in any script.

    .PARAMETER GradeLevel
    The grade, 9 to 12.

    .PARAMETER GraduationYear
    The year in which the class graduates.

    .PARAMETER StartDate
    The first day, as 2027-08-30; before it the account is staged.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Import-Csv ./students.csv | New-KISDStudentAccount -WhatIf

    .OUTPUTS
    KISD.NewAccount
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.NewAccount')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('student_id')]
        [ValidateLength(1, 64)]
        [string]$StudentID,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('first_name')]
        [ValidateNotNullOrEmpty()]
        [string]$FirstName,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('last_name')]
        [ValidateNotNullOrEmpty()]
        [string]$LastName,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('grade_level')]
        [ValidateRange(9, 12)]
        [int]$GradeLevel,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('graduation_year')]
        [ValidateRange(2020, 2060)]
        [int]$GraduationYear,

        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('start_date')]
        [ValidateNotNullOrEmpty()]
        [string]$StartDate,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $person = @{
                Kind           = 'student'
                PersonKey      = Get-KISDCheckedPattern -Value $StudentID -Field 'StudentID' -Pattern 'Identifier'
                FirstName      = Get-KISDCheckedName -Value $FirstName -Field 'FirstName'
                LastName       = Get-KISDCheckedName -Value $LastName -Field 'LastName'
                GraduationYear = $GraduationYear
            }
            $day = if ($PSBoundParameters.ContainsKey('StartDate')) { Get-KISDCheckedPattern -Value $StartDate -Field 'StartDate' -Pattern 'Day' }
            $new = Get-KISDNewAccount -Person $person -StartDate $day -Context $facts
            $answer = ConvertTo-KISDObject -TypeName 'KISD.NewAccount' -Part @{ StudentID = $person['PersonKey'] }, $new
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $StudentID
            return
        }
        if ($PSCmdlet.ShouldProcess($answer.Username, 'Create student account') -or $WhatIfPreference) {
            $answer
        }
    }
}
