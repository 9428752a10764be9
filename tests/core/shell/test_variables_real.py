"""Variables of real shells: cleared or set by a switch, given back, and out of its reach."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from support.e2e import XSWITCH
from support.reliability.soak import count
from support.shells.real import (
    REAL_SHELLS,
    HookedShell,
    Stub,
    emitter,
    environment,
    run_shell,
    shell_program,
    show,
)
from xswitch.core.shell.limits import LIMITS_VARIABLE
from xswitch.core.variables import CLEARED_VARIABLES, REGION_VARIABLES, SET_ASIDE_VARIABLES

STATES = ("exported", "empty", "unset", "unexported")
REGION_MARKERS = re.compile(r"XSWITCH_(OWN|REGION)\w*")


def state(number: int, turn: int, shell: str) -> str:
    """Return each variable's state: with each turn, another one."""
    found = STATES[(number + turn) % len(STATES)]
    return "unset" if found == "unexported" and shell == "nu" else found


def value(name: str) -> str:
    return f"'{name}' $(id) \\ \"x\" *"


def prepare(shell: str, states: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the environment, and code that sets the shell's own variables."""
    env, lines = {}, []
    for name, found in states.items():
        if found in ("exported", "empty"):
            env[name] = value(name) if found == "exported" else ""
        elif found == "unexported":
            lines.append(f"set -g {name} 'own'" if shell == "fish" else f"{name}=own")
    return env, "\n".join(lines)


def unexported(shell: str, names: tuple[str, ...]) -> str:
    """Return code that prints the shell's own value of each variable, or nothing."""
    if shell == "nu":
        return ""
    line = 'echo "{0}=${0}"' if shell == "fish" else 'echo "{0}=${{{0}-}}"'
    return "\n".join(line.format(name) for name in names)


def aws(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a switch sets aside, or marks a region with."""
    return {
        name: text
        for name, text in variables.items()
        if name in SET_ASIDE_VARIABLES or REGION_MARKERS.fullmatch(name)
    }


@pytest.mark.parametrize("turn", range(count(2, len(STATES))))
@pytest.mark.parametrize("shell", [*REAL_SHELLS, "sh"])
def test_leaving_gives_every_variable_back_as_it_was(
    shell: str, turn: int, need: Callable[[str], str], tmp_path: Path
) -> None:
    states = {name: state(at, turn, shell) for at, name in enumerate(SET_ASIDE_VARIABLES)}
    env, before = prepare(shell, states)
    program = shell_program(shell, need)
    emit = emitter(tmp_path)
    names = ("first", "second", "third", "left", "again")
    words = ("xs-a@eu-west-1", "xs-b", "xs-c@eu-central-1", "--unset", "--unset")
    lines = [before]
    for name, word in zip(names, words, strict=True):
        command = f'eval "$({emit} switch --emit sh {word})"' if shell == "sh" else f"xs {word}"
        lines += [command, show(shell, tmp_path / name)]
    lines.append(unexported(shell, SET_ASIDE_VARIABLES))
    if shell == "sh":
        done = run_shell(program, shell, "\n".join(lines), tmp_path / "run", env=env)
    else:
        hooked = HookedShell(shell, program, tmp_path / "runs", str(emit))
        done, _ = hooked.run("\n".join(lines), env=env)
    assert (done.returncode, done.stderr) == (0, "")
    found = {name: aws(environment(tmp_path / name)) for name in names}
    own = {name: env[name] for name in REGION_VARIABLES if name in env}
    # Nothing but the profile, and the region if the role has one
    for name, region in (("first", "eu-west-1"), ("second", ""), ("third", "eu-central-1")):
        regions = dict.fromkeys(REGION_VARIABLES, region) if region else own
        assert {n: t for n, t in found[name].items() if n in SET_ASIDE_VARIABLES} == regions
        assert not set(found[name]) & set(CLEARED_VARIABLES)
        # No value that was set aside is in the environment under another name, but the regions
        secrets = {t for n, t in env.items() if t and n not in REGION_VARIABLES}
        assert not secrets & set(environment(tmp_path / name).values())
    assert found["left"] == found["again"] == env
    expected = {**dict.fromkeys(SET_ASIDE_VARIABLES, ""), **env}
    expected |= {name: "own" for name, found_state in states.items() if found_state == "unexported"}
    if shell != "nu":
        assert dict(line.split("=", 1) for line in done.stdout.splitlines()) == expected


@pytest.mark.parametrize("shell", REAL_SHELLS)
def test_a_shell_that_a_switched_one_started_gets_its_own_region_back(
    shell: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    program = shell_program(shell, need)
    hooked = HookedShell(shell, program, tmp_path / "runs", str(emitter(tmp_path)))
    switched = {
        **dict.fromkeys((*REGION_VARIABLES, "XSWITCH_REGION"), "eu-west-1"),
        "XSWITCH_OWN_AWS_DEFAULT_REGION": "us-west-2",
        "AWS_PROFILE": "xs-a",
    }
    after = "xs xs-b@eu-west-2\nxs --unset"
    for script in ("xs xs-b", "xs --unset", after):
        done, found = hooked.run(script, env=switched)
        assert (done.returncode, done.stderr) == (0, ""), script
        regions = {"AWS_DEFAULT_REGION": "us-west-2"}
        assert {name: found[name] for name in REGION_VARIABLES if name in found} == regions
        assert not any(name.startswith(("XSWITCH_OWN", "XSWITCH_REGION")) for name in found)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("option", ["set -a", "set -eu", "set -o posix", "set -o noglob"])
def test_what_is_set_aside_is_never_exported(
    shell: str, option: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    if (shell, option) == ("zsh", "set -o posix"):
        pytest.skip("bash's own")
    program = shell_program(shell, need)
    hooked = HookedShell(shell, program, tmp_path / "runs", str(emitter(tmp_path)))
    done, found = hooked.run(f"{option}\nxs xs-a", env={"AWS_SECRET_ACCESS_KEY": "s3cret"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "s3cret" not in found.values()
    assert not any(name.startswith("__xs") for name in found)


# -- what a hook can't change


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    return Stub(tmp_path / "stub")


def limits(
    shell: str, script: str, stub: Stub, need: Callable[[str], str], **env: str
) -> list[str]:
    """Return what the hook tells xswitch about the shell in each call of a script."""
    stub.answer(stderr="told\n", code=3)
    hooked = HookedShell(shell, shell_program(shell, need), stub.folder / "runs", str(stub.program))
    # Without its start files, fish has no universal variables
    hooked.run(script, env=env, flags=() if shell == "fish" else None)
    return [" ".join(call.limits.split()) for call in stub.calls]


POSIX_LIMITS = {
    "xs a": "",
    "xs a | cat": "subshell",
    "x=$(xs a)": "subshell",
    "x=`xs a`": "subshell",
    "(xs a)": "group",
    "f() { xs a; }; f": "",
    "f() { local AWS_PROFILE; xs a; }; f": "local:AWS_PROFILE",
    "f() { local AWS_PROFILE=x; xs a; }; g() { f; }; g": "local:AWS_PROFILE",
    "f() { local AWS_REGION=x AWS_VAULT; xs a; }; f": "local:AWS_VAULT local:AWS_REGION",
    "f() { local HOME=x AWS_CONFIG_FILE=y; xs a; }; f": "",
    "readonly AWS_PROFILE=x; xs a": "read-only:AWS_PROFILE",
    "readonly AWS_SSO_PROFILE; xs a": "read-only:AWS_SSO_PROFILE",
    "typeset -u AWS_PROFILE=x; xs a": "attributes:AWS_PROFILE",
    "typeset -i AWS_PROFILE; xs a": "attributes:AWS_PROFILE",
    "typeset -a AWS_PROFILE; AWS_PROFILE=(a b); xs a": "attributes:AWS_PROFILE",
    "export AWS_PROFILE=x; AWS_REGION=y; xs a": "",
}
ONLY_BASH = {
    "AWS_PROFILE=x xs a": "local:AWS_PROFILE",
    "set -o posix; readonly AWS_PROFILE=x; xs a": "read-only:AWS_PROFILE",
    "set -eu; trap 'echo ERR' ERR; xs a || :": "",
    "echo y | xs a": "group",
}
FISH_LIMITS = {
    "xs a": "",
    "xs a | cat": "",
    "set x (xs a)": "",
    "function f; set -lx AWS_PROFILE x; xs a; end; f": "hidden:AWS_PROFILE",
    "AWS_VAULT=x xs a": "hidden:AWS_VAULT",
    "set -Ux AWS_VAULT x; xs a": "universal:AWS_VAULT",
    "set -Ux AWS_PROFILE x; xs a; set -eU AWS_PROFILE": "",
    "set -Ux AWS_PROFILE x; xs --unset; set -eU AWS_PROFILE": "universal:AWS_PROFILE",
    "set -Ux AWS_REGION x; xs a; set -eU AWS_REGION": "",
    "set -U AWS_VAULT x; xs a": "",
}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("script", [*POSIX_LIMITS, *ONLY_BASH])
def test_the_hook_finds_what_keeps_a_switch_from_the_shell(
    shell: str, script: str, stub: Stub, need: Callable[[str], str]
) -> None:
    if script in ONLY_BASH and shell != "bash":
        pytest.skip("bash's own")
    (found,) = limits(shell, script, stub, need)
    expected = {**POSIX_LIMITS, **ONLY_BASH}[script]
    # One that is read-only may be told twice, and as local too
    assert set(found.split()) >= set(expected.split())
    assert (found == "") == (expected == "")
    assert {word.partition(":")[2] for word in found.split()} == {
        word.partition(":")[2] for word in expected.split()
    }


@pytest.mark.parametrize("script", FISH_LIMITS)
def test_the_hook_finds_them_in_fish(script: str, stub: Stub, need: Callable[[str], str]) -> None:
    found = limits("fish", script, stub, need, XDG_CONFIG_HOME=str(stub.folder / "fish"))
    assert found == [FISH_LIMITS[script]]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_the_hook_found_is_not_left_in_the_environment(
    shell: str, stub: Stub, need: Callable[[str], str]
) -> None:
    stub.switches(shell, {"AWS_PROFILE": "p"})
    hooked = HookedShell(shell, shell_program(shell, need), stub.folder / "r", str(stub.program))
    _, found = hooked.run("xs a")
    assert LIMITS_VARIABLE not in found


# By line typed: the sentence, and the command that fixes it; `--unset` needs no AWS.
REAL = {
    "xs --unset | cat": ("This is a subshell", "next: run it alone: xs --unset"),
    'x=$(xs --unset); echo "$x" >&2': ("This is a subshell", "next: run it alone: xs --unset"),
    "f() { local AWS_PROFILE=x; xs --unset; }; f": (
        "AWS_PROFILE is local to the function",
        "next: run it alone: xs --unset",
    ),
    "readonly AWS_PROFILE=x; xs --unset": (
        "AWS_PROFILE is read-only in this shell.",
        "next: start a new shell without `readonly AWS_PROFILE`",
    ),
    "typeset -u AWS_PROFILE=x; xs --unset": ("values of AWS_PROFILE", "next: unset AWS_PROFILE"),
}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("script", REAL)
def test_the_user_is_told_and_the_exit_code_is_10(
    shell: str, script: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    hooked = HookedShell(shell, shell_program(shell, need), tmp_path / "runs", str(XSWITCH))
    before = "set -o pipefail; AWS_VAULT=kept"
    done, found = hooked.run(f"{script}\necho rc=$?", before=before, env={"HOME": str(tmp_path)})
    sentence, step = REAL[script]
    assert sentence in done.stderr
    assert step in done.stderr
    assert "✓" not in done.stderr
    if "$(" not in script:
        assert done.stdout.splitlines()[-1] == "rc=10"
    assert found.get("AWS_PROFILE") in (None, "x", "X")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_nothing_is_changed_where_one_variable_is_read_only(
    shell: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    hooked = HookedShell(shell, shell_program(shell, need), tmp_path / "runs", str(XSWITCH))
    env = {"AWS_PROFILE": "p", "AWS_ACCESS_KEY_ID": "k", "HOME": str(tmp_path)}
    done, found = hooked.run("readonly AWS_VAULT=v; xs --unset; echo rc=$?", env=env)
    assert done.stdout == "rc=10\n"
    assert (found["AWS_PROFILE"], found["AWS_ACCESS_KEY_ID"]) == ("p", "k")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("separator", ["' '", "':'", "''", "$'\\n'", "'a'"])
def test_what_is_local_to_a_function_is_not_remembered_as_the_shells(
    shell: str, separator: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    hooked = HookedShell(
        shell, shell_program(shell, need), tmp_path / "runs", str(emitter(tmp_path))
    )
    script = (
        f"IFS={separator}\n"
        "f() { local AWS_REGION=inner AWS_VAULT=inner; xs xs-a; }; f\n"
        "xs xs-b@eu-west-1\nxs --unset"
    )
    env = {"AWS_REGION": "us-west-2", "AWS_VAULT": "outer"}
    done, after = hooked.run(script, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert {name: after.get(name) for name in env} == env


def test_programs_in_a_function_with_local_keys_do_not_get_the_hidden_ones(
    need: Callable[[str], str], tmp_path: Path
) -> None:
    hooked = HookedShell(
        "bash", shell_program("bash", need), tmp_path / "runs", str(emitter(tmp_path))
    )
    script = (
        f"f() {{ local AWS_ACCESS_KEY_ID=x; xs xs-a; {show('bash', tmp_path / 'inside')}; }}; f"
    )
    _, after = hooked.run(script, env={"AWS_ACCESS_KEY_ID": "hidden"})
    assert environment(tmp_path / "inside").get("AWS_ACCESS_KEY_ID", "") == ""
    assert after["AWS_ACCESS_KEY_ID"] == "hidden"
