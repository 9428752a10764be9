# The xswitch hook for bash 3.2 and later. Load it with: eval "$(xswitch init bash)"
# \builtin NAME bypasses your aliases and functions of that name.

\builtin export XSWITCH_SHELL=bash
\builtin unalias @CMD@ 2>/dev/null || \builtin :

function @CMD@ {
    \builtin local __xs_code='' __xs_rc=0 __xs_limits='' __xs_name='' __xs_hides=''
    case ${1-} in
        @COMMANDS@)
            \builtin command @COMMAND@ "$@"
            \builtin return
            ;;
        switch) \builtin shift ;;
    esac
    __xswitch_limits
    __xs_code=$(@LIMITS@=$__xs_limits \builtin command @COMMAND@ switch --emit bash "$@") || __xs_rc=$?
    case $__xs_code in
        '') \builtin return "$__xs_rc" ;;
        # Only assignments begin like this; help and JSON are printed.
        '\builtin '*) ;;
        *)
            \builtin printf '%s\n' "$__xs_code"
            \builtin return "$__xs_rc"
            ;;
    esac
    case $__xs_rc in
        # With the second code, what was done won't last; xswitch has said why.
        0 | @UNCHANGED@) ;;
        *) \builtin return "$__xs_rc" ;;
    esac
    \builtin local IFS=' '
    for __xs_name in $__xs_limits; do
        case $__xs_name in
            # What a local variable is says nothing about the shell, so it isn't remembered.
            local:*) \builtin local "__xswitch_was_${__xs_name#local:}=" ;;
        esac
    done
    case $__xs_limits in
        *local:*)
            # From bash 5 on, this keeps unset from uncovering what a local variable hides.
            if ! \builtin shopt -q localvar_unset 2>/dev/null && \builtin shopt -s localvar_unset 2>/dev/null; then
                __xs_hides=1
            fi
            ;;
    esac
    if ! \builtin eval "$__xs_code" 2>/dev/null; then
        __xs_rc=@UNCHANGED@
        \builtin printf 'xswitch: this shell cannot set AWS_PROFILE, or a variable that goes before it; to see why: declare -p AWS_PROFILE @CLEARED@\n' >&2
    fi
    if [[ -n $__xs_hides ]]; then
        \builtin shopt -u localvar_unset
        for __xs_name in @CLEARED@; do
            # Programs would get the hidden variable; none reads an empty one.
            case "$__xs_limits " in *" local:$__xs_name "*) \builtin export "$__xs_name=" ;; esac
        done
    fi
    \builtin return "$__xs_rc"
}

# Sets the caller's __xs_limits to what keeps a switch from reaching this shell, as xswitch's core/shell/limits.py reads it.
function __xswitch_limits {
    if [[ ${BASH_SUBSHELL:-0} -gt 0 ]]; then
        __xs_limits=group
        if [[ -e /proc/$$/fd/1 ]]; then
            [[ /dev/fd/1 -ef /proc/$$/fd/1 ]] || __xs_limits=subshell
        elif [[ -p /dev/fd/1 ]]; then
            __xs_limits=subshell
        fi
    fi
    # A subshell: what is tried there changes nothing. bash 3.2 can't read a case in a substitution.
    __xs_limits=$__xs_limits$(__xswitch_try)
}

