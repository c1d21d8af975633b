# Deliberately bad: every line breaks a convention that scripts/powershell_lint.py keeps.
function Create-KISDStudents {
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [string]$Name,
        [string]$Password
    )
    Write-Host "creating $Name"
    if ($Name -eq $null) { return }
    if ($Name -eq 'admin') { return }
    try {
        $global:last = Invoke-Expression "Get-Item $Name"
    }
    catch {
    }
    $input | ForEach-Object { $_ }
    gci . | where { $_ }
    Get-ChildItem `
        -Path .
}

function Remove-KISDThing {
    [CmdletBinding(SupportsShouldProcess)]
    param()
    @(Get-KISDFact -Context @{} -Name 'x')
}
