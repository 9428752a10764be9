# Completion of xswitch and @CMD@ for PowerShell. Load it with: Invoke-Expression (& xswitch completion powershell | Out-String)

Register-ArgumentCompleter -Native -CommandName @('xswitch', '@CMD@') -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $current = [string]$wordToComplete
    $typed = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition -or ($current -eq '' -and $_.Extent.EndOffset -le $cursorPosition) } |
            ForEach-Object { $_.Extent.Text.Trim("'", '"') })
    # Lines of: command, kind, word, description; a dot is an empty field.
    $rows = @(@TABLE@ -split "`n" | ForEach-Object { , ($_ -split "`t") })
    $command = if ([System.IO.Path]::GetFileNameWithoutExtension($typed[0]) -ceq 'xswitch') { '.' } else { 'switch' }
    $previous = ''
    if ($typed.Count -gt 1) {
        $previous = $typed[-1]
        if (@($rows | Where-Object { $_[0] -ceq $typed[1] }).Count -gt 0) { $command = $typed[1] }
        elseif ($command -ceq '.') { return }
        # The verb of a command
        $verb = if ($typed.Count -gt 2) { $command + ' ' + $typed[2] } else { '' }
        if (@($rows | Where-Object { $_[0] -ceq $verb }).Count -gt 0) { $command = $verb }
    }
    if (@($rows | Where-Object { $_[0] -ceq $command -and $_[2] -ceq $previous -and @('value', 'file') -ccontains $_[1] }).Count -gt 0) { return }
    $found = foreach ($row in $rows) {
        if ($row[0] -cne $command -and -not ($row[0] -ceq '.' -and $typed.Count -le 1)) { continue }
        if ($row[1] -ceq 'target') {
            $of = @(if ($row[2] -cne '.') { $row[2] })
            foreach ($line in @(& @COMMAND@ complete $current @of 2>$null)) { , ($line -split "`t", 2) }
        } else {
            , @($row[2], $row[3])
        }
    }
    foreach ($pair in @($found)) {
        $word = [string]$pair[0]
        if ($word -eq '' -or -not $word.StartsWith($current, [System.StringComparison]::OrdinalIgnoreCase)) { continue }
        if ($word.StartsWith('-') -and -not $current.StartsWith('-')) { continue }
        $text = if ($pair.Count -gt 1 -and $pair[1] -and $pair[1] -cne '.') { [string]$pair[1] } else { $word }
        $written = if ($word -cmatch '^[A-Za-z0-9_./:+-]+$') { $word } else { "'" + [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($word) + "'" }
        [System.Management.Automation.CompletionResult]::new($written, $word, 'ParameterValue', $text)
    }
}
