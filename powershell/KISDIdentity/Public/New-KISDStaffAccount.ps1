function New-KISDStaffAccount {
    <#
    .SYNOPSIS
    Describes the account of a new member of staff.

    .DESCRIPTION
    Username (given and family name with a dot between), e-mail and unit of the department. Who
    exists already is no error: the answer then says Created false. Nothing is changed: the answer
    is the plan, with -WhatIf and without.

    .PARAMETER EmployeeID
    The id of the employee; 1 to 32 characters.

    .PARAMETER FirstName
    The given name, in any script.

    .PARAMETER LastName
    The family name, in any script.

    .PARAMETER Department
    The department, which is also the unit.

    .PARAMETER Role
    What the person does there.

    .PARAMETER StartDate
    The first day, as 2027-08-30; before it the account is staged.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    New-KISDStaffAccount -EmployeeID E1001 -FirstName Jean -LastName Bartik -Department Computing -Role Teacher

    .OUTPUTS
    KISD.NewAccount
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.NewAccount')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('employee_id')]
        [ValidateLength(1, 64)]
        [string]$EmployeeID,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('first_name')]
        [ValidateNotNullOrEmpty()]
        [string]$FirstName,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('last_name')]
        [ValidateNotNullOrEmpty()]
        [string]$LastName,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Department,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Role,

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
                Kind       = 'staff'
                PersonKey  = Get-KISDCheckedPattern -Value $EmployeeID -Field 'EmployeeID' -Pattern 'Identifier'
                FirstName  = Get-KISDCheckedName -Value $FirstName -Field 'FirstName'
                LastName   = Get-KISDCheckedName -Value $LastName -Field 'LastName'
                Department = Get-KISDCheckedLine -Value $Department -Field 'Department'
                Role       = Get-KISDCheckedLine -Value $Role -Field 'Role'
            }
            $day = if ($PSBoundParameters.ContainsKey('StartDate')) { Get-KISDCheckedPattern -Value $StartDate -Field 'StartDate' -Pattern 'Day' }
            $new = Get-KISDNewAccount -Person $person -StartDate $day -Context $facts
            $answer = ConvertTo-KISDObject -TypeName 'KISD.NewAccount' -Part @{ EmployeeID = $person['PersonKey'] }, $new
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $EmployeeID
            return
        }
        if ($PSCmdlet.ShouldProcess($answer.Username, 'Create staff account') -or $WhatIfPreference) {
            $answer
        }
    }
}
