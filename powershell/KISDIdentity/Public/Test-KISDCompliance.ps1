function Test-KISDCompliance {
    <#
    .SYNOPSIS
    Judges devices by policies.

    .DESCRIPTION
    The outcome is pass, fail, unknown (a fact is missing), error (rule or fact make no sense),
    not_applicable (the policy is off, or for other platforms) or stale (the facts are too old).
    Takes Device or Devices, and Policies, from the context.

    .PARAMETER Context
    The facts to rely on, as docs/reference/commands.md lists them. Without: those of an empty district.

    .EXAMPLE
    Test-KISDCompliance -Context @{ Device = $device; Policies = $policies; Now = '2027-08-30T07:00:00Z' }

    .OUTPUTS
    KISD.Compliance
    #>
    [CmdletBinding()]
    [OutputType('KISD.Compliance')]
    param(
        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [System.Collections.IDictionary]$Context
    )

    process {
        try {
            $facts = Resolve-KISDContext -Context $Context
            $policies = Get-KISDFact -Context $facts -Name 'Policies'
            if ($facts.Contains('Devices')) {
                $devices = @(foreach ($one in $facts['Devices']) { Get-KISDDeviceCompliance -Device $one -Policy $policies -Context $facts })
                $found = @{ Devices = $devices }
            }
            else {
                $found = Get-KISDDeviceCompliance -Device (Get-KISDDeviceFact -Context $facts) -Policy $policies -Context $facts
            }
            $answer = ConvertTo-KISDObject -TypeName 'KISD.Compliance' -Part $found
        }
        catch {
            Write-KISDError -Cmdlet $PSCmdlet -Record $_ -Target $Context
            return
        }
        $answer
    }
}
