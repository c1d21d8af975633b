#Requires -Version 7.4
<#
.SYNOPSIS
Serves the commands of KISDIdentity over stdin and stdout, one JSON object per line.

.DESCRIPTION
A worker starts it once and keeps it: pwsh -NoLogo -NoProfile -NonInteractive -File host.ps1
The host says hello{protocol, pwsh, module_version, commands, pid}. The worker sends
invoke{id, command, params, context, what_if}, ping{id} and shutdown. The host answers accepted{id} and one
result{id, ok, output, error{code, category, fqid, message, target, stack}, streams, timing, rss}, or pong{id}.
Every request runs in a runspace of its own, opened beforehand. What it prints are records of that
runspace, never bytes on stdout; only Write-Frame writes there. At most 1 MiB a line.

.EXAMPLE
'{"type":"ping","id":"1"}' | pwsh -NoProfile -NonInteractive -File ./host.ps1
#>
[CmdletBinding()]
param()

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# First of all: stdout belongs to frames. Whatever else prints, prints to stderr.
$stdout = [System.Console]::OpenStandardOutput()
[System.Console]::SetOut([System.Console]::Error)
$utf8 = [System.Text.UTF8Encoding]::new($false)
$stdin = [System.IO.StreamReader]::new([System.Console]::OpenStandardInput(), $utf8)
[System.Threading.Thread]::CurrentThread.CurrentCulture = [cultureinfo]::InvariantCulture
[cultureinfo]::DefaultThreadCurrentCulture = [cultureinfo]::InvariantCulture
$longestFrame = 1MB
$shownRecords = 50

$composed = "n$([char]0x303)".Normalize([System.Text.NormalizationForm]::FormC)
if ($composed.Length -ne 1) {
    [System.Console]::Error.WriteLine('This .NET cannot normalise text: install ICU, or unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT')
    exit 3
}

function Write-Frame {
    [CmdletBinding()]
    param([System.Collections.IDictionary]$Frame)

    $json = ConvertTo-Json -InputObject $Frame -Depth 30 -Compress -WarningAction Stop
    $bytes = $utf8.GetBytes("$json`n")
    if ($bytes.Length -gt $longestFrame) {
        $failure = @{ code = 'output_too_large'; message = "$($bytes.Length) bytes are too many"; category = 'LimitsExceeded'; fqid = ''; target = ''; stack = '' }
        $json = ConvertTo-Json -InputObject ([ordered]@{ type = 'result'; id = $Frame['id']; ok = $false; error = $failure }) -Depth 5 -Compress
        $bytes = $utf8.GetBytes("$json`n")
    }
    $stdout.Write($bytes, 0, $bytes.Length)
    $stdout.Flush()
}

