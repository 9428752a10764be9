# The xswitch hook for PowerShell 5.1 and later. Load it with: Invoke-Expression (& xswitch init powershell | Out-String)

$env:XSWITCH_SHELL = 'powershell'
Remove-Item -LiteralPath Alias:@CMD@ -Force -ErrorAction Ignore

function global:@CMD@ {
    # What the program's exit code means is for the caller to say.
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
    # Assignments begin like this; help and JSON don't, and are for the reader.
    if (-not ([string]$lines[0]).StartsWith('$env:', [System.StringComparison]::Ordinal)) { return $lines }
    if ($LASTEXITCODE -eq 0) { Invoke-Expression ($lines -join "`n") }
}

# The path of the prompt file of a profile: its name has bytes outside the plain ones as %XX.
function global:__xswitch_file([string]$Name) {
    $text = New-Object System.Text.StringBuilder
    foreach ($byte in [System.Text.Encoding]::UTF8.GetBytes($Name)) {
        $plain = [string][char]$byte -cmatch '^[A-Za-z0-9_.@:+-]$' -and -not ($text.Length -eq 0 -and $byte -eq 0x2e)
        [void]$text.Append($(if ($plain) { [string][char]$byte } else { '%{0:X2}' -f $byte }))
    }
    [System.IO.Path]::Combine(@STATE@, 'prompt', $text.ToString())
}

# Sets $XSWITCH_PROMPT and $XSWITCH_PROMPT_TEXT; starts no process.
function global:__xswitch_prompt {
    $global:XSWITCH_PROMPT = ''
    $global:XSWITCH_PROMPT_TEXT = ''
    $colour = ''
    $rest = ''
    if ($env:AWS_ACCESS_KEY_ID) {
        $text = 'keys in the environment'
    } elseif ($env:AWS_PROFILE) {
        $text = $env:AWS_PROFILE
        $lines = @()
        try {
            $lines = @([System.IO.File]::ReadAllLines((__xswitch_file $env:AWS_PROFILE)))
        } catch [System.Exception] {
            # No file: a profile that isn't xswitch's own is shown by its name.
            $lines = @()
        }
        if ($lines.Count -ge 5) {
            $text = $lines[0] + '/' + $lines[1]
            $colour = $lines[2]
            $text = $text -replace '[\p{C}]', ''
            if ($lines[3] -match '^[0-9]{1,12}$') {
                $left = [long]$lines[3] - [System.DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
                $silent = $lines[4] -match '^[0-9]{1,12}$'
                $asks = $silent -and [System.DateTimeOffset]::UtcNow.ToUnixTimeSeconds() -ge [long]$lines[4]
                if ($left -ge 3600) {
                    $rest = ' {0}h{1:00}m' -f [math]::Floor($left / 3600), [math]::Floor(($left % 3600) / 60)
                } elseif ($left -ge 60) {
                    $rest = ' {0}m' -f [math]::Floor($left / 60)
                } elseif ($left -gt 0) {
                    $rest = ' <1m'
                } elseif ($asks) {
                    $rest = ' expired'
                } else {
                    $rest = ' renews'
                }
                $warned = Get-Variable -Name __xswitch_warned -Scope Global -ValueOnly -ErrorAction Ignore
                if ($asks -and $left -gt 0 -and $left -lt 600 -and $warned -ne $lines[3]) {
                    $global:__xswitch_warned = $lines[3]
                    [Console]::Error.WriteLine(('xswitch: {0} ends in{1}, and renewing it needs an MFA code: xswitch renew {2}' -f
                            $text, $rest, ($env:AWS_PROFILE -replace '[\p{C}]', '')))
                }
            }
        }
    } elseif ($env:XSWITCH_PREVIOUS) {
        $text = 'no account'
    } else {
        return
    }
    $global:XSWITCH_PROMPT_TEXT = ($text -replace '[\p{C}]', '') + $rest
    $global:XSWITCH_PROMPT = '(' + $global:XSWITCH_PROMPT_TEXT + ')'
    if (-not $env:NO_COLOR -and $env:TERM -cne 'dumb') {
        $at = [array]::IndexOf(@('red', 'green', 'yellow', 'blue', 'magenta', 'cyan'), $colour)
        if ($at -ge 0) {
            $escape = [string][char]27
            $global:XSWITCH_PROMPT = $escape + '[1;' + (31 + $at) + 'm' + $global:XSWITCH_PROMPT + $escape + '[0m'
        }
    }
}

# For a prompt of your own.
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
        # The prompt there was sees whether the last command worked, not ours.
        if (-not $succeeded) { Write-Error '' -ErrorAction Ignore }
        $theirs = & $global:__xswitch_original_prompt
        $mine + ($theirs -join '')
    }
}
