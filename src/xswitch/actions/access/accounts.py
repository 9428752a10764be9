"""A side of a set-up: the account a profile administers, with its IAM."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xswitch.actions.iamport import Iam
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.sessions.broker import Broker, SessionRequest
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.core.arn import iam_region, partition_of, partition_of_region
from xswitch.core.errors import ChainError, ErrorCode, TargetError
from xswitch.core.model import CallerIdentity, Credentials, Endpoint, Problem, Profile
from xswitch.core.profiles.managed import ROLE_KEY
from xswitch.core.roles.chains import ChainResolver
from xswitch.core.roles.endpoints import EndpointResolver


@dataclass(frozen=True, slots=True)
class AccountClient:
    """One account, as the caller of a profile sees it."""

    profile: str
    identity: CallerIdentity
    iam: Iam

    @property
    def account(self) -> str:
        """Its id."""
        return self.identity.account

    @property
    def partition(self) -> str:
        """Its partition."""
        return partition_of(self.identity.arn)


class Accounts:
    """Opens accounts by profile: a base as it is, a role profile through a session of its own."""

    def __init__(self, broker: Broker, ask: MfaPrompt, progress: Progress) -> None:
        self.ports = broker.ports
        self._broker = broker
        self._questions = MfaCodes(ask, broker.ports.mfa_command)
        self._progress = progress
        self._opened: dict[str, AccountClient] = {}
        self.reading: ConfigSnapshot = take_snapshot(broker.ports)

    def open(self, name: str) -> AccountClient:
        """The account of a profile; asked for again, the same.

        Raises TargetError when there is no such profile, ChainError when it leads nowhere, and what
        the broker, STS and the base raise.
        """
        known = self._opened.get(name)
        if known is not None:
            return known
        profile = self.reading.view.profiles.get(name)
        if profile is None:
            raise TargetError(
                f'There is no profile "{name}".',
                next_step="xswitch config",
                code=ErrorCode.TARGET_UNKNOWN,
            )
        credentials, endpoint = self.credentials(profile)
        self._progress(f"asking AWS whose account {name} is")
        identity = self.ports.sts.get_caller_identity(credentials, endpoint)
        opened = AccountClient(
            name, identity, self.ports.iam.open(credentials, self._iam_endpoint(profile, identity))
        )
        self._opened[name] = opened
        return opened

    def credentials(self, profile: Profile) -> tuple[Credentials, Endpoint]:
        """What a profile's calls are signed with, and where its STS is."""
        reading = self.reading
        if profile.get(ROLE_KEY) is not None or (
            profile.get("role_arn") is not None and profile.get("web_identity_token_file") is None
        ):
            role = reading.role_for_profile(profile.name)
            plan = reading.plan(role, reading.stored_overrides(profile.name))
            session = self._broker.session(
                plan, reading.view, SessionRequest(self._questions, self._progress)
            )
            return session.record.credentials, plan.endpoint
        resolved = ChainResolver(reading.view, reading.environment).resolve_source(profile.name)
        if isinstance(resolved, Problem):
            place = f"{resolved.file}:{resolved.line}" if resolved.file and resolved.line else ""
            raise ChainError(
                resolved.message, why=place, next_step="xswitch config", code=resolved.code
            )
        endpoint, _ = EndpointResolver(reading.view, reading.environment).of(
            profile, partition_of_region(profile.get("region") or "")
        )
        self._progress(f"reading the credentials of {profile.name}")
        return self.ports.base.resolve(resolved.chain.base, reading.view, endpoint), endpoint

    def _iam_endpoint(self, profile: Profile, identity: CallerIdentity) -> Endpoint:
        partition = partition_of(identity.arn)
        endpoint, _ = EndpointResolver(self.reading.view, self.reading.environment, "iam").of(
            profile, partition
        )
        return replace(endpoint, region=iam_region(partition))
