#Requires -Version 7.4
<#
.SYNOPSIS
Plans the accounts of all students of a CSV file.

.DESCRIPTION
Reads StudentID, FirstName, LastName, GradeLevel and GraduationYear. Every row ends in the report once, whatever
happens to it; a row that is repeated without a difference is skipped, one that is repeated with a
difference is refused. Names given to earlier rows count as taken. The same file with the same facts
always gives the same report. Nothing is changed anywhere but the report file.

.PARAMETER CsvPath
The file, in UTF-8.

.PARAMETER ReportPath
Where a row for every row of the file is written, as CSV. Cells that a spreadsheet would take for a
formula get an apostrophe.

.PARAMETER Context
The facts to rely on: TakenUsernames, StudentMailDomain, DirectorySuffix.

.EXAMPLE
./New-StudentBatch.ps1 -CsvPath ./students.csv -ReportPath ./report.csv

.OUTPUTS
One object with Success, Skipped, Failed, and Accounts.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
[OutputType('KISD.StudentBatch')]
param(
    [Parameter(Mandatory)]
    [ValidateScript({ Test-Path -LiteralPath $_ -PathType Leaf })]
    [string]$CsvPath,

    [ValidateNotNullOrEmpty()]
    [string]$ReportPath,

    [System.Collections.IDictionary]$Context = @{}
)

Set-StrictMode -Version 3.0
$module = Import-Module -Name (Join-Path $PSScriptRoot 'KISDIdentity.psd1') -PassThru

$facts = & $module { param($given) Join-KISDDictionary -Part (Resolve-KISDContext -Context $null), (ConvertTo-KISDDictionary -Value $given) } $Context
$taken = [System.Collections.Generic.List[object]]::new()
foreach ($name in $facts['TakenUsernames']) { $taken.Add($name) }
$seen = [System.Collections.Generic.Dictionary[string, string]]::new([System.StringComparer]::Ordinal)
$report = [System.Collections.Generic.List[object]]::new()
$accounts = [System.Collections.Generic.List[object]]::new()
$line = 1

foreach ($row in Import-Csv -LiteralPath $CsvPath -Encoding utf8) {
    $line++
    $text = ConvertTo-Json -InputObject $row -Compress
    $result = [ordered]@{ Line = $line; StudentID = [string]$row.StudentID; Action = 'error'; Code = ''; Message = ''; Username = '' }
    if ($seen.ContainsKey($result['StudentID'])) {
        if ([string]::Equals($seen[$result['StudentID']], $text, [System.StringComparison]::Ordinal)) {
            $result['Action'] = 'skip'
        }
        else {
            $result['Code'] = 'duplicate_row'
            $result['Message'] = 'stands in this file more than once, with differences'
        }
        $report.Add([pscustomobject]$result)
        continue
    }
    $seen[$result['StudentID']] = $text
    $facts['TakenUsernames'] = $taken.ToArray()
    try {
        $account = $row | New-KISDStudentAccount -Context $facts -ErrorAction Stop -Confirm:$false
        $taken.Add($account.Username)
        $accounts.Add($account)
        $result['Action'] = $account.Action
        $result['Username'] = $account.Username
    }
    catch {
        $result['Code'] = & $module { param($record) Get-KISDErrorCode -Record $record } $_
        $result['Message'] = $_.Exception.Message
    }
    $report.Add([pscustomobject]$result)
}

if ($ReportPath -and $PSCmdlet.ShouldProcess($ReportPath, 'Write the report')) {
    foreach ($entry in $report) {
        foreach ($property in $entry.PSObject.Properties) {
            if ([string]$property.Value -cmatch '^[=+\-@\t\r]') { $property.Value = "'$($property.Value)" }
        }
    }
    $report | Export-Csv -LiteralPath $ReportPath -Encoding utf8 -NoTypeInformation
}

[pscustomobject]@{
    PSTypeName = 'KISD.StudentBatch'
    Success    = $accounts.Count
    Skipped    = @($report.Where({ $_.Action -ceq 'skip' })).Count
    Failed     = @($report.Where({ $_.Action -ceq 'error' })).Count
    Accounts   = $accounts.ToArray()
}
