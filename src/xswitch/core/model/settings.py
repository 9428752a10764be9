"""xswitch's own settings and memory, and what is measured of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from xswitch.core.model.credentials import Problem

GUARD_COLORS = ("red", "yellow", "magenta", "blue", "cyan", "green")
"""Colors of a guard: those that every shell's prompt and the screen can show."""


@dataclass(frozen=True, slots=True)
class GuardRule:
    """A guard as configured.

    `match` is a list of fnmatch patterns over profile, ARN, account id and account name.
    """

    name: str
    match: tuple[str, ...]
    colour: str = "red"
    confirm: str = "account"  # "account", "role", "profile", "none" or the text itself
    duration_seconds: int | None = None
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """`profiles.toml`, read. Every field has a default; a missing file is all defaults."""

    vault: str = "auto"  # auto, secret-service, runtime, macos, windows, file
    profile_prefix: str = "xs-"
    session_name: str = ""  # "" is user@host
    mfa_duration_seconds: int = 43_200
    verify_identity: bool = True
    frecency: bool = True
    theme: str = "auto"  # auto, dark, light
    group_by_account: bool = False
    allow_plain_files: bool = False
    account_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    guards: tuple[GuardRule, ...] = ()
    problems: tuple[Problem, ...] = ()
