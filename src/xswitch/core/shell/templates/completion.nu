# Completion of xswitch for nushell (the hook completes its own function). Save it to a file, like the hook:
#   xswitch completion nu | save --force ($nu.user-autoload-dirs | first | path join xswitch-completion.nu)

def __xswitch_complete [context: string] {
    let typed = ($context | split row --regex '\s+')
    # Lines of: command, kind, word, description; a dot is an empty field.
    let rows = (@TABLE@ | lines | each {|line| $line | split row (char tab) } | each {|row|
        {command: $row.0, kind: $row.1, value: $row.2, description: ($row.3 | str replace --regex '^\.$' "")}
    })
    let verb = ($typed | drop 1 | skip 1 | first 2 | str join " ")
    let command = if ($rows | any {|row| $row.command == $verb }) {
        $verb
    } else if ($typed | length) > 2 {
        $typed.1
    } else {
        "."
    }
    let words = ($rows | where command == $command)
    let roles = (
        if ($words | any {|row| $row.kind == target }) {
            let of = ($words | where kind == target | get value | first)
            try {
                if $of == "." {
                    ^@COMMAND@ complete ($typed | last) err> /dev/null
                } else {
                    ^@COMMAND@ complete ($typed | last) $of err> /dev/null
                }
            } catch { "" }
            | lines
            | each {|line| $line | split row (char tab) }
            | each {|row| {value: $row.0, description: ($row.1? | default "")} }
        } else {
            []
        }
    )
    $roles | append ($words | where kind in [command choice] | select value description)
}

extern xswitch [...words: string@__xswitch_complete]
@EXTERNS@