function Open-Runspace {
    # Begins to open a runspace that has the module; the next request waits for it.
    [CmdletBinding()]
    param([string]$Manifest)

    $state = [System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
    $state.ImportPSModule([string[]]@($Manifest))
    $state.ThrowOnRunspaceOpenError = $true
    $runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($state)
    $runspace.OpenAsync()
    return $runspace
}

function Wait-Runspace {
    [CmdletBinding()]
    param([System.Management.Automation.Runspaces.Runspace]$Runspace)

    while ('BeforeOpen', 'Opening' -ccontains $Runspace.RunspaceStateInfo.State.ToString()) {
        [System.Threading.Thread]::Sleep(2)
    }
    if ($Runspace.RunspaceStateInfo.State.ToString() -cne 'Opened') {
        throw "The module cannot be loaded: $($Runspace.RunspaceStateInfo.Reason)"
    }
}

function Get-StreamReport {
    # How many records of each kind there were, and the first of them as text.
    [CmdletBinding()]
    param([System.Management.Automation.PSDataStreams]$Streams)

    $report = [ordered]@{}
    foreach ($name in 'Error', 'Warning', 'Information', 'Verbose', 'Debug') {
        $records = @($Streams.$name)
        if ($records.Length -gt 0) {
            $first = @(foreach ($record in $records[0..([System.Math]::Min($shownRecords, $records.Length) - 1)]) { $record.ToString() })
            $report[$name.ToLowerInvariant()] = [ordered]@{ count = $records.Length; first = $first }
        }
    }
    return $report
}

function Get-Failure {
    [CmdletBinding()]
    param([System.Management.Automation.ErrorRecord]$Record)

    return [ordered]@{
        code     = & $module { param($record) Get-KISDErrorCode -Record $record } $Record
        category = $Record.CategoryInfo.Category.ToString()
        fqid     = $Record.FullyQualifiedErrorId
        message  = $Record.Exception.Message
        target   = $Record.CategoryInfo.TargetName
        stack    = [string]$Record.ScriptStackTrace
    }
}

function Get-Refusal {
    [CmdletBinding()]
    param([string]$Code, [string]$Message)

    return [ordered]@{ code = $Code; category = 'InvalidArgument'; fqid = ''; message = $Message; target = ''; stack = '' }
}

function Get-RequestFault {
    # Why a request is not run at all; nothing when it may be.
    [CmdletBinding()]
    param([System.Collections.IDictionary]$Request)

    if (-not $allowed.Contains([string]$Request['command'])) {
        return Get-Refusal -Code 'unknown_command' -Message "$($Request['command']) is not a command of KISDIdentity"
    }
    $fault = & $module { param($command, $parameter) Get-KISDParameterFault -Command $command -Parameter $parameter } $module.ExportedFunctions[$Request['command']] $Request['params']
    if ($fault) { return Get-Refusal -Code 'validation_failed' -Message $fault }
}

function Invoke-Request {
    # Runs the command of a request; returns the fields of its result.
    [CmdletBinding()]
    param([System.Collections.IDictionary]$Request, [System.Management.Automation.Runspaces.Runspace]$Runspace)

    $shell = [System.Management.Automation.PowerShell]::Create()
    try {
        $shell.Runspace = $Runspace
        $command = $module.ExportedFunctions[$Request['command']]
        $null = $shell.AddCommand($command.Name)
        foreach ($entry in $Request['params'].GetEnumerator()) {
            $null = $shell.AddParameter($entry.Key, $entry.Value)
        }
        $null = $shell.AddParameter('Context', $Request['context'])
        if ($command.Parameters.ContainsKey('Detailed')) { $null = $shell.AddParameter('Detailed', $true) }
        if ($command.Parameters.ContainsKey('Confirm')) {
            $null = $shell.AddParameter('Confirm', $false)
            if ($Request['what_if']) { $null = $shell.AddParameter('WhatIf', $true) }
        }
        $record = $null
        $output = @()
        try {
            $output = @($shell.Invoke())
        }
        catch {
            $inner = $_.Exception.InnerException
            $record = ($inner -is [System.Management.Automation.IContainsErrorRecord]) ? $inner.ErrorRecord : $_
        }
        if ($null -eq $record -and $shell.Streams.Error.Count -gt 0) { $record = $shell.Streams.Error[0] }
        $fields = [ordered]@{ ok = $null -eq $record; had_errors = $shell.HadErrors; output = $null; error = $null }
        if ($null -ne $record) {
            $fields['error'] = Get-Failure -Record $record
        }
        elseif ($output.Length -ne 1) {
            $fields['ok'] = $false
            $fields['error'] = Get-Refusal -Code 'internal_error' -Message "$($output.Length) objects came out, not one"
        }
        else {
            $fields['output'] = $output[0]
        }
        $fields['streams'] = Get-StreamReport -Streams $shell.Streams
        return $fields
    }
    finally {
        $shell.Dispose()
    }
}

$manifest = [System.IO.Path]::Combine($PSScriptRoot, 'KISDIdentity.psd1')
$module = Import-Module -Name $manifest -PassThru -Force
$allowed = [System.Collections.Generic.HashSet[string]]::new([string[]]@($module.ExportedFunctions.Keys), [System.StringComparer]::Ordinal)
$next = Open-Runspace -Manifest $manifest
Wait-Runspace -Runspace $next

Write-Frame -Frame ([ordered]@{
        type           = 'hello'
        protocol       = 1
        pwsh           = $PSVersionTable['PSVersion'].ToString()
        module_version = $module.Version.ToString()
        commands       = [string[]]@($allowed)
        pid            = $PID
    })

while ($null -ne ($line = $stdin.ReadLine())) {
    if ($line.Length -eq 0) { continue }
    $request = & $module { param($text) ConvertFrom-KISDJson -Text $text } $line
    $kind = $request['type']
    if ($kind -ceq 'shutdown') { break }
    if ($kind -ceq 'ping') {
        Write-Frame -Frame ([ordered]@{ type = 'pong'; id = $request['id'] })
        continue
    }
    if ($kind -cne 'invoke') {
        Write-Frame -Frame ([ordered]@{ type = 'error'; message = "There is no request $kind" })
        continue
    }
    Write-Frame -Frame ([ordered]@{ type = 'accepted'; id = $request['id'] })
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $fault = Get-RequestFault -Request $request
    if ($null -ne $fault) {
        $fields = [ordered]@{ ok = $false; had_errors = $true; output = $null; error = $fault; streams = @{} }
    }
    else {
        $runspace = $next
        Wait-Runspace -Runspace $runspace
        $next = Open-Runspace -Manifest $manifest
        try {
            $fields = Invoke-Request -Request $request -Runspace $runspace
        }
        finally {
            $runspace.Dispose()
        }
    }
    $frame = [ordered]@{ type = 'result'; id = $request['id'] }
    foreach ($entry in $fields.GetEnumerator()) { $frame[$entry.Key] = $entry.Value }
    $frame['timing'] = @{ run_ms = [System.Math]::Round($watch.Elapsed.TotalMilliseconds, 3) }
    $frame['rss'] = [System.Environment]::WorkingSet
    Write-Frame -Frame $frame
}
$next.Dispose()
exit 0
