"""The prompt helpers in real shells: text, color, warnings, and that they run nothing hostile."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from support.shells.real import REAL_SHELLS, HookedShell, Stub, hook, shell_program
from xswitch.adapters.state.prompt_files import PromptFileStore
from xswitch.core.awsconfig.paths import config_paths, default_paths
from xswitch.core.filenames import config_folder_name, profile_file_name
from xswitch.core.model import PromptState
from xswitch.core.model.settings import GUARD_COLORS
from xswitch.core.variables import KEY_ID_VARIABLES

HOSTILE = "$(touch pwned)`touch pwned`${HOME}\\u\\$(id)%n%d!!$[1+1]\\"
EXPANDED = "$`\\!'\";&|<>"
PLAIN = HOSTILE.translate(dict.fromkeys(map(ord, EXPANDED), "_"))


@pytest.fixture(params=REAL_SHELLS)
def hooked(
    request: pytest.FixtureRequest, need: Callable[[str], str], tmp_path: Path
) -> HookedShell:
    return HookedShell(
        request.param,
        shell_program(request.param, need),
        tmp_path / "runs",
        str(Stub(tmp_path / "stub").program),
    )


def info(hooked: HookedShell, env: dict[str, str], script: str = "") -> tuple[str, str]:
    """Return the helper's stdout and stderr."""
    line = (
        "print --no-newline (xswitch_prompt_info)"
        if hooked.shell == "nu"
        else "xswitch_prompt_info"
    )
    done, _ = hooked.run(f"{script}\n{line}", env={"TERM": "xterm-256color", **env})
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def write(hooked: HookedShell, name: str, *lines: object) -> None:
    folder = hooked.state / "prompt"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / profile_file_name(name)).write_text(
        "".join(f"{line}\n" for line in lines), encoding="utf-8", errors="surrogateescape"
    )


def session(
    hooked: HookedShell, name: str, left: int, renewable_for: int | None = None, *, color: str = ""
) -> int:
    """Write the file of a session with this many seconds left, and return its expiration."""
    now = int(time.time())
    write(
        hooked,
        name,
        "payments",
        "Admin",
        color,
        now + left,
        "" if renewable_for is None else now + renewable_for,
    )
    return now + left


@pytest.mark.parametrize(
    ("left", "renewable_for", "shown"),
    [
        (41 * 60 + 30, None, "41m"),
        (3600 + 2 * 60 + 30, None, "1h02m"),
        (11 * 3600 + 30, 3600, "11h00m"),
        (9 * 60 + 30, 3600, "9m"),
        (30, None, "<1m"),
        (-5, None, "renews"),
        (-5, 3600, "renews"),
        (-5, -5, "expired"),
        (-99999, -88888, "expired"),
    ],
)
def test_account_role_and_time_left(
    hooked: HookedShell, left: int, renewable_for: int | None, shown: str
) -> None:
    session(hooked, "xs-a", left, renewable_for)
    assert info(hooked, {"AWS_PROFILE": "xs-a"}) == (f"(payments/Admin {shown})", "")


def test_no_profile_shows_nothing_until_after_unset(hooked: HookedShell) -> None:
    assert info(hooked, {}) == ("", "")
    assert info(hooked, {"XSWITCH_PREVIOUS": "xs-a"}) == ("(no account)", "")


def test_a_foreign_profile_is_shown_by_name(hooked: HookedShell) -> None:
    assert info(hooked, {"AWS_PROFILE": "dev"}) == ("(dev)", "")
    assert info(hooked, {"AWS_PROFILE": "../prompt/dev"}) == ("(../prompt/dev)", "")


SHADOWS = {
    **dict.fromkeys(KEY_ID_VARIABLES, "keys in the environment"),
    "AWS_WEB_IDENTITY_TOKEN_FILE": "web identity in the environment",
    "AWS_DEFAULT_PROFILE": "AWS_DEFAULT_PROFILE in the environment",
}


@pytest.mark.parametrize("name", SHADOWS)
def test_what_goes_before_the_profile_is_shown_instead(hooked: HookedShell, name: str) -> None:
    session(hooked, "xs-a", 3000)
    assert info(hooked, {"AWS_PROFILE": "xs-a", name: "x"}) == (f"({SHADOWS[name]})", "")


