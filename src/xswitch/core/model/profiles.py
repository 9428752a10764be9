"""The shared config as the SDKs read it, and edits of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from xswitch.core.model.credentials import FileKind, Origin, Problem


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


PropertyRow = tuple[str, str, int, int, int]
"""Key, value, line, and the span of its lines, as a bare tuple.

A large file has tens of thousands, which the garbage collector then leaves alone.
"""


class Property(NamedTuple):
    """One key of a profile as the SDKs read it; `source` is the kind of file it came from."""

    value: str
    origin: Origin
    source: FileKind = "config"


class FileProperties(Mapping[str, Property]):
    """The properties of one section name of one file; a `Property` is made when it is asked for.

    `rows` are what the reader found: key → (key, value, line, start, end).

    A config of 5,000 profiles has 40,000 properties, of which listing the roles needs a few: making
    them all takes longer than reading.
    """

    __slots__ = ("_file", "_path", "_rows")

    def __init__(self, rows: Mapping[str, PropertyRow], path: str, file: FileKind) -> None:
        self._rows = rows
        self._path = path
        self._file: FileKind = file

    def __getitem__(self, key: str) -> Property:
        row = self._rows[key]
        return Property(row[1], Origin(self._path, row[2]), self._file)

    def get(self, key: str, default: Property | None = None) -> Property | None:  # type: ignore[override]
        """The property, or `default`.

        Without the exception a missing key costs in the general method.
        """
        return self[key] if key in self._rows else default

    def text(self, key: str) -> str | None:
        """The value of a property, None when it isn't there."""
        row = self._rows.get(key)
        return None if row is None else row[1]

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<{len(self)} properties: {', '.join(self)}>"


class PropertyOrigins(Mapping[str, Origin]):
    """Where those of `keys` that are there were written, looked up when asked for."""

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
