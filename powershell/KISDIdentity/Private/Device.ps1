function Get-KISDAssignment {
    # The fields that hand a device to a person; none when it is with that person.
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param([System.Collections.IDictionary]$Device, [System.Collections.IDictionary]$Account)

    $holder = $Device['AssignedTo']
    if ($null -ne $holder) {
        if (Test-KISDEqual -Left $holder -Right $Account['PersonKey']) { return @{} }
        throw (Get-KISDRefusal -Code 'device_held' -Message "$($Device['DeviceID']) is with $holder")
    }
    if ($Device['Status'] -cne 'in_stock') {
        throw (Get-KISDRefusal -Code 'state_conflict' -Message "$($Device['DeviceID']) is $($Device['Status'])")
    }
    if ('staged', 'active' -cnotcontains $Account['State']) {
        throw (Get-KISDRefusal -Code 'state_conflict' -Message "The account is $($Account['State'])")
    }
    return [ordered]@{ Status = 'assigned'; AssignedTo = $Account['PersonKey'] }
}

function Assert-KISDDeviceMove {
    # Refuses a status that a device cannot take from where it is.
    [CmdletBinding()]
    param([System.Collections.IDictionary]$Device, [System.Collections.IDictionary]$After)

    $now = $Device['Status']
    $next = Get-KISDFactOrDefault -Context $After -Name 'Status' -Default $now
    if ($next -ceq $now) {
        if ($now -ceq 'retired') {
            throw (Get-KISDRefusal -Code 'state_conflict' -Message "$($Device['DeviceID']) is retired")
        }
        return
    }
    if ($script:Rules['DeviceMoves'][$now] -ccontains $next) { return }
    if ($null -ne $Device['AssignedTo']) {
        throw (Get-KISDRefusal -Code 'device_held' -Message "$($Device['DeviceID']) is with $($Device['AssignedTo'])")
    }
    throw (Get-KISDRefusal -Code 'state_conflict' -Message "$($Device['DeviceID']) is $now, not $next")
}

function Get-KISDDeviceCompliance {
    # Every policy's outcome for one device, and how many there are of each.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([System.Collections.IDictionary]$Device, [object[]]$Policy, [System.Collections.IDictionary]$Context)

    $results = [System.Collections.Generic.List[object]]::new()
    $counts = [ordered]@{}
    foreach ($outcome in $script:Rules['Outcomes']) { $counts[$outcome] = 0 }
    foreach ($one in $Policy) {
        $verdict = Get-KISDPolicyVerdict -Device $Device -Policy $one -Context $Context
        $counts[$verdict['Outcome']] = $counts[$verdict['Outcome']] + 1
        $results.Add([ordered]@{ Policy = $one['Key']; Outcome = $verdict['Outcome']; Reason = $verdict['Reason'] })
    }
    return [ordered]@{ DeviceID = $Device['DeviceID']; Results = $results.ToArray(); Counts = $counts }
}

function Get-KISDPolicyVerdict {
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [System.Collections.IDictionary]$Device,
        [System.Collections.IDictionary]$Policy,
        [System.Collections.IDictionary]$Context
    )

    if ($Policy['Enabled'] -is [bool] -and -not $Policy['Enabled']) {
        return @{ Outcome = 'not_applicable'; Reason = 'policy is disabled' }
    }
    $platforms = $Policy['Platforms']
    $platform = $Device['Platform']
    if ($null -ne $platforms -and $platforms.Length -gt 0) {
        if ($null -eq $platform) { return @{ Outcome = 'unknown'; Reason = 'Platform is not known' } }
        if ($platforms -cnotcontains $platform) { return @{ Outcome = 'not_applicable'; Reason = "not for $platform" } }
    }
    $hours = $Policy['StaleHours']
    if ($hours) {
        if ($null -eq $Device['LastCheckIn']) { return @{ Outcome = 'unknown'; Reason = 'LastCheckIn is not known' } }
        $until = (Get-KISDMoment -Context $Device -Name 'LastCheckIn').AddHours($hours)
        if ($until -lt (Get-KISDMoment -Context $Context)) { return @{ Outcome = 'stale'; Reason = "not seen for $hours hours" } }
    }
    return Get-KISDVerdict -Rule $Policy['Rule'] -Facts $Device['Facts']
}
