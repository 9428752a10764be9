"""One module per command group, and the table of all commands; the use cases are in actions.

A module has two functions per command: `add_NAME` declares its arguments, and the function that
it sets as `run` calls one use case and prints the result.
"""

from __future__ import annotations

from typing import NamedTuple

SIGN_INS = "sign-ins"
"""Given to `complete` for the targets of commands that sign in and out."""


class Command(NamedTuple):
    """One command: its name, the module here that has it, and its line in the help."""

    name: str
    module: str
    help: str
    hidden: bool = False


COMMANDS = (
    Command("switch", "switch", "switch to a role (without TARGET: open the picker)"),
    Command("exec", "execute", "run a command as a role, without changing this shell"),
    Command("explain", "explain", "try a switch without keeping a session, and say why it fails"),
    Command("list", "inspect", "list the roles you can assume"),
    Command("status", "inspect", "show sessions and the time they have left"),
    Command("history", "inspect", "show recent session requests and their results"),
    Command("config", "inspect", "show what xswitch reads, with file and line of every problem"),
    Command("doctor", "inspect", "check config, vault, hook, and network"),
    Command("login", "login", "sign in to IAM Identity Center"),
    Command("sso", "sso", "list what your portal offers, and write sessions and profiles for it"),
    Command("logout", "login", "sign out of IAM Identity Center"),
    Command("renew", "sessions", "renew sessions in parallel"),
    Command("forget", "sessions", "drop sessions and managed profiles"),
    Command("pin", "sessions", "keep a role at the top of the picker"),
    Command("credential-process", "sessions", "print credentials for an AWS SDK"),
    Command("access", "access", "set up, verify, and lint both sides of cross-account access"),
    Command("console", "access", "print the AWS console's switch-role link of a role"),
    Command("init", "shell", "print the shell hook for your shell's start file"),
    Command("completion", "shell", "print the completion script for your shell"),
    Command("demo", "demo", "try xswitch against an embedded AWS, without touching your files"),
    Command("complete", "inspect", "print targets for shell completion", hidden=True),
    Command("renew-background", "sessions", "renew one session, detached", hidden=True),
)
"""All commands, in the order of the help. A module is imported only if its command is used."""
