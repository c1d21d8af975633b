function Test-KISDAccountExists {
    <#
    .SYNOPSIS
    Says whether a username is taken.

    .DESCRIPTION
    Answers true or false, so that it can stand in an if. With -Detailed: an object with Username
    and Exists, as the worker reads it.

    .PARAMETER Username
    The username, compared exactly.

    .PARAMETER Detailed
    An object instead of a boolean.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    if (Test-KISDAccountExists -Username alovelace8001 -Context $context) { 'taken' }

    .OUTPUTS
    [bool]
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ValidateLength(1, 64)]
        [string]$Username,

        [Parameter()]
        [switch]$Detailed,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $exists = (Get-KISDNameSet -Name (Get-KISDFact -Context $facts -Name 'TakenUsernames')).Contains($Username)
            $answer = $Detailed ? (ConvertTo-KISDObject -TypeName 'KISD.AccountExistence' -Part ([ordered]@{ Username = $Username; Exists = $exists })) : $exists
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        $answer
    }
}
