"""The command line's grammar. Nothing here acts."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from xswitch import __version__
from xswitch.core.errors import UsageError
from xswitch.core.shell.quoting import EMIT_SHELLS, SHELLS

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


class _Parser(argparse.ArgumentParser):
    """argparse, with our error instead of its exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"The command line is not understood: {message}.", next_step=f"{self.prog} --help")


def seconds(text: str) -> int:
    """A duration such as 3600, 45m or 12h, in seconds."""
    found = re.fullmatch(r"(\d{1,6})([smh]?)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration (3600, 45m, 12h)")
    return int(found[1]) * _UNITS[found[2]]


def tag(text: str) -> tuple[str, str]:
    """KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def build(first: str = "") -> argparse.ArgumentParser:
    """The grammar: of the whole, or of no more than the command `first` needs, which is quicker by 5 ms."""
    parser = _Parser(
        prog="xswitch",
        description="Pick an AWS role, be in that account in this shell, stay there. Without a command: the picker.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"xswitch {__version__}")
    _debugging(parser, default=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for part in (_switching, _explaining, _looking, _sessions, _access, _shells, _demo):
        if _PARTS.get(first, part) is part:
            part(commands)
    return parser


_Commands = argparse._SubParsersAction  # noqa: SLF001 -- argparse gives this type no public name


def _command(commands: _Commands[_Parser], name: str, text: str, *, json: bool = False, hidden: bool = False) -> argparse.ArgumentParser:
    if hidden:
        parser = commands.add_parser(name, description=text, allow_abbrev=False)
    else:
        parser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    if json:
        parser.add_argument("--json", action="store_true", help="print a JSON envelope on stdout")
    # Without a default of its own: it would replace what was said before the command.
    _debugging(parser, default=argparse.SUPPRESS)
    return parser


def _debugging(parser: argparse.ArgumentParser, *, default: object) -> None:
    parser.add_argument("--debug", action="store_true", default=default, help="tell on stderr what is read, asked and kept; no secrets")


def _switching(commands: _Commands[_Parser]) -> None:
    parser = _command(commands, "switch", "switch to a role (no TARGET: the picker)", json=True)
    parser.add_argument(
        "target", nargs="*", metavar="TARGET", help="profile, role ARN, ACCOUNT:ROLE, - for the one before, or words that match one role"
    )
    parser.add_argument("--source", metavar="PROFILE", help="with ACCOUNT:ROLE: the profile to assume it from")
    parser.add_argument("--region", help="the region of the managed profile and of the STS call")
    parser.add_argument("--duration", type=seconds, metavar="TIME", help="how long the session shall last (3600, 45m, 12h)")
    parser.add_argument("--session-name", metavar="NAME", help="RoleSessionName, as CloudTrail shows it (default user@host)")
    parser.add_argument("--external-id", metavar="ID", help="the external ID the role's trust policy asks for")
    parser.add_argument("--mfa-code", metavar="CODE", help="the MFA code, so that nobody is asked")
    parser.add_argument("--profile-name", metavar="NAME", help="name of the managed profile (default: prefix + role profile)")
    parser.add_argument("--static", action="store_true", help="also write the temporary keys to the credentials file")
    parser.add_argument(
        "--policy-arn", action="append", default=[], metavar="ARN", help="a managed policy that limits the session (again for more)"
    )
    parser.add_argument("--policy", metavar="JSON", help="a session policy, as one line of JSON")
    parser.add_argument("--tag", action="append", default=[], type=tag, metavar="KEY=VALUE", help="a session tag (again for more)")
    parser.add_argument("--force", action="store_true", help="get a fresh session even though one lives")
    parser.add_argument("--confirm", metavar="TEXT", help="what a guarded role asks to be typed")
    parser.add_argument("--emit", choices=EMIT_SHELLS, help=argparse.SUPPRESS)
    parser.add_argument("--unset", action="store_true", help="with the shell hook: leave the account, unset AWS_PROFILE")


def _explaining(commands: _Commands[_Parser]) -> None:
    parser = _command(commands, "explain", "try a switch, keep nothing of it, and say why it fails", json=True)
    parser.add_argument("target", nargs="*", metavar="TARGET", help="as of switch")
    parser.add_argument("--source", metavar="PROFILE", help="with ACCOUNT:ROLE: the profile to assume it from")
    parser.add_argument("--region", help="the region of the STS call")
    parser.add_argument("--duration", type=seconds, metavar="TIME", help="how long the session shall last (3600, 45m, 12h)")
    parser.add_argument("--session-name", metavar="NAME", help="RoleSessionName, as CloudTrail shows it (default user@host)")
    parser.add_argument("--external-id", metavar="ID", help="the external ID the role's trust policy asks for")
    parser.add_argument("--mfa-code", metavar="CODE", help="the MFA code of a new MFA session, so that nobody is asked")
    parser.add_argument("--policy-arn", action="append", default=[], metavar="ARN", help="a managed policy that limits the session")
    parser.add_argument("--policy", metavar="JSON", help="a session policy, as one line of JSON")
    parser.add_argument("--tag", action="append", default=[], type=tag, metavar="KEY=VALUE", help="a session tag (again for more)")


def _looking(commands: _Commands[_Parser]) -> None:
    _command(commands, "list", "the roles you may assume", json=True)
    _command(commands, "status", "sessions with the time they have left", json=True)
    history = _command(commands, "history", "which sessions were wanted lately, and what came of it", json=True)
    history.add_argument("--limit", type=int, metavar="N", help="the N latest only")
    config = _command(commands, "config", "what was read, with file:line of every problem", json=True)
    config.add_argument("action", nargs="?", choices=["show", "undo"], default="show", help="undo: take xswitch's last change back")
    _command(commands, "doctor", "look at everything that can be in the way", json=True)
    complete = _command(commands, "complete", "targets for the shells' completion", hidden=True)
    complete.add_argument("word", nargs="?", default="")


def _sessions(commands: _Commands[_Parser]) -> None:
    renew = _command(commands, "renew", "fresh sessions, side by side", json=True)
    renew.add_argument("target", nargs="*", metavar="TARGET")
    renew.add_argument("--all", action="store_true", help="every session there is")
    renew.add_argument("--mfa-code", metavar="CODE", help="the MFA code, so that nobody is asked")
    forget = _command(commands, "forget", "drop sessions and managed profiles", json=True)
    forget.add_argument("target", nargs="*", metavar="TARGET")
    forget.add_argument("--all", action="store_true", help="everything xswitch keeps, MFA sessions too")
    pin = _command(commands, "pin", "keep a role at the top of the picker")
    pin.add_argument("target", metavar="TARGET")
    pin.add_argument("--off", action="store_true", help="unpin it")
    process = _command(commands, "credential-process", "answer an AWS SDK (the contract of credential_process)")
    process.add_argument("profile", metavar="PROFILE")
    background = _command(commands, "renew-background", "the detached half of a renewal", hidden=True)
    background.add_argument("profile", metavar="PROFILE")


def _access(commands: _Commands[_Parser]) -> None:
    access = _command(commands, "access", "both sides of cross-account access: plan, apply, check, lint", json=True)
    access.add_argument(
        "action", choices=["plan", "apply", "check", "lint"], help="show the difference, make it, try it; read trust policies"
    )
    access.add_argument("name", nargs="*", metavar="ROLE", help="the role's name (lint: roles, or files with trust policies)")
    access.add_argument("--role", metavar="ROLE", help="the role's name, instead of ROLE as a word")
    access.add_argument("--target", metavar="PROFILE", help="a profile that may change IAM in the role's account")
    access.add_argument("--target-account", metavar="ID", help="instead of --target: the role's account, whose side somebody else sets up")
    access.add_argument("--source", metavar="PROFILE", help="a profile that may change IAM in the account of those who switch")
    access.add_argument("--source-account", metavar="ID", help="instead of --source: their account, whose side somebody else sets up")
    who = access.add_mutually_exclusive_group()
    who.add_argument("--user", metavar="NAME", help="who switches: this user (without any of these: the user of --source)")
    who.add_argument("--group", metavar="NAME", help="who switches: the users of this group")
    who.add_argument("--assuming-role", metavar="NAME", help="who switches: sessions of this role")
    who.add_argument("--account", action="store_true", help="who switches: whoever the source account lets")
    access.add_argument("--path", default="/", help="the role's path (default /)")
    access.add_argument(
        "--policy", action="append", default=[], metavar="NAME", help="what the role may do: a managed policy by name or ARN"
    )
    access.add_argument(
        "--document", action="append", default=[], metavar="NAME=FILE", help="what the role may do: a policy document of its own"
    )
    access.add_argument("--external-id", default="", metavar="ID", help="an external ID the switch has to bring")
    access.add_argument("--generate-external-id", action="store_true", help="make one up")
    mfa = access.add_mutually_exclusive_group()
    mfa.add_argument("--mfa", action="store_true", help="the switch has to be made with MFA (this is the default)")
    mfa.add_argument("--no-mfa", action="store_true", help="do not ask for MFA")
    access.add_argument("--mfa-serial", default="", metavar="ARN", help="the MFA device of the one who switches (default: found in IAM)")
    access.add_argument("--max-session", type=seconds, default=3600, metavar="TIME", help="the role's longest session (1h to 12h)")
    access.add_argument("--tag", action="append", default=[], type=tag, metavar="KEY=VALUE", help="a tag of the role (again for more)")
    access.add_argument("--description", default="", help="what the role is for")
    access.add_argument("--profile", default="", metavar="NAME", help="name of the role profile to be written (default: the role's)")
    access.add_argument("--switch-from", metavar="PROFILE", help="the profile of the one who switches (default: found by its identity)")
    access.add_argument("--region", default="", help="region of the role profile")
    access.add_argument("--display-name", default="", metavar="TEXT", help="what the console's link shows")
    access.add_argument("--colour", default="", metavar="WORD", help="the console's colour of the role")
    access.add_argument("--format", choices=["text", "json", "cli", "cloudformation", "terraform"], default="text", help="of the plan")
    access.add_argument("--output", metavar="DIR", help="write each side's file there")
    access.add_argument("--force", action="store_true", help="with --output: write over files that are there")
    access.add_argument("--dry-run", action="store_true", help="apply: show what would be done, and do nothing")
    access.add_argument("--yes", action="store_true", help="apply: without asking")
    access.add_argument("--take-back-on-failure", action="store_true", help="apply: undo what was done when something fails")
    access.add_argument("--no-check", action="store_true", help="apply: do not switch as the user afterwards")
    access.add_argument("--mfa-code", metavar="CODE", help="the MFA code, so that nobody is asked")
    console = _command(commands, "console", "the link with which the AWS console switches to a role", json=True)
    console.add_argument("target", nargs="+", metavar="TARGET")


def _shells(commands: _Commands[_Parser]) -> None:
    init = _command(commands, "init", "the shell hook, to be evaluated by your shell's start file")
    init.add_argument("shell", choices=SHELLS)
    init.add_argument("--cmd", default="xs", metavar="NAME", help="the function's name (default xs)")
    init.add_argument("--prompt", action="store_true", help="show account, role and minutes left in the prompt")
    completion = _command(commands, "completion", "completion for your shell")
    completion.add_argument("shell", choices=SHELLS)
    completion.add_argument("--cmd", default="xs", metavar="NAME", help="the hook's function, completed as well (default xs)")


def _demo(commands: _Commands[_Parser]) -> None:
    demo = _command(commands, "demo", "the whole program against an embedded AWS; nothing of yours is touched")
    demo.add_argument("--serve", action="store_true", help="run that AWS alone on a free loopback port and print its endpoint")
    demo.add_argument("--state", metavar="FILE", help="with --serve: accounts, users, roles and policies as JSON")
    demo.add_argument("--port", type=int, default=0, help="with --serve: this port instead of a free one")
    demo.add_argument("--code", action="store_true", help="inside the demo: print the current MFA code")
    demo.add_argument("--user", default="", help="with --code: of this user's device instead of dana's")
    demo.add_argument("--advance", type=seconds, metavar="TIME", help="inside the demo: let this much time pass")


_PARTS = {
    "access": _access,
    "complete": _looking,
    "completion": _shells,
    "config": _looking,
    "console": _access,
    "credential-process": _sessions,
    "demo": _demo,
    "doctor": _looking,
    "explain": _explaining,
    "forget": _sessions,
    "history": _looking,
    "init": _shells,
    "list": _looking,
    "pin": _sessions,
    "renew": _sessions,
    "renew-background": _sessions,
    "status": _looking,
    "switch": _switching,
}
