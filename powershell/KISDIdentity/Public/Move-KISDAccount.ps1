function Move-KISDAccount {
    <#
    .SYNOPSIS
    Moves an account to another unit of the same directory.

    .DESCRIPTION
    Units that only the lifecycle fills, below OU=Disabled or listed in ProtectedOUs, are refused.
    Nothing is changed: the answer is the plan, with -WhatIf and without.

    .PARAMETER OU
    The distinguished name of the unit.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Move-KISDAccount -OU 'OU=Lab,DC=coreskills,DC=example' -Context $context

    .OUTPUTS
    KISD.AccountChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('KISD.AccountChange')]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$OU,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $unit = Get-KISDCheckedUnit -Value $OU
            $account = Get-KISDOpenAccount -Context $facts -State 'staged', 'active', 'suspended' -Deed 'moved'
            $suffix = Get-KISDFact -Context $facts -Name 'DirectorySuffix'
            if (-not $unit.EndsWith(",$suffix", [System.StringComparison]::Ordinal)) {
                throw (Get-KISDRefusal -Code 'validation_failed' -Message "$unit is not below $suffix")
            }
            $listed = Get-KISDFactOrDefault -Context $facts -Name 'ProtectedOUs' -Default @()
            foreach ($protected in @("OU=Disabled,$suffix") + $listed) {
                if ((Test-KISDEqual -Left $unit -Right $protected) -or $unit.EndsWith(",$protected", [System.StringComparison]::Ordinal)) {
                    throw (Get-KISDRefusal -Code 'protected_target' -Message "$unit is protected")
                }
            }
            $change = Get-KISDChange -Action 'move' -Before $account -After @{ OU = $unit }
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountChange' -Part @{ Username = $account['Username'] }, $change
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($account['Username'], 'Move account') -or $WhatIfPreference) {
            $answer
        }
    }
}
