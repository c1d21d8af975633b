# ConvertFrom-Json turns text that looks like a moment into a DateTime, and keeps names that differ
# only in case apart in ways that changed between versions. This reader does neither: text stays
# text, and dictionaries are ordered and compare names byte by byte.

function ConvertFrom-KISDJson {
    [CmdletBinding()]
    [OutputType([object])]
    param([string]$Text)

    $document = [System.Text.Json.JsonDocument]::Parse($Text)
    try {
        return , (ConvertFrom-KISDJsonElement -Element $document.RootElement)
    }
    finally {
        $document.Dispose()
    }
}

function ConvertFrom-KISDJsonElement {
    [CmdletBinding()]
    [OutputType([object])]
    param([System.Text.Json.JsonElement]$Element)

    switch ($Element.ValueKind.ToString()) {
        'Object' {
            $map = Get-KISDEmptyDictionary
            foreach ($property in $Element.EnumerateObject()) {
                $map[$property.Name] = ConvertFrom-KISDJsonElement -Element $property.Value
            }
            return $map
        }
        'Array' {
            $items = [System.Collections.Generic.List[object]]::new()
            foreach ($item in $Element.EnumerateArray()) {
                $items.Add((ConvertFrom-KISDJsonElement -Element $item))
            }
            return , $items.ToArray()
        }
        'String' { return $Element.GetString() }
        'True' { return $true }
        'False' { return $false }
        'Number' {
            $whole = [long]0
            if ($Element.TryGetInt64([ref]$whole)) { return $whole }
            return $Element.GetDouble()
        }
        default { return $null }
    }
}

function Get-KISDEmptyDictionary {
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param()

    return [System.Collections.Specialized.OrderedDictionary]::new([System.StringComparer]::Ordinal)
}

function ConvertTo-KISDDictionary {
    # What a person gives, a hashtable or a row of Import-Csv, in the form that commands read.
    [CmdletBinding()]
    [OutputType([object])]
    param([AllowNull()][object]$Value)

    if ($Value -is [System.Collections.IDictionary]) {
        $map = Get-KISDEmptyDictionary
        foreach ($entry in $Value.GetEnumerator()) {
            $map[[string]$entry.Key] = ConvertTo-KISDDictionary -Value $entry.Value
        }
        return $map
    }
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $map = Get-KISDEmptyDictionary
        foreach ($property in $Value.PSObject.Properties) {
            $map[$property.Name] = ConvertTo-KISDDictionary -Value $property.Value
        }
        return $map
    }
    if ($Value -is [System.Collections.IList]) {
        $items = [System.Collections.Generic.List[object]]::new()
        foreach ($item in $Value) {
            $items.Add((ConvertTo-KISDDictionary -Value $item))
        }
        return , $items.ToArray()
    }
    return $Value
}
