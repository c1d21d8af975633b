function Get-KISDGroupUpdate {
    # Groups and licences of every account, and the seats that are used afterwards.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([object[]]$Account, [System.Collections.IDictionary]$Context)

    $groups = Get-KISDFactOrDefault -Context $Context -Name 'Groups' -Default @()
    $licences = Get-KISDFactOrDefault -Context $Context -Name 'Licences' -Default @()
    $entitled = [System.Collections.Generic.List[object]]::new()
    foreach ($one in $Account) {
        $entitled.Add(@(foreach ($rule in $licences) { if (Test-KISDEntitled -Account $one -Rule $rule) { $rule['Sku'] } }))
    }
    $free = Get-KISDFreeSeat -Account $Account -Licence $licences -Entitled $entitled
    $answers = [System.Collections.Generic.List[object]]::new()
    for ($index = 0; $index -lt $Account.Length; $index++) {
        $answers.Add((Get-KISDMembership -Account $Account[$index] -Group $groups -Licence $licences -Entitled $entitled[$index] -Free $free))
    }
    $changed = $false
    foreach ($answer in $answers) { $changed = $changed -or $answer['Changed'] }
    $seats = [System.Collections.Generic.List[object]]::new()
    foreach ($rule in $licences) {
        $seats.Add([ordered]@{ Sku = $rule['Sku']; Seats = $rule['Seats']; Used = $rule['Seats'] - $free[$rule['Sku']] })
    }
    return [ordered]@{ Changed = $changed; Accounts = $answers.ToArray(); Licences = $seats.ToArray() }
}

function Test-KISDEntitled {
    # A rule that cannot be decided gives nothing: better a missing licence than a leaked file.
    [CmdletBinding()]
    [OutputType([bool])]
    param([System.Collections.IDictionary]$Account, [System.Collections.IDictionary]$Rule)

    if ('active', 'suspended' -cnotcontains $Account['State']) { return $false }
    return (Get-KISDVerdict -Rule $Rule['Rule'] -Facts $Account)['Outcome'] -ceq 'pass'
}

function Get-KISDFreeSeat {
    # Seats of each licence once all who lost their right have given theirs back.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([object[]]$Account, [object[]]$Licence, [System.Collections.Generic.List[object]]$Entitled)

    $free = Get-KISDEmptyDictionary
    foreach ($rule in $Licence) { $free[$rule['Sku']] = $rule['Seats'] - $rule['Used'] }
    for ($index = 0; $index -lt $Account.Length; $index++) {
        $held = Get-KISDFactOrDefault -Context $Account[$index] -Name 'Licences' -Default @()
        foreach ($sku in $held) {
            if ($free.Contains($sku) -and $Entitled[$index] -cnotcontains $sku) { $free[$sku] = $free[$sku] + 1 }
        }
    }
    return $free
}

function Get-KISDMembership {
    # What one account has afterwards, and what it was refused. Takes seats from Free.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param(
        [System.Collections.IDictionary]$Account,
        [object[]]$Group,
        [object[]]$Licence,
        [object[]]$Entitled,
        [System.Collections.IDictionary]$Free
    )

    $held = Get-KISDFactOrDefault -Context $Account -Name 'Licences' -Default @()
    $skus = [System.Collections.Generic.List[object]]::new()
    $refused = [System.Collections.Generic.List[object]]::new()
    foreach ($sku in $held) {
        if ($Entitled -ccontains $sku -or -not $Free.Contains($sku)) { $skus.Add($sku) }
    }
    foreach ($rule in $Licence) {
        $sku = $rule['Sku']
        if ($Entitled -cnotcontains $sku -or $skus -ccontains $sku) { continue }
        if ($Free[$sku] -gt 0) {
            $Free[$sku] = $Free[$sku] - 1
            $skus.Add($sku)
        }
        else {
            $refused.Add([ordered]@{ Sku = $sku; ErrorCode = 'licence_exhausted' })
        }
    }
    $after = [ordered]@{ Groups = Get-KISDGroupName -Account $Account -Group $Group; Licences = $skus.ToArray() }
    $before = @{ Groups = $Account['Groups']; Licences = $held }
    $change = Get-KISDChange -Action 'update' -Before $before -After $after
    return Join-KISDDictionary -Part @{ Username = $Account['Username'] }, $change, @{ Refused = $refused.ToArray() }
}

function Get-KISDGroupName {
    # Groups that no rule names, those that still hold, and those that are new.
    [CmdletBinding()]
    [OutputType([object[]])]
    param([System.Collections.IDictionary]$Account, [object[]]$Group)

    $ruled = [System.Collections.Generic.List[object]]::new()
    $wanted = [System.Collections.Generic.List[object]]::new()
    foreach ($rule in $Group) {
        $ruled.Add($rule['Name'])
        if (Test-KISDEntitled -Account $Account -Rule $rule) { $wanted.Add($rule['Name']) }
    }
    $kept = [System.Collections.Generic.List[object]]::new()
    foreach ($name in $Account['Groups']) {
        if ($ruled -cnotcontains $name -or $wanted -ccontains $name) { $kept.Add($name) }
    }
    foreach ($name in $wanted) {
        if ($kept -cnotcontains $name) { $kept.Add($name) }
    }
    return , $kept.ToArray()
}
