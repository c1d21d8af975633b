function Get-KISDPutAway {
    # Where a disabled account goes, and what is remembered of it.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([System.Collections.IDictionary]$Account, [System.Collections.IDictionary]$Context)

    $month = (Get-KISDMoment -Context $Context).ToString('yyyy-MM', [cultureinfo]::InvariantCulture)
    return [ordered]@{
        OU               = "OU=$month,OU=Disabled,$(Get-KISDFact -Context $Context -Name 'DirectorySuffix')"
        OriginalOU       = $Account['OU']
        Groups           = @()
        RememberedGroups = $Account['Groups']
    }
}

function Get-KISDDistinct {
    # Each name once, where it stood first.
    [CmdletBinding()]
    [OutputType([object[]])]
    param([object[]]$Name)

    $seen = Get-KISDNameSet -Name @()
    $kept = [System.Collections.Generic.List[object]]::new()
    foreach ($one in $Name) {
        if ($seen.Add($one)) { $kept.Add($one) }
    }
    return , $kept.ToArray()
}

function Get-KISDRemoval {
    # The change that archives or purges, and what follows from it.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param(
        [System.Collections.IDictionary]$Account,
        [string]$Stage,
        [switch]$ByTimer,
        [System.Collections.IDictionary]$Context
    )

    $state = Get-KISDNextState -Move $Stage -Account $Account
    $held = Get-KISDFactOrDefault -Context $Context -Name 'DevicesHeld' -Default @()
    if ($null -ne $held -and $held.Length -gt 0) {
        throw (Get-KISDRefusal -Code 'device_held' -Message "Still held: $($held -join ', ')")
    }
    if ($ByTimer) { Assert-KISDTimer -Account $Account -Context $Context }
    if ($Stage -ceq 'archive') {
        $change = Get-KISDChange -Action 'archive' -Before $Account -After ([ordered]@{ State = $state; Groups = @() })
        $later = Get-KISDLaterMoment -Context $Context -Name 'ArchiveDays' -Default $script:Rules['ArchiveDays']
        return Join-KISDDictionary -Part $change, @{ PurgeAfter = $later }
    }
    if (Get-KISDFactOrDefault -Context $Context -Name 'LegalHold' -Default $false) {
        throw (Get-KISDRefusal -Code 'legal_hold' -Message 'A legal hold keeps this account')
    }
    $change = Get-KISDChange -Action 'purge' -Before @{ State = $Account['State'] } -After @{ State = $state }
    $rest = [ordered]@{ Tombstone = $Account['Username']; Erase = $script:Rules['Personal'] }
    return Join-KISDDictionary -Part $change, $rest
}

function Assert-KISDTimer {
    # Refuses what no timer may do.
    [CmdletBinding()]
    param([System.Collections.IDictionary]$Account, [System.Collections.IDictionary]$Context)

    $reason = $Account['DisableReason']
    if ($reason -cne $script:Rules['Leaver']) {
        throw (Get-KISDRefusal -Code 'state_conflict' -Message "Disabled for ${reason}: no timer runs")
    }
    $now = Get-KISDMoment -Context $Context
    if ($now -lt (Get-KISDMoment -Context $Context -Name 'DeleteAfter')) {
        throw (Get-KISDRefusal -Code 'too_early' -Message "The time runs until $($Context['DeleteAfter'])")
    }
}

function Get-KISDRenamed {
    # The new username, e-mail and aliases; former names of the same person may be used again.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([System.Collections.IDictionary]$Account, [string]$Stem, [System.Collections.IDictionary]$Context)

    $taken = Get-KISDNameSet -Name (Get-KISDFact -Context $Context -Name 'TakenUsernames')
    foreach ($alias in $Account['Aliases']) {
        $null = $taken.Remove($alias.Split('@')[0])
    }
    $username = Get-KISDFreeUsername -Stem $Stem -Taken $taken
    $email = "$username@$(Get-KISDMailDomain -Kind $Account['Kind'] -Context $Context)"
    $aliases = [System.Collections.Generic.List[object]]::new()
    foreach ($alias in $Account['Aliases']) {
        if ($alias -cne $email -and $alias -cne $Account['Email']) { $aliases.Add($alias) }
    }
    $aliases.Add($Account['Email'])
    return [ordered]@{ Username = $username; Email = $email; Aliases = $aliases.ToArray() }
}

function ConvertTo-KISDPerson {
    # A row of a roster as the naming rules want it.
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([System.Collections.IDictionary]$Row)

    $student = $Row.Contains('student_id')
    return @{
        Kind           = $student ? 'student' : 'staff'
        PersonKey      = $student ? $Row['student_id'] : $Row['employee_id']
        FirstName      = $Row['first_name']
        LastName       = $Row['last_name']
        GraduationYear = $Row['graduation_year']
        Department     = $Row['department']
    }
}

