"""The command line's grammar. Nothing here acts."""

from __future__ import annotations

import argparse
from typing import NoReturn

from xswitch import __version__
from xswitch.core.duration_text import parse_duration
from xswitch.core.errors import UsageError
from xswitch.core.shell.quoting import EMIT_SHELLS, SHELLS


class _ArgumentParser(argparse.ArgumentParser):
    """argparse, with our error instead of its exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            f"The command line is not understood: {message}.", next_step=f"{self.prog} --help"
        )


def duration(text: str) -> int:
    """Parse the value of a duration option, in seconds."""
    seconds = parse_duration(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration (3600, 45m, 12h)")
    return seconds


def parse_tag(text: str) -> tuple[str, str]:
    """KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def build_parser(command_name: str = "") -> argparse.ArgumentParser:
    """The grammar.

    Of the whole, or of no more than the command `first` needs, which is quicker by 5 ms.
    """
    parser = _ArgumentParser(
        prog="xswitch",
        description="Pick an AWS role, be in that account in this shell, stay there. Without a command: the picker.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"xswitch {__version__}")
    _add_debug_option(parser, default=False)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", parser_class=_ArgumentParser
    )
    for add_part in (
        _add_switch,
        _add_explain,
        _add_inspection,
        _add_sessions,
        _add_access,
        _add_shell_setup,
        _add_demo,
    ):
        if _PART_OF_COMMAND.get(command_name, add_part) is add_part:
            add_part(commands)
    return parser


_Commands = argparse._SubParsersAction  # noqa: SLF001 -- argparse gives this type no public name


def _add_command(
    commands: _Commands[_ArgumentParser],
    name: str,
    text: str,
    *,
    json: bool = False,
    hidden: bool = False,
) -> argparse.ArgumentParser:
    if hidden:
        parser = commands.add_parser(name, description=text, allow_abbrev=False)
    else:
        parser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    if json:
        parser.add_argument("--json", action="store_true", help="print a JSON envelope on stdout")
    # Without a default of its own: it would replace what was said before the command.
    _add_debug_option(parser, default=argparse.SUPPRESS)
    return parser


def _add_debug_option(parser: argparse.ArgumentParser, *, default: object) -> None:
    parser.add_argument(
        "--debug",
        action="store_true",
        default=default,
        help="tell on stderr what is read, asked and kept; no secrets",
    )


def _add_switch(commands: _Commands[_ArgumentParser]) -> None:
    parser = _add_command(commands, "switch", "switch to a role (no TARGET: the picker)", json=True)
    parser.add_argument(
        "target",
        nargs="*",
        metavar="TARGET",
        help="profile, role ARN, ACCOUNT:ROLE, - for the one before, or words that match one role",
    )
    parser.add_argument(
        "--source", metavar="PROFILE", help="with ACCOUNT:ROLE: the profile to assume it from"
    )
    parser.add_argument("--region", help="the region of the managed profile and of the STS call")
    parser.add_argument(
        "--duration",
        type=duration,
        metavar="TIME",
        help="how long the session shall last (3600, 45m, 12h)",
    )
    parser.add_argument(
        "--session-name",
        metavar="NAME",
        help="RoleSessionName, as CloudTrail shows it (default user@host)",
    )
    parser.add_argument(
        "--external-id", metavar="ID", help="the external ID the role's trust policy asks for"
    )
    parser.add_argument("--mfa-code", metavar="CODE", help="the MFA code, so that nobody is asked")
    parser.add_argument(
        "--profile-name",
        metavar="NAME",
        help="name of the managed profile (default: prefix + role profile)",
    )
    parser.add_argument(
        "--static",
        action="store_true",
        help="also write the temporary keys to the credentials file",
    )
    parser.add_argument(
        "--policy-arn",
        action="append",
        default=[],
        metavar="ARN",
        help="a managed policy that limits the session (again for more)",
    )
    parser.add_argument("--policy", metavar="JSON", help="a session policy, as one line of JSON")
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        type=parse_tag,
        metavar="KEY=VALUE",
        help="a session tag (again for more)",
    )
    parser.add_argument(
        "--force", action="store_true", help="get a fresh session even though one lives"
    )
    parser.add_argument("--confirm", metavar="TEXT", help="what a guarded role asks to be typed")
    parser.add_argument("--emit", choices=EMIT_SHELLS, help=argparse.SUPPRESS)
    parser.add_argument(
        "--unset",
        action="store_true",
        help="with the shell hook: leave the account, unset AWS_PROFILE",
    )


