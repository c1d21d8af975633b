function Reset-KISDPassword {
    <#
    .SYNOPSIS
    Says that an account gets a new password, to be changed at the next login.

    .DESCRIPTION
    The secret itself is made by the worker, shown once, and never passes through an engine.
    Sessions end. Nothing is changed: the answer is the plan, with -WhatIf and without.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Reset-KISDPassword -Context $context

    .OUTPUTS
    KISD.AccountChange
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('KISD.AccountChange')]
    param(
        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $account = Get-KISDOpenAccount -Context $facts -State 'staged', 'active', 'suspended' -Deed 'given a password'
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountChange' -Part ([ordered]@{
                    Username           = $account['Username']
                    MustChangePassword = $true
                    RevokeSessions     = $true
                    Action             = 'reset'
                    Changed            = $true
                    Before             = @{ MustChangePassword = [bool]$account['MustChangePassword'] }
                    After              = @{ MustChangePassword = $true }
                })
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($account['Username'], 'Reset password') -or $WhatIfPreference) {
            $answer
        }
    }
}
