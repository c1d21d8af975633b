function ConvertTo-KISDFoldedName {
    # a-z0-9 of a name: Nuñez -> nunez, O'Brien -> obrien, 王 -> nothing.
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Text)

    $special = $script:Rules['Special']
    $builder = [System.Text.StringBuilder]::new()
    foreach ($character in $Text.ToCharArray()) {
        $letter = [string]$character
        if ($special.Contains($letter)) { $letter = $special[$letter] }
        $null = $builder.Append($letter)
    }
    $plain = $builder.ToString().Normalize([System.Text.NormalizationForm]::FormKD).ToLowerInvariant()
    return [regex]::Replace($plain, '[^a-z0-9]', '')
}

function Get-KISDStart {
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Text, [int]$Length)

    return $Text.Substring(0, [System.Math]::Min($Length, $Text.Length))
}

function Get-KISDEnd {
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Text, [int]$Length)

    return $Text.Substring([System.Math]::Max(0, $Text.Length - $Length))
}

function Get-KISDUsernameStem {
    # The username before a collision token; it leaves room for two digits.
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Kind, [string]$FirstName, [string]$LastName, [string]$Key)

    $given = ConvertTo-KISDFoldedName -Text $FirstName
    $family = ConvertTo-KISDFoldedName -Text $LastName
    $id = ConvertTo-KISDFoldedName -Text $Key
    $room = $script:Rules['LongestUsername'] - 2
    if ($given.Length + $family.Length -eq 0) {
        return Get-KISDEnd -Text $id -Length $room
    }
    if ($Kind -ceq 'student') {
        return (Get-KISDStart -Text $given -Length 1) + (Get-KISDStart -Text $family -Length 11) + (Get-KISDEnd -Text $id -Length 4)
    }
    $both = @($given, $family).Where({ $_.Length -gt 0 }) -join '.'
    return (Get-KISDStart -Text $both -Length $room).TrimEnd('.')
}

function Get-KISDStemName {
    # Every username that belongs to a stem, the preferred one first.
    [CmdletBinding()]
    [OutputType([string[]])]
    param([string]$Stem)

    $Stem
    for ($token = 2; $token -le $script:Rules['LastToken']; $token++) { "$Stem$token" }
}

function Get-KISDFreeUsername {
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Stem, [System.Collections.Generic.HashSet[string]]$Taken)

    $reserved = Get-KISDNameSet -Name $script:Rules['Reserved']
    foreach ($name in Get-KISDStemName -Stem $Stem) {
        if (-not $Taken.Contains($name) -and -not $reserved.Contains($name)) { return $name }
    }
    throw (Get-KISDRefusal -Code 'username_exhausted' -Message "Every username from $Stem to $name is taken; change the name or the id")
}

function Get-KISDUnit {
    # Students stand under their class, not their grade: promotion moves nobody.
    [CmdletBinding()]
    [OutputType([string])]
    param([System.Collections.IDictionary]$Person, [System.Collections.IDictionary]$Context)

    $suffix = Get-KISDFact -Context $Context -Name 'DirectorySuffix'
    if ($Person['Kind'] -ceq 'student') {
        return "OU=Class of $($Person['GraduationYear']),OU=Students,$suffix"
    }
    $name = [regex]::Replace($Person['Department'], '([,+"\\<>;=])', '\$1')
    if ($name.StartsWith('#', [System.StringComparison]::Ordinal)) { $name = '\' + $name }
    return "OU=$name,OU=Staff,$suffix"
}

function Get-KISDMailDomain {
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Kind, [System.Collections.IDictionary]$Context)

    $name = ($Kind -ceq 'student') ? 'StudentMailDomain' : 'StaffMailDomain'
    return Get-KISDFact -Context $Context -Name $name
}

function Get-KISDNewName {
    # Username, e-mail and unit of a person who has none.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param(
        [System.Collections.IDictionary]$Person,
        [System.Collections.Generic.HashSet[string]]$Taken,
        [System.Collections.IDictionary]$Context
    )

    $stem = Get-KISDUsernameStem -Kind $Person['Kind'] -FirstName $Person['FirstName'] -LastName $Person['LastName'] -Key $Person['PersonKey']
    $username = Get-KISDFreeUsername -Stem $stem -Taken $Taken
    return [ordered]@{
        Username = $username
        Email    = "$username@$(Get-KISDMailDomain -Kind $Person['Kind'] -Context $Context)"
        OU       = Get-KISDUnit -Person $Person -Context $Context
        Created  = $true
    }
}

function Get-KISDNewAccount {
    # The whole answer to a New- command; who exists already is no error and no change.
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([System.Collections.IDictionary]$Person, [string]$StartDate, [System.Collections.IDictionary]$Context)

    $existing = Get-KISDFactOrDefault -Context $Context -Name 'Account' -Default $null
    if ($null -ne $existing) {
        if ('staged', 'active', 'suspended' -cnotcontains $existing['State']) {
            throw (Get-KISDRefusal -Code 'state_conflict' -Message "$($existing['Username']) is $($existing['State']); restore it instead")
        }
        $name = [ordered]@{ Username = $existing['Username']; Email = $existing['Email']; OU = $existing['OU']; Created = $false }
        return Join-KISDDictionary -Part $name, (Get-KISDChange -Action 'create')
    }
    $taken = Get-KISDNameSet -Name (Get-KISDFact -Context $Context -Name 'TakenUsernames')
    $name = Get-KISDNewName -Person $Person -Taken $taken -Context $Context
    $state = 'active'
    if ($StartDate) {
        $today = (Get-KISDMoment -Context $Context).ToString('yyyy-MM-dd', [cultureinfo]::InvariantCulture)
        if ([string]::CompareOrdinal($StartDate, $today) -gt 0) { $state = 'staged' }
    }
    $after = [ordered]@{
        State              = $state
        Username           = $name['Username']
        Email              = $name['Email']
        OU                 = $name['OU']
        MustChangePassword = $true
    }
    return Join-KISDDictionary -Part $name, (Get-KISDChange -Action 'create' -After $after)
}
