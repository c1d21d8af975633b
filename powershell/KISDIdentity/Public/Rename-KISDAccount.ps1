function Rename-KISDAccount {
    <#
    .SYNOPSIS
    Gives an account the username and e-mail of a new name.

    .DESCRIPTION
    Username and e-mail get the same token. The old e-mail becomes an alias, and the old username a
    tombstone that nobody else gets; who returns to a former name gets it back. A username that fits
    the new name already stays. Nothing is changed: the answer is the plan, with -WhatIf and
    without.

    .PARAMETER FirstName
    The given name, in any script.

    .PARAMETER LastName
    The family name, in any script.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Rename-KISDAccount -LastName King -Context $context -WhatIf

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
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $after = Get-KISDCheckedChange -Bound $PSBoundParameters -Name 'FirstName', 'LastName'
            $account = Get-KISDOpenAccount -Context $facts -State 'staged', 'active', 'suspended', 'disabled' -Deed 'renamed'
            $person = Join-KISDDictionary -Part $account, $after
            $stem = Get-KISDUsernameStem -Kind $person['Kind'] -FirstName $person['FirstName'] -LastName $person['LastName'] -Key $person['PersonKey']
            $username = $account['Username']
            $tombstone = $null
            if (@(Get-KISDStemName -Stem $stem) -cnotcontains $username) {
                $tombstone = $username
                $renamed = Get-KISDRenamed -Account $account -Stem $stem -Context $facts
                $username = $renamed['Username']
                $after = Join-KISDDictionary -Part $after, $renamed
            }
            $action = ($null -eq $tombstone) ? 'update' : 'rename'
            $change = Get-KISDChange -Action $action -Before $account -After $after
            $answer = ConvertTo-KISDObject -TypeName 'KISD.AccountChange' -Part @{ Username = $username; Tombstone = $tombstone }, $change
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        if ($PSCmdlet.ShouldProcess($account['Username'], 'Rename account') -or $WhatIfPreference) {
            $answer
        }
    }
}
