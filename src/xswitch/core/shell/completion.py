"""The words shells complete and pass through: the command line's grammar as one flat table.

A test compares it with the parser, so that neither gets a word the other lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WordKind = Literal["command", "flag", "value", "file", "choice", "target"]


@dataclass(frozen=True, slots=True)
class CompletionWord:
    """One word that may stand after `command` ("" for right after the program).

    `kind` says what comes next: a flag stands alone; after a value nothing is offered, after a file
    the shell's files are; a choice is one of few; a target (`word` is "" then) is a role, which
    only xswitch itself can name. `text` describes it in a few words.
    """

    command: str
    kind: WordKind
    word: str
    text: str


_COMMANDS = {
    "switch": "switch to a role",
    "explain": "why a switch fails, and what to change",
    "list": "the roles you may assume",
    "status": "sessions with the time they have left",
    "history": "which sessions were wanted lately",
    "config": "what was read, with every problem",
    "doctor": "look at everything that can be in the way",
    "renew": "fresh sessions",
    "forget": "drop sessions and managed profiles",
    "pin": "keep a role at the top of the picker",
    "credential-process": "answer an AWS SDK",
    "access": "both sides of cross-account access",
    "console": "the link with which the AWS console switches",
    "init": "the shell hook",
    "completion": "completion for your shell",
    "demo": "the whole program against an embedded AWS",
}

_Row = tuple[WordKind, str, str]

_JSON: _Row = ("flag", "--json", "print JSON")
_HELP: _Row = ("flag", "--help", "explain and leave")
_DEBUG: _Row = ("flag", "--debug", "tell what is read, asked and kept")
_TARGET: _Row = ("target", "", "")
_SHELLS: tuple[_Row, ...] = (
    ("choice", "bash", ""),
    ("choice", "zsh", ""),
    ("choice", "fish", ""),
    ("choice", "powershell", ""),
    ("choice", "nu", ""),
    ("value", "--cmd", "name of the function"),
)

_COMMAND_ARGUMENTS: dict[str, tuple[_Row, ...]] = {
    "": (_DEBUG, ("flag", "--help", "explain and leave"), ("flag", "--version", "the version")),
    "switch": (
        _TARGET,
        ("choice", "-", "the profile before this one"),
        ("value", "--source", "with ACCOUNT:ROLE: the profile to assume it from"),
        ("value", "--region", "region of the managed profile and the STS call"),
        ("value", "--duration", "how long: 3600, 45m, 12h"),
        ("value", "--session-name", "RoleSessionName"),
        ("value", "--external-id", "external ID of the trust policy"),
        ("value", "--mfa-code", "the MFA code"),
        ("value", "--profile-name", "name of the managed profile"),
        ("flag", "--static", "also write the temporary keys to the credentials file"),
        ("value", "--policy-arn", "a managed policy that limits the session"),
        ("value", "--policy", "a session policy as JSON"),
        ("value", "--tag", "a session tag, KEY=VALUE"),
        ("flag", "--force", "a fresh session even though one lives"),
        ("value", "--confirm", "what a guarded role asks to be typed"),
        ("flag", "--unset", "leave the account"),
        _JSON,
        _DEBUG,
        _HELP,
    ),
    "explain": (
        _TARGET,
        ("value", "--source", "with ACCOUNT:ROLE: the profile to assume it from"),
        ("value", "--region", "region of the STS call"),
        ("value", "--duration", "how long: 3600, 45m, 12h"),
        ("value", "--session-name", "RoleSessionName"),
        ("value", "--external-id", "external ID of the trust policy"),
        ("value", "--mfa-code", "the MFA code"),
        ("value", "--policy-arn", "a managed policy that limits the session"),
        ("value", "--policy", "a session policy as JSON"),
        ("value", "--tag", "a session tag, KEY=VALUE"),
        _JSON,
        _DEBUG,
        _HELP,
    ),
    "list": (_JSON, _DEBUG, _HELP),
    "status": (_JSON, _DEBUG, _HELP),
    "history": (("value", "--limit", "so many of the latest"), _JSON, _DEBUG, _HELP),
    "config": (
        ("choice", "show", "what was read"),
        ("choice", "undo", "take the last change back"),
        _JSON,
        _DEBUG,
        _HELP,
    ),
    "doctor": (_JSON, _DEBUG, _HELP),
    "renew": (
        _TARGET,
        ("flag", "--all", "every session there is"),
        ("value", "--mfa-code", "the MFA code"),
        _JSON,
        _DEBUG,
        _HELP,
    ),
    "forget": (_TARGET, ("flag", "--all", "everything xswitch keeps"), _JSON, _DEBUG, _HELP),
    "pin": (_TARGET, ("flag", "--off", "unpin it"), _DEBUG, _HELP),
    "credential-process": (_TARGET, _DEBUG, _HELP),
    "access": (
        ("choice", "plan", "show what has to change on both sides"),
        ("choice", "apply", "make it so, then check it"),
        ("choice", "check", "switch as the user"),
        ("choice", "lint", "what is wrong with trust policies"),
        _TARGET,
        ("value", "--role", "the role s name"),
        ("value", "--target", "profile that administers the role s account"),
        ("value", "--target-account", "the role s account, set up by somebody else"),
        ("value", "--source", "profile that administers the users account"),
        ("value", "--source-account", "the users account, set up by somebody else"),
        ("value", "--user", "who switches: a user"),
        ("value", "--group", "who switches: a group"),
        ("value", "--assuming-role", "who switches: a role"),
        ("flag", "--account", "who switches: the whole account"),
        ("value", "--path", "the role s path"),
        ("value", "--policy", "what the role may do: a managed policy"),
        ("value", "--document", "what the role may do: NAME=FILE"),
        ("value", "--external-id", "an external ID"),
        ("flag", "--generate-external-id", "make an external ID up"),
        ("flag", "--mfa", "ask for MFA"),
        ("flag", "--no-mfa", "do not ask for MFA"),
        ("value", "--mfa-serial", "MFA device of the one who switches"),
        ("value", "--max-session", "the longest session, 1h to 12h"),
        ("value", "--tag", "a tag of the role, KEY=VALUE"),
        ("value", "--description", "what the role is for"),
        ("value", "--profile", "name of the role profile"),
        ("value", "--switch-from", "profile of the one who switches"),
        ("value", "--region", "region of the role profile"),
        ("value", "--display-name", "what the console s link shows"),
        ("value", "--colour", "the console s colour"),
        ("value", "--format", "text, json, cli, cloudformation or terraform"),
        ("file", "--output", "folder for each side s file"),
        ("flag", "--force", "write over files that are there"),
        ("flag", "--dry-run", "do nothing"),
        ("flag", "--yes", "without asking"),
        ("flag", "--take-back-on-failure", "undo when something fails"),
        ("flag", "--no-check", "do not switch afterwards"),
        ("value", "--mfa-code", "the MFA code"),
        _JSON,
        _DEBUG,
        _HELP,
    ),
    "console": (_TARGET, _JSON, _DEBUG, _HELP),
    "init": (
        *_SHELLS,
        ("flag", "--prompt", "account, role and minutes left in the prompt"),
        _DEBUG,
        _HELP,
    ),
    "completion": (*_SHELLS, _DEBUG, _HELP),
    "demo": (
        ("flag", "--serve", "run the embedded AWS alone"),
        ("file", "--state", "with --serve: accounts, users and roles as JSON"),
        ("value", "--port", "with --serve: this port"),
        ("flag", "--code", "the current MFA code"),
        ("value", "--user", "with --code: whose"),
        ("value", "--advance", "let this much time pass"),
        _DEBUG,
        _HELP,
    ),
}

COMPLETION_WORDS: tuple[CompletionWord, ...] = (
    *(CompletionWord("", "command", name, text) for name, text in _COMMANDS.items()),
    *(
        CompletionWord(command, kind, word, text)
        for command, rows in _COMMAND_ARGUMENTS.items()
        for kind, word, text in rows
    ),
)
"""The whole table, in the order it is offered."""

PASSED_THROUGH_COMMANDS: tuple[str, ...] = (
    *(name for name in _COMMANDS if name != "switch"),
    "-h",
    "--help",
    "--version",
)
"""First words that make the hook's function call xswitch plainly; after any other it switches."""


def completion_table() -> str:
    """The table as text for the shells: a line per word, `command TAB kind TAB word TAB text`.

    A dot where one is empty.

    Empty fields would be lost: in most shells' splitting, tabs in a row count as one.
    """
    return "\n".join(
        f"{row.command or '.'}\t{row.kind}\t{row.word or '.'}\t{row.text or '.'}"
        for row in COMPLETION_WORDS
    )
