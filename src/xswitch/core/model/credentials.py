"""Secrets, credentials, origins in a file, and problems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from xswitch.core.display import hide_secrets

Severity = Literal["error", "warning", "info"]
FileKind = Literal["config", "credentials"]


class Secret:
    """A string that `repr`, `str`, and `format` redact and that can't be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the string, to send it to AWS, a client, or the vault."""
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
        msg = "a Secret can't be pickled"
        raise TypeError(msg)


@dataclass(frozen=True, slots=True)
class Credentials:
    """AWS credentials; long-term keys have no `session_token` and no `expires_at`."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None
    expires_at: datetime | None = None

    @property
    def temporary(self) -> bool:
        """Whether they have a session token, so that AWS treats AssumeRole as role chaining."""
        return self.session_token is not None


class Origin(NamedTuple):
    """The file and line (from 1) of a setting."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, warning, or note about a file, profile, or session.

    What has the form of a secret is hidden in its message.
    """

    code: str  # stable, snake_case
    message: str
    severity: Severity = "warning"
    file: str | None = None
    line: int | None = None
    profile: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", hide_secrets(self.message))
