"""What a front end can ask for about the other half of cross-account access.

Set up, check, lint, explain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.core.access.model import (
    DEFAULT_MAX_SESSION_SECONDS,
    AccessPlan,
    AccountSide,
    Finding,
    IamChange,
    NamedPolicy,
    PrincipalType,
)
from xswitch.core.errors import XswitchError
from xswitch.core.model import CallerIdentity


@dataclass(frozen=True, slots=True)
class AccessInputs:
    """What the form or the command line gives.

    The account ids are needed only for a side without a profile.

    `policies` are managed policies by ARN or by AWS's name ("ReadOnlyAccess"); `external_id` ""
    means: none, `generate_external_id` makes one. `switch_from` is the profile whose user will
    switch (default: found by its identity, else the source profile); `save_as` the name of the role
    profile to be written ("" for the role's name), `mfa_serial` its MFA device ("": the user's, as
    IAM says).
    """

    role_name: str
    who_kind: PrincipalType
    who_name: str = ""
    target_profile: str | None = None
    source_profile: str | None = None
    target_account: str = ""
    source_account: str = ""
    role_path: str = "/"
    policies: tuple[str, ...] = ()
    documents: tuple[NamedPolicy, ...] = ()
    external_id: str = ""
    generate_external_id: bool = False
    require_mfa: bool = True
    max_session_seconds: int = DEFAULT_MAX_SESSION_SECONDS
    tags: tuple[tuple[str, str], ...] = ()
    description: str = ""
    switch_from: str | None = None
    save_as: str = ""
    region: str = ""
    display_name: str = ""
    colour: str = ""
    mfa_serial: str = ""


@dataclass(frozen=True, slots=True)
class AccessPlanResult:
    """A plan with the inputs it was made from, and the console's switch-role link for the role."""

    inputs: AccessInputs
    plan: AccessPlan
    console_link: str


ChangeStatus = Literal["doing", "done", "failed", "taken_back"]
ChangeListener = Callable[[AccountSide, IamChange, ChangeStatus], None]
"""Told of every step of an apply as it happens.

May raise CancelledError to stop before the next one.
"""


@dataclass(frozen=True, slots=True)
class AccessApplyResult:
    """What an apply did, in order.

    `error` is what stopped it (None: nothing), and `left` what was not done.
    """

    planned: AccessPlanResult
    done: tuple[tuple[AccountSide, IamChange], ...]
    left: tuple[tuple[AccountSide, IamChange], ...] = ()
    error: XswitchError | None = None


@dataclass(frozen=True, slots=True)
class AccessCheckResult:
    """A check as the user that worked.

    Who AWS says one is, the role profile written (or found), and how to switch from now on.
    """

    identity: CallerIdentity
    expires_at: datetime
    profile: str
    command: str
    console_link: str
    tries: int


class AccessActions(Protocol):
    """The use cases of both sides.

    Every method may raise XswitchError subclasses and nothing else; all may run in worker threads.
    """

    def plan(self, inputs: AccessInputs, ask: MfaPrompt, progress: Progress) -> AccessPlanResult:
        """Read both sides as far as there are profiles for them, and say what has to change."""
        ...

    def apply(
        self, planned: AccessPlanResult, ask: MfaPrompt, steps: ChangeListener
    ) -> AccessApplyResult:
        """Make the changes, each once, the source side first.

        A failure is told in the result and not raised.

        Nothing is done that isn't in `planned`: where somebody else changed a side meanwhile, it
        stops with a ConfigError.
        """
        ...

    def rollback(
        self, applied: AccessApplyResult, ask: MfaPrompt, steps: ChangeListener
    ) -> AccessApplyResult:
        """Undo what an apply did, the last step first; `done` of the result is what was taken back.

        The step at which the apply lost the network, or was stopped, is taken back as well if it
        turns out to have been made.
        """
        ...

    def check(
        self, planned: AccessPlanResult, ask: MfaPrompt, progress: Progress
    ) -> AccessCheckResult:
        """Write the role profile, then AssumeRole and GetCallerIdentity as the user, with bounded retries while IAM spreads the change."""
        ...

    def lint(
        self,
        documents: Sequence[NamedPolicy],
        roles: Sequence[str],
        profile: str | None,
        ask: MfaPrompt,
    ) -> tuple[Finding, ...]:
        """Findings on trust policies.

        Those given, and those of roles (ARNs, names, targets) read with `profile`.
        """
        ...
