"""The emulator's state as immutable values: accounts, identities, policies."""

from xswitch.emulator.state.aws_managed import AWS_MANAGED
from xswitch.emulator.state.identity_center import IdentityCenter
from xswitch.emulator.state.model import (
    AccessKey,
    Account,
    Group,
    IamRole,
    ManagedPolicy,
    MfaDevice,
    OidcProvider,
    PolicyVersion,
    Scp,
    User,
    unique_id,
)
from xswitch.emulator.state.world import AwsState

__all__ = [
    "AWS_MANAGED",
    "AccessKey",
    "Account",
    "AwsState",
    "Group",
    "IamRole",
    "IdentityCenter",
    "ManagedPolicy",
    "MfaDevice",
    "OidcProvider",
    "PolicyVersion",
    "Scp",
    "User",
    "unique_id",
]
