# The xswitch hook for fish 3.1 and later (minutes in the prompt: 3.5). Load it with: xswitch init fish | source

set -gx XSWITCH_SHELL fish

function @CMD@ --description 'Switch this shell to an AWS role'
    switch "$argv[1]"
        case @COMMANDS@
            command @COMMAND@ $argv
            return
        case switch
            set -e argv[1]
    end
    # What keeps a switch from reaching this shell, as xswitch's core/shell/limits.py reads it.
    set -l __xs_limits
    for __xs_name in AWS_PROFILE @ASIDE@
        # A function gets copies of its caller's exported local variables.
        if set -ql $__xs_name
            set -a __xs_limits hidden:$__xs_name
        else if set -qUx $__xs_name; and contains -- $__xs_name @CLEARED@
            set -a __xs_limits universal:$__xs_name
        else if test $__xs_name = AWS_PROFILE; and set -qUx AWS_PROFILE; and contains -- --unset $argv
            # Otherwise the global variable hides it, as that of a region does.
            set -a __xs_limits universal:$__xs_name
        end
    end
    set -lx @LIMITS@ "$__xs_limits"
    set -l __xs_lines (command @COMMAND@ switch --emit fish $argv)
    set -l __xs_rc $status
    set -e @LIMITS@
    set -q __xs_lines[1]
    or return $__xs_rc
    # Only assignments begin like this; help and JSON are printed.
    if not builtin string match -q 'set -*' -- $__xs_lines[1]
        builtin printf '%s\n' $__xs_lines
        return $__xs_rc
    end
    # With the second code, what was done won't last; xswitch has said why.
    contains -- $__xs_rc 0 @UNCHANGED@
    or return $__xs_rc
    for __xs_line in $__xs_lines
        # set -e returns 4 for a variable that isn't set.
        eval $__xs_line
    end
    if test $__xs_rc -eq 0; and set -qgx AWS_PROFILE
        for __xs_name in @KEYIDS@ @TOKENFILE@
            if set -qx $__xs_name
                builtin printf 'xswitch: %s is still set and goes before the profile; to see where: set --show %s\n' $__xs_name $__xs_name >&2
                set __xs_rc @UNCHANGED@
            end
        end
    end
    return $__xs_rc
end

# Prints $argv[1] as a file name: special bytes and capitals become %XX.
function __xswitch_file_name
    set -l name (builtin string escape --style=url -- $argv[1])
    set name (builtin string replace -a / %2F -- $name)
    set name (builtin string replace -a '~' %7E -- $name)
    set name (builtin string replace -a %40 @ -- $name)
    set name (builtin string replace -a %3A : -- $name)
    set name (builtin string replace -a %2B + -- $name)
    set -l parts
    for part in (builtin string match -ra '%[0-9A-F]{2}|[A-Z]|[^%A-Z]+' -- $name)
        if builtin string match -qr '^[A-Z]$' -- $part
            set part (builtin printf '%%%02X' "'$part")
        end
        set -a parts $part
    end
    builtin string join '' -- $parts | builtin string replace -r '^\.' %2E
end

# Prints the path of the prompt file of profile $argv[1], in a folder named after the config file
# unless that is the default one.
function __xswitch_file
    set -l home (builtin string replace -r '/$' '' -- "$HOME")
    set -l config "$AWS_CONFIG_FILE"
    if builtin string match -q '~/*' -- "$config"
        set config $home/(builtin string replace -r '^~/+' '' -- $config)
    else if test -n "$config"; and not builtin string match -q '/*' -- $config
        set config (builtin string replace -r '/$' '' -- $PWD)/$config
    end
    set -l folder @STATE@/prompt
    if test -n "$config" -a "$config" != $home/.aws/config
        set folder $folder/(__xswitch_file_name $config)
    end
    builtin printf '%s' $folder/(__xswitch_file_name $argv[1])
end