def test_what_has_no_effect_beside_the_profile_is_not_shown(hooked: HookedShell) -> None:
    session(hooked, "xs-a", 2970)
    without = {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SESSION_TOKEN": "t",
        "AWS_ROLE_ARN": "arn",
        "AWS_DEFAULT_PROFILE": "xs-a",
        "AWS_BEARER_TOKEN_BEDROCK": "t",
    }
    assert info(hooked, {"AWS_PROFILE": "xs-a", **without}) == ("(payments/Admin 49m)", "")


@pytest.mark.parametrize("variable", ["LC_ALL", "LC_CTYPE", "LANG"])
def test_a_locale_that_is_not_installed_says_nothing(hooked: HookedShell, variable: str) -> None:
    """A shell may warn when it starts; no prompt does."""
    session(hooked, "xs-ü", 2970)
    drawn = 'print --stderr "drawn"' if hooked.shell == "nu" else "echo drawn >&2"
    script = "\n".join([drawn, loop(hooked.shell), drawn])
    env = {"AWS_PROFILE": "xs-ü", "LC_ALL": "", variable: "xx_YY.UTF-8"}
    done, _ = hooked.run(script, prompt=True, env=env)
    assert done.returncode == 0
    assert done.stderr.partition("drawn\n")[2] == "drawn\n"


@pytest.mark.parametrize(
    "name",
    [
        "team/xs-a",
        "a.b@c:d+e_f-g",
        "50%",
        ".hidden",
        "..",
        "a b",
        "~",
        "ünï",
        "(x)*[y]?!'\"\\$",
        "xs-Admin",
        "AZ%41az",
    ],
)
def test_every_name_finds_its_file(hooked: HookedShell, name: str) -> None:
    session(hooked, name, 2970)
    assert info(hooked, {"AWS_PROFILE": name}) == ("(payments/Admin 49m)", "")


@pytest.mark.parametrize("name", ["a\udcff", "\udcc3x"])
def test_a_name_of_arbitrary_bytes_finds_its_file(
    name: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    for shell in ("bash", "zsh", "fish"):
        hooked = HookedShell(shell, shell_program(shell, need), tmp_path / shell, "xswitch")
        session(hooked, name, 2970)
        assert info(hooked, {"AWS_PROFILE": name}) == ("(payments/Admin 49m)", "")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("/work/aws/config", "/work/aws/config"),
        ("/My Work/Ünï (1)/~/$x/config", "/My Work/Ünï (1)/~/$x/config"),
        ("~/work.config", "HOME/work.config"),
        ("~//.aws/other", "HOME/.aws/other"),
        ("aws/config", "CWD/aws/config"),
        ("~work/config", "CWD/~work/config"),
        ("./~/config", "CWD/./~/config"),
        ("-n", "CWD/-n"),
        ("", ""),
        ("HOME/.aws/config", ""),
        ("~/.aws/config", ""),
        ("~///.aws/config", ""),
        ("HOME/.aws/Config", "HOME/.aws/Config"),
    ],
)
def test_profiles_of_another_config_file_have_their_own_prompt_files(
    hooked: HookedShell, value: str, path: str
) -> None:
    home, cwd = hooked.folder / "home", hooked.folder / "run1"  # where the script runs
    home.mkdir(parents=True)
    soon = datetime.now(UTC) + timedelta(minutes=20, seconds=30)
    value = value.replace("HOME", str(home))
    default = default_paths(str(home)).config
    expected = path.replace("HOME", str(home)).replace("CWD", str(cwd))
    assert config_paths({"AWS_CONFIG_FILE": value}, str(home), str(cwd)).config == (
        expected or default
    )
    for config, account in (
        (expected or default, "this"),
        (default if expected else "/else/config", "that"),
    ):
        folder = config_folder_name(config, default)
        PromptFileStore(hooked.state / "prompt" / folder).write(
            PromptState("xs-a", account, "Admin", "", soon, None)
        )
    env = {"AWS_PROFILE": "xs-a", "AWS_CONFIG_FILE": value, "HOME": str(home)}
    assert info(hooked, env) == ("(this/Admin 20m)", "")
    if not value:
        elsewhere = {**env, "AWS_CONFIG_FILE": "/no/such/config"}
        assert info(hooked, elsewhere) == ("(xs-a)", "")


