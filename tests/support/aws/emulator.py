"""The AWS emulator for tests: a default state, a server in a thread, and a config for it.

    with aws_server() as aws:                     # 127.0.0.1, ephemeral port
        write_config(home, aws.port)              # ~/.aws/config and credentials, with endpoint_url
        code = totp_code(now=aws.clock.now())     # of the user dev
        aws.faults.add("throttling", "AssumeRole", times=2)
        aws.clock.advance(3600)                   # expires sessions, not signatures
        assert aws.count("AssumeRole") == 1       # or inspect aws.calls

Without `clock`, the server's clock follows the machine's and can be advanced; with a FixedClock,
sessions expire by that one (the SDK uses the machine's). A code works once: advance the clock by 30
seconds before using another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from xswitch.emulator import totp
from xswitch.emulator.clock import EmulatorClock, MovableClock
from xswitch.emulator.faults import FaultInjector
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState

if TYPE_CHECKING:
    from types_boto3_sts import STSClient
    from types_boto3_sts.type_defs import CredentialsTypeDef

Identity: TypeAlias = "Mapping[str, Any] | CredentialsTypeDef | tuple[str, str]"
"""A key pair, or the Credentials of a response."""

DEV, PROD, HUB = "111111111111", "222222222222", "333333333333"
DEV_KEY, DEV_SECRET = "AKIAQRSTUVWXYZ234567", "devdevdevdevdevdevdevdevdevdevdevdevdev1"
PLAIN_KEY, PLAIN_SECRET = "AKIAPLAINPLAIN234567", "plainplainplainplainplainplainplainplai2"
MFA_SERIAL = f"arn:aws:iam::{DEV}:mfa/dev"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
EXTERNAL_ID = "unicorn-42"
REGION = "eu-west-1"

ADMIN_ARN = f"arn:aws:iam::{PROD}:role/Admin"  # needs MFA; 12 h
READER_ARN = f"arn:aws:iam::{PROD}:role/Reader"  # plain; 2 h
EXTERNAL_ARN = f"arn:aws:iam::{PROD}:role/partner/External"  # needs EXTERNAL_ID; has a path
TAGGED_ARN = f"arn:aws:iam::{PROD}:role/Tagged"  # takes session tags and a source identity
DENIED_ARN = f"arn:aws:iam::{PROD}:role/Denied"  # trusts another account
FORBIDDEN_ARN = (
    f"arn:aws:iam::{PROD}:role/Forbidden"  # trusts dev, whose own policy denies it explicitly
)
GATEWAY_ARN = f"arn:aws:iam::{HUB}:role/Gateway"  # needs MFA; first of a chain
MIDDLE_ARN = f"arn:aws:iam::{HUB}:role/Middle"  # trusts Gateway
DEEP_ARN = f"arn:aws:iam::{PROD}:role/Deep"  # trusts Middle

_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def allow(**elements: Any) -> dict[str, Any]:
    """Return a policy with one Allow statement."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **elements}]}


def trust(principal: str, *actions: str, **elements: Any) -> dict[str, Any]:
    """Return a trust policy for one principal; the default action is sts:AssumeRole."""
    return allow(
        Principal={"AWS": principal}, Action=list(actions) or ["sts:AssumeRole"], **elements
    )


