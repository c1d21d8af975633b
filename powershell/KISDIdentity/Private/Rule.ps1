# Rules over facts: {Field, Op, Value}, {All}, {Any}, {Not}. A verdict is pass, fail, unknown (a fact
# is missing) or error (the rule or the fact makes no sense), with the reason of anything but a pass.

function Get-KISDVerdict {
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([AllowNull()][object]$Rule, [System.Collections.IDictionary]$Facts, [int]$Depth = 1)

    $malformed = @{ Outcome = 'error'; Reason = 'rule is malformed' }
    if ($Rule -isnot [System.Collections.IDictionary] -or $Depth -gt $script:Rules['DeepestRule']) { return $malformed }
    $size = $Rule.PSBase.Count
    if ($size -eq 3 -and $Rule.Contains('Field') -and $Rule.Contains('Op') -and $Rule.Contains('Value')) {
        return Get-KISDFieldVerdict -Rule $Rule -Facts $Facts
    }
    if ($size -ne 1) { return $malformed }
    if ($Rule.Contains('Not')) {
        $inner = Get-KISDVerdict -Rule $Rule['Not'] -Facts $Facts -Depth ($Depth + 1)
        if ($inner['Outcome'] -ceq 'pass') { return @{ Outcome = 'fail'; Reason = 'excluded condition holds' } }
        if ($inner['Outcome'] -ceq 'fail') { return @{ Outcome = 'pass'; Reason = '' } }
        return $inner
    }
    $order = @{ All = 'fail', 'error', 'unknown', 'pass'; Any = 'pass', 'error', 'unknown', 'fail' }
    foreach ($word in 'All', 'Any') {
        if ($Rule.Contains($word) -and $Rule[$word] -is [System.Array] -and $Rule[$word].Length -gt 0) {
            $verdicts = foreach ($part in $Rule[$word]) { Get-KISDVerdict -Rule $part -Facts $Facts -Depth ($Depth + 1) }
            return Get-KISDDecisiveVerdict -Verdict $verdicts -Order $order[$word]
        }
    }
    return $malformed
}

function Get-KISDDecisiveVerdict {
    # The first verdict with the outcome that counts most.
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([hashtable[]]$Verdict, [string[]]$Order)

    foreach ($outcome in $Order) {
        foreach ($one in $Verdict) {
            if ($one['Outcome'] -ceq $outcome) { return $one }
        }
    }
}

function Get-KISDFieldVerdict {
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([System.Collections.IDictionary]$Rule, [System.Collections.IDictionary]$Facts)

    $field = $Rule['Field']
    $operator = $Rule['Op']
    $wanted = $Rule['Value']
    $known = 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'contains', 'exists', 'version_lt', 'version_le', 'version_eq', 'version_gt', 'version_ge'
    $exists = $operator -is [string] -and $operator -ceq 'exists'
    if ($field -isnot [string] -or $operator -isnot [string] -or $known -cnotcontains $operator -or ($exists -and $wanted -isnot [bool])) {
        return @{ Outcome = 'error'; Reason = 'rule is malformed' }
    }
    $found = $Facts[$field]
    if ($exists) {
        $holds = ($null -ne $found) -eq $wanted
    }
    elseif ($null -eq $found) {
        return @{ Outcome = 'unknown'; Reason = "$field is not known" }
    }
    else {
        $holds = Get-KISDComparison -Operator $operator -Found $found -Wanted $wanted
    }
    if ($null -eq $holds) { return @{ Outcome = 'error'; Reason = "$field cannot be compared by $operator" } }
    if ($holds) { return @{ Outcome = 'pass'; Reason = '' } }
    return @{ Outcome = 'fail'; Reason = "$field is not as $operator demands" }
}

