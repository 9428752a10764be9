# The xswitch hook for zsh 5 and later. Load it with: eval "$(xswitch init zsh)"
# `xswitch init` wraps this in `emulate zsh -c`, which isolates it from your options and aliases.

export XSWITCH_SHELL=zsh
unalias @CMD@ 2>/dev/null || :

function @CMD@ {
    local __xs_code='' __xs_rc=0 __xs_limits='' __xs_name=''
    case ${1-} in
        (@COMMANDS@)
            command @COMMAND@ "$@"
            return
            ;;
        (switch) shift ;;
    esac
    __xswitch_limits
    __xs_code=$(@LIMITS@=$__xs_limits command @COMMAND@ switch --emit zsh "$@") || __xs_rc=$?
    case $__xs_code in
        ('') return $__xs_rc ;;
        # Only assignments begin like this; help and JSON are printed.
        ('\builtin '*) ;;
        (*)
            builtin printf '%s\n' "$__xs_code"
            return $__xs_rc
            ;;
    esac
    case $__xs_rc in
        # With the second code, what was done won't last; xswitch has said why.
        (0 | @UNCHANGED@) ;;
        (*) return $__xs_rc ;;
    esac
    for __xs_name in ${(s: :)__xs_limits}; do
        case $__xs_name in
            # What a local variable is says nothing about the shell, so it isn't remembered.
            (local:*) local "__xswitch_was_${__xs_name#local:}=" ;;
        esac
    done
    if ! builtin eval "$__xs_code" 2>/dev/null; then
        builtin printf 'xswitch: this shell cannot set AWS_PROFILE, or a variable that goes before it; to see why: typeset -p AWS_PROFILE @CLEARED@\n' >&2
        __xs_rc=@UNCHANGED@
    fi
    return $__xs_rc
}

# Sets the caller's __xs_limits to what keeps a switch from reaching this shell, as xswitch's core/shell/limits.py reads it.
function __xswitch_limits {
    if [[ $ZSH_SUBSHELL -gt 0 ]]; then
        __xs_limits=group
        if [[ -e /proc/$$/fd/1 ]]; then
            [[ /dev/fd/1 -ef /proc/$$/fd/1 ]] || __xs_limits=subshell
        elif [[ -p /dev/fd/1 ]]; then
            __xs_limits=subshell
        fi
    fi
    for __xs_name in AWS_PROFILE @ASIDE@; do
        case ${(Pt)__xs_name} in
            (*readonly*) __xs_limits="$__xs_limits read-only:$__xs_name" ;;
            (*local*) __xs_limits="$__xs_limits local:$__xs_name" ;;
            ('' | scalar | scalar-export) ;;
            (*)
                # An attribute, such as -u, changes the value; the others get none.
                case " AWS_PROFILE @REGIONS@ " in
                    (*" $__xs_name "*) __xs_limits="$__xs_limits attributes:$__xs_name" ;;
                esac
                ;;
        esac
    done
}

