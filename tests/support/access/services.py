"""The use cases of cross-account access against an IAM over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.actions import FakePrompt, World
from xswitch.actions.access.api import AccessActions, AccessApplyResult, AccessInputs, ChangeStatus
from xswitch.actions.ports import Iam, replace_ports
from xswitch.actions.sessions.broker import Broker
from xswitch.adapters.aws.iam import BotoIam, BotoIamSource
from xswitch.adapters.aws.sts import BotoSts
from xswitch.adapters.providers.source import BotocoreProviders
from xswitch.core.access.model import (
    AccountSide,
    IamCall,
    IamChange,
    PrincipalPolicies,
    PrincipalState,
    PrincipalType,
    RoleState,
    Simulation,
    TrustedPrincipal,
)
from xswitch.core.model import Credentials, Endpoint, Secret

_IAM = BotoIamSource()


class KilledError(BaseException):
    """Raised where a process is killed."""


class Recording:
    """An IAM that counts changes, and can be killed before or after one."""

    def __init__(
        self,
        real: BotoIam,
        log: list[str],
        kill: Kill | None,
        serials: tuple[str, ...] | None = None,
    ) -> None:
        self._real = real
        self._log = log
        self._kill = kill
        self._serials = serials

    def role(self, name: str) -> RoleState | None:
        return self._real.role(name)

    def role_alone(self, name: str) -> RoleState | None:
        return self._real.role_alone(name)

    def roles(self) -> tuple[str, ...]:
        return self._real.roles()

    def principal(self, who: TrustedPrincipal, policy_name: str = "") -> PrincipalState | None:
        return self._real.principal(who, policy_name)

    def has_policy(self, arn: str) -> bool:
        return self._real.has_policy(arn)

    def mfa_serials(self, user_name: str) -> tuple[str, ...]:
        return self._real.mfa_serials(user_name) if self._serials is None else self._serials

    def policies_of(self, principal_arn: str) -> PrincipalPolicies:
        return self._real.policies_of(principal_arn)

    def simulate(
        self, principal_arn: str, action: str, resource: str, context: Mapping[str, tuple[str, ...]]
    ) -> Simulation:
        return self._real.simulate(principal_arn, action, resource, context)

    def run(self, call: IamCall) -> None:
        self._log.append(call.operation)
        if self._kill is not None and len(self._log) == self._kill.at:
            if self._kill.after:
                self._real.run(call)
            raise self._kill.error
        self._real.run(call)


@dataclass(frozen=True)
class Kill:
    """Kill at the change with this number, which counts from 1."""

    at: int
    after: bool
    error: type[BaseException] = KilledError


class RecordingSource:
    """Creates recording IAM clients; `serials` replaces every user's MFA devices."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.kill: Kill | None = None
        self.serials: tuple[str, ...] | None = None
        self.endpoints: list[Endpoint] = []

    def open(self, credentials: Credentials, endpoint: Endpoint) -> Iam:
        self.endpoints.append(endpoint)
        return Recording(_IAM.open(credentials, endpoint), self.log, self.kill, self.serials)


Keys = Mapping[str, Sequence[str]]
"""Access key ID, secret, and an optional token by profile."""


def config_text(endpoint: str, profiles: Keys) -> tuple[str, str]:
    """Return config and credentials with these profiles of static keys for one endpoint."""
    config = "".join(
        f"[profile {name}]\nregion = us-east-1\nendpoint_url = {endpoint}\n" for name in profiles
    )
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    credentials = ""
    for name, values in profiles.items():
        credentials += f"[{name}]\n" + "".join(
            f"{key} = {value}\n" for key, value in zip(names, values, strict=False)
        )
    return config, credentials


