"""Secrets, credentials, where something stands in a file, and problems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "info"]
FileKind = Literal["config", "credentials"]


class Secret:
    """A string that shows itself to nobody.

    `repr`, `str` and `format` are redacted, pickling is refused.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        msg = "a Secret is not pickled"
        raise TypeError(msg)


@dataclass(frozen=True, slots=True)
class Credentials:
    """AWS credentials; `session_token` and `expires_at` are None for long-term keys."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None
    expires_at: datetime | None = None

    @property
    def temporary(self) -> bool:
        """Whether AWS treats calls with these as role chaining (they carry a session token)."""
        return self.session_token is not None


class Origin(NamedTuple):
    """Where something was configured: a file as the user knows it, and a line counted from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the user should know of a file, profile or session.

    `code` is a stable snake_case word.
    """

    code: str
    message: str
    severity: Severity = "warning"
    file: str | None = None
    line: int | None = None
    profile: str | None = None