# Sets the caller's __xs_file to the prompt file of profile $1, in a folder named after the config
# file unless that is the default one. In both names, special bytes and capitals become %XX.
function __xswitch_file {
    setopt local_options no_multibyte
    local __xs_at __xs_c __xs_hex __xs_part __xs_config="${AWS_CONFIG_FILE-}"
    case $__xs_config in
        ('' | /*) ;;
        ('~/'*)
            __xs_config=${__xs_config#'~'}
            __xs_config=${HOME%/}/${__xs_config#"${__xs_config%%[^/]*}"}
            ;;
        (*) __xs_config=${PWD%/}/$__xs_config ;;
    esac
    if [[ $__xs_config == "${HOME%/}/.aws/config" ]]; then
        __xs_config=
    fi
    __xs_file=
    for __xs_part in ${__xs_config:+"$__xs_config"} "$1"; do
        __xs_file=${__xs_file:+$__xs_file/}
        for ((__xs_at = 1; __xs_at <= ${#__xs_part}; __xs_at++)); do
            __xs_c=${__xs_part[__xs_at]}
            case $__xs_at$__xs_c in
                (1. | *[^a-z0-9_.@:+-])
                    builtin printf -v __xs_hex '%02X' "'$__xs_c"
                    __xs_c=%${__xs_hex[-2,-1]}
                    ;;
            esac
            __xs_file=$__xs_file$__xs_c
        done
    done
}

# Sets XSWITCH_PROMPT (safe in PROMPT, even with prompt_subst) and XSWITCH_PROMPT_TEXT; starts no process.
function __xswitch_prompt {
    local __xs_account= __xs_role= __xs_color= __xs_expiry= __xs_renewable= __xs_now= __xs_left= __xs_file= __xs_text= __xs_name=
    typeset -g XSWITCH_PROMPT= XSWITCH_PROMPT_TEXT=
    for __xs_name in @KEYIDS@; do
        __xs_text=$__xs_text${(P)__xs_name-}
    done
    if [[ -n $__xs_text ]]; then
        __xs_text='keys in the environment'
    elif [[ -n ${@TOKENFILE@-} ]]; then
        __xs_text='web identity in the environment'
    elif [[ -n ${AWS_PROFILE-} && ${@DEFAULTPROFILE@:-$AWS_PROFILE} != $AWS_PROFILE ]]; then
        __xs_text='@DEFAULTPROFILE@ in the environment'
    elif [[ -n ${AWS_PROFILE-} ]]; then
        __xswitch_file "$AWS_PROFILE"
        __xs_file=@STATE@/prompt/$__xs_file
        if [[ -r $__xs_file ]] && {
            IFS= builtin read -r __xs_account &&
                IFS= builtin read -r __xs_role &&
                IFS= builtin read -r __xs_color &&
                IFS= builtin read -r __xs_expiry &&
                IFS= builtin read -r __xs_renewable
        } 2>/dev/null <$__xs_file; then
            __xs_text=$__xs_account/$__xs_role
        else
            __xs_text=$AWS_PROFILE __xs_color= __xs_expiry= __xs_renewable=
        fi
    elif [[ -n ${XSWITCH_PREVIOUS-} ]]; then
        __xs_text='no account'
    else
        return 0
    fi
    __xs_text=${__xs_text//[[:cntrl:]]/}
    # zsh expands a prompt: % always, the other characters with prompt_subst or prompt_bang, or in an eval.
    __xs_text=${__xs_text//[\$\`\\!\'\"\;\&\|\<\>]/_}

    __xs_now='%D{%s}'
    __xs_now=${(%)__xs_now}
    # Allow only digits: zsh would run code in an arithmetic operand.
    case $__xs_now in (*[^0123456789]* | ?????????????*) __xs_now= ;; esac
    case $__xs_expiry in (*[^0123456789]* | ?????????????*) __xs_expiry= ;; esac
    case $__xs_renewable in (*[^0123456789]* | ?????????????*) __xs_renewable= ;; esac
    if [[ -n $__xs_now && -n $__xs_expiry ]]; then
        __xs_left=$((10#$__xs_expiry - __xs_now))
        if [[ $__xs_left -ge 3600 ]]; then
            builtin printf -v __xs_left '%dh%02dm' $((__xs_left / 3600)) $((__xs_left % 3600 / 60))
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
        if [[ -n $__xs_renewable && $__xs_now -ge $((10#$__xs_renewable)) && ${__xswitch_warned-} != $__xs_expiry && $ZSH_SUBSHELL -eq 0 ]]; then
            case $__xs_left in
                ([1-9]m | '<1m')
                    typeset -g __xswitch_warned=$__xs_expiry
                    builtin printf 'xswitch: %s ends in %s, and renewing it needs an MFA code or a sign-in: xswitch renew %s\n' \
                        $__xs_text $__xs_left ${AWS_PROFILE//[[:cntrl:]]/} >&2
                    ;;
            esac
        fi
    else
        XSWITCH_PROMPT_TEXT=$__xs_text
    fi

    XSWITCH_PROMPT="(${XSWITCH_PROMPT_TEXT//\%/%%})"
    if [[ -z ${NO_COLOR-} && ${TERM-} != dumb ]]; then
        case $__xs_color in
            (red | green | yellow | blue | magenta | cyan) XSWITCH_PROMPT="%B%F{$__xs_color}$XSWITCH_PROMPT%f%b" ;;
        esac
    fi
    return 0
}

# Text for your own prompt.
function xswitch_prompt_info {
    __xswitch_prompt
    builtin printf '%s' $XSWITCH_PROMPT
}
# @PROMPT@
function __xswitch_precmd {
    __xswitch_prompt
    # Unless a theme has replaced PROMPT, it still has the last prefix.
    PROMPT=${${PROMPT-}#"${__xswitch_prefix-}"}
    typeset -g __xswitch_prefix=${XSWITCH_PROMPT:+$XSWITCH_PROMPT }
    PROMPT=$__xswitch_prefix$PROMPT
}
typeset -ga precmd_functions
precmd_functions=(${precmd_functions:#__xswitch_precmd} __xswitch_precmd)