function Get-KISDComparison {
    # True or false; null when the two cannot be compared.
    [CmdletBinding()]
    [OutputType([object])]
    param([string]$Operator, [object]$Found, [AllowNull()][object]$Wanted)

    $kind = Get-KISDKind -Value $Found
    $alike = $kind -ceq (Get-KISDKind -Value $Wanted) -and $kind -cne 'other'
    if ('eq', 'ne' -ccontains $Operator) {
        if (-not $alike) { return $null }
        return (Test-KISDEqual -Left $Found -Right $Wanted) -eq ($Operator -ceq 'eq')
    }
    if ($Operator -ceq 'in') { return Test-KISDMember -Item $Found -List $Wanted }
    if ($Operator -ceq 'contains') {
        if ($alike -and $kind -ceq 'text') { return ([string]$Found).Contains([string]$Wanted, [System.StringComparison]::Ordinal) }
        return Test-KISDMember -Item $Wanted -List $Found
    }
    if ($Operator.StartsWith('version_', [System.StringComparison]::Ordinal)) {
        if (-not $alike -or $kind -cne 'text') { return $null }
        $difference = Compare-KISDVersion -Left $Found -Right $Wanted
        if ($null -eq $difference) { return $null }
        return Test-KISDOrder -Operator $Operator.Substring(8) -Left $difference -Right 0
    }
    if (-not $alike -or $kind -cne 'number') { return $null }
    return Test-KISDOrder -Operator $Operator -Left $Found -Right $Wanted
}

function Test-KISDOrder {
    [CmdletBinding()]
    [OutputType([bool])]
    param([string]$Operator, [object]$Left, [object]$Right)

    switch -CaseSensitive ($Operator) {
        'lt' { return $Left -lt $Right }
        'le' { return $Left -le $Right }
        'gt' { return $Left -gt $Right }
        'ge' { return $Left -ge $Right }
        default { return $Left -eq $Right }
    }
}

function Test-KISDMember {
    # Whether a text, number or boolean is in a list; null when the two are something else.
    [CmdletBinding()]
    [OutputType([object])]
    param([AllowNull()][object]$Item, [AllowNull()][object]$List)

    if ($List -isnot [System.Array] -or (Get-KISDKind -Value $Item) -ceq 'other') { return $null }
    foreach ($one in $List) {
        if (Test-KISDEqual -Left $Item -Right $one) { return $true }
    }
    return $false
}

function Compare-KISDVersion {
    # -1, 0 or 1; null when one of them is no version. Numbers are compared as numbers, missing ones
    # are zero, and a pre-release comes before its release (Semantic Versioning 2.0, item 11).
    [CmdletBinding()]
    [OutputType([int])]
    param([string]$Left, [string]$Right)

    $pattern = $script:Rules['Patterns']['Version']
    if (-not [regex]::IsMatch($Left, $pattern) -or -not [regex]::IsMatch($Right, $pattern)) { return $null }
    $leftRelease, $leftBefore = $Left -split '-', 2
    $rightRelease, $rightBefore = $Right -split '-', 2
    $first = @($leftRelease -split '\.')
    $second = @($rightRelease -split '\.')
    for ($index = 0; $index -lt [System.Math]::Max($first.Length, $second.Length); $index++) {
        $a = ($index -lt $first.Length) ? [long]$first[$index] : [long]0
        $b = ($index -lt $second.Length) ? [long]$second[$index] : [long]0
        if ($a -ne $b) { return [System.Math]::Sign($a - $b) }
    }
    if ($null -eq $leftBefore -or $null -eq $rightBefore) {
        return [int]($null -eq $leftBefore) - [int]($null -eq $rightBefore)
    }
    return Compare-KISDPrerelease -Left @($leftBefore -split '\.') -Right @($rightBefore -split '\.')
}

function Compare-KISDPrerelease {
    [CmdletBinding()]
    [OutputType([int])]
    param([string[]]$Left, [string[]]$Right)

    for ($index = 0; $index -lt [System.Math]::Min($Left.Length, $Right.Length); $index++) {
        $a = $Left[$index]
        $b = $Right[$index]
        $aNumber = [regex]::IsMatch($a, '\A[0-9]{1,9}\z')
        $bNumber = [regex]::IsMatch($b, '\A[0-9]{1,9}\z')
        if ($aNumber -and $bNumber) {
            $order = [System.Math]::Sign([long]$a - [long]$b)
        }
        elseif ($aNumber -or $bNumber) {
            $order = $aNumber ? -1 : 1
        }
        else {
            $order = [System.Math]::Sign([string]::CompareOrdinal($a, $b))
        }
        if ($order -ne 0) { return $order }
    }
    return [System.Math]::Sign($Left.Length - $Right.Length)
}