def test_the_writer_and_the_readers_agree(hooked: HookedShell) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=20, seconds=30)
    PromptFileStore(hooked.state / "prompt").write(
        PromptState("xs-a", "pay ments", "a/Admin", "red", soon, None)
    )
    assert info(hooked, {"AWS_PROFILE": "xs-a", "NO_COLOR": "1"}) == ("(pay ments/a/Admin 20m)", "")


@pytest.mark.parametrize("color", GUARD_COLORS)
def test_the_color_of_the_guard_is_marked_as_zero_width(hooked: HookedShell, color: str) -> None:
    session(hooked, "xs-a", 3000 - 30, color=color)
    shown, _ = info(hooked, {"AWS_PROFILE": "xs-a"})
    code = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}[color]
    if hooked.shell == "bash":
        assert shown == f"\001\x1b[1;{code}m\002(payments/Admin 49m)\001\x1b[0m\002"
    elif hooked.shell == "zsh":
        assert shown == f"%B%F{{{color}}}(payments/Admin 49m)%f%b"
    else:
        # These two shells recognize escape sequences themselves
        assert re.sub(r"\x1b\[[0-9;]*m|\x1b\(B|\x0f", "", shown) == "(payments/Admin 49m)"
        assert re.match(rf"(\x1b\[1m)?\x1b\[(1;)?{code}m", shown)
        assert re.search(r"(\x1b\[(0|30)?m|\x1b\(B)+\x0f?$", shown)


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_color_if_turned_off(hooked: HookedShell, env: dict[str, str]) -> None:
    session(hooked, "xs-a", 3000 - 30, color="red")
    assert info(hooked, {"AWS_PROFILE": "xs-a", **env}) == ("(payments/Admin 49m)", "")


def test_an_unknown_color_is_ignored(hooked: HookedShell) -> None:
    session(hooked, "xs-a", 3000 - 30, color="$(touch pwned)")
    assert info(hooked, {"AWS_PROFILE": "xs-a"}) == ("(payments/Admin 49m)", "")


def test_an_empty_no_color_means_nothing(hooked: HookedShell) -> None:
    session(hooked, "xs-a", 3000 - 30, color="red")
    assert info(hooked, {"AWS_PROFILE": "xs-a", "NO_COLOR": ""})[0] != "(payments/Admin 49m)"


@pytest.mark.parametrize(
    "lines",
    [
        ("a[$(touch pwned)]", ""),
        ("$(touch pwned)", "x[$(touch pwned)]"),
        ("-1", "1"),
        ("0x7fffffff", ""),
        ("99999999999999999999999999", ""),
        ("1e9", "1"),
        ("", ""),
        ("BASHPID", "RANDOM"),
        (" 12", ""),
    ],
)
def test_invalid_times_are_left_out(hooked: HookedShell, lines: tuple[str, str]) -> None:
    write(hooked, "xs-a", "payments", "Admin", "", *lines)
    assert info(hooked, {"AWS_PROFILE": "xs-a"}) == ("(payments/Admin)", "")
    assert not list(hooked.folder.rglob("pwned"))


def test_octal_looking_times_are_decimal(hooked: HookedShell) -> None:
    write(hooked, "xs-a", "payments", "Admin", "", f"0{int(time.time()) + 2970}", "08")
    assert info(hooked, {"AWS_PROFILE": "xs-a"}) == ("(payments/Admin 49m)", "")


@pytest.mark.parametrize("lines", [(), ("payments",), ("payments", "Admin", "red")])
def test_an_incomplete_file_is_ignored(hooked: HookedShell, lines: tuple[str, ...]) -> None:
    write(hooked, "xs-a", *lines)
    shown, said = info(hooked, {"AWS_PROFILE": "xs-a", "NO_COLOR": "1"})
    assert (shown, said) == ("(xs-a)", "")


