# The xswitch hook for nushell (tested with 0.115). Nushell loads code only at startup, so save it to a file:
#   xswitch init nu | save --force ($nu.user-autoload-dirs | first | path join xswitch.nu)

$env.XSWITCH_SHELL = "nu"

def --env --wrapped @CMD@ [...words: string@__xswitch_words] {
    let first = ($words.0? | default "")
    if $first in [@COMMANDS@] {
        ^@COMMAND@ ...$words
        return
    }
    let words = (if $first == "switch" { $words | skip 1 } else { $words })
    if "--json" in $words {
        ^@COMMAND@ switch ...$words
        return
    }
    # If xswitch fails, this raises an error with its exit code, and its output is ignored.
    let answer = (^@COMMAND@ switch --emit nu ...$words)
    if not ($answer | str starts-with '{"set":') {
        if ($answer | is-not-empty) { print $answer }
        return
    }
    let change = ($answer | from json)
    let names = [@ASIDE@]
    let gives_back = ($change.give_back? | default false) and ($env.__xswitch_was? != null)
    if $gives_back {
        # A variable that one command loads and then hides is afterwards what it was before.
        let was = $env.__xswitch_was
        hide-env --ignore-errors ...($change.unset ++ $names ++ [__xswitch_was])
        load-env ($change.set | merge $was)
        return
    }
    load-env ($change.own_set? | default {})
    hide-env --ignore-errors ...($change.own_unset? | default [])
    # Programs don't get a variable that holds a record.
    if ($change.set_aside? | default false) and ($env.__xswitch_was? == null) {
        $env.__xswitch_was = ($names | reduce --fold {} {|name, was|
            if $name in $env { $was | insert $name ($env | get $name) } else { $was }
        })
    }
    load-env $change.set
    hide-env --ignore-errors ...$change.unset
}

def __xswitch_words [context: string] {
    let typed = ($context | split row --regex '\s+' | skip 1)
    let commands = if ($typed | length) > 1 { [] } else { [@COMMANDS@] | where $it !~ '^-' | wrap value }
    let roles = (
        try { ^@COMMAND@ complete ($typed | last | default "") err> /dev/null } catch { "" }
        | lines
        | each {|line| $line | split row (char tab) }
        | each {|row| {value: $row.0, description: ($row.1? | default "")} }
    )
    $commands | append $roles
}

# Returns a text as a file name: special bytes and capitals become %XX.
def __xswitch_file_name [text: string] {
    mut name = ($text | url encode --all)
    for pair in [["%2E" "."] ["%40" "@"] ["%3A" ":"] ["%2B" "+"] ["%2D" "-"] ["%5F" "_"]] {
        $name = ($name | str replace --all $pair.0 $pair.1)
    }
    $name
    | parse --regex '(?<part>%[0-9A-F]{2}|[A-Z]|[^%A-Z]+)'
    | get part
    | each {|part| if $part =~ '^[A-Z]$' { $"%($part | into binary | encode hex)" } else { $part } }
    | str join
    | str replace --regex '^\.' "%2E"
}

# Returns the path of the prompt file of a profile, in a folder named after the config file unless
# that is the default one.
def __xswitch_file [name: string] {
    let home = ($env.HOME? | default "" | str replace --regex '/$' "")
    let given = ($env.AWS_CONFIG_FILE? | default "")
    let config = if $given == "" or ($given | str starts-with "/") {
        $given
    } else if ($given | str starts-with "~/") {
        $"($home)/($given | str replace --regex '^~/+' '')"
    } else {
        $"($env.PWD | str replace --regex '/$' '')/($given)"
    }
    let folders = if $config in ["" $"($home)/.aws/config"] { [] } else { [(__xswitch_file_name $config)] }
    [@STATE@ prompt ...$folders (__xswitch_file_name $name)] | path join
}

# Returns what the prompt shows: text, color, left (seconds or null), needs_mfa (to renew), expiry.
def __xswitch_state [] {
    let nothing = {text: "", color: "", left: null, needs_mfa: false, expiry: ""}
    if ([@KEYIDS@] | any {|name| $name in $env and ($env | get $name) != "" }) {
        return ($nothing | update text "keys in the environment")
    }
    if ($env.@TOKENFILE@? | default "") != "" {
        return ($nothing | update text "web identity in the environment")
    }
    let profile = ($env.AWS_PROFILE? | default "")
    if $profile != "" and ($env.@DEFAULTPROFILE@? | default "") not-in ["" $profile] {
        return ($nothing | update text "@DEFAULTPROFILE@ in the environment")
    }
    if $profile == "" {
        return ($nothing | update text (if ($env.XSWITCH_PREVIOUS? | default "") != "" { "no account" } else { "" }))
    }
    let lines = (try { open --raw (__xswitch_file $profile) | decode utf-8 | lines } catch { [] })
    if ($lines | length) < 4 {
        return ($nothing | update text ($profile | str replace --all --regex '\p{C}' ""))
    }
    let text = ($"($lines.0)/($lines.1)" | str replace --all --regex '\p{C}' "")
    if $lines.3 !~ '^[0-9]{1,12}$' {
        return ($nothing | update text $text | update color $lines.2)
    }
    let now = (date now | format date "%s" | into int)
    let renewable = ($lines.4? | default "")
    {
        text: $text
        color: $lines.2
        left: (($lines.3 | into int) - $now)
        needs_mfa: ($renewable =~ '^[0-9]{1,12}$' and $now >= ($renewable | into int))
        expiry: $lines.3
    }
}

def __xswitch_left [left: any, needs_mfa: bool] {
    if $left == null {
        ""
    } else if $left >= 3600 {
        $" ($left // 3600)h($left mod 3600 // 60 | fill --alignment right --character '0' --width 2)m"
    } else if $left >= 60 {
        $" ($left // 60)m"
    } else if $left > 0 {
        " <1m"
    } else if $needs_mfa {
        " expired"
    } else {
        " renews"
    }
}

# Text for your own prompt; starts no process.
def xswitch_prompt_info [] {
    let state = (__xswitch_state)
    if $state.text == "" { return "" }
    let shown = $"\(($state.text)(__xswitch_left $state.left $state.needs_mfa)\)"
    let plain = (($env.NO_COLOR? | default "" | into string) != "" or $env.TERM? == "dumb")
    if $plain or $state.color not-in [red green yellow blue magenta cyan] {
        $shown
    } else {
        $"(ansi $"($state.color)_bold")($shown)(ansi reset)"
    }
}

# Warns once per session that it ends soon and that renewing it needs an MFA code or a sign-in.
def --env __xswitch_warn [] {
    let state = (__xswitch_state)
    if $state.needs_mfa and $state.left > 0 and $state.left < 600 and ($env.XSWITCH_WARNED? | default "") != $state.expiry {
        $env.XSWITCH_WARNED = $state.expiry
        let profile = ($env.AWS_PROFILE | str replace --all --regex '\p{C}' "")
        print --stderr $"xswitch: ($state.text) ends in(__xswitch_left $state.left true), and renewing it needs an MFA code or a sign-in: xswitch renew ($profile)"
    }
}
# @PROMPT@
$env.PROMPT_COMMAND = (do {
    let original = $env.PROMPT_COMMAND?
    {||
        let mine = (xswitch_prompt_info)
        let theirs = (match ($original | describe) {
            "closure" => (do $original)
            "nothing" => ""
            _ => $original
        })
        if $mine == "" { $theirs } else { $"($mine) ($theirs)" }
    }
})
$env.config.hooks.pre_prompt = ($env.config.hooks.pre_prompt? | default [] | append {|| __xswitch_warn })