# Tries to change each variable of a switch, and prints what keeps it from that.
function __xswitch_try {
    \builtin set +eu
    \builtin trap - ERR DEBUG EXIT
    for __xs_name in AWS_PROFILE @ASIDE@; do
        if [[ ${BASH_VERSINFO[0]} -gt 4 || (${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 2) ]]; then
            \builtin declare -g "$__xs_name=1" 2>/dev/null || \builtin printf ' read-only:%s' "$__xs_name"
            [[ ${!__xs_name-} == 1 ]] || \builtin printf ' local:%s' "$__xs_name"
        fi
        if ! \builtin export "$__xs_name=Aa" 2>/dev/null; then
            \builtin printf ' read-only:%s' "$__xs_name"
            \builtin continue
        fi
        case " AWS_PROFILE @REGIONS@ " in
            *" $__xs_name "*)
                # An attribute, such as -u, changes the value; the others get none.
                case ${!__xs_name-}$(\builtin declare -p "$__xs_name") in
                    "Aadeclare -x $__xs_name="*) ;;
                    *) \builtin printf ' attributes:%s' "$__xs_name" ;;
                esac
                ;;
        esac
    done
    if [[ ${BASH_VERSINFO[0]} -lt 4 || (${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -lt 2) ]]; then
        for __xs_name in AWS_PROFILE @ASIDE@; do
            # This uncovers a variable that a local one hides.
            \builtin unset -v "$__xs_name" 2>/dev/null
            [[ -z ${!__xs_name+x} ]] || \builtin printf ' local:%s' "$__xs_name"
        done
    fi
    \builtin :
}

