function Step-KISDGrade {
    <#
    .SYNOPSIS
    Decides what the end of a school year means for one pupil.

    .DESCRIPTION
    Decision is promoted, feeder (to the next school), graduated, retained (the same grade, and so
    the class of a year later), skipped (the account is not open) or already_stepped. Nothing is
    changed: the answer is the plan, with -WhatIf and without.

    .PARAMETER SchoolYear
    The school year that ends.

    .PARAMETER Retained
    The pupil repeats the grade.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Step-KISDGrade -SchoolYear 2027 -Context $context

    .OUTPUTS
    KISD.GradeStep
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.GradeStep')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('school_year')]
        [ValidateRange(2020, 2060)]
        [int]$SchoolYear,

        [Parameter(ValueFromPipelineByPropertyName)]
        [switch]$Retained,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $account = Get-KISDAccountFact -Context $facts
            if ($account['Kind'] -cne 'student') {
                throw (Get-KISDRefusal -Code 'validation_failed' -Message 'Only students have a grade')
            }
            $step = Get-KISDGradeStep -Account $account -SchoolYear $SchoolYear -Retained:$Retained -Context $facts
            $change = Get-KISDChange -Action 'update' -Before $step['Before'] -After $step['After']
            if ($step['Decision'] -ceq 'graduated') { $change['Action'] = 'graduate' }
            $head = [ordered]@{ Username = $account['Username']; Decision = $step['Decision'] }
            $answer = ConvertTo-KISDObject -TypeName 'KISD.GradeStep' -Part $head, $change
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($account['Username'], 'Step grade') -or $WhatIfPreference) {
            $answer
        }
    }
}
