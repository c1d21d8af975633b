function Write-KISDAuditLog {
    <#
    .SYNOPSIS
    Builds an entry of the audit trail.

    .DESCRIPTION
    Values whose name tells of a secret are masked, at any depth. Writing the entry is the part of
    the worker. Nothing is changed: the answer is the plan, with -WhatIf and without.

    .PARAMETER Action
    What happened, as in student.created.

    .PARAMETER Details
    What is worth knowing of it.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Write-KISDAuditLog -Action student.created -Details @{ username = 'alovelace8001' }

    .OUTPUTS
    KISD.AuditEntry
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    [OutputType('KISD.AuditEntry')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Action,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [AllowEmptyCollection()]
        [System.Collections.IDictionary]$Details,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $act = Get-KISDCheckedLine -Value $Action -Field 'Action'
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AuditEntry' -Part ([ordered]@{
                    Timestamp = Get-KISDFact -Context $facts -Name 'Now'
                    Action    = $act
                    Actor     = Get-KISDFactOrDefault -Context $facts -Name 'Actor' -Default $null
                    Details   = Get-KISDMasked -Value (ConvertTo-KISDDictionary -Value $Details)
                })
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Action
            return
        }
        if ($PSCmdlet.ShouldProcess($act, 'Write audit entry') -or $WhatIfPreference) {
            $answer
        }
    }
}