def test_control_characters_never_reach_the_terminal(hooked: HookedShell) -> None:
    write(hooked, "xs-\x1b]0;a", "pay\x1b]52:c:x\x07ments", "Ad\rmin\x7f\x9b", "", "", "")
    assert (
        info(hooked, {"AWS_PROFILE": "xs-\x1b]0;a"})[0].replace("\ufffd", "")
        == "(pay]52:c:xments/Admin)"
    )
    assert info(hooked, {"AWS_PROFILE": "xs-\x1b]0:b\r\n"})[0] == "(xs-]0:b)"


def loop(shell: str, times: int = 3) -> str:
    """Draw the prompt several times, as the shell would."""
    once = {
        "bash": "__xswitch_prompt",
        "zsh": "__xswitch_prompt",
        "fish": "fish_prompt >/dev/null",
        "nu": "__xswitch_warn",
    }[shell]
    return "\n".join([once] * times)


def test_one_warning_per_session_that_needs_an_mfa_code(hooked: HookedShell) -> None:
    write(hooked, "xs-a", "payments", "Admin", "", int(time.time()) + 330, 5)
    write(hooked, "xs-b", "sandbox", "Dev", "", int(time.time()) + 45, 5)
    change = {"fish": "set -gx AWS_PROFILE xs-b", "nu": '$env.AWS_PROFILE = "xs-b"'}.get(
        hooked.shell, "AWS_PROFILE=xs-b"
    )
    done, _ = hooked.run(
        f"{loop(hooked.shell)}\n{change}\n{loop(hooked.shell)}",
        prompt=True,
        env={"AWS_PROFILE": "xs-a"},
    )
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        f"xswitch: {ends}, and renewing it needs an MFA code or a sign-in: xswitch renew {name}"
        for ends, name in (
            ("payments/Admin ends in 5m", "xs-a"),
            ("sandbox/Dev ends in <1m", "xs-b"),
        )
    ]


def test_a_renewed_session_is_warned_about_again(hooked: HookedShell) -> None:
    write(hooked, "xs-a", "payments", "Admin", "", int(time.time()) + 330, 5)
    file = hooked.state / "prompt" / "xs-a"
    text = f"payments\\nAdmin\\n\\n{int(time.time()) + 450}\\n5\\n"
    again = (
        f'"{text}" | save --raw --force {file}'
        if hooked.shell == "nu"
        else f"printf '{text}' >{file}"
    )
    done, _ = hooked.run(
        f"{loop(hooked.shell)}\n{again}\n{loop(hooked.shell)}",
        prompt=True,
        env={"AWS_PROFILE": "xs-a"},
    )
    assert [line.split(",")[0] for line in done.stderr.splitlines()] == [
        "xswitch: payments/Admin ends in 5m",
        "xswitch: payments/Admin ends in 7m",
    ]


@pytest.mark.parametrize(("left", "renewable_for"), [(330, None), (330, 3600), (660, -5), (-5, -5)])
def test_no_warning_while_there_is_time_or_no_code_is_needed(
    hooked: HookedShell, left: int, renewable_for: int | None
) -> None:
    session(hooked, "xs-a", left, renewable_for)
    done, _ = hooked.run(loop(hooked.shell), prompt=True, env={"AWS_PROFILE": "xs-a"})
    assert (done.returncode, done.stderr) == (0, "")


# -- in the shell's own prompt, on a terminal


class Terminal:
    """An interactive shell with hook and prompt, in its own terminal."""

    def __init__(
        self, shell: str, program: str, folder: Path, setup: str, env: dict[str, str]
    ) -> None:
        self.shell = shell
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "hook").write_text(
            hook(shell, command="xswitch", state=folder / "state", prompt=True)
        )
        start = f"{setup}\nPS1='> '\n. {folder}/hook\n"
        words = {
            "bash": ["--noprofile", "--rcfile", str(folder / "rc"), "-i"],
            "zsh": ["-d", "-i"],
            "fish": ["-i", "-C"],
        }[shell]
        if shell == "fish":
            words.append(
                f'function fish_prompt; echo "[$status $pipestatus] > "; end\n. {folder}/hook'
            )
        (folder / ("rc" if shell == "bash" else ".zshrc")).write_text(start)
        self.child = pexpect.spawn(
            program,
            words,
            env={
                "HOME": str(folder),
                "ZDOTDIR": str(folder),
                "PATH": "/usr/bin:/bin",
                "LC_ALL": "C.UTF-8",
                **env,
            },
            cwd=folder,
            encoding="utf-8",
            timeout=20,
            dimensions=(24, 200),
        )

    def read(self, until: str) -> str:
        self.child.expect_exact(until)
        return str(self.child.before)

    def close(self) -> None:
        self.child.close(force=True)


