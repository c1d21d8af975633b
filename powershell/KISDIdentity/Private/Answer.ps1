function Get-KISDRefusal {
    # The exception to throw. Its code becomes the FullyQualifiedErrorId KISD.<CODE>,<Cmdlet>.
    [CmdletBinding()]
    [OutputType([System.Exception])]
    param([string]$Code, [string]$Message)

    $exception = [System.InvalidOperationException]::new($Message)
    $exception.Data['KISDCode'] = $Code
    return $exception
}

function Write-KISDError {
    # One item failed; the next one of the pipeline goes on.
    [CmdletBinding()]
    param(
        [System.Management.Automation.PSCmdlet]$Cmdlet,
        [System.Management.Automation.ErrorRecord]$Record,
        [AllowNull()][object]$Target
    )

    $code = $Record.Exception.Data['KISDCode']
    if ($null -eq $code) { $code = 'internal_error' }
    $category = switch -CaseSensitive ($code) {
        'not_found' { 'ObjectNotFound' }
        'feeder_missing' { 'ObjectNotFound' }
        'duplicate_device' { 'ResourceExists' }
        'protected_target' { 'PermissionDenied' }
        'device_held' { 'ResourceBusy' }
        'legal_hold' { 'ResourceBusy' }
        'username_exhausted' { 'LimitsExceeded' }
        'licence_exhausted' { 'LimitsExceeded' }
        'state_conflict' { 'InvalidOperation' }
        'too_early' { 'InvalidOperation' }
        'internal_error' { 'NotSpecified' }
        default { 'InvalidArgument' }
    }
    $Cmdlet.WriteError(
        [System.Management.Automation.ErrorRecord]::new(
            $Record.Exception,
            "KISD.$($code.ToUpperInvariant())",
            [System.Management.Automation.ErrorCategory]$category,
            $Target
        )
    )
}

function Test-KISDEqual {
    # Equal down to the last bit: -eq would ignore invisible characters, and case.
    [CmdletBinding()]
    [OutputType([bool])]
    param([AllowNull()][object]$Left, [AllowNull()][object]$Right)

    if ($null -eq $Left -or $null -eq $Right) {
        return ($null -eq $Left) -and ($null -eq $Right)
    }
    if ($Left -is [System.Array] -or $Right -is [System.Array]) {
        return Test-KISDEqualList -Left $Left -Right $Right
    }
    $kind = Get-KISDKind -Value $Left
    if ($kind -cne (Get-KISDKind -Value $Right)) { return $false }
    if ($kind -ceq 'text') {
        return [string]::Equals([string]$Left, [string]$Right, [System.StringComparison]::Ordinal)
    }
    return $Left -eq $Right
}

function Test-KISDEqualList {
    [CmdletBinding()]
    [OutputType([bool])]
    param([object]$Left, [object]$Right)

    if ($Left -isnot [System.Array] -or $Right -isnot [System.Array]) { return $false }
    if ($Left.Length -ne $Right.Length) { return $false }
    for ($index = 0; $index -lt $Left.Length; $index++) {
        if (-not (Test-KISDEqual -Left $Left[$index] -Right $Right[$index])) { return $false }
    }
    return $true
}

function Get-KISDKind {
    # 1 is 1.0, but true is not 1, and "1" is not 1.
    [CmdletBinding()]
    [OutputType([string])]
    param([object]$Value)

    if ($Value -is [string]) { return 'text' }
    if ($Value -is [bool]) { return 'boolean' }
    if ($Value -is [int] -or $Value -is [long] -or $Value -is [double] -or $Value -is [decimal]) { return 'number' }
    return 'other'
}

function Get-KISDChange {
    # Only what differs is told; when nothing does, the action is noop.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param(
        [string]$Action,
        [System.Collections.IDictionary]$Before = @{},
        [System.Collections.IDictionary]$After = @{}
    )

    $old = Get-KISDEmptyDictionary
    $new = Get-KISDEmptyDictionary
    foreach ($entry in $After.GetEnumerator()) {
        $former = $Before[$entry.Key]
        if (-not (Test-KISDEqual -Left $former -Right $entry.Value)) {
            $old[$entry.Key] = $former
            $new[$entry.Key] = $entry.Value
        }
    }
    $changed = $new.Count -gt 0
    return [ordered]@{
        Action  = $changed ? $Action : 'noop'
        Changed = $changed
        Before  = $old
        After   = $new
    }
}

function Join-KISDDictionary {
    # Several dictionaries as one; of equal names the last wins.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([System.Collections.IDictionary[]]$Part)

    $all = Get-KISDEmptyDictionary
    foreach ($dictionary in $Part) {
        foreach ($entry in $dictionary.GetEnumerator()) {
            $all[$entry.Key] = $entry.Value
        }
    }
    return $all
}

function ConvertTo-KISDObject {
    # Several dictionaries as one object of a named type.
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([string]$TypeName, [System.Collections.IDictionary[]]$Part)

    $object = [pscustomobject]@{}
    $object.PSObject.TypeNames.Insert(0, $TypeName)
    foreach ($entry in (Join-KISDDictionary -Part $Part).GetEnumerator()) {
        $object.PSObject.Properties.Add([System.Management.Automation.PSNoteProperty]::new($entry.Key, $entry.Value))
    }
    return $object
}