class AccessWorld:
    """The real use cases with real STS and IAM; files, vault, and delays are fakes."""

    def __init__(self, endpoint: str, profiles: Keys) -> None:
        self.world = World(*config_text(endpoint, profiles))
        self.source = RecordingSource()
        self.steps: list[tuple[str, str, str]] = []
        self.use(
            sts=BotoSts(),
            source_credentials=BotocoreProviders({}),
            iam=self.source,
            sleep=self.world.pauses.append,
        )

    def use(self, **ports: Any) -> None:
        """Replace ports of the use cases."""
        self.world.ports = replace_ports(self.world.ports, **ports)
        self.broker = Broker(self.world.ports)
        self.access = AccessActions(self.broker)

    @property
    def calls(self) -> list[str]:
        return self.source.log

    def step(self, side: AccountSide, change: IamChange, state: ChangeStatus) -> None:
        self.steps.append((side.value, change.summary, state))

    def apply(self, inputs: AccessInputs) -> AccessApplyResult:
        planned = self.access.plan(inputs, FakePrompt(), lambda _text: None)
        return self.access.apply(planned, FakePrompt(), self.step)

    def changes(self, inputs: AccessInputs) -> int:
        plan = self.access.plan(inputs, FakePrompt(), lambda _text: None).plan
        return sum(len(side.changes) for side in plan.sides)


def inputs(**more: Any) -> AccessInputs:
    """Return the inputs of a setup that uses most of them."""
    values: dict[str, Any] = {
        "role_name": "SwitchRole",
        "who_kind": PrincipalType.USER,
        "who_name": "Bob",
        "target_profile": "target-admin",
        "source_profile": "source-admin",
        "policies": ("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        "max_session_seconds": 7200,
        "tags": (("team", "blue"),),
        "description": "For the people on call",
    }
    return AccessInputs(**{**values, **more})


def state_of(endpoint: str, keys: Keys, wanted: AccessInputs | None = None) -> tuple[Any, Any]:
    """Return the current role and user of these inputs."""
    wanted = wanted or inputs()

    def iam(profile: str) -> BotoIam:
        return _IAM.open(credentials_of(keys[profile]), Endpoint("us-east-1", url=endpoint))

    return iam("target-admin").role(wanted.role_name), iam("source-admin").principal(
        TrustedPrincipal(PrincipalType.USER, "111111111111", wanted.who_name)
    )


def credentials_of(key: Sequence[str]) -> Credentials:
    """Return the credentials for an ID, a secret, and an optional token."""
    return Credentials(key[0], Secret(key[1]), Secret(key[2]) if len(key) > 2 else None)


@dataclass(frozen=True)
class Stand:
    """Use cases to apply with, the inputs, and a function that returns the resulting state."""

    world: AccessWorld
    wanted: AccessInputs
    look: Callable[[], Any]


def killed_everywhere(make: Callable[[], Stand]) -> tuple[Any, list[Any]]:
    """Kill an apply before and after each change, and run it again.

    Returns the state after an undisturbed apply, and those after the killed ones.
    """
    stand = make()
    first = stand.world.apply(stand.wanted)
    assert first.error is None, first.error
    number = len(stand.world.calls)
    reference, ends = stand.look(), []
    assert stand.world.apply(stand.wanted).done == ()
    assert len(stand.world.calls) == number
    for at in range(1, number + 1):
        for after in (False, True):
            stand = make()
            stand.world.source.kill = Kill(at, after)
            try:
                stand.world.apply(stand.wanted)
            except KilledError:
                pass
            else:
                raise AssertionError(f"not killed at change {at}")
            stand.world.source.kill = None
            again = stand.world.apply(stand.wanted)
            assert again.error is None, again.error
            assert stand.world.changes(stand.wanted) == 0
            ends.append(stand.look())
    return reference, ends


def write_home(home: Path, endpoint: str, profiles: Keys) -> None:
    """Write the same config and credentials into a HOME."""
    folder = home / ".aws"
    folder.mkdir(parents=True, exist_ok=True)
    config, credentials = config_text(endpoint, profiles)
    (folder / "config").write_text(config, encoding="utf-8")
    (folder / "credentials").write_text(credentials, encoding="utf-8")
