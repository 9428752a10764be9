# The xswitch hook for PowerShell 5.1 and later. Load it with: Invoke-Expression (& xswitch init powershell | Out-String)

$env:XSWITCH_SHELL = 'powershell'
Remove-Item -LiteralPath Alias:@CMD@ -Force -ErrorAction Ignore

function global:@CMD@ {
    # The caller decides what a nonzero exit code means.
    $PSNativeCommandUseErrorActionPreference = $false
    $words = @($args)
    if ($words.Count -gt 0 -and @(@COMMANDS@) -ccontains [string]$words[0]) {
        & @COMMAND@ @words
        return
    }
    if ($words.Count -gt 0 -and [string]$words[0] -ceq 'switch') {
        $words = @($words | Select-Object -Skip 1)
    }
    $lines = @(& @COMMAND@ switch --emit powershell @words)
    if ($lines.Count -eq 0) { return }
    # Only assignments begin like this; help and JSON are printed.
    if (-not ([string]$lines[0]).StartsWith('$env:', [System.StringComparison]::Ordinal)) { return $lines }
    $was = Get-Variable -Name __xswitch_was -Scope Global -ValueOnly -ErrorAction Ignore
    if ($null -eq $was) {
        $was = @{}
        foreach ($name in '@ASIDE@'.Split(' ')) {
            $value = [System.Environment]::GetEnvironmentVariable($name)
            # A shell that a switched one started has the role's region.
            if ($value -and ('@REGIONS@'.Split(' ') -ccontains $name) -and $value -ceq $env:XSWITCH_REGION) {
                $value = [System.Environment]::GetEnvironmentVariable('XSWITCH_OWN_' + $name)
            }
            $was[$name] = $value
        }
    }
    if ($LASTEXITCODE -eq 0) { Invoke-Expression ($lines -join "`n") }
    if ($LASTEXITCODE -ne 0) { return }
    if ($env:AWS_PROFILE) {
        $global:__xswitch_was = $was
    } else {
        # The account was left: give back what the first switch found.
        foreach ($name in $was.Keys) { [System.Environment]::SetEnvironmentVariable($name, $was[$name]) }
        Remove-Variable -Name __xswitch_was -Scope Global -ErrorAction Ignore
    }
}

# Returns a text as a file name: special bytes and capitals become %XX.
function global:__xswitch_file_name([string]$Name) {
    $text = New-Object System.Text.StringBuilder
    foreach ($byte in [System.Text.Encoding]::UTF8.GetBytes($Name)) {
        $plain = [string][char]$byte -cmatch '^[a-z0-9_.@:+-]$' -and -not ($text.Length -eq 0 -and $byte -eq 0x2e)
        [void]$text.Append($(if ($plain) { [string][char]$byte } else { '%{0:X2}' -f $byte }))
    }
    $text.ToString()
}

# Returns the path of the prompt file of a profile, in a folder named after the config file unless
# that is the default one.
function global:__xswitch_file([string]$Name) {
    $folder = [System.IO.Path]::Combine(@STATE@, 'prompt')
    $config = $env:AWS_CONFIG_FILE
    if ($config) {
        if ($config -match '^~[/\\]') {
            $config = [System.IO.Path]::Combine($HOME, $config.Substring(2).TrimStart('/'))
        } elseif (-not [System.IO.Path]::IsPathRooted($config)) {
            $config = [System.IO.Path]::Combine((Get-Location -PSProvider FileSystem).ProviderPath, $config)
        }
        if ($config -cne [System.IO.Path]::Combine($HOME, '.aws', 'config')) {
            $folder = [System.IO.Path]::Combine($folder, (__xswitch_file_name $config))
        }
    }
    [System.IO.Path]::Combine($folder, (__xswitch_file_name $Name))
}

