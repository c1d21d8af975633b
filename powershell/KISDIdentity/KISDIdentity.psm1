Set-StrictMode -Version 3.0

foreach ($folder in 'Private', 'Public') {
    foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSScriptRoot, $folder), '*.ps1')) {
        . $file
    }
}

# What both engines must agree on; a test compares it with the constants of the Python engine.
$script:Rules = ConvertFrom-KISDJson -Text ([System.IO.File]::ReadAllText([System.IO.Path]::Combine($PSScriptRoot, 'rules.json')))
