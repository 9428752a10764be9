"""What the use cases of access set-up and explanation need of IAM. Part of `ports`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from xswitch.core.model import Credentials, Endpoint

if TYPE_CHECKING:  # every command imports the ports, few touch IAM
    from xswitch.core.access.model import (
        IamCall,
        PrincipalPolicies,
        PrincipalState,
        RoleState,
        Simulation,
        TrustedPrincipal,
    )


class Iam(Protocol):
    """One account's IAM, as one caller sees it.

    A failure is an AwsDeniedError, SourceCredentialsError or NetworkError, within seconds.
    """

    def role(self, name: str) -> RoleState | None:
        """A role with everything a plan compares, None when there is none of that name."""
        ...

    def role_alone(self, name: str) -> RoleState | None:
        """A role without its permissions, by one call that needs iam:GetRole alone.

        None when there is none of that name.
        """
        ...

    def roles(self) -> tuple[str, ...]:
        """The ARNs of all roles of the account."""
        ...

    def principal(self, who: TrustedPrincipal, policy_name: str = "") -> PrincipalState | None:
        """A user, group or role of this account, None when there is none of that name.

        For the account itself, `policy_name` is the customer managed policy to look for.
        """
        ...

    def has_policy(self, arn: str) -> bool:
        """Whether there is a managed policy of this ARN."""
        ...

    def mfa_serials(self, user_name: str) -> tuple[str, ...]:
        """The serials of a user's MFA devices."""
        ...

    def policies_of(self, principal_arn: str) -> PrincipalPolicies:
        """The policies that bind a user (its groups' included) or role.

        What may not be read is in `unread` and raises nothing.
        """
        ...

    def simulate(
        self, principal_arn: str, action: str, resource: str, context: Mapping[str, tuple[str, ...]]
    ) -> Simulation:
        """SimulatePrincipalPolicy for one action and resource."""
        ...

    def run(self, call: IamCall) -> None:
        """Make one change."""
        ...


class IamSource(Protocol):
    """Opens an account's IAM."""

    def open(self, credentials: Credentials, endpoint: Endpoint) -> Iam:
        """IAM as these credentials see it; calls nobody yet.

        `endpoint` is that of IAM, not of STS.
        """
        ...
