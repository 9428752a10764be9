# Completion of xswitch and @CMD@ for bash 3.2 and later. Load it with: eval "$(xswitch completion bash)"

# Lines of: command, kind, word, description; a dot is an empty field.
__xswitch_words=@TABLE@

function __xswitch_complete {
    \builtin local IFS=$' \t\n' line="${COMP_LINE:0:COMP_POINT}" current='' previous='' command='.' breaks='' skip='' at
    \builtin local row_command row_kind row_word row_text name
    \builtin local -a typed
    COMPREPLY=()
    \builtin read -r -d '' -a typed <<<"$line" || \builtin :
    at=$((${#typed[@]} - 1))
    case $line in
        *[[:space:]]) ;;
        *)
            current=${typed[at]}
            at=$((at - 1))
            ;;
    esac
    case ${typed[0]##*/} in xswitch | xswitch.exe) ;; *) command=switch ;; esac
    if [[ $at -ge 1 ]]; then
        previous=${typed[at]}
        case $'\n'$__xswitch_words in
            *$'\n'"${typed[1]}"$'\t'*) command=${typed[1]} ;;
            *) [[ $command == switch ]] || \builtin return 0 ;;
        esac
        if [[ $at -ge 2 ]]; then
            # The verb of a command
            case $'\n'$__xswitch_words in
                *$'\n'"$command ${typed[2]}"$'\t'*) command="$command ${typed[2]}" ;;
            esac
        fi
    fi

    # bash replaces only the text after the last of its word break characters.
    for name in : = @; do
        case $COMP_WORDBREAKS in *"$name"*) breaks=$breaks$name ;; esac
    done
    if [[ -n $breaks ]]; then
        skip=${current%"${current##*[$breaks]}"}
    fi

    case $'\n'$__xswitch_words in
        *$'\n'"$command"$'\tvalue\t'"$previous"$'\t'*) \builtin return 0 ;;
        *$'\n'"$command"$'\tfile\t'"$previous"$'\t'*)
            \builtin compopt -o default 2>/dev/null || \builtin :
            \builtin return 0
            ;;
    esac

    while IFS=$'\t' \builtin read -r row_command row_kind row_word row_text; do
        if [[ $row_command == "$command" || ($row_command == . && $at -eq 0) ]]; then
            case $row_kind$current in
                target-*) ;;
                target*)
                    while IFS=$'\t' \builtin read -r name row_text; do
                        __xswitch_offer "$name"
                    done <<<"$(\builtin command @COMMAND@ complete "$current" ${row_word#.} 2>/dev/null || \builtin :)"
                    ;;
                *)
                    case $row_word in
                        -*) [[ $current != -* ]] || __xswitch_offer "$row_word" ;;
                        *) __xswitch_offer "$row_word" ;;
                    esac
                    ;;
            esac
        fi
    done <<<"$__xswitch_words"
    \builtin return 0
}

# Adds $1 to COMPREPLY, quoted, if it starts with the caller's `current`; leaves out `skip`.
function __xswitch_offer {
    \builtin local quoted
    if [[ -n $1 && $1 == "$current"* ]]; then
        \builtin printf -v quoted '%q' "${1#"$skip"}"
        COMPREPLY[${#COMPREPLY[@]}]=$quoted
    fi
}

\builtin complete -F __xswitch_complete xswitch @CMD@
