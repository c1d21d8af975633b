function Remove-KISDAccount {
    <#
    .SYNOPSIS
    Archives a disabled account, or purges an archived one.

    .DESCRIPTION
    A timer, -ByTimer, only touches leavers whose DeleteAfter is over. Devices that are held block
    both stages, a legal hold blocks the purge. A purge tells which fields are to be erased, and no
    personal data. Nothing is changed: the answer is the plan, with -WhatIf and without.

    .PARAMETER Username
    The username of the account in the context, to be sure.

    .PARAMETER Stage
    archive or purge.

    .PARAMETER ByTimer
    No person asked for it.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Remove-KISDAccount -Username alovelace8001 -Stage purge -Context $context -Confirm:$false

    .OUTPUTS
    KISD.AccountChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('KISD.AccountChange')]
    param(
        [Parameter(ValueFromPipelineByPropertyName)]
        [ValidateLength(1, 64)]
        [string]$Username,

        [Parameter(ValueFromPipelineByPropertyName)]
        [ValidateSet('archive', 'purge', IgnoreCase = $false)]
        [string]$Stage,

        [Parameter(ValueFromPipelineByPropertyName)]
        [switch]$ByTimer,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $account = Get-KISDAccountFact -Context $facts
            if ($PSBoundParameters.ContainsKey('Username') -and -not (Test-KISDEqual -Left $Username -Right $account['Username'])) {
                throw (Get-KISDRefusal -Code 'validation_failed' -Message 'Username is not that of the account in the context')
            }
            $phase = $Stage ? $Stage : 'archive'
            $done = ($phase -ceq 'archive') ? 'archived' : 'purged'
            if ($account['State'] -ceq $done) {
                $removal = Get-KISDChange -Action $phase
            }
            else {
                $removal = Get-KISDRemoval -Account $account -Stage $phase -ByTimer:$ByTimer -Context $facts
            }
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountChange' -Part @{ Username = $account['Username'] }, $removal
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($account['Username'], 'Remove account') -or $WhatIfPreference) {
            $answer
        }
    }
}