def prompt_file(folder: Path, name: str, *lines: object) -> None:
    (folder / "state" / "prompt").mkdir(parents=True, exist_ok=True)
    (folder / "state" / "prompt" / profile_file_name(name)).write_text(
        "".join(f"{line}\n" for line in lines)
    )


@pytest.mark.parametrize(
    ("shell", "setup"),
    [
        ("bash", ""),
        ("bash", "PROMPT_COMMAND=(true)"),
        ("bash", "PROMPT_COMMAND='last=$?; # a comment'"),
        ("zsh", ""),
        ("zsh", "setopt prompt_subst prompt_bang"),
        ("zsh", "setopt prompt_subst; precmd() { PROMPT='> ' }"),
        ("zsh", "setopt ksh_arrays sh_word_split no_unset"),
    ],
)
def test_hostile_text_is_shown_and_not_expanded(
    shell: str, setup: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    prompt_file(tmp_path, "xs-a", HOSTILE, "Ad(min)", "red", int(time.time()) + 2970, "")
    env = {"AWS_PROFILE": "xs-a", "TERM": "dumb"}
    terminal = Terminal(shell, shell_program(shell, need), tmp_path, setup, env)
    try:
        for number in range(3):
            terminal.read(f"({PLAIN}/Ad(min) 49m) > ")
            terminal.child.sendline(f"false; echo ran-$((40 + {number}))")
            terminal.read(f"ran-{40 + number}")
    finally:
        terminal.close()
    assert not list(tmp_path.rglob("pwned"))


# Ways into PS1: by reference, by value, through a function, a substitution, an eval
WIRINGS = {
    "bash": (
        "PS1='${XSWITCH_PROMPT}> '",
        "PS1='$XSWITCH_PROMPT_TEXT> '",
        'PS1="$XSWITCH_PROMPT> "',
        'PS1="$XSWITCH_PROMPT_TEXT> "',
        "PS1='$(xswitch_prompt_info)> '",
        'PS1="$(xswitch_prompt_info)> "',
        'git_ps1() { PS1="$1\\\\u$2"; }; git_ps1 "$XSWITCH_PROMPT" \'> \'',
        "PS1='${XSWITCH_PROMPT@P}> '",
        'PS1="${XSWITCH_PROMPT@P}> "',
        'eval "PS1=\\"$XSWITCH_PROMPT> \\""',
        "eval \"PS1='$XSWITCH_PROMPT> '\"",
        "eval 'PS1=\"$XSWITCH_PROMPT> \"'",
        "printf -v PS1 '%s> ' \"$XSWITCH_PROMPT\"",
        'shopt -u promptvars; PS1="$XSWITCH_PROMPT> "',
    ),
    "zsh": (
        "PROMPT='$XSWITCH_PROMPT> '",
        'PROMPT="$XSWITCH_PROMPT> "',
        "PROMPT='$XSWITCH_PROMPT_TEXT> '",
        'PROMPT="$XSWITCH_PROMPT_TEXT> "',
        "PROMPT='$(xswitch_prompt_info)> '",
        'PROMPT="$(xswitch_prompt_info)> "',
        "PROMPT='${(e)XSWITCH_PROMPT}> '",
        'PROMPT="${(e)XSWITCH_PROMPT}> "',
        'eval "PROMPT=\\"$XSWITCH_PROMPT> \\""',
        "eval \"PROMPT='$XSWITCH_PROMPT> '\"",
    ),
}
DRAW = {"bash": 'printf "%s\\n" "${PS1@P}"', "zsh": 'print -rP -- "$PROMPT"'}
RUNS = (
    "$(touch pwned)",
    "`touch pwned`",
    "\\$(touch pwned)",
    "\\\\$(touch pwned)",
    "${x[$(touch pwned)]}",
    "$((x[$(touch pwned)]))",
    '"; touch pwned; "',
    "'; touch pwned; '",
    "\"'$(touch pwned)'\"",
    "a & touch pwned & b",
    "a | touch pwned | b",
    "a > pwned",
    "<(touch pwned)",
    "%{$(touch pwned)%}",
    "%(?.$(touch pwned).x)",
    "\\044(touch pwned)",
    "!!:$(touch pwned)",
    "${(e):-\\$(touch pwned)}",
)


@pytest.mark.parametrize("shell", sorted(WIRINGS))
def test_no_wiring_of_the_prompt_runs_an_account_name(
    shell: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    hooked = HookedShell(shell, shell_program(shell, need), tmp_path / "runs", "xswitch")
    lines = ["setopt prompt_subst prompt_bang 2>/dev/null"] if shell == "zsh" else []
    for number, name in enumerate(RUNS):
        write(hooked, f"xs-{number}", name, f"Admin{name}", "red", int(time.time()) + 2970, "")
        lines += [f"export AWS_PROFILE=xs-{number}", "__xswitch_prompt"]
        lines += ["shopt -s promptvars"] if shell == "bash" else []
        lines += [f"{wiring}\n{DRAW[shell]}" for wiring in WIRINGS[shell]]
    lines.append("echo finished")
    done, _ = hooked.run("\n".join(lines), env={"TERM": "xterm"})
    assert done.stdout.endswith("finished\n"), done.stderr
    assert done.stderr == ""
    assert not list(tmp_path.rglob("pwned"))
    assert done.stdout.count("Admin") >= len(RUNS) * len(WIRINGS[shell])


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_prompt_preserves_the_exit_status(
    shell: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    prompt_file(tmp_path, "xs-a", "payments", "Admin", "", int(time.time()) + 2970, "")
    last = "PS1='$?> '" if shell == "bash" else "PS1='%?> '"
    setup = "" if shell == "bash" else "precmd() { PROMPT='%?> ' }"
    terminal = Terminal(
        shell, shell_program(shell, need), tmp_path, setup, {"AWS_PROFILE": "xs-a", "TERM": "dumb"}
    )
    try:
        terminal.read("(payments/Admin 49m) ")
        if shell == "bash":
            terminal.child.sendline(
                f"{last.replace('PS1=', 'PS1=$PS1')}; PROMPT_COMMAND+=$'\\nlast=$?'"
            )
            terminal.read("0> ")
        terminal.child.sendline("(exit 42)")
        terminal.read("42> ")
        terminal.child.sendline("echo status $?")
        terminal.read("status 42")
    finally:
        terminal.close()


def test_the_original_fish_prompt_sees_status_and_pipestatus(
    need: Callable[[str], str], tmp_path: Path
) -> None:
    prompt_file(tmp_path, "xs-a", HOSTILE, "Admin", "", int(time.time()) + 2970, "")
    terminal = Terminal(
        "fish", shell_program("fish", need), tmp_path, "", {"AWS_PROFILE": "xs-a", "TERM": "dumb"}
    )
    try:
        terminal.read("[0 0] > ")
        terminal.child.sendline("sh -c 'exit 3' | false")
        terminal.read(f"({HOSTILE}/Admin 49m) [1 3 1] > ")
    finally:
        terminal.close()
    assert not list(tmp_path.rglob("pwned"))


def test_the_original_nu_prompt_is_kept(need: Callable[[str], str], tmp_path: Path) -> None:
    hooked = HookedShell("nu", shell_program("nu", need), tmp_path / "runs", "xswitch")
    write(hooked, "xs-a", HOSTILE, "Admin", "", int(time.time()) + 2970, "")
    for original in ('{|| "theirs" }', '"theirs"'):
        done, _ = hooked.run(
            "print (do $env.PROMPT_COMMAND)\n"
            "for hook in $env.config.hooks.pre_prompt { do --env $hook }",
            before=f"$env.PROMPT_COMMAND = {original}",
            prompt=True,
            env={"AWS_PROFILE": "xs-a", "NO_COLOR": "1"},
        )
        assert (done.returncode, done.stdout, done.stderr) == (
            0,
            f"({HOSTILE}/Admin 49m) theirs\n",
            "",
        )
    done, _ = hooked.run(
        "print (do $env.PROMPT_COMMAND)",
        before="hide-env --ignore-errors PROMPT_COMMAND",
        prompt=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
