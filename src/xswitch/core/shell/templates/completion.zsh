#compdef xswitch @CMD@
# Completion of xswitch and @CMD@ for zsh. Load it, after compinit, with: eval "$(xswitch completion zsh)"
# or save it as _xswitch in a folder of $fpath.

function _xswitch {
    local row name text command=. previous=
    local -a fields roles plain options
    # Lines of: command, kind, word, description; a dot is an empty field.
    local table=@TABLE@

    [[ ${words[1]:t} == xswitch(|.exe) ]] || command=switch
    if ((CURRENT > 2)); then
        previous=${words[CURRENT-1]}
        if [[ $'\n'$table == *$'\n'"${words[2]}"$'\t'* ]]; then
            command=${words[2]}
        elif [[ $command == . ]]; then
            return 1
        fi
        # The verb of a command
        if ((CURRENT > 3)) && [[ $'\n'$table == *$'\n'"$command ${words[3]}"$'\t'* ]]; then
            command="$command ${words[3]}"
        fi
    fi
    case $'\n'$table in
        (*$'\n'"$command"$'\tvalue\t'"$previous"$'\t'*) return 1 ;;
        (*$'\n'"$command"$'\tfile\t'"$previous"$'\t'*)
            _files
            return
            ;;
    esac

    for row in ${(f)table}; do
        fields=("${(@ps:\t:)row}")
        [[ $fields[1] == $command || ( $fields[1] == . && $CURRENT -eq 2 ) ]] || continue
        text=${fields[4]/#%./}
        case $fields[2]:$fields[3] in
            (target:*)
                [[ $PREFIX == -* ]] && continue
                while IFS=$'\t' builtin read -r name text; do
                    roles+=("${name//:/\\:}${text:+:$text}")
                done < <(command @COMMAND@ complete "${(Q)PREFIX}" ${fields[3]:#.} 2>/dev/null)
                ;;
            (*:-*) options+=("${fields[3]}${text:+:$text}") ;;
            (*) plain+=("${fields[3]}${text:+:$text}") ;;
        esac
    done
    local found=1
    ((${#roles})) && _describe -t roles role roles && found=0
    ((${#plain})) && _describe -t commands command plain && found=0
    [[ $PREFIX == -* ]] && ((${#options})) && _describe -o -t options option options && found=0
    return found
}

if [[ ${funcstack[1]-} == _xswitch ]]; then
    _xswitch "$@"
elif (( $+functions[compdef] )); then
    compdef _xswitch xswitch @CMD@
fi
