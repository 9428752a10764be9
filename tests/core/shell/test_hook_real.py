"""The hook's function in real shells: what it passes on, evaluates, and leaves alone."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from support.shells.real import REAL_SHELLS, HookedShell, Stub, hook, load, run_shell, shell_program
from xswitch.cli.completion import plain_commands
from xswitch.core.shell.shells import quote_for_shell, switch_change, unset_change

CODES = (1, 2, 3, 5, 8, 130)


def switch(profile: str, previous: str = "") -> Mapping[str, str | None]:
    """Return what a switch assigns, without the memory of what was there."""
    return switch_change(profile, "", {"AWS_PROFILE": previous}).assignments


STRICT = {
    "bash": (
        "set -eu -o pipefail",
        "set -euE -o pipefail -o noglob -o noclobber; shopt -s failglob nocaseglob extglob",
        "set -o posix; set -eu",
    ),
    "zsh": (
        "set -eu -o pipefail",
        "setopt err_exit no_unset pipe_fail sh_word_split ksh_arrays extended_glob glob_subst",
        (
            "setopt warn_create_global warn_nested_var rc_quotes no_match glob_assign "
            "magic_equal_subst prompt_subst no_clobber"
        ),
        (
            "setopt ksh_glob null_glob csh_null_glob glob_complete typeset_silent no_short_loops "
            "posix_builtins bash_rematch err_return"
        ),
        "emulate sh; set -eu",
        "emulate ksh; set -eu",
    ),
    "fish": ("set -g fish_features all",),
    "nu": ("$env.config.show_banner = false",),
}


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    return Stub(tmp_path / "stub's place")


@pytest.fixture(params=REAL_SHELLS)
def hooked(
    request: pytest.FixtureRequest, need: Callable[[str], str], stub: Stub, tmp_path: Path
) -> HookedShell:
    return HookedShell(
        request.param, shell_program(request.param, need), tmp_path / "runs", str(stub.program)
    )


def status(shell: str, line: str, label: str = "status") -> str:
    """Return code that runs `line` and prints its exit code, even under `set -e`."""
    return {
        "fish": f"{line}\necho {label} $status",
        "nu": f"try {{ {line} }} catch {{ }}\nprint $'{label} ($env.LAST_EXIT_CODE)'",
    }.get(shell, f"{line} && rc=0 || rc=$?\necho {label} $rc")


def test_a_switch_sets_and_unsets_and_prints_nothing(hooked: HookedShell, stub: Stub) -> None:
    stub.switches(hooked.shell, switch("xs-it's $(id) a", "old"))
    before = {
        "AWS_PROFILE": "old",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SESSION_TOKEN": "t",
        "AWS_DEFAULT_PROFILE": "d",
        "OTHER": "kept",
    }
    done, after = hooked.run("xs pay prod", env=before)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert after["AWS_PROFILE"] == "xs-it's $(id) a"
    assert after["XSWITCH_PREVIOUS"] == "old"
    assert after["XSWITCH_SHELL"] == hooked.shell
    assert after["OTHER"] == "kept"
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE"} & set(after)
    (call,) = stub.calls
    assert call.words == ("switch", "--emit", hooked.shell, "pay", "prod")
    assert (call.profile, call.shell) == ("old", hooked.shell)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-",),
        ("--unset",),
        ("arn:aws:iam::222222222222:role/Admin",),
        ("222222222222:Admin", "--source", "dev", "--region", "eu-west-1", "--duration", "45m"),
        (
            "a",
            "--session-name",
            "me@host",
            "--external-id",
            "x=y",
            "--mfa-code",
            "123456",
            "--profile-name",
            "p",
        ),
        (
            "a",
            "--static",
            "--force",
            "--policy-arn",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "--tag",
            "k=v",
            "--tag",
            "l=w",
        ),
        ("a", "--policy", '{"Version": "2012-10-17"}', "--confirm", "payments prod"),
        ("--mfa-code=1", "--", "a"),
        ("it's", "$HOME", "*", "", "a  b", "\\", '"'),
    ],
)
def test_every_option_reaches_switch_as_typed(
    hooked: HookedShell, stub: Stub, words: tuple[str, ...]
) -> None:
    stub.switches(hooked.shell, {"AWS_PROFILE": "p"})
    typed = " ".join(
        word if re.fullmatch(r"-[a-z-]*", word) else quote_for_shell(hooked.shell, word)
        for word in words
    )
    done, after = hooked.run(f"xs {typed}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert after["AWS_PROFILE"] == "p"
    assert [call.words for call in stub.calls] == [("switch", "--emit", hooked.shell, *words)]


def test_the_word_switch_is_accepted(hooked: HookedShell, stub: Stub) -> None:
    stub.switches(hooked.shell, {"AWS_PROFILE": "p"})
    hooked.run("xs switch list")
    assert [call.words for call in stub.calls] == [("switch", "--emit", hooked.shell, "list")]


def test_the_other_commands_pass_through(hooked: HookedShell, stub: Stub) -> None:
    stub.answer(stdout="export AWS_PROFILE=evil\n", stderr="words\n")
    done, after = hooked.run("\n".join(f"xs {word} --json" for word in plain_commands()))
    assert [call.words for call in stub.calls] == [(word, "--json") for word in plain_commands()]
    assert done.returncode == 0
    assert done.stdout == "export AWS_PROFILE=evil\n" * len(plain_commands())
    assert done.stderr == "words\n" * len(plain_commands())
    assert "AWS_PROFILE" not in after


def test_the_exit_code_is_kept_and_nothing_evaluated_on_failure(
    hooked: HookedShell, stub: Stub
) -> None:
    lines = []
    for code in CODES:
        for line in ("xs nosuch", "xs status"):
            stub.answer(stdout="", stderr=f"failed {code}\n", code=code)
            lines.append(status(hooked.shell, line, f"code {code}"))
    done, after = hooked.run("\n".join(lines), env={"AWS_PROFILE": "as it was"})
    assert done.stdout.splitlines() == [f"code {code} {code}" for code in CODES for _ in range(2)]
    assert re.findall(r"failed \d+", done.stderr) == [
        f"failed {code}" for code in CODES for _ in range(2)
    ]
    assert after["AWS_PROFILE"] == "as it was"


def test_assignments_of_a_failed_switch_are_not_evaluated(hooked: HookedShell, stub: Stub) -> None:
    stub.switches(hooked.shell, switch("evil"))
    (stub.folder / "code.1").write_text("4")
    done, after = hooked.run(status(hooked.shell, "xs a"), env={"AWS_PROFILE": "as it was"})
    assert done.stdout == "status 4\n"
    assert after["AWS_PROFILE"] == "as it was"


def test_a_missing_program_is_a_failure_and_changes_nothing(
    hooked: HookedShell, stub: Stub
) -> None:
    stub.program.unlink()
    done, after = hooked.run(status(hooked.shell, "xs a"), env={"AWS_PROFILE": "as it was"})
    assert done.stdout != "status 0\n"
    assert done.stderr or hooked.shell == "nu"
    assert after["AWS_PROFILE"] == "as it was"


@pytest.mark.parametrize("words", ["a --help", "a --json"])
def test_other_text_than_assignments_is_printed_not_evaluated(
    hooked: HookedShell, stub: Stub, words: str
) -> None:
    stub.answer(stdout='usage: xswitch switch $(touch pwned)\n{"set it": "AWS_PROFILE=x"}\n')
    done, after = hooked.run(f"xs {words}")
    assert done.returncode == 0
    assert done.stdout == 'usage: xswitch switch $(touch pwned)\n{"set it": "AWS_PROFILE=x"}\n'
    assert "AWS_PROFILE" not in after
    assert not list(hooked.folder.rglob("pwned"))


def test_stderr_passes_through(hooked: HookedShell, stub: Stub) -> None:
    stub.switches(hooked.shell, {"AWS_PROFILE": "p"}, stderr="payments / Admin, 59 m left\n")
    done, _ = hooked.run("xs a")
    assert (done.stdout, done.stderr) == ("", "payments / Admin, 59 m left\n")


def test_switch_back_and_unset(hooked: HookedShell, stub: Stub) -> None:
    stub.switches(hooked.shell, switch("b", "a"))
    stub.switches(hooked.shell, switch("a", "b"))
    stub.switches(hooked.shell, unset_change({"AWS_PROFILE": "a"}).assignments)
    done, after = hooked.run("xs b\nxs -\nxs --unset", env={"AWS_PROFILE": "a"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [(call.words[-1], call.profile, call.previous) for call in stub.calls] == [
        ("b", "a", ""),
        ("-", "b", "a"),
        ("--unset", "a", "b"),
    ]
    assert "AWS_PROFILE" not in after
    assert after["XSWITCH_PREVIOUS"] == "a"


def test_two_names_and_a_second_loading(hooked: HookedShell, stub: Stub) -> None:
    stub.switches(hooked.shell, {"AWS_PROFILE": "p"})
    first = hooked.folder / "first"
    hooked.folder.mkdir(parents=True)
    first.write_text(hook(hooked.shell, command=hooked.command, state=hooked.state, cmd="aws-in"))
    done, _ = hooked.run("xs_2 a\naws-in b", before=load(hooked.shell, first), cmd="xs_2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [call.words[-1] for call in stub.calls] == ["a", "b"]


@pytest.mark.parametrize("shell", REAL_SHELLS)
def test_strict_and_odd_options(
    shell: str, need: Callable[[str], str], stub: Stub, tmp_path: Path
) -> None:
    hooked = HookedShell(shell, shell_program(shell, need), tmp_path / "runs", str(stub.program))
    for number, options in enumerate(STRICT[shell]):
        stub.switches(shell, switch(f"p{number} a*b", f"p{number - 1}"))
        stub.answer(stdout="plain\n")
        stub.answer(stderr="no\n", code=3)
        script = "\n".join(
            [
                "xs one  'two three' '*'",
                "xs list",
                status(shell, "xs four"),
                "xswitch_prompt_info" if shell != "nu" else "",
            ]
        )
        done, after = hooked.run(
            script, before=options, prompt=True, env={"AWS_PROFILE": "x", "AWS_SESSION_TOKEN": "t"}
        )
        assert (done.returncode, done.stderr) == (0, "no\n"), options
        assert done.stdout.replace(f"(p{number} a*b)", "") == "plain\nstatus 3\n", options
        assert (after["AWS_PROFILE"], "AWS_SESSION_TOKEN" in after) == (f"p{number} a*b", False), (
            options
        )
        assert stub.calls[-3].words == ("switch", "--emit", shell, "one", "two three", "*"), options


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_set_e_ends_the_shell_with_the_exit_code_of_the_program(
    shell: str, need: Callable[[str], str], stub: Stub, tmp_path: Path
) -> None:
    hooked = HookedShell(shell, shell_program(shell, need), tmp_path / "runs", str(stub.program))
    stub.answer(code=5)
    done, after = hooked.run("xs a\necho not reached", before="set -eu -o pipefail")
    assert (done.returncode, done.stdout, done.stderr, after) == (5, "", "", {})


BUILTINS = (
    "local",
    "export",
    "unset",
    "eval",
    "return",
    "shift",
    "command",
    "printf",
    "builtin",
    "read",
    "unalias",
    "typeset",
    "setopt",
    "true",
)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_aliases_named_like_builtins_and_like_the_function(
    shell: str, need: Callable[[str], str], stub: Stub, tmp_path: Path
) -> None:
    hooked = HookedShell(shell, shell_program(shell, need), tmp_path / "runs", str(stub.program))
    stub.switches(shell, switch("p"))
    aliases = "\n".join(
        f"alias {name}='echo taken'" for name in (*BUILTINS, "xs", "xswitch_prompt_info")
    )
    if shell == "bash":
        aliases = "shopt -s expand_aliases\n" + aliases
    else:
        aliases += "\nalias -g switch=taken a=taken zsh=taken"
    done, after = hooked.run(
        "\\xs \\a\nxs b", before=aliases, prompt=True, env={"AWS_ACCESS_KEY_ID": "x"}
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert after["AWS_PROFILE"] == "p"
    assert "AWS_ACCESS_KEY_ID" not in after
    assert [call.words[-1] for call in stub.calls] == ["a", "b"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_functions_named_like_the_program_are_bypassed(
    shell: str, need: Callable[[str], str], stub: Stub, tmp_path: Path
) -> None:
    stub.switches(shell, {"AWS_PROFILE": "p"})
    hooked = HookedShell(shell, shell_program(shell, need), tmp_path / "runs", "xswitch")
    done, after = hooked.run(
        "xswitch a", cmd="xswitch", env={"PATH": f"{stub.program.parent}:/usr/bin:/bin"}
    )
    assert (done.returncode, done.stderr, after["AWS_PROFILE"]) == (0, "", "p")
    assert stub.calls[0].words[-1] == "a"


STATE = {
    "bash": "{ set -o; shopt; declare -F; alias; trap; declare -p; } 2>&1",
    "zsh": "{ setopt; unsetopt; alias; trap; print -l ${(ok)functions} ${(ok)parameters}; }",
    "fish": "begin; functions -n; set -n; end",
}
OURS = re.compile(r"xs$|_*xswitch_\w+|XSWITCH_SHELL")
MOVING = re.compile(
    r"_$|BASH_|RANDOM|SECONDS|LINENO|EPOCH|PIPESTATUS|SRANDOM|FUNCNAME|PPID|history|status|pipestatus|funcstack|file|rc$|before|after"
)


@pytest.mark.parametrize("shell", sorted(STATE))
def test_loading_and_running_change_nothing_else_in_the_shell(
    shell: str, need: Callable[[str], str], stub: Stub, tmp_path: Path
) -> None:
    hooked = HookedShell(shell, shell_program(shell, need), tmp_path / "runs", str(stub.program))
    stub.switches(shell, {"AWS_PROFILE": "p"})
    before, after = tmp_path / "before", tmp_path / "after"
    done, _ = hooked.run(
        f"xs a\nxs list >/dev/null\n{STATE[shell]} >{after}",
        before=f"{STATE[shell]} >{before}",
        env={"AWS_PROFILE": "was there"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    names = [
        {
            word
            for line in file.read_text().splitlines()
            for word in [line.removeprefix("declare -f ").strip().split("=")[0]]
            if word
        }
        for file in (before, after)
    ]
    assert len(names[0]) > 20
    new = {word for word in names[0] ^ names[1] if not MOVING.search(word)}
    assert {word for word in new if not OURS.search(word.split()[-1])} == set()


def no_new_process(
    program: str, *words: str, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program that can't start a process: the limit is 0, and the user isn't root."""
    return subprocess.run(
        ["bash", "-c", 'ulimit -u 0 && exec "$@"', "bash", program, *words],
        env={"HOME": "/", **env},
        user=65534 if os.geteuid() == 0 else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def prompt_file(state: Path, name: str, *lines: object) -> None:
    """Write a prompt file that the user of `no_new_process` can read."""
    state.chmod(0o755)
    (state / "prompt").mkdir()
    (state / "prompt" / name).write_text("".join(f"{line}\n" for line in lines))


WARNING = (
    "xswitch: payments/x/Admin ends in 5m, and renewing it needs an MFA code or a sign-in: "
    "xswitch renew team/xs-a\n"
)


@pytest.mark.parametrize(
    ("shell", "flags"), [("bash", ("--norc", "--noprofile")), ("zsh", ("-f",))]
)
def test_loading_and_the_prompt_start_no_process(
    shell: str, flags: tuple[str, ...], need: Callable[[str], str]
) -> None:
    forking = no_new_process(need("dash"), "-c", "/bin/echo forked; :", env={})
    assert forking.stdout == ""
    assert "fork" in forking.stderr
    with tempfile.TemporaryDirectory() as name:
        prompt_file(
            Path(name), "team%2Fxs-a", "payments/x", "Admin", "red", int(time.time()) + 330, 1
        )
        text = hook(shell, command="xswitch", state=Path(name), prompt=True)
        script = f"{text}\n__xswitch_prompt\nprintf '%s\\n' \"$XSWITCH_PROMPT\""
        env = {"AWS_PROFILE": "team/xs-a", "PS1": "$ ", "NO_COLOR": "1"}
        done = no_new_process(shell_program(shell, need), *flags, "-c", script, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(payments/x/Admin 5m)\n", WARNING)


def test_loading_and_the_prompt_start_no_program_in_fish(
    need: Callable[[str], str], tmp_path: Path
) -> None:
    """Empty PATH: fish uses threads for substitutions, which a limit on processes forbids too."""
    prompt_file(tmp_path, "team%2Fxs-a", "payments/x", "Admin", "red", int(time.time()) + 330, 1)
    text = hook("fish", command="xswitch", state=tmp_path, prompt=True)
    script = f"set PATH ''\nfunction fish_prompt; echo '> '; end\n{text}\nfish_prompt"
    env = {"AWS_PROFILE": "team/xs-a", "NO_COLOR": "1"}
    done = run_shell(shell_program("fish", need), "fish", script, tmp_path / "run", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(payments/x/Admin 5m) > \n", WARNING)