# Sets the caller's __xs_file to the prompt file of profile $1, in a folder named after the config
# file unless that is the default one. In both names, special bytes and capitals become %XX.
function __xswitch_file {
    \builtin local LC_ALL=C __xs_at __xs_c __xs_hex __xs_part __xs_config="${AWS_CONFIG_FILE-}"
    case $__xs_config in
        '' | /*) ;;
        '~/'*)
            __xs_config=${__xs_config#'~'}
            __xs_config=${HOME%/}/${__xs_config#"${__xs_config%%[!/]*}"}
            ;;
        *) __xs_config=${PWD%/}/$__xs_config ;;
    esac
    if [[ $__xs_config == "${HOME%/}/.aws/config" ]]; then
        __xs_config=''
    fi
    __xs_file=
    for __xs_part in ${__xs_config:+"$__xs_config"} "$1"; do
        __xs_file=${__xs_file:+$__xs_file/}
        for ((__xs_at = 0; __xs_at < ${#__xs_part}; __xs_at++)); do
            __xs_c=${__xs_part:__xs_at:1}
            case $__xs_at$__xs_c in
                0. | *[!a-z0-9_.@:+-])
                    \builtin printf -v __xs_hex '%02X' "'$__xs_c"
                    __xs_c=%${__xs_hex: -2}
                    ;;
            esac
            __xs_file=$__xs_file$__xs_c
        done
    done
}

# Sets XSWITCH_PROMPT (its colors marked as non-printing) and XSWITCH_PROMPT_TEXT; starts no process.
# The characters that bash might expand, in whatever way the text gets into PS1, are shown as _.
function __xswitch_prompt {
    \builtin local __xs_account='' __xs_role='' __xs_color='' __xs_expiry='' __xs_renewable='' __xs_now='' __xs_left='' __xs_file='' __xs_text='' __xs_on='' __xs_name=''
    XSWITCH_PROMPT=
    XSWITCH_PROMPT_TEXT=
    for __xs_name in @KEYIDS@; do
        __xs_text=$__xs_text${!__xs_name-}
    done
    if [[ -n $__xs_text ]]; then
        __xs_text='keys in the environment'
    elif [[ -n ${@TOKENFILE@-} ]]; then
        __xs_text='web identity in the environment'
    elif [[ -n ${AWS_PROFILE-} && ${@DEFAULTPROFILE@:-$AWS_PROFILE} != "$AWS_PROFILE" ]]; then
        __xs_text='@DEFAULTPROFILE@ in the environment'
    elif [[ -n ${AWS_PROFILE-} ]]; then
        # Restoring a locale that isn't installed prints a warning.
        __xswitch_file "$AWS_PROFILE" 2>/dev/null
        if {
            IFS= \builtin read -r __xs_account &&
                IFS= \builtin read -r __xs_role &&
                IFS= \builtin read -r __xs_color &&
                IFS= \builtin read -r __xs_expiry &&
                IFS= \builtin read -r __xs_renewable
        } 2>/dev/null <@STATE@/prompt/"$__xs_file"; then
            __xs_text=$__xs_account/$__xs_role
        else
            __xs_text=$AWS_PROFILE __xs_color='' __xs_expiry='' __xs_renewable=''
        fi
    elif [[ -n ${XSWITCH_PREVIOUS-} ]]; then
        __xs_text='no account'
    else
        \builtin return 0
    fi
    __xs_text=${__xs_text//[[:cntrl:]]/}
    __xs_text=${__xs_text//[\$\`\\\!\'\"\;\&\|\<\>]/_}

    if [[ -n ${EPOCHSECONDS-} ]]; then
        __xs_now=$EPOCHSECONDS
    elif [[ ${BASH_VERSINFO[0]} -gt 4 || (${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 2) ]]; then
        \builtin printf -v __xs_now '%(%s)T' -1
    fi
    # Allow only digits: bash would run code in an arithmetic operand.
    case $__xs_now in *[!0123456789]* | ?????????????*) __xs_now='' ;; esac
    case $__xs_expiry in *[!0123456789]* | ?????????????*) __xs_expiry='' ;; esac
    case $__xs_renewable in *[!0123456789]* | ?????????????*) __xs_renewable='' ;; esac
    if [[ -n $__xs_now && -n $__xs_expiry ]]; then
        __xs_left=$((10#$__xs_expiry - __xs_now))
        if [[ $__xs_left -ge 3600 ]]; then
            \builtin printf -v __xs_left '%dh%02dm' $((__xs_left / 3600)) $((__xs_left % 3600 / 60))
        elif [[ $__xs_left -ge 60 ]]; then
            __xs_left=$((__xs_left / 60))m
        elif [[ $__xs_left -gt 0 ]]; then
            __xs_left='<1m'
        elif [[ -z $__xs_renewable || $__xs_now -lt $((10#$__xs_renewable)) ]]; then
            __xs_left=renews
        else
            __xs_left=expired
        fi
        XSWITCH_PROMPT_TEXT="$__xs_text $__xs_left"
        if [[ -n $__xs_renewable && $__xs_now -ge $((10#$__xs_renewable)) && ${__xswitch_warned-} != "$__xs_expiry" && ${BASH_SUBSHELL:-0} -eq 0 ]]; then
            case $__xs_left in
                [1-9]m | '<1m')
                    __xswitch_warned=$__xs_expiry
                    \builtin printf 'xswitch: %s ends in %s, and renewing it needs an MFA code or a sign-in: xswitch renew %s\n' \
                        "$__xs_text" "$__xs_left" "${AWS_PROFILE//[[:cntrl:]]/}" >&2
                    ;;
            esac
        fi
    else
        XSWITCH_PROMPT_TEXT=$__xs_text
    fi

    if [[ -z ${NO_COLOR-} && ${TERM-} != dumb ]]; then
        case $__xs_color in
            red) __xs_on=31 ;;
            green) __xs_on=32 ;;
            yellow) __xs_on=33 ;;
            blue) __xs_on=34 ;;
            magenta) __xs_on=35 ;;
            cyan) __xs_on=36 ;;
        esac
    fi
    XSWITCH_PROMPT="($XSWITCH_PROMPT_TEXT)"
    if [[ -n $__xs_on ]]; then
        XSWITCH_PROMPT=$'\001\033[1;'${__xs_on}$'m\002'$XSWITCH_PROMPT$'\001\033[0m\002'
    fi
    \builtin return 0
}

# Text for your own prompt.
function xswitch_prompt_info {
    __xswitch_prompt
    \builtin printf '%s' "$XSWITCH_PROMPT"
}
# @PROMPT@
if [[ -n ${PS1-} ]] && \builtin shopt -q promptvars; then
    case ${PROMPT_COMMAND-} in
        *__xswitch_prompt*) ;;
        *) PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__xswitch_prompt ;;
    esac
    case $PS1 in
        *XSWITCH_PROMPT*) ;;
        *) PS1='${XSWITCH_PROMPT:+$XSWITCH_PROMPT }'$PS1 ;;
    esac
fi
