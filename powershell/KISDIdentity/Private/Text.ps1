# What text is accepted from outside. Validate* attributes catch what is plainly wrong; these rules
# need Unicode, and [ValidatePattern()] would take the Kelvin sign for a K.

function Get-KISDTidyText {
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Text)

    return $Text.Normalize([System.Text.NormalizationForm]::FormC).Trim()
}

function Get-KISDCheckedName {
    # The name of a person: letters and marks of any script, and what stands between them.
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Value, [string]$Field)

    $text = Get-KISDTidyText -Text $Value
    $length = 0
    $letters = 0
    foreach ($rune in $text.EnumerateRunes()) {
        $length++
        $category = [System.Text.Rune]::GetUnicodeCategory($rune).ToString()
        if ($category.EndsWith('Letter', [System.StringComparison]::Ordinal)) {
            $letters++
        }
        elseif (-not $category.EndsWith('Mark', [System.StringComparison]::Ordinal) -and
            -not $script:Rules['NameMarks'].Contains($rune.ToString(), [System.StringComparison]::Ordinal)) {
            throw (Get-KISDRefusal -Code 'validation_failed' -Message "$Field must not contain $category")
        }
    }
    if ($letters -eq 0 -or $length -gt 100) {
        throw (Get-KISDRefusal -Code 'validation_failed' -Message "$Field must have 1 to 100 characters, at least one a letter")
    }
    return $text
}

function Get-KISDCheckedLine {
    # One line of printable text.
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Value, [string]$Field, [int]$Longest = 100)

    $text = Get-KISDTidyText -Text $Value
    $length = 0
    foreach ($rune in $text.EnumerateRunes()) {
        $length++
        $category = [System.Text.Rune]::GetUnicodeCategory($rune).ToString()
        if ($script:Rules['Unprintable'] -ccontains $category -and $rune.Value -ne 32) {
            throw (Get-KISDRefusal -Code 'validation_failed' -Message "$Field must be one line of printable text")
        }
    }
    if ($length -eq 0 -or $length -gt $Longest) {
        throw (Get-KISDRefusal -Code 'validation_failed' -Message "$Field must have 1 to $Longest characters")
    }
    return $text
}

function Get-KISDCheckedPattern {
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Value, [string]$Field, [string]$Pattern)

    $text = $Value.Trim()
    if (-not [regex]::IsMatch($text, $script:Rules['Patterns'][$Pattern])) {
        throw (Get-KISDRefusal -Code 'validation_failed' -Message "$Field does not look as it must")
    }
    return $text
}

function Get-KISDCheckedUnit {
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Value)

    $text = Get-KISDCheckedLine -Value $Value -Field 'OU' -Longest 1000
    return Get-KISDCheckedPattern -Value $text -Field 'OU' -Pattern 'Unit'
}

function Get-KISDCheckedChange {
    # Those of the bound parameters that say what is to be changed, checked; at least one.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([System.Collections.IDictionary]$Bound, [string[]]$Name)

    $given = Get-KISDEmptyDictionary
    foreach ($field in $Name) {
        if (-not $Bound.ContainsKey($field)) { continue }
        if ('FirstName', 'LastName' -ccontains $field) {
            $given[$field] = Get-KISDCheckedName -Value $Bound[$field] -Field $field
        }
        elseif ($Bound[$field] -is [string] -and $field -cne 'Status') {
            $given[$field] = Get-KISDCheckedLine -Value $Bound[$field] -Field $field
        }
        else {
            $given[$field] = $Bound[$field]
        }
    }
    if ($given.Count -eq 0) {
        throw (Get-KISDRefusal -Code 'validation_failed' -Message 'Name at least one thing to change')
    }
    return $given
}
