"""A request for a session: how to get it, its state meanwhile, and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xswitch.actions.ports import Marks, Progress
from xswitch.actions.sessions.mfa import MfaCodes, MfaQuestion
from xswitch.actions.sessions.unlocked import Turn
from xswitch.core.errors import ErrorCode, VaultError, XswitchError
from xswitch.core.model import ConfigView, Credentials, Problem, SessionPlan
from xswitch.core.profiles.binding import ProfileBinding
from xswitch.core.sessions.session_record import SessionRecord

SOURCE = -1
"""In place of a hop's number: the session of a target without hops, at the chain's start."""


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """How to get a session."""

    mfa_codes: MfaCodes
    progress: Progress
    force_renewal: bool = False
    """Get a new session even if a valid one is stored."""
    renew_if_advised: bool = False
    """Renew at the time at which others would start a background renewal."""
    interactive: bool = True
    """Whether a person started this."""
    managed_profile: str = ""
    """The profile that will serve the session."""
    binding: ProfileBinding | None = None
    """The binding of the command that asks."""
    marks: Marks | None = None
    """The forget marks from before the config was read; None to read them now."""


@dataclass(frozen=True, slots=True)
class SessionResult:
    """A session, stored or new."""

    record: SessionRecord
    from_vault: bool
    problems: tuple[Problem, ...] = ()
    """Why a session was not renewed, or not indexed."""
    new_records: Mapping[str, SessionRecord] = field(default_factory=dict)
    """The sessions that were made, by key: also those before the role in its chain."""
    aws_unreachable: bool = False
    """Whether it was not renewed because AWS didn't respond."""
    forgotten: bool = False
    """Whether it was forgotten since the request began, so that it isn't stored."""
    marks: Marks = field(default_factory=dict)
    """The forget marks as they were when the request began."""


@dataclass
class Acquisition:
    """The state of one request to the broker."""

    plan: SessionPlan
    view: ConfigView
    request: SessionRequest
    marks: Marks = field(default_factory=dict)
    """The forget marks as they were when the request began."""
    source_credentials: Credentials | None = None
    """Resolved at most once."""
    new_records: dict[str, SessionRecord] = field(default_factory=dict)
    """The sessions that this request made, by key."""
    problems: list[Problem] = field(default_factory=list)
    aws_unreachable: bool = False
    first_seen: dict[str, SessionRecord | None] = field(default_factory=dict)
    """The sessions that were stored at first, by key."""
    questions: dict[str, MfaQuestion] = field(default_factory=dict)
    """The questions for codes, by the key of the session they are for."""
    source_error: XswitchError | None = None
    """Why there are no source credentials."""
    device_turn: Turn = field(default_factory=Turn)
    source_turn: Turn = field(default_factory=Turn)
    signed_in: bool = False
    """Whether the sign-in of the source was found to be valid."""

    def release_turns(self) -> None:
        """Let other callers ask for codes, and run the process of the source."""
        self.device_turn.release()
        self.source_turn.release()

    @property
    def last(self) -> int:
        """The index of the plan's last hop; `SOURCE` without one."""
        return len(self.plan.hops) - 1


def forgotten_error(name: str, next_step: str) -> VaultError:
    """Report that a session was forgotten while it was made."""
    return VaultError(
        f"{name} was forgotten while its session was made, so nothing is kept.",
        next_step=next_step,
        code=ErrorCode.FORGOTTEN,
    )
