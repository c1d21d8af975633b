@{
    RootModule           = 'KISDIdentity.psm1'
    ModuleVersion        = '2.0.0'
    GUID                 = '6b1c7f0e-5f0b-4a53-9d2e-3a8f0c6d1e42'
    Author               = 'CoreSkills'
    CompanyName          = 'CoreSkills'
    Copyright            = '(c) CoreSkills. MIT licence.'
    Description          = 'Identity and device lifecycle of a school district. Every command is a pure function: facts in, the desired account and the planned changes out. Nothing is changed by it.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    FunctionsToExport    = @(
        'Add-KISDDeviceAssignment'
        'Disable-KISDAccount'
        'Move-KISDAccount'
        'New-KISDAccountBatch'
        'New-KISDStaffAccount'
        'New-KISDStudentAccount'
        'Register-KISDDevice'
        'Remove-KISDAccount'
        'Remove-KISDDeviceAssignment'
        'Rename-KISDAccount'
        'Reset-KISDPassword'
        'Restore-KISDAccount'
        'Resume-KISDAccount'
        'Set-KISDAccount'
        'Set-KISDDevice'
        'Step-KISDGrade'
        'Suspend-KISDAccount'
        'Test-KISDAccount'
        'Test-KISDAccountExists'
        'Test-KISDCompliance'
        'Update-KISDGroup'
        'Write-KISDAuditLog'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @('Identity', 'Education', 'Lifecycle')
            LicenseUri   = 'https://opensource.org/license/mit'
            ReleaseNotes = 'Commands answer with plans instead of printing; see CHANGELOG.md of the project.'
        }
    }
}
