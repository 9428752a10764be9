"""The shared config as the SDKs read it, and edits of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from xswitch.core.model.credentials import FileKind, Origin, Problem
from xswitch.core.model.properties import FileProperties, Property

_EMPTY: Mapping[str, Property] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile (or an `sso-session` / `services` section); keys are lower-case, both files merged.

    `cli_only` marks a profile that only the AWS CLI and boto3 see (quotes or illegal characters in
    its header).
    """

    name: str
    properties: Mapping[str, Property]
    origin: Origin
    cli_only: bool = False

    def get(self, key: str) -> str | None:
        """The value of `key`, or None when it isn't there."""
        properties = self.properties
        if isinstance(properties, FileProperties):
            return properties.text(key)
        found = properties.get(key)
        return None if found is None else found.value


@dataclass(frozen=True, slots=True)
class ConfigPaths:
    """The two files in force, absolute."""

    config: str
    credentials: str


@dataclass(frozen=True, slots=True)
class ConfigView:
    """Both files as the SDKs read them, with every problem and every difference to the AWS CLI's reading."""

    paths: ConfigPaths
    profiles: Mapping[str, Profile]
    sso_sessions: Mapping[str, Profile] = field(default_factory=lambda: MappingProxyType({}))
    services: Mapping[str, Profile] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class SetProfile:
    """Make profile `name` of one file hold exactly these properties (others of it are removed when `exact`).

    `comment` is one full line without the `#`, written above a new profile.
    """

    file: FileKind
    name: str
    properties: Mapping[str, str]
    comment: str = ""
    exact: bool = True


@dataclass(frozen=True, slots=True)
class RemoveProfile:
    """Remove every section of profile `name` from one file, with xswitch's own comment line above it."""

    file: FileKind
    name: str


ProfileEdit = SetProfile | RemoveProfile
