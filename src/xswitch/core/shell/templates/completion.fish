# Completion of xswitch and @CMD@ for fish. Load it with: xswitch completion fish | source

function __xswitch_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    # Lines of: command, kind, word, description; a dot is an empty field.
    set -l rows (string split \n -- @TABLE@)
    set -l command .
    string match -qr '(^|/)xswitch(\.exe)?$' -- $typed[1]
    or set command switch
    set -l previous
    if set -q typed[2]
        set previous $typed[-1]
        if string match -qr '^'(string escape --style=regex -- $typed[2])\t -- $rows
            set command $typed[2]
        else if test $command = .
            return
        end
        # The verb of a command
        if set -q typed[3]; and string match -qr '^'(string escape --style=regex -- "$command $typed[3]")\t -- $rows
            set command "$command $typed[3]"
        end
    end
    for row in $rows
        set -l fields (string split \t -- $row)
        if test "$fields[1]" = "$command" -a -n "$previous" -a "$fields[3]" = "$previous"
            switch $fields[2]
                case value
                    return
                case file
                    __fish_complete_path $current
                    return
            end
        end
    end
    for row in $rows
        set -l fields (string split \t -- $row)
        test "$fields[1]" = "$command"
        or test "$fields[1]" = . -a (count $typed) -eq 1
        or continue
        if test $fields[2] = target
            # All targets: fish also matches inside a name.
            command @COMMAND@ complete '' (string match -v . -- $fields[3]) 2>/dev/null
        else if string match -q -- '-*' $fields[3]; and not string match -q -- '-*' $current
            continue
        else if test "$fields[4]" = .
            printf '%s\n' $fields[3]
        else
            printf '%s\t%s\n' $fields[3] $fields[4]
        end
    end
end

complete -c xswitch -f -a '(__xswitch_complete)'
complete -c @CMD@ -f -a '(__xswitch_complete)'
