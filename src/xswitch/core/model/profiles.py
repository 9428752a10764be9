"""Profiles as the SDKs read them, and edits of profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from xswitch.core.model.credentials import FileKind, Origin, Problem, Severity

PropertyRow = tuple[str, str, int, int, int]
"""A property: key, value, line, and the start and end of its lines in the text.

A plain tuple, because a large file has tens of thousands and the garbage collector doesn't track
them.
"""


class Property(NamedTuple):
    """The value of one key of a profile, and its origin."""

    value: str
    origin: Origin
    source: FileKind = "config"


class FileProperties(Mapping[str, Property]):
    """The properties of one section of one file, by key.

    Each `Property` is made on access: a config of 5,000 profiles has 40,000 properties, and listing
    the roles needs only a few of them.
    """

    __slots__ = ("_file", "_path", "rows")

    def __init__(self, rows: Mapping[str, PropertyRow], path: str, file: FileKind) -> None:
        self.rows = rows
        self._path = path
        self._file: FileKind = file

    def __getitem__(self, key: str) -> Property:
        row = self.rows[key]
        return Property(row[1], Origin(self._path, row[2]), self._file)

    def get(self, key: str, default: Property | None = None) -> Property | None:  # type: ignore[override]
        """Return the property or `default`.

        Faster than `Mapping.get`, which raises and catches KeyError for a missing key.
        """
        return self[key] if key in self.rows else default

    def __contains__(self, key: object) -> bool:
        return key in self.rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<{len(self)} properties: {', '.join(self)}>"


class PropertyOrigins(Mapping[str, Origin]):
    """The origins of those `keys` that a profile has, looked up on access."""

    __slots__ = ("_keys", "_properties")

    def __init__(self, properties: Mapping[str, Property], keys: frozenset[str]) -> None:
        self._properties = properties
        self._keys = keys

    def __getitem__(self, key: str) -> Origin:
        if key not in self._keys:
            raise KeyError(key)
        return self._properties[key].origin

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._properties if key in self._keys)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile, or an `sso-session` or `services` section."""

    name: str
    properties: Mapping[str, Property]
    """By lower-case key, merged from both files."""
    origin: Origin
    cli_only: bool = False
    """Only the AWS CLI and boto3 see it: its header has quotes or illegal characters."""

    def get(self, key: str) -> str | None:
        """Return the value of `key`, or None if it's missing."""
        properties = self.properties
        if isinstance(properties, FileProperties):
            row = properties.rows.get(key)  # no call: thousands of roles need many values
            return None if row is None else row[1]
        entry = properties.get(key)
        return None if entry is None else entry.value

    def has_any(self, keys: frozenset[str]) -> bool:
        """Whether the profile has one of the keys."""
        properties = self.properties
        return not keys.isdisjoint(
            properties.rows if isinstance(properties, FileProperties) else properties
        )


def problem_at(
    profile: Profile, key: str | None, code: str, message: str, severity: Severity = "error"
) -> Problem:
    """Make a problem at the line of `key` in `profile`, or of the section if the key is missing."""
    property_ = profile.properties.get(key) if key else None
    origin = profile.origin if property_ is None else property_.origin
    return Problem(
        code=code,
        message=message,
        severity=severity,
        file=origin.file,
        line=origin.line,
        profile=profile.name,
    )


@dataclass(frozen=True, slots=True)
class ConfigPaths:
    """The absolute paths of the config and the credentials file."""

    config: str
    credentials: str


@dataclass(frozen=True, slots=True)
class ConfigView:
    """Both files as the SDKs read them.

    The problems include every difference from what the AWS CLI and boto3 read.
    """

    paths: ConfigPaths
    profiles: Mapping[str, Profile]
    sso_sessions: Mapping[str, Profile] = field(default_factory=lambda: MappingProxyType({}))
    services: Mapping[str, Profile] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()


SectionWord = Literal["profile", "sso-session"]
"""The kinds of sections that xswitch writes."""


@dataclass(frozen=True, slots=True)
class SetProfile:
    """Create profile `name` in one file, or set properties of it; or do that to an sso-session."""

    file: FileKind
    name: str
    properties: Mapping[str, str]
    comment: str = ""
    """One line, without the `#`, written above a new profile."""
    exact: bool = True
    """Remove every other property."""
    section: SectionWord = "profile"
    """An sso-session is only in the config file."""


@dataclass(frozen=True, slots=True)
class RemoveProfile:
    """Remove every section of profile `name` from one file, and xswitch's comment line above it."""

    file: FileKind
    name: str
    section: SectionWord = "profile"


ProfileEdit = SetProfile | RemoveProfile