def _add_explain(commands: _Commands[_ArgumentParser]) -> None:
    parser = _add_command(
        commands, "explain", "try a switch, keep nothing of it, and say why it fails", json=True
    )
    parser.add_argument("target", nargs="*", metavar="TARGET", help="as of switch")
    parser.add_argument(
        "--source", metavar="PROFILE", help="with ACCOUNT:ROLE: the profile to assume it from"
    )
    parser.add_argument("--region", help="the region of the STS call")
    parser.add_argument(
        "--duration",
        type=duration,
        metavar="TIME",
        help="how long the session shall last (3600, 45m, 12h)",
    )
    parser.add_argument(
        "--session-name",
        metavar="NAME",
        help="RoleSessionName, as CloudTrail shows it (default user@host)",
    )
    parser.add_argument(
        "--external-id", metavar="ID", help="the external ID the role's trust policy asks for"
    )
    parser.add_argument(
        "--mfa-code",
        metavar="CODE",
        help="the MFA code of a new MFA session, so that nobody is asked",
    )
    parser.add_argument(
        "--policy-arn",
        action="append",
        default=[],
        metavar="ARN",
        help="a managed policy that limits the session",
    )
    parser.add_argument("--policy", metavar="JSON", help="a session policy, as one line of JSON")
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        type=parse_tag,
        metavar="KEY=VALUE",
        help="a session tag (again for more)",
    )


def _add_inspection(commands: _Commands[_ArgumentParser]) -> None:
    _add_command(commands, "list", "the roles you may assume", json=True)
    _add_command(commands, "status", "sessions with the time they have left", json=True)
    history = _add_command(
        commands, "history", "which sessions were wanted lately, and what came of it", json=True
    )
    history.add_argument("--limit", type=int, metavar="N", help="the N latest only")
    config = _add_command(
        commands, "config", "what was read, with file:line of every problem", json=True
    )
    config.add_argument(
        "action",
        nargs="?",
        choices=["show", "undo"],
        default="show",
        help="undo: take xswitch's last change back",
    )
    _add_command(commands, "doctor", "look at everything that can be in the way", json=True)
    complete = _add_command(commands, "complete", "targets for the shells' completion", hidden=True)
    complete.add_argument("word", nargs="?", default="")


def _add_sessions(commands: _Commands[_ArgumentParser]) -> None:
    renew = _add_command(commands, "renew", "fresh sessions, side by side", json=True)
    renew.add_argument("target", nargs="*", metavar="TARGET")
    renew.add_argument("--all", action="store_true", help="every session there is")
    renew.add_argument("--mfa-code", metavar="CODE", help="the MFA code, so that nobody is asked")
    forget = _add_command(commands, "forget", "drop sessions and managed profiles", json=True)
    forget.add_argument("target", nargs="*", metavar="TARGET")
    forget.add_argument(
        "--all", action="store_true", help="everything xswitch keeps, MFA sessions too"
    )
    pin = _add_command(commands, "pin", "keep a role at the top of the picker")
    pin.add_argument("target", metavar="TARGET")
    pin.add_argument("--off", action="store_true", help="unpin it")
    process = _add_command(
        commands, "credential-process", "answer an AWS SDK (the contract of credential_process)"
    )
    process.add_argument("profile", metavar="PROFILE")
    background = _add_command(
        commands, "renew-background", "the detached half of a renewal", hidden=True
    )
    background.add_argument("profile", metavar="PROFILE")


