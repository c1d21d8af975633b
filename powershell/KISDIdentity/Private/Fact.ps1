function Resolve-KISDContext {
    # The facts a command may rely on. Without any, those of an empty district, so that a command can
    # be tried at a prompt; this is the only place where a clock is read.
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param([AllowNull()][System.Collections.IDictionary]$Context)

    if ($null -eq $Context) {
        $facts = ConvertTo-KISDDictionary -Value $script:Rules['EmptyDistrict']
        $facts['Now'] = [System.DateTime]::UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [cultureinfo]::InvariantCulture)
        return $facts
    }
    if ($Context -is [System.Collections.Specialized.OrderedDictionary]) { return $Context }
    return ConvertTo-KISDDictionary -Value $Context
}

function Get-KISDFact {
    [CmdletBinding()]
    [OutputType([object])]
    param([System.Collections.IDictionary]$Context, [string]$Name)

    if (-not $Context.Contains($Name)) {
        throw (Get-KISDRefusal -Code 'fact_missing' -Message "The context does not say $Name")
    }
    return , $Context[$Name]
}

function Get-KISDFactOrDefault {
    [CmdletBinding()]
    [OutputType([object])]
    param([System.Collections.IDictionary]$Context, [string]$Name, [AllowNull()][object]$Default)

    if ($Context.Contains($Name)) { return , $Context[$Name] }
    return , $Default
}

function Get-KISDAccountFact {
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param([System.Collections.IDictionary]$Context, [switch]$LookOnly)

    $account = Get-KISDFact -Context $Context -Name 'Account'
    if ($null -eq $account) {
        throw (Get-KISDRefusal -Code 'not_found' -Message 'There is no such account')
    }
    if (-not $LookOnly) {
        $protected = Get-KISDNameSet -Name (Get-KISDFactOrDefault -Context $Context -Name 'ProtectedUsernames' -Default @())
        if ($protected.Contains($account['Username'])) {
            throw (Get-KISDRefusal -Code 'protected_target' -Message "$($account['Username']) is protected")
        }
    }
    return $account
}

function Get-KISDOpenAccount {
    # The account, if its state is one of those in which this may be done.
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param([System.Collections.IDictionary]$Context, [string[]]$State, [string]$Deed)

    $account = Get-KISDAccountFact -Context $Context
    if ($State -cnotcontains $account['State']) {
        throw (Get-KISDRefusal -Code 'state_conflict' -Message "An account that is $($account['State']) is not $Deed")
    }
    return $account
}

function Get-KISDDeviceFact {
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param([System.Collections.IDictionary]$Context, [string]$DeviceID)

    $device = Get-KISDFact -Context $Context -Name 'Device'
    if ($null -eq $device) {
        throw (Get-KISDRefusal -Code 'not_found' -Message 'There is no such device')
    }
    if ($DeviceID -and -not (Test-KISDEqual -Left $device['DeviceID'] -Right $DeviceID)) {
        throw (Get-KISDRefusal -Code 'validation_failed' -Message 'DeviceID is not that of the device in the context')
    }
    return $device
}

function Get-KISDNextState {
    [CmdletBinding()]
    [OutputType([string])]
    param([string]$Move, [System.Collections.IDictionary]$Account)

    $moves = $script:Rules['Moves'][$Move]
    $state = $Account['State']
    if (-not $moves.Contains($state)) {
        $usual = @($moves.GetEnumerator() | ForEach-Object -MemberName Key) -join ' or '
        throw (Get-KISDRefusal -Code 'state_conflict' -Message "The account is ${state}; to $Move it, it must be $usual")
    }
    return $moves[$state]
}

function Get-KISDMoment {
    [CmdletBinding()]
    [OutputType([System.DateTime])]
    param([System.Collections.IDictionary]$Context, [string]$Name = 'Now')

    $text = Get-KISDFact -Context $Context -Name $Name
    $moment = [System.DateTime]::MinValue
    $style = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
    $format = "yyyy-MM-dd'T'HH:mm:ss'Z'"
    if ($text -is [string] -and [System.DateTime]::TryParseExact($text, $format, [cultureinfo]::InvariantCulture, $style, [ref]$moment)) {
        return $moment
    }
    throw (Get-KISDRefusal -Code 'validation_failed' -Message "$Name must be a moment like 2027-08-30T07:00:00Z")
}

function Get-KISDLaterMoment {
    # When a time that begins now is over.
    [CmdletBinding()]
    [OutputType([string])]
    param([System.Collections.IDictionary]$Context, [string]$Name, [int]$Default)

    $days = Get-KISDFactOrDefault -Context $Context -Name $Name -Default $Default
    $moment = (Get-KISDMoment -Context $Context).AddDays($days)
    return $moment.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [cultureinfo]::InvariantCulture)
}

function Get-KISDNameSet {
    [CmdletBinding()]
    [OutputType([object])]
    param([AllowNull()][object[]]$Name)

    return , [System.Collections.Generic.HashSet[string]]::new([string[]]@($Name), [System.StringComparer]::Ordinal)
}