function Get-KISDGradeStep {
    # The decision about one pupil, and the fields it is made of.
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [System.Collections.IDictionary]$Account,
        [int]$SchoolYear,
        [switch]$Retained,
        [System.Collections.IDictionary]$Context
    )

    $step = @{ Decision = 'already_stepped'; Before = @{}; After = @{} }
    $stepped = Get-KISDFactOrDefault -Context $Context -Name 'SteppedInYear' -Default $null
    if (Test-KISDEqual -Left $stepped -Right $SchoolYear) { return $step }
    $grade = $Account['GradeLevel']
    $school = Get-KISDFactOrDefault -Context $Context -Name 'School' -Default $null
    if ('staged', 'active', 'suspended' -cnotcontains $Account['State']) {
        $step['Decision'] = 'skipped'
    }
    elseif ($Retained) {
        $step = @{ Decision = 'retained'; Before = $Account; After = Get-KISDYearLater -Account $Account -Context $Context }
    }
    elseif ($grade -ge $script:Rules['LastGrade']) {
        $step['Decision'] = 'graduated'
    }
    elseif ($null -eq $school -or $grade -lt $school['TopGrade']) {
        $step = @{ Decision = 'promoted'; Before = $Account; After = @{ GradeLevel = $grade + 1 } }
    }
    elseif (-not $school['Feeder']) {
        throw (Get-KISDRefusal -Code 'feeder_missing' -Message "Nobody says which school follows $($school['Name'])")
    }
    else {
        $step = @{
            Decision = 'feeder'
            Before   = Join-KISDDictionary -Part $Account, @{ School = $school['Name'] }
            After    = [ordered]@{ GradeLevel = $grade + 1; School = $school['Feeder'] }
        }
    }
    return $step
}

function Get-KISDYearLater {
    # Who repeats a grade belongs to the class of the next year.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([System.Collections.IDictionary]$Account, [System.Collections.IDictionary]$Context)

    $after = [ordered]@{ GraduationYear = $Account['GraduationYear'] + 1 }
    if (Test-KISDEqual -Left $Account['OU'] -Right (Get-KISDUnit -Person $Account -Context $Context)) {
        $after['OU'] = Get-KISDUnit -Person (Join-KISDDictionary -Part $Account, $after) -Context $Context
    }
    return $after
}

function Get-KISDProblem {
    # What does not fit together in one account, in a fixed order.
    [CmdletBinding()]
    [OutputType([string])]
    param([System.Collections.IDictionary]$Account, [System.Collections.IDictionary]$Context)

    $ended = 'disabled', 'archived' -ccontains $Account['State']
    $suffix = Get-KISDFact -Context $Context -Name 'DirectorySuffix'
    $email = "$($Account['Username'])@$(Get-KISDMailDomain -Kind $Account['Kind'] -Context $Context)"
    if ($ended) {
        $placed = $Account['OU'].EndsWith(",OU=Disabled,$suffix", [System.StringComparison]::Ordinal)
    }
    else {
        $placed = Test-KISDEqual -Left $Account['OU'] -Right (Get-KISDUnit -Person $Account -Context $Context)
    }
    if (-not [regex]::IsMatch($Account['Username'], $script:Rules['Patterns']['Username'])) { 'username_shape' }
    if (-not (Test-KISDEqual -Left $Account['Email'] -Right $email)) { 'email_mismatch' }
    if (-not $placed) { 'unit_unexpected' }
    if ($ended -and $null -eq $Account['DisableReason']) { 'reason_missing' }
    if (-not $ended -and $null -ne $Account['DisableReason']) { 'reason_left_over' }
    if ($ended -and $Account['Groups'].Length -gt 0) { 'groups_left_over' }
}

function Get-KISDMasked {
    # The same value without secrets.
    [CmdletBinding()]
    [OutputType([object])]
    param([AllowNull()][object]$Value)

    if ($Value -is [System.Collections.IDictionary]) {
        $map = Get-KISDEmptyDictionary
        foreach ($entry in $Value.GetEnumerator()) {
            $secret = [regex]::IsMatch($entry.Key.ToLowerInvariant(), $script:Rules['Patterns']['Secret'])
            $map[$entry.Key] = $secret ? $script:Rules['Mask'] : (Get-KISDMasked -Value $entry.Value)
        }
        return $map
    }
    if ($Value -is [System.Array]) {
        $items = [System.Collections.Generic.List[object]]::new()
        foreach ($item in $Value) { $items.Add((Get-KISDMasked -Value $item)) }
        return , $items.ToArray()
    }
    return $Value
}