def role(name: str, trust_policy: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a role of a state."""
    return {"name": name, "trust_policy": trust_policy, **more}


def default_state() -> dict[str, Any]:
    """Return the default state, which may be changed before `aws_server(state=…)`."""
    administrator = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    everything = allow(Action="*", Resource="*")
    deny = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": FORBIDDEN_ARN}
    dev_policy = {"Version": "2012-10-17", "Statement": [*everything["Statement"], deny]}
    may_assume = {"assume": allow(Action="sts:*", Resource="*")}
    root = f"arn:aws:iam::{DEV}:root"
    return {
        "version": 1,
        "accounts": [
            {
                "id": DEV,
                "name": "dev",
                "users": [
                    {
                        "name": "dev",
                        "access_keys": [{"id": DEV_KEY, "secret": DEV_SECRET}],
                        "mfa_devices": [{"name": "dev", "secret": TOTP_SECRET}],
                        "policies": {"all": dev_policy},
                    },
                    {"name": "plain", "access_keys": [{"id": PLAIN_KEY, "secret": PLAIN_SECRET}]},
                ],
            },
            {
                "id": PROD,
                "name": "prod",
                "roles": [
                    role(
                        "Admin",
                        trust(root, Condition=_MFA),
                        max_session_duration=43_200,
                        attached_policies=administrator,
                    ),
                    role("Reader", trust(root), max_session_duration=7_200),
                    role(
                        "External",
                        trust(root, Condition={"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}),
                        path="/partner/",
                    ),
                    role(
                        "Tagged",
                        trust(root, "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"),
                        policies=may_assume,
                    ),
                    role("Denied", trust("arn:aws:iam::999999999999:root")),
                    role("Forbidden", trust(root)),
                    role("Deep", trust(MIDDLE_ARN)),
                ],
            },
            {
                "id": HUB,
                "name": "hub",
                "roles": [
                    role(
                        "Gateway",
                        trust(root, Condition=_MFA),
                        policies=may_assume,
                        max_session_duration=43_200,
                    ),
                    role(
                        "Middle",
                        trust(GATEWAY_ARN),
                        policies=may_assume,
                        max_session_duration=43_200,
                    ),
                ],
            },
        ],
    }


@contextmanager
def aws_server(
    state: Mapping[str, Any] | None = None,
    clock: MovableClock | None = None,
    *,
    wall: EmulatorClock | None = None,
    faults: FaultInjector | None = None,
    admin: bool = False,
) -> Iterator[EmbeddedAws]:
    """Run the emulator in a thread, with `state` (default: `default_state()`)."""
    world = AwsState.from_json(json.dumps(state if state is not None else default_state()))
    with EmbeddedAws(world, clock=clock, wall=wall, faults=faults, admin=admin) as aws:
        yield aws


@cache
def _botocore_session() -> Any:
    return botocore.session.Session()


def sts_client(
    aws: EmbeddedAws,
    credentials: Identity = (DEV_KEY, DEV_SECRET),
    *,
    region: str = REGION,
    validate: bool = True,
) -> STSClient:
    """Return a real botocore client that doesn't retry.

    `credentials` is a key pair (default: dev's), or the Credentials of an STS response. Without
    `validate` it also sends requests that botocore would reject.
    """
    client: STSClient = _client("sts", aws, credentials, region, validate=validate)
    return client


def _client(
    service: str, aws: EmbeddedAws, credentials: Identity, region: str, *, validate: bool
) -> Any:
    if isinstance(credentials, tuple):
        keys = {"aws_access_key_id": credentials[0], "aws_secret_access_key": credentials[1]}
    else:
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=5,
        read_timeout=10,
        parameter_validation=validate,
    )
    return _botocore_session().create_client(
        service, region_name=region, endpoint_url=aws.endpoint, config=config, **keys
    )


def iam_client(
    aws: EmbeddedAws,
    credentials: Identity = (DEV_KEY, DEV_SECRET),
    *,
    validate: bool = True,
) -> Any:
    """Return a real botocore IAM client, like `sts_client`."""
    return _client("iam", aws, credentials, "us-east-1", validate=validate)


def organizations_client(
    aws: EmbeddedAws,
    credentials: Identity = (DEV_KEY, DEV_SECRET),
    *,
    validate: bool = True,
) -> Any:
    """Return a real botocore client of Organizations, like `sts_client`."""
    return _client("organizations", aws, credentials, "us-east-1", validate=validate)


def refusal(call: Callable[..., object], **parameters: Any) -> tuple[str, str]:
    """Return AWS's code and text of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def totp_code(secret: str = TOTP_SECRET, now: datetime | None = None) -> str:
    """Return the code of an MFA device at `now` (default: the machine's time).

    Pass `aws.clock.now()` if the clock was advanced.
    """
    return totp.code(secret, now or datetime.now().astimezone())


def write_config(home: Path, port: int) -> Path:
    """Write `~/.aws/config` and `credentials` under `home`; return the config's path.

    Profiles: dev and plain (static keys); admin, reader, external, tagged, denied, forbidden,
    gateway, middle, deep (roles).
    """
    roles: dict[str, tuple[str, str, Mapping[str, str]]] = {
        "admin": (ADMIN_ARN, "dev", {"mfa_serial": MFA_SERIAL}),
        "reader": (READER_ARN, "dev", {}),
        "external": (EXTERNAL_ARN, "dev", {"external_id": EXTERNAL_ID}),
        "tagged": (TAGGED_ARN, "dev", {}),
        "denied": (DENIED_ARN, "dev", {}),
        "forbidden": (FORBIDDEN_ARN, "dev", {}),
        "gateway": (GATEWAY_ARN, "dev", {"mfa_serial": MFA_SERIAL}),
        "middle": (MIDDLE_ARN, "gateway", {}),
        "deep": (DEEP_ARN, "middle", {}),
    }
    common = f"region = {REGION}\nendpoint_url = http://127.0.0.1:{port}\n"
    sections = [f"[profile {name}]\n{common}" for name in ("dev", "plain")]
    for name, (arn, source, more) in roles.items():
        extra = "".join(f"{key} = {value}\n" for key, value in more.items())
        sections.append(
            f"[profile {name}]\nrole_arn = {arn}\nsource_profile = {source}\n{extra}{common}"
        )
    folder = home / ".aws"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = folder / "config"
    config.write_text("\n".join(sections), encoding="utf-8")
    keys = {"dev": (DEV_KEY, DEV_SECRET), "plain": (PLAIN_KEY, PLAIN_SECRET)}
    lines = [
        f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
        for name, (key, secret) in keys.items()
    ]
    credentials = folder / "credentials"
    credentials.write_text("\n".join(lines), encoding="utf-8")
    credentials.chmod(0o600)
    return config
