"""xswitch's own settings, as `config.toml` holds them.

A new setting is one field here (its default, its limits and its documentation are the field's
metadata) and one row of docs/reference-settings.md, which a test compares with the field.
`core.settings` reads every field by its metadata:

- `doc`: the row of the documentation; `{choices}` and `{limits}` are filled in;
- `choices`: the accepted strings; `limits`: the lowest and highest number of seconds;
- `valid` and `form`: a check of any other string, and the words for what passes it;
- `alias`: a second accepted spelling of the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from xswitch.core import sts_limits
from xswitch.core.model.credentials import Problem

VAULT_KINDS = ("auto", "secret-service", "runtime", "macos", "windows", "file")
GUARD_COLORS = ("red", "yellow", "magenta", "blue", "cyan", "green")
"""Colors that the screen and every shell's prompt can show."""


def _is_one_line(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()


_ONE_LINE = {"valid": _is_one_line, "form": "one line of text"}


@dataclass(frozen=True, slots=True)
class GuardRule:
    """A `[[guards]]` table: extra confirmation and limits for the roles it matches."""

    name: str = field(metadata=_ONE_LINE | {"doc": "name of the guard in messages"})
    match: tuple[str, ...] = field(
        metadata={
            "doc": "one pattern or a list (`*`, `?`, `[abc]`), compared with the whole profile"
            " name, role ARN, account ID, account name, and `ACCOUNT:ROLE`, ignoring case"
        }
    )
    color: str = field(
        default="red",
        metadata={"choices": GUARD_COLORS, "alias": "colour", "doc": "{choices}"},
    )
    confirm: str = field(
        default="account",
        metadata=_ONE_LINE
        | {
            "doc": "text to type before a switch: `account` (its name, or its ID if it has none),"
            " `role`, `profile`, `none`, or the text itself"
        },
    )
    duration_seconds: int | None = field(
        default=None,
        metadata={
            "limits": (sts_limits.MIN_DURATION, sts_limits.MAX_DURATION),
            "doc": "longest session, {limits}; a guard can only shorten a session",
        },
    )
    policy_arns: tuple[str, ...] = field(
        default=(), metadata={"doc": "session policies: ARNs of managed policies"}
    )
    policy: str | None = field(default=None, metadata={"doc": "an inline session policy, as JSON"})


@dataclass(frozen=True, slots=True)
class Settings:
    """The contents of `config.toml`; a missing file is all defaults."""

    vault: str = field(
        default="auto",
        metadata={"choices": VAULT_KINDS, "doc": "where sessions are stored: {choices}"},
    )
    allow_plain_files: bool = field(
        default=False,
        metadata={
            "doc": 'lets `vault = "file"` store sessions in plain files that only you can read'
        },
    )
    profile_prefix: str = field(
        default="xs-",
        metadata={
            "valid": re.compile(r"[A-Za-z0-9_\-/.%@:+]{1,64}").fullmatch,
            "form": "1 to 64 letters, digits, and _-/.%@:+",
            "doc": "prefix of managed profiles; the role profile's name follows",
        },
    )
    session_name: str = field(
        default="",
        metadata={
            "valid": lambda text: not text or sts_limits.is_session_name(text),
            "form": "2 to 64 letters, digits, and _+=,.@-",
            "doc": 'role session name for profiles without `role_session_name`; `""` is user@host',
        },
    )
    mfa_duration_seconds: int = field(
        default=43_200,
        metadata={
            "limits": (sts_limits.MIN_DURATION, sts_limits.MAX_MFA_DURATION),
            "doc": "duration of an MFA session, {limits}",
        },
    )
    verify_identity: bool = field(
        default=True,
        metadata={"doc": "call GetCallerIdentity and compare it with the role before switching"},
    )
    frecency: bool = field(
        default=True,
        metadata={"doc": "list frequently and recently used roles first; `false`: file order"},
    )
    group_by_account: bool = field(
        default=False, metadata={"doc": "start the picker with roles grouped by account"}
    )
    theme: str = field(
        default="auto", metadata={"choices": ("auto", "dark", "light"), "doc": "{choices}"}
    )
    browser: str = field(
        default="",
        metadata={
            "valid": lambda text: not text or _is_one_line(text),
            "form": "a command line",
            "doc": "the command that opens a sign-in's URL, which follows it or takes the place of"
            ' `%s`; `"print"` only prints the URL; `""` is `BROWSER`, else the desktop\'s browser',
        },
    )
    share_sso_token: bool = field(
        default=False,
        metadata={
            "doc": "also write the tokens of `xswitch login` to `~/.aws/sso/cache`, where the AWS"
            " CLI and the SDKs read them"
        },
    )
    account_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Display names by account ID."""
    guards: tuple[GuardRule, ...] = ()
    """The guards, in order: the first that matches a role applies."""
    problems: tuple[Problem, ...] = ()
    """Mistakes in the file; the settings they concern have their defaults."""
