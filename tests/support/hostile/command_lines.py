"""Command lines with hostile text in every place that accepts input.

Words, option values, the environment, and files. The commands and options come from the parser; a
command without a line in `BASES` raises KeyError.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.aws.emulator import TOTP_SECRET
from support.hostile.home import MFA, PLAIN, ROLES, document
from xswitch.cli.parser import build_parser
from xswitch.demo.home import CLOCK, DEMO, TOTP

_ACCOUNTS = ["--target-account", "222222222222", "--source-account", "111111111111"]
BASES: Mapping[str, tuple[list[str], list[str]]] = {
    "access": (["access"], ["access", "plan", "Role", *_ACCOUNTS]),
    "complete": (["complete", "a", "sign-ins"], ["complete"]),
    "completion": (["completion", "bash"], ["completion", "bash"]),
    "config": (["config"], ["config"]),
    "console": (["console", "q"], ["console", "p0000"]),
    "credential-process": (["credential-process"], ["credential-process", "p0000"]),
    "demo": (["demo"], ["demo", "--code"]),
    "doctor": (["doctor"], ["doctor"]),
    "exec": (["exec", "q", "--"], ["exec", "p0000"]),
    "explain": (["explain", "q"], ["explain", "p0000"]),
    "forget": (["forget"], ["forget", "p0000"]),
    "history": (["history"], ["history"]),
    "init": (["init", "zsh"], ["init", "zsh"]),
    "list": (["list"], ["list"]),
    "login": (["login"], ["login", "nowhere"]),
    "logout": (["logout"], ["logout", "nowhere"]),
    "pin": (["pin"], ["pin", "p0000"]),
    "renew": (["renew"], ["renew", "p0000"]),
    "renew-background": (["renew-background", "p"], ["renew-background", "p"]),
    "sso": (["sso", "list"], ["sso", "populate", "corp"]),
    "status": (["status"], ["status"]),
    "switch": (["switch", "q"], ["switch", "p0000"]),
}
"""For each command, the words before a hostile word, and those before a hostile option value."""
# In front of a hostile word, so that no role matches it.
_NOTHING = "no such thing: "
_OPTION_EACH = 5
UNTOLD = "untold"
"""The scene of commands that print none or few of the texts."""
_FORMATS = ("text", "json", "cli", "cloudformation", "terraform")
_OF_CHARACTERS = ("powershell", "nu")  # its strings can't contain invalid bytes
_SHELLS = ("bash", "zsh", "fish", "powershell", "nu")


@dataclass(frozen=True)
class Job:
    """A command line; its output counts for `scene`."""

    scene: str
    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)


def grammar() -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of all commands, hidden ones included."""
    return _subcommands(build_parser())


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    choices = next(
        action.choices
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    assert isinstance(choices, dict)
    return choices


def by_argv(texts: Sequence[str]) -> list[Job]:
    """Give each text to each command as a word, or, one of five, as an option's value in turn.

    Not every message about an option shows its value.
    """
    jobs = []
    for command, whole in grammar().items():
        word, base = BASES[command]
        scene = UNTOLD if command == "renew-background" else command
        parser = _subcommands(whole)[base[1]] if command in ("access", "sso") else whole
        valued = [
            action.option_strings[-1]
            for action in parser._actions
            if action.option_strings and action.nargs is None
        ]
        json_too = any("--json" in action.option_strings for action in parser._actions)
        for number, text in enumerate(texts):
            more = ["--json"] if json_too and number % 2 else []
            if not valued or number % _OPTION_EACH:
                jobs.append(Job(scene, [*word, _NOTHING + text, *more]))
            else:
                option = valued[number // _OPTION_EACH % len(valued)]
                value = (
                    f"{text}={text}" if option in ("--tag", "--document") and number % 2 else text
                )
                child = ["--", "true"] if command == "exec" else []
                jobs.append(Job(scene, [*base, option, value, *more, *child]))
    for number, text in enumerate(texts):
        plan = [
            "access",
            "plan",
            "Role",
            *_ACCOUNTS,
            "--user",
            "bob",
            "--format",
            _FORMATS[number % len(_FORMATS)],
        ]
        jobs.append(Job("access", [*plan, "--description", text, "--tag", f"k={text}"]))
        jobs.append(Job("demo", ["demo", "--serve", "--state", text]))
        jobs.append(Job("demo", ["demo", "--advance", text]))
    return jobs


def by_environment(texts: Sequence[str], folder: Path) -> list[Job]:
    """Give hostile values to variables that name a file or a profile."""
    clock, devices = folder / "clock", folder / "devices.json"
    clock.write_text("0\n", encoding="ascii")
    devices.write_text(
        json.dumps({"devices": [{"serial": text, "secret": TOTP_SECRET} for text in texts]}),
        encoding="utf-8",
    )
    inside = {DEMO: "1", CLOCK: str(clock), TOTP: str(devices)}
    jobs = []
    for number, text in enumerate(texts):
        shell = _SHELLS[number % len(_SHELLS)]
        whole = shell not in _OF_CHARACTERS or not any("\ud800" <= one <= "\udfff" for one in text)
        jobs += [
            Job("demo from inside", ["demo", "--code", "--user", text], inside),
            Job(
                "AWS_CONFIG_FILE",
                ["config", *(["--json"] if number % 2 else [])],
                {"AWS_CONFIG_FILE": str(folder / text)},
            ),
            Job(
                "XDG_STATE_HOME" if whole else UNTOLD,
                ["init", shell],
                {"XDG_STATE_HOME": str(folder / text)},
            ),
            Job(
                "XSWITCH_PREVIOUS",
                ["switch", "-"],
                {"AWS_PROFILE": text, "XSWITCH_PREVIOUS": _NOTHING + text},
            ),
            Job(
                UNTOLD,
                ["explain", "p0000"],
                {"AWS_REGION": text, "AWS_DEFAULT_REGION": text, "XSWITCH_SHELL": text},
            ),
        ]
    return jobs


def by_files(names: Sequence[str], texts: Sequence[str], folder: Path) -> list[Job]:
    """Run commands on a hostile config, settings, index, history, IAM, and AWS responses."""
    policy = folder / "policy.json"
    policy.write_text(json.dumps(document(list(texts))), encoding="utf-8")
    state = folder / "state.json"
    state.write_text(
        json.dumps({"version": 1, "accounts": [{"id": text, "name": text} for text in texts]}),
        encoding="utf-8",
    )
    commands = ("list", "status", "history", "config", "doctor")
    jobs = [Job(command, [command, *more]) for command in commands for more in ([], ["--json"])]
    jobs += [
        Job("complete", ["complete", ""]),
        Job("demo", ["demo", "--serve", "--state", str(state)]),
    ]
    jobs += [Job("access", ["access", "lint", str(policy), *more]) for more in ([], ["--json"])]
    for number in range(ROLES):
        sides = ["--source", "source-admin", "--target", "target-admin", "--user", "Bob"]
        lint = ["access", "lint", f"Role{number}", "--target", "target-admin"]
        plan = ["access", "plan", f"Role{number}", *sides]
        ways: list[list[str]] = [["--format", one] for one in _FORMATS]
        jobs += [Job("access to IAM", [*plan, *way]) for way in [*ways, ["--json"]]]
        jobs += [Job("access to IAM", [*lint, *more]) for more in ([], ["--json"])]
        jobs.append(Job("access to IAM", ["access", "check", *plan[2:]]))
        jobs.append(
            Job(
                "access to IAM",
                [
                    "access",
                    "apply",
                    *plan[2:],
                    "--no-check",
                    *(["--yes", "--json"] if number % 2 else []),
                ],
            )
        )
    for number, name in enumerate(names):
        more = ["--json"] if number % 2 else []
        jobs += [
            Job("message", [command, name, *more]) for command in ("explain", "renew", "switch")
        ]
        jobs += [
            Job("named", ["console", name, *more]),
            Job("named", ["pin", name]),
            Job("named", ["credential-process", name]),
        ]
        jobs += [Job("named", ["forget", name, *more]), Job("named", ["renew-background", name])]
    jobs += [
        Job("MFA device", ["switch", f"{MFA}{number:04}"]) for number in range(0, len(texts), 3)
    ]
    jobs += [Job("message", ["renew", PLAIN]) for _ in texts]
    return [
        *jobs,
        Job("named", ["renew", "--all"]),
        Job("named", ["forget", "--all", "--yes"]),
        Job(UNTOLD, ["config", "undo"]),
    ]
