#Requires -Version 7.4
#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5.0' }
# Invoke-Pester -Path powershell/KISDIdentity/Tests

BeforeDiscovery {
    $root = Split-Path -Parent $PSScriptRoot
    $module = Import-Module -Name (Join-Path $root 'KISDIdentity.psd1') -PassThru -Force
    $folder = Join-Path $root '../../tests/vectors'
    $vectors = foreach ($file in Get-ChildItem -LiteralPath $folder -Filter '*.json') {
        $document = & $module { param($text) ConvertFrom-KISDJson -Text $text } ([System.IO.File]::ReadAllText($file.FullName))
        foreach ($case in $document['cases']) {
            $context = & $module { param($shared, $own) Join-KISDDictionary -Part $shared, $own } $document['context'] $case['context']
            foreach ($name in @($case['without'])) { if ($name) { $context.Remove($name) } }
            @{ Name = $case['name']; Case = $case; Facts = $context }
        }
    }
    $commands = @($module.ExportedFunctions.Keys).ForEach({ @{ Command = $_ } })
}

BeforeAll {
    $root = Split-Path -Parent $PSScriptRoot
    $module = Import-Module -Name (Join-Path $root 'KISDIdentity.psd1') -PassThru -Force

    function Get-Canonical {
        # The same text for the same value, whatever the order of names.
        param($Value)
        if ($Value -is [System.Collections.IDictionary]) {
            $names = [string[]]@(foreach ($entry in $Value.GetEnumerator()) { $entry.Key })
            [System.Array]::Sort($names, [System.StringComparer]::Ordinal)
            return '{' + (@(foreach ($name in $names) { (Get-Canonical $name) + ':' + (Get-Canonical $Value[$name]) }) -join ',') + '}'
        }
        if ($Value -is [System.Array]) { return '[' + (@(foreach ($item in $Value) { Get-Canonical $item }) -join ',') + ']' }
        if ($Value -is [double]) { return $Value.ToString('R', [cultureinfo]::InvariantCulture) }
        return ConvertTo-Json -InputObject $Value -Compress
    }

    function Get-Answer {
        # The output as plain data, or the code of the refusal.
        param($Case, $Facts)
        $exported = $module.ExportedFunctions
        $name = @($exported.Keys).Where({ $_ -ceq $Case['command'] })
        if ($name.Count -eq 0) { return 'unknown_command' }
        $fault = & $module { param($command, $parameter) Get-KISDParameterFault -Command $command -Parameter $parameter } $exported[$name[0]] $Case['parameters']
        if ($fault) { return 'validation_failed' }
        $arguments = @{ Context = $Facts }
        foreach ($entry in $Case['parameters'].GetEnumerator()) { $arguments[$entry.Key] = $entry.Value }
        if ($exported[$name[0]].Parameters.ContainsKey('Detailed')) { $arguments['Detailed'] = $true }
        if ($exported[$name[0]].Parameters.ContainsKey('Confirm')) { $arguments['Confirm'] = $false }
        try {
            $output = & $name[0] @arguments -ErrorAction Stop
        }
        catch {
            return & $module { param($record) Get-KISDErrorCode -Record $record } $_
        }
        $json = ConvertTo-Json -InputObject $output -Depth 30 -Compress -WarningAction Stop
        return , (& $module { param($text) ConvertFrom-KISDJson -Text $text } $json)
    }
}

Describe 'Vectors' {
    It '<Name>' -ForEach $vectors {
        $found = Get-Answer -Case $Case -Facts $Facts
        if ($Case.Contains('error')) {
            $found | Should -BeExactly $Case['error']
        }
        else {
            Get-Canonical $found | Should -BeExactly (Get-Canonical $Case['output'])
        }
    }
}

Describe 'The module' {
    It 'has a manifest that is valid' {
        Test-ModuleManifest -Path (Join-Path $root 'KISDIdentity.psd1') | Should -Not -BeNullOrEmpty
    }

    It 'explains <Command>, with an example' -ForEach $commands {
        $help = Get-Help -Name $Command -Full
        $help.Synopsis | Should -Not -BeLike "$Command*"
        @($help.Examples.Example).Count | Should -BeGreaterThan 0
    }

    It 'takes rows of a CSV file from the pipeline' {
        $rows = "StudentID,FirstName,LastName,GradeLevel,GraduationYear`nS2028001,Ada,Lovelace,11,2028`nS2028002,Conan,O'Brien,11,2028" | ConvertFrom-Csv
        ($rows | New-KISDStudentAccount).Username | Should -BeExactly @('alovelace8001', 'cobrien8002')
    }

    It 'goes on with the next row after a wrong one, and names the error' {
        $rows = "StudentID,FirstName,LastName,GradeLevel,GraduationYear`nS2028001,123,Lovelace,11,2028`nS2028002,Conan,O'Brien,11,2028" | ConvertFrom-Csv
        $accounts = $rows | New-KISDStudentAccount -ErrorVariable failures -ErrorAction SilentlyContinue
        $accounts.Username | Should -BeExactly 'cobrien8002'
        $failures[-1].FullyQualifiedErrorId | Should -BeExactly 'KISD.VALIDATION_FAILED,New-KISDStudentAccount'
    }

    It 'answers with the plan under -WhatIf' {
        $plan = New-KISDStudentAccount -StudentID S1 -FirstName Ada -LastName Li -GradeLevel 11 -GraduationYear 2028 -WhatIf
        $plan.Action | Should -BeExactly 'create'
        $plan.PSObject.TypeNames[0] | Should -BeExactly 'KISD.NewAccount'
    }

    It 'answers Test-KISDAccountExists with a boolean' {
        Test-KISDAccountExists -Username ada -Context @{ TakenUsernames = @('ada') } | Should -BeTrue
        Test-KISDAccountExists -Username bob -Context @{ TakenUsernames = @('ada') } | Should -BeFalse
    }
}

Describe 'The host' {
    It 'says hello, answers, and keeps stdout for frames' {
        $requests = @(
            '{"type":"ping","id":"1"}'
            '{"type":"invoke","id":"2","command":"Test-KISDAccountExists","params":{"Username":"ada"},"context":{"TakenUsernames":["ada"]},"what_if":false}'
            '{"type":"invoke","id":"3","command":"Remove-Item","params":{},"context":{},"what_if":false}'
            '{"type":"shutdown"}'
        )
        $lines = $requests | & (Get-Process -Id $PID).Path -NoLogo -NoProfile -NonInteractive -File (Join-Path $root 'host.ps1')
        $frames = $lines | ConvertFrom-Json
        $frames.type | Should -BeExactly @('hello', 'pong', 'accepted', 'result', 'accepted', 'result')
        $frames[3].output.Exists | Should -BeTrue
        $frames[5].error.code | Should -BeExactly 'unknown_command'
    }
}