# Sets XSWITCH_PROMPT and XSWITCH_PROMPT_TEXT; starts no process.
function __xswitch_prompt
    set -g XSWITCH_PROMPT
    set -g XSWITCH_PROMPT_TEXT
    set -l color
    set -l expiry
    set -l renewable
    set -l now
    set -l text
    set -l remaining
    for name in @KEYIDS@
        set text "$text$$name"
    end
    if test -n "$text"
        set text 'keys in the environment'
    else if test -n "$@TOKENFILE@"
        set text 'web identity in the environment'
    else if test -n "$AWS_PROFILE" -a -n "$@DEFAULTPROFILE@" -a "$@DEFAULTPROFILE@" != "$AWS_PROFILE"
        set text '@DEFAULTPROFILE@ in the environment'
    else if test -n "$AWS_PROFILE"
        set -l file (__xswitch_file "$AWS_PROFILE")
        set text $AWS_PROFILE
        if test -f "$file" -a -r "$file"
            set -l lines
            while builtin read -l line
                set -a lines "$line"
            end <$file
            if set -q lines[5]
                set text $lines[1]/$lines[2]
                set color $lines[3]
                set expiry $lines[4]
                set renewable $lines[5]
                # The only clock without a process: when a file was changed, and how long ago.
                set now (path mtime -- $file 2>/dev/null) (path mtime --relative -- $file 2>/dev/null)
            end
        end
    else if test -n "$XSWITCH_PREVIOUS"
        set text 'no account'
    else
        return 0
    end
    set text (builtin string replace -ra '\p{C}' '' -- "$text" | builtin string join '')

    if builtin string match -qr '^[0-9]{1,12}$' -- "$expiry"; and test (count $now) -eq 2
        builtin string match -qr '^[0-9]{1,12}$' -- "$renewable"
        or set renewable
        set now (math $now[1] + $now[2])
        set -l left (math $expiry - $now)
        set -l needs_mfa no
        test -n "$renewable"
        and test $now -ge $renewable
        and set needs_mfa yes
        if test $left -ge 3600
            set remaining (builtin printf '%dh%02dm' (math --scale=0 $left / 3600) (math --scale=0 "$left % 3600 / 60"))
        else if test $left -ge 60
            set remaining (math --scale=0 $left / 60)m
        else if test $left -gt 0
            set remaining '<1m'
        else if test $needs_mfa = no
            set remaining renews
        else
            set remaining expired
        end
        if test $needs_mfa = yes -a $left -gt 0 -a $left -lt 600 -a "$__xswitch_warned" != "$expiry"
            set -g __xswitch_warned $expiry
            builtin printf 'xswitch: %s ends in %s, and renewing it needs an MFA code or a sign-in: xswitch renew %s\n' \
                $text $remaining (builtin string replace -ra '\p{C}' '' -- $AWS_PROFILE | builtin string join '') >&2
        end
    end
    set XSWITCH_PROMPT_TEXT (builtin string join ' ' -- $text $remaining)
    set XSWITCH_PROMPT "($XSWITCH_PROMPT_TEXT)"
    if test -z "$NO_COLOR" -a "$TERM" != dumb
        and contains -- "$color" red green yellow blue magenta cyan
        set XSWITCH_PROMPT (set_color --bold $color)$XSWITCH_PROMPT(set_color normal)
    end
    return 0
end

# Text for your own prompt.
function xswitch_prompt_info
    __xswitch_prompt
    builtin printf '%s' $XSWITCH_PROMPT
end
# @PROMPT@
if not functions -q __xswitch_fish_prompt
    # This query loads an autoloaded prompt.
    if functions -q fish_prompt
        functions --copy fish_prompt __xswitch_fish_prompt
    else
        function __xswitch_fish_prompt
        end
    end
    function fish_prompt --description 'xswitch, then the prompt there was'
        # Runs first, so that it sees the status of the user's last command.
        set -l __xs_theirs (__xswitch_fish_prompt)
        __xswitch_prompt
        if test -n "$XSWITCH_PROMPT"
            builtin printf '%s ' $XSWITCH_PROMPT
        end
        builtin printf '%s\n' $__xs_theirs
    end
end
