# What host.ps1 and the Pester tests share: how a request becomes a call, and a failure a code.

function Get-KISDParameterFault {
    # Why a command cannot be called with these parameters; nothing when it can. Asked beforehand,
    # because a missing mandatory parameter would prompt, and switches like -ErrorAction are not the
    # business of a request.
    [CmdletBinding()]
    [OutputType([string])]
    param([System.Management.Automation.CommandInfo]$Command, [System.Collections.IDictionary]$Parameter)

    $own = [System.Collections.Generic.HashSet[string]]::new([System.StringComparer]::Ordinal)
    $reserved = @('Context', 'Detailed') + [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
    foreach ($known in $Command.Parameters.Values) {
        if ($reserved -ccontains $known.Name) { continue }
        $null = $own.Add($known.Name)
        foreach ($attribute in $known.Attributes) {
            if ($attribute -is [System.Management.Automation.ParameterAttribute] -and $attribute.Mandatory -and -not $Parameter.Contains($known.Name)) {
                return "$($known.Name) is required"
            }
        }
    }
    foreach ($entry in $Parameter.GetEnumerator()) {
        if (-not $own.Contains($entry.Key)) { return "$($entry.Key) is not a known parameter" }
        if ($null -eq $entry.Value) { return "$($entry.Key) must not be null; leave it out" }
    }
}

function Get-KISDErrorCode {
    # The stable code of a failure, as the worker knows it.
    [CmdletBinding()]
    [OutputType([string])]
    param([System.Management.Automation.ErrorRecord]$Record)

    if ($Record.FullyQualifiedErrorId -cmatch '^KISD\.([A-Z_]+)') { return $Matches[1].ToLowerInvariant() }
    if ($Record.Exception -is [System.Management.Automation.ParameterBindingException]) { return 'validation_failed' }
    return 'internal_error'
}
