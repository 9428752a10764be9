"""The accounts of a setup, opened by profile, with their IAM."""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.actions.ports import Iam, MfaPrompt, Progress
from xswitch.actions.sessions.acquisition import SessionRequest
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.core.arn import partition_of, partition_of_region
from xswitch.core.errors import ChainError, ErrorCode, TargetError
from xswitch.core.model import CallerIdentity, Credentials, Endpoint, Problem, Profile
from xswitch.core.profiles.managed import ROLE_KEY
from xswitch.core.roles.chains import ChainResolver
from xswitch.core.roles.endpoints import EndpointResolver
from xswitch.core.roles.sources import assumes_role


@dataclass(frozen=True, slots=True)
class AccountClient:
    """One account and its IAM, called with a profile's credentials."""

    profile: str
    identity: CallerIdentity
    iam: Iam

    @property
    def account(self) -> str:
        """The 12-digit account ID."""
        return self.identity.account

    @property
    def partition(self) -> str:
        """The account's partition."""
        return partition_of(self.identity.arn)


class Accounts:
    """Opens accounts by profile; a role profile gets a session for it."""

    def __init__(self, broker: Broker, ask: MfaPrompt, progress: Progress) -> None:
        self.aws, self.config = broker.ports.aws, broker.ports.config
        self._broker = broker
        self._mfa_codes = MfaCodes(ask, broker.ports.process.mfa_process)
        self._progress = progress
        self._opened: dict[str, AccountClient] = {}
        self.snapshot: ConfigSnapshot = take_snapshot(broker.ports.config)

    def open(self, name: str) -> AccountClient:
        """Return the account of a profile, the same object on each call.

        Raises TargetError if there is no such profile, ChainError if its chain can't be resolved,
        and what the broker, STS, and the source credentials raise.
        """
        if name in self._opened:
            return self._opened[name]
        profile = self.snapshot.view.profiles.get(name)
        if profile is None:
            raise TargetError(
                f'There is no profile "{name}".',
                next_step="xswitch config",
                code=ErrorCode.TARGET_UNKNOWN,
            )
        credentials, endpoint = self.credentials(profile)
        self._progress(f"asking AWS whose account {name} is")
        identity = self.aws.sts.get_caller_identity(credentials, endpoint)
        opened = AccountClient(
            name,
            identity,
            self.aws.iam.open(
                credentials, self.snapshot.iam_endpoint(profile, partition_of(identity.arn))
            ),
        )
        self._opened[name] = opened
        return opened

    def credentials(self, profile: Profile) -> tuple[Credentials, Endpoint]:
        """Return a profile's credentials and its STS endpoint."""
        snapshot = self.snapshot
        if profile.get(ROLE_KEY) is not None or assumes_role(profile):
            role = snapshot.role_for_profile(profile.name)
            plan = snapshot.plan(role, snapshot.stored_overrides(profile.name))
            session = self._broker.session(
                plan, snapshot.view, SessionRequest(self._mfa_codes, self._progress)
            )
            return session.record.credentials, plan.endpoint
        resolved = ChainResolver(snapshot.view, snapshot.environment).resolve_source(profile.name)
        if isinstance(resolved, Problem):
            place = f"{resolved.file}:{resolved.line}" if resolved.file and resolved.line else ""
            raise ChainError(
                resolved.message, why=place, next_step="xswitch config", code=resolved.code
            )
        endpoint, _ = EndpointResolver(snapshot.view, snapshot.environment).endpoint_for(
            profile, partition_of_region(profile.get("region") or "")
        )
        self._progress(f"reading the credentials of {profile.name}")
        return self.aws.source_credentials.resolve(
            resolved.chain.base, snapshot.view, endpoint
        ), endpoint