def _add_access(commands: _Commands[_ArgumentParser]) -> None:
    access = _add_command(
        commands,
        "access",
        "both sides of cross-account access: plan, apply, check, lint",
        json=True,
    )
    access.add_argument(
        "action",
        choices=["plan", "apply", "check", "lint"],
        help="show the difference, make it, try it; read trust policies",
    )
    access.add_argument(
        "name",
        nargs="*",
        metavar="ROLE",
        help="the role's name (lint: roles, or files with trust policies)",
    )
    access.add_argument("--role", metavar="ROLE", help="the role's name, instead of ROLE as a word")
    access.add_argument(
        "--target", metavar="PROFILE", help="a profile that may change IAM in the role's account"
    )
    access.add_argument(
        "--target-account",
        metavar="ID",
        help="instead of --target: the role's account, whose side somebody else sets up",
    )
    access.add_argument(
        "--source",
        metavar="PROFILE",
        help="a profile that may change IAM in the account of those who switch",
    )
    access.add_argument(
        "--source-account",
        metavar="ID",
        help="instead of --source: their account, whose side somebody else sets up",
    )
    who = access.add_mutually_exclusive_group()
    who.add_argument(
        "--user",
        metavar="NAME",
        help="who switches: this user (without any of these: the user of --source)",
    )
    who.add_argument("--group", metavar="NAME", help="who switches: the users of this group")
    who.add_argument("--assuming-role", metavar="NAME", help="who switches: sessions of this role")
    who.add_argument(
        "--account", action="store_true", help="who switches: whoever the source account lets"
    )
    access.add_argument("--path", default="/", help="the role's path (default /)")
    access.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="NAME",
        help="what the role may do: a managed policy by name or ARN",
    )
    access.add_argument(
        "--document",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="what the role may do: a policy document of its own",
    )
    access.add_argument(
        "--external-id", default="", metavar="ID", help="an external ID the switch has to bring"
    )
    access.add_argument("--generate-external-id", action="store_true", help="make one up")
    mfa = access.add_mutually_exclusive_group()
    mfa.add_argument(
        "--mfa",
        action="store_true",
        help="the switch has to be made with MFA (this is the default)",
    )
    mfa.add_argument("--no-mfa", action="store_true", help="do not ask for MFA")
    access.add_argument(
        "--mfa-serial",
        default="",
        metavar="ARN",
        help="the MFA device of the one who switches (default: found in IAM)",
    )
    access.add_argument(
        "--max-session",
        type=duration,
        default=3600,
        metavar="TIME",
        help="the role's longest session (1h to 12h)",
    )
    access.add_argument(
        "--tag",
        action="append",
        default=[],
        type=parse_tag,
        metavar="KEY=VALUE",
        help="a tag of the role (again for more)",
    )
    access.add_argument("--description", default="", help="what the role is for")
    access.add_argument(
        "--profile",
        default="",
        metavar="NAME",
        help="name of the role profile to be written (default: the role's)",
    )
    access.add_argument(
        "--switch-from",
        metavar="PROFILE",
        help="the profile of the one who switches (default: found by its identity)",
    )
    access.add_argument("--region", default="", help="region of the role profile")
    access.add_argument(
        "--display-name", default="", metavar="TEXT", help="what the console's link shows"
    )
    access.add_argument(
        "--colour", default="", metavar="WORD", help="the console's colour of the role"
    )
    access.add_argument(
        "--format",
        choices=["text", "json", "cli", "cloudformation", "terraform"],
        default="text",
        help="of the plan",
    )
    access.add_argument("--output", metavar="DIR", help="write each side's file there")
    access.add_argument(
        "--force", action="store_true", help="with --output: write over files that are there"
    )
    access.add_argument(
        "--dry-run", action="store_true", help="apply: show what would be done, and do nothing"
    )
    access.add_argument("--yes", action="store_true", help="apply: without asking")
    access.add_argument(
        "--take-back-on-failure",
        action="store_true",
        help="apply: undo what was done when something fails",
    )
    access.add_argument(
        "--no-check", action="store_true", help="apply: do not switch as the user afterwards"
    )
    access.add_argument("--mfa-code", metavar="CODE", help="the MFA code, so that nobody is asked")
    console = _add_command(
        commands, "console", "the link with which the AWS console switches to a role", json=True
    )
    console.add_argument("target", nargs="+", metavar="TARGET")


def _add_shell_setup(commands: _Commands[_ArgumentParser]) -> None:
    init = _add_command(
        commands, "init", "the shell hook, to be evaluated by your shell's start file"
    )
    init.add_argument("shell", choices=SHELLS)
    init.add_argument(
        "--cmd", default="xs", metavar="NAME", help="the function's name (default xs)"
    )
    init.add_argument(
        "--prompt", action="store_true", help="show account, role and minutes left in the prompt"
    )
    completion = _add_command(commands, "completion", "completion for your shell")
    completion.add_argument("shell", choices=SHELLS)
    completion.add_argument(
        "--cmd",
        default="xs",
        metavar="NAME",
        help="the hook's function, completed as well (default xs)",
    )


def _add_demo(commands: _Commands[_ArgumentParser]) -> None:
    demo = _add_command(
        commands, "demo", "the whole program against an embedded AWS; nothing of yours is touched"
    )
    demo.add_argument(
        "--serve",
        action="store_true",
        help="run that AWS alone on a free loopback port and print its endpoint",
    )
    demo.add_argument(
        "--state", metavar="FILE", help="with --serve: accounts, users, roles and policies as JSON"
    )
    demo.add_argument(
        "--port", type=int, default=0, help="with --serve: this port instead of a free one"
    )
    demo.add_argument(
        "--code", action="store_true", help="inside the demo: print the current MFA code"
    )
    demo.add_argument(
        "--user", default="", help="with --code: of this user's device instead of dana's"
    )
    demo.add_argument(
        "--advance",
        type=duration,
        metavar="TIME",
        help="inside the demo: let this much time pass",
    )


_PART_OF_COMMAND = {
    "access": _add_access,
    "complete": _add_inspection,
    "completion": _add_shell_setup,
    "config": _add_inspection,
    "console": _add_access,
    "credential-process": _add_sessions,
    "demo": _add_demo,
    "doctor": _add_inspection,
    "explain": _add_explain,
    "forget": _add_sessions,
    "history": _add_inspection,
    "init": _add_shell_setup,
    "list": _add_inspection,
    "pin": _add_sessions,
    "renew": _add_sessions,
    "renew-background": _add_sessions,
    "status": _add_inspection,
    "switch": _add_switch,
}