# Sets $XSWITCH_PROMPT and $XSWITCH_PROMPT_TEXT; starts no process.
function global:__xswitch_prompt {
    $global:XSWITCH_PROMPT = ''
    $global:XSWITCH_PROMPT_TEXT = ''
    $color = ''
    $remaining = ''
    if ('@KEYIDS@'.Split(' ') | Where-Object { [System.Environment]::GetEnvironmentVariable($_) }) {
        $text = 'keys in the environment'
    } elseif ($env:@TOKENFILE@) {
        $text = 'web identity in the environment'
    } elseif ($env:AWS_PROFILE -and $env:@DEFAULTPROFILE@ -and $env:@DEFAULTPROFILE@ -cne $env:AWS_PROFILE) {
        $text = '@DEFAULTPROFILE@ in the environment'
    } elseif ($env:AWS_PROFILE) {
        $text = $env:AWS_PROFILE
        $lines = @()
        try {
            $lines = @([System.IO.File]::ReadAllLines((__xswitch_file $env:AWS_PROFILE)))
        } catch [System.Exception] {
            # No file: show the name of a profile that xswitch didn't write.
            $lines = @()
        }
        if ($lines.Count -ge 5) {
            $text = $lines[0] + '/' + $lines[1]
            $color = $lines[2]
            $text = $text -replace '[\p{C}]', ''
            if ($lines[3] -match '^[0-9]{1,12}$') {
                $left = [long]$lines[3] - [System.DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
                $renewable = $lines[4] -match '^[0-9]{1,12}$'
                $needsMfa = $renewable -and [System.DateTimeOffset]::UtcNow.ToUnixTimeSeconds() -ge [long]$lines[4]
                if ($left -ge 3600) {
                    $remaining = ' {0}h{1:00}m' -f [math]::Floor($left / 3600), [math]::Floor(($left % 3600) / 60)
                } elseif ($left -ge 60) {
                    $remaining = ' {0}m' -f [math]::Floor($left / 60)
                } elseif ($left -gt 0) {
                    $remaining = ' <1m'
                } elseif ($needsMfa) {
                    $remaining = ' expired'
                } else {
                    $remaining = ' renews'
                }
                $warned = Get-Variable -Name __xswitch_warned -Scope Global -ValueOnly -ErrorAction Ignore
                if ($needsMfa -and $left -gt 0 -and $left -lt 600 -and $warned -ne $lines[3]) {
                    $global:__xswitch_warned = $lines[3]
                    [Console]::Error.WriteLine(('xswitch: {0} ends in{1}, and renewing it needs an MFA code or a sign-in: xswitch renew {2}' -f
                            $text, $remaining, ($env:AWS_PROFILE -replace '[\p{C}]', '')))
                }
            }
        }
    } elseif ($env:XSWITCH_PREVIOUS) {
        $text = 'no account'
    } else {
        return
    }
    $global:XSWITCH_PROMPT_TEXT = ($text -replace '[\p{C}]', '') + $remaining
    $global:XSWITCH_PROMPT = '(' + $global:XSWITCH_PROMPT_TEXT + ')'
    if (-not $env:NO_COLOR -and $env:TERM -cne 'dumb') {
        $at = [array]::IndexOf(@('red', 'green', 'yellow', 'blue', 'magenta', 'cyan'), $color)
        if ($at -ge 0) {
            $escape = [string][char]27
            $global:XSWITCH_PROMPT = $escape + '[1;' + (31 + $at) + 'm' + $global:XSWITCH_PROMPT + $escape + '[0m'
        }
    }
}

# Text for your own prompt.
function global:xswitch_prompt_info {
    __xswitch_prompt
    $global:XSWITCH_PROMPT
}
# @PROMPT@
if (-not (Get-Variable -Name __xswitch_original_prompt -Scope Global -ErrorAction Ignore)) {
    $global:__xswitch_original_prompt = $function:prompt
    function global:prompt {
        $succeeded = $?
        __xswitch_prompt
        $mine = if ($global:XSWITCH_PROMPT) { $global:XSWITCH_PROMPT + ' ' } else { '' }
        # The original prompt must see whether the user's last command worked.
        if (-not $succeeded) { Write-Error '' -ErrorAction Ignore }
        $theirs = & $global:__xswitch_original_prompt
        $mine + ($theirs -join '')
    }
}
