"""Completion in real shells.

Commands, options and targets, for xswitch and for the hook's function.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from support.shells.real import REAL_SHELLS, Stub, completion, hook, run_shell, shell_program
from xswitch.cli.completion import completion_words
from xswitch.core.shell.shells import quote_for_shell

ROLES = ("payments-prod", "payments-dev", "team/a:b", "x@y=z", "it's", "no description")
COMPLETION_WORDS = completion_words()
COMMANDS = [row.word for row in COMPLETION_WORDS if row.kind == "command"]
SWITCH_OPTIONS = [
    row.word for row in COMPLETION_WORDS if row.command == "switch" and row.word.startswith("--")
]


class Completer:
    """Lists the words a shell offers for a line."""

    def __init__(self, shell: str, program: str, folder: Path) -> None:
        self.shell = shell
        self.program = program
        self.folder = folder
        self.stub = Stub(folder / "stub")
        lines = [f"{name}\tpayments Admin" for name in ROLES[:-1]]
        self.stub.answer(stdout="".join(f"{line}\n" for line in [*lines, ROLES[-1]]))
        self.text = completion(shell, command=str(self.stub.program))

    def offered(self, line: str) -> list[str]:
        """Return the words offered at the end of `line`."""
        return {"bash": self._bash, "zsh": self._zsh, "fish": self._fish, "nu": self._nu}[
            self.shell
        ](line)

    def _run(self, script: str) -> str:
        done = run_shell(self.program, self.shell, f"{self.text}\n{script}", self.folder / "run")
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def _bash(self, line: str) -> list[str]:
        script = (
            f"set -eu -o pipefail\nCOMP_LINE={quote_for_shell('bash', line)}\n"
            "COMP_POINT=${#COMP_LINE}\nCOMP_WORDBREAKS=$' \\t\\n'\n"
            "__xswitch_complete\nprintf '%s\\n' ${COMPREPLY[@]+\"${COMPREPLY[@]}\"}"
        )
        return [self._read(word) for word in self._run(script).splitlines() if word]

    def _read(self, word: str) -> str:
        return subprocess.run(
            [self.program, "-c", f"printf %s {word}"], capture_output=True, text=True, check=True
        ).stdout

    def _zsh(self, line: str) -> list[str]:
        *_, current = words = line.split(" ")
        script = f"""
            function _describe {{
                local -a taken=("${{(@P)argv[-1]}}")
                # Like the real one: the text before the first unescaped colon, unescaped.
                local entry
                for entry in "${{taken[@]}}"; do
                    entry=${{entry//\\\\:/$'\\1'}}
                    print -r -- "${{${{entry%%:*}}//$'\\1'/:}}"
                done
            }}
            words=({" ".join(quote_for_shell("zsh", word) for word in words)})
            CURRENT={len(words)}
            PREFIX={quote_for_shell("zsh", current)}
            setopt extended_glob
            _xswitch || :
        """
        return [word for word in self._run(script).splitlines() if word.startswith(current)]

    def _fish(self, line: str) -> list[str]:
        return [
            row.split("\t")[0]
            for row in self._run(f"complete -C {quote_for_shell('fish', line)}").splitlines()
        ]

    def _nu(self, line: str) -> list[str]:
        self.folder.joinpath("run").mkdir(exist_ok=True)
        file = self.folder / "run" / "complete.nu"
        text = self.text + hook("nu", command=str(self.stub.program), state=self.folder) + line
        file.write_text(text)
        done = subprocess.run(
            [
                self.program,
                "--no-config-file",
                "--ide-complete",
                str(len(text.encode())),
                str(file),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        offered = json.loads(done.stdout)["completions"]
        return [word.strip("`'\"") if "'s" not in word else "it's" for word in offered]


@pytest.fixture(params=REAL_SHELLS)
def completer(
    request: pytest.FixtureRequest, need: Callable[[str], str], tmp_path: Path
) -> Completer:
    return Completer(request.param, shell_program(request.param, need), tmp_path)


def test_commands_come_first(completer: Completer) -> None:
    offered = completer.offered("xswitch ")
    if completer.shell == "nu":
        # nushell offers the verbs of a command too
        offered = [word.removeprefix("xswitch ").partition(" ")[0] for word in offered]
    assert set(offered) == set(COMMANDS)
    assert completer.stub.calls == []


def test_a_command_by_its_prefix(completer: Completer) -> None:
    offered = [word.removeprefix("xswitch ") for word in completer.offered("xswitch st")]
    # Without a better match, fish also offers words that contain the letters
    assert "status" in offered
    assert "renew" not in offered


@pytest.mark.parametrize(
    "line",
    [
        "xswitch switch ",
        "xswitch renew ",
        "xswitch forget ",
        "xswitch pin ",
        "xs switch ",
        "xs renew dev ",
    ],
)
def test_targets_of_the_commands_that_take_one(completer: Completer, line: str) -> None:
    if completer.shell == "nu" and line.startswith("xs "):
        line = "xs "
    assert set(ROLES) <= set(completer.offered(line))
    assert completer.stub.calls[-1].words == ("complete", "")


@pytest.mark.parametrize(
    "line", ["xswitch login ", "xswitch logout ", "xswitch sso populate ", "xs login "]
)
def test_targets_of_the_commands_that_sign_in(completer: Completer, line: str) -> None:
    if completer.shell == "nu":  # its function completes roles only
        line = line.replace("xs ", "xswitch ")
    assert set(ROLES) <= set(completer.offered(line))
    assert completer.stub.calls[-1].words == ("complete", "", "sign-ins")


def test_the_function_completes_commands_and_targets_at_once(completer: Completer) -> None:
    offered = set(completer.offered("xs "))
    assert set(ROLES) | (set(COMMANDS) - {"switch"}) <= offered
    assert not {word for word in offered if word.startswith("-")}
    assert set(completer.offered("xs pay")) == {"payments-prod", "payments-dev"}


def test_targets_by_their_prefix(completer: Completer) -> None:
    assert set(completer.offered("xswitch switch payments-p")) == {"payments-prod"}
    assert set(completer.offered("xswitch switch --force team/a")) == {"team/a:b"}


def test_options(completer: Completer) -> None:
    offered = completer.offered("xswitch switch --")
    assert set(SWITCH_OPTIONS) - {"--help"} <= set(offered)
    assert not set(offered) & set(ROLES)
    assert set(completer.offered("xswitch renew --a")) == {"--all"}
    if completer.shell != "nu":  # nushell completes no options of a wrapped function
        assert set(completer.offered("xs --so")) == {"--source"}


@pytest.mark.parametrize(
    "completer", ["bash", "zsh", "fish"], indirect=True
)  # nushell offers files for the value of a string option
def test_after_an_option_with_a_value_nothing_is_offered(completer: Completer) -> None:
    assert completer.offered("xs pay --region ") == []
    assert completer.offered("xswitch switch --mfa-code ") == []
    assert completer.stub.calls == []


def test_each_verb_has_its_own_options(completer: Completer) -> None:
    assert {"plan", "apply", "check", "lint"} <= {
        word.removeprefix("xswitch access ") for word in completer.offered("xswitch access ")
    }
    assert set(completer.offered("xswitch access apply --y")) == {"--yes"}
    assert not {"--yes", "--source"} & set(completer.offered("xswitch access lint --"))
    assert "--target" in completer.offered("xswitch access lint --")
    assert set(ROLES) <= set(completer.offered("xswitch access lint "))


def test_choices(completer: Completer) -> None:
    assert set(completer.offered("xswitch config ")) == {"show", "undo"}
    assert set(completer.offered("xswitch init ")) == {"bash", "zsh", "fish", "powershell", "nu"}
    assert set(completer.offered("xswitch init fi")) == {"fish"}


@pytest.mark.parametrize(
    "completer", ["bash", "zsh", "fish"], indirect=True
)  # nushell passes the words of an unknown command to the first completer
def test_nothing_after_an_unknown_command(completer: Completer) -> None:
    assert completer.offered("xswitch nosuch ") == []


def test_a_failing_program_offers_and_prints_nothing(completer: Completer) -> None:
    for number, text in (("stdout", ""), ("stderr", "locked\n"), ("code", "7")):
        (completer.stub.folder / f"{number}.1").write_text(text)
    assert set(completer.offered("xswitch pin ")) == set()


def test_loading_completion_in_a_zsh_without_compinit_prints_nothing(
    need: Callable[[str], str], tmp_path: Path
) -> None:
    text = completion("zsh", command="xswitch")
    done = run_shell(
        shell_program("zsh", need), "zsh", f"set -eu\n{text}\necho here", tmp_path / "run"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "here\n", "")


# -- with a real Tab key


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("xs team/a:\t", "team/a:b"),
        ("xs team/a\t", "team/a:b"),
        ("xs x@y=\t", "x@y=z"),
        ("xs it\t", "it's"),
        ("xs no\t", "no description"),
        ("xs payments-p\t--for\t", "payments-prod --force"),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_tab_types_the_whole_word(
    shell: str, typed: str, expected: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    completer = Completer(shell, shell_program(shell, need), tmp_path)
    file = tmp_path / "hook"
    file.write_text(
        hook(shell, command=str(completer.stub.program), state=tmp_path) + "\n" + completer.text
    )
    start = f". {file}"
    words = {
        "bash": ["--noprofile", "--rcfile", str(tmp_path / ".rc"), "-i"],
        "zsh": ["-d", "-i"],
        "fish": ["-i", "-C", f"{PROMPT}; {start}"],
    }[shell]
    (tmp_path / ".rc").write_text(f"bind 'set bell-style none'\nPS1='ready> '\n{start}\n")
    (tmp_path / ".zshrc").write_text(
        f"PS1='ready> '\nunsetopt beep\nautoload -U compinit\ncompinit -u -D\n{start}\n"
    )
    env = {
        "HOME": str(tmp_path),
        "ZDOTDIR": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb" if shell != "fish" else "xterm",
    }
    child = pexpect.spawn(
        completer.program,
        words,
        env=env,
        cwd=tmp_path,
        encoding="utf-8",
        timeout=20,
        dimensions=(24, 200),
    )
    try:
        child.expect_exact("ready> ")
        child.send(typed)
        child.send(
            "\recho done-$((40 + 2))\r" if shell != "fish" else "\recho done-(math 40 + 2)\r"
        )
        child.expect_exact("done-42")
    finally:
        child.close(force=True)
    switched = [call.words[3:] for call in completer.stub.calls if call.words[0] == "switch"]
    assert [" ".join(words) for words in switched] == [expected]


PROMPT = "function fish_prompt; echo -n 'ready> '; end"
