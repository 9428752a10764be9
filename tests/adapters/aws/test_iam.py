from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.aws.emulator import aws_server
from support.aws.iam import (
    ADMINISTRATOR,
    BOB,
    BOB_ARN,
    BOB_SERIAL,
    SOURCE,
    SOURCE_ADMIN,
    TARGET,
    TARGET_ADMIN,
    allowing,
    source,
    state,
    target,
    trusting,
)
from xswitch.adapters.aws.iam import BotoIam, BotoIamSource
from xswitch.core.access.documents import canonical_json
from xswitch.core.access.model import IamCall, NamedPolicy, PrincipalType, TrustedPrincipal
from xswitch.core.errors import AwsDeniedError, NetworkError, SourceCredentialsError
from xswitch.core.model import Credentials, Endpoint, Secret
from xswitch.emulator.faults import ALWAYS
from xswitch.emulator.server import EmbeddedAws
from xswitch.threads import Timeouts

BOB_WHO = TrustedPrincipal(PrincipalType.USER, SOURCE, "Bob")


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state()) as server:
        yield server


def opened(aws: EmbeddedAws, key: tuple[str, str], limits: Timeouts | None = None) -> BotoIam:
    endpoint = Endpoint("us-east-1", url=aws.endpoint)
    return BotoIamSource(limits or Timeouts()).open(Credentials(key[0], Secret(key[1])), endpoint)


def test_a_role_with_everything_a_plan_compares(aws: EmbeddedAws) -> None:
    iam = opened(aws, TARGET_ADMIN)
    assert iam.role("Reader") is None
    call = IamCall(
        "CreateRole",
        {
            "RoleName": "Reader",
            "Path": "/team/",
            "AssumeRolePolicyDocument": trusting({"AWS": BOB_ARN}),
            "MaxSessionDuration": 7200,
            "Description": "To read",
            "Tags": [{"Key": "team", "Value": "blue"}],
        },
    )
    iam.run(call)
    iam.run(IamCall("AttachRolePolicy", {"RoleName": "Reader", "PolicyArn": ADMINISTRATOR}))
    iam.run(
        IamCall(
            "PutRolePolicy",
            {"RoleName": "Reader", "PolicyName": "p", "PolicyDocument": allowing("s3:Get*")},
        )
    )
    found = iam.role("Reader")
    assert found is not None
    assert found.arn == f"arn:aws:iam::{TARGET}:role/team/Reader"
    assert found.trust == canonical_json(trusting({"AWS": BOB_ARN}))
    assert (found.max_session_seconds, found.description, found.tags) == (
        7200,
        "To read",
        (("team", "blue"),),
    )
    assert found.attached == (ADMINISTRATOR,)
    assert found.inline == (NamedPolicy("p", canonical_json(allowing("s3:Get*"))),)
    assert iam.roles() == (found.arn,)
    with pytest.raises(AwsDeniedError) as again:
        iam.run(call)
    assert (again.value.code, again.value.aws_code) == ("iam_exists", "EntityAlreadyExists")


def test_principals_of_every_kind(aws: EmbeddedAws) -> None:
    iam = opened(aws, SOURCE_ADMIN)
    assert iam.principal(TrustedPrincipal(PrincipalType.USER, SOURCE, "Nobody")) is None
    assert iam.principal(TrustedPrincipal(PrincipalType.GROUP, SOURCE, "Nobody")) is None
    source(aws).put_user_policy(
        UserName="Bob", PolicyName="mine", PolicyDocument=allowing("sts:AssumeRole")
    )
    source(aws).create_group(GroupName="Team", Path="/a/")
    bob = iam.principal(BOB_WHO)
    assert bob is not None
    assert (bob.arn, bob.inline) == (
        BOB_ARN,
        (NamedPolicy("mine", canonical_json(allowing("sts:AssumeRole"))),),
    )
    team = iam.principal(TrustedPrincipal(PrincipalType.GROUP, SOURCE, "Team"))
    assert team is not None
    assert (team.arn, team.inline, team.attached) == (f"arn:aws:iam::{SOURCE}:group/a/Team", (), ())
    whole = iam.principal(TrustedPrincipal(PrincipalType.ACCOUNT, SOURCE), "Switch")
    assert whole is not None
    assert (whole.arn, whole.managed) == (f"arn:aws:iam::{SOURCE}:root", None)
    source(aws).create_policy(PolicyName="Switch", PolicyDocument=allowing("sts:AssumeRole"))
    whole = iam.principal(TrustedPrincipal(PrincipalType.ACCOUNT, SOURCE), "Switch")
    assert whole is not None
    assert whole.managed == NamedPolicy(
        f"arn:aws:iam::{SOURCE}:policy/Switch", canonical_json(allowing("sts:AssumeRole"))
    )
    assert iam.mfa_serials("Bob") == (BOB_SERIAL,)


def test_all_policies_of_a_user_are_read_and_unreadable_ones_listed(aws: EmbeddedAws) -> None:
    theirs = source(aws)
    theirs.create_group(GroupName="Team")
    theirs.add_user_to_group(GroupName="Team", UserName="Bob")
    theirs.put_group_policy(
        GroupName="Team", PolicyName="shared", PolicyDocument=allowing("sts:AssumeRole")
    )
    theirs.put_user_policy(UserName="Bob", PolicyName="own", PolicyDocument=allowing("s3:*"))
    theirs.attach_user_policy(UserName="Bob", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    theirs.put_user_permissions_boundary(UserName="Bob", PermissionsBoundary=ADMINISTRATOR)
    theirs.tag_user(UserName="Bob", Tags=[{"Key": "team", "Value": "blue"}])
    reading = opened(aws, SOURCE_ADMIN).policies_of(BOB_ARN)
    assert {policy.name for policy in reading.identity} == {
        "inline policy own of user Bob",
        "inline policy shared of group Team",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
    }
    assert reading.boundary is not None
    assert reading.boundary.name == ADMINISTRATOR
    assert reading.unread == ()
    assert reading.facts == {"aws:PrincipalTag/team": "blue"}
    theirs.delete_user_permissions_boundary(UserName="Bob")
    blind = opened(aws, BOB).policies_of(BOB_ARN)
    assert (blind.identity == ()) == bool(blind.unread)
    assert opened(aws, SOURCE_ADMIN).policies_of(f"arn:aws:sts::{SOURCE}:assumed-role/x/y").unread


def test_simulation(aws: EmbeddedAws) -> None:
    iam = opened(aws, SOURCE_ADMIN)
    role = f"arn:aws:iam::{TARGET}:role/Reader"
    assert iam.simulate(BOB_ARN, "sts:AssumeRole", role, {}).decision == "implicitDeny"
    source(aws).put_user_policy(
        UserName="Bob", PolicyName="own", PolicyDocument=allowing("sts:AssumeRole", role)
    )
    simulated = iam.simulate(BOB_ARN, "sts:AssumeRole", role, {"aws:SourceIp": ("127.0.0.1",)})
    assert simulated.decision == "allowed"
    assert simulated.matched


def test_errors_have_messages(aws: EmbeddedAws) -> None:
    with pytest.raises(AwsDeniedError) as denied:
        opened(aws, BOB).role("Reader")
    assert denied.value.code == "iam_denied"
    assert "iam:GetRole" in denied.value.what
    assert "not authorized" in denied.value.why
    with pytest.raises(SourceCredentialsError):
        opened(aws, (BOB[0], "x" * 40)).role("Reader")
    with pytest.raises(AwsDeniedError) as malformed:
        opened(aws, TARGET_ADMIN).run(
            IamCall("CreateRole", {"RoleName": "R", "AssumeRolePolicyDocument": "{}"})
        )
    assert malformed.value.code == "iam_malformed"
    target(aws).create_role(RoleName="R", AssumeRolePolicyDocument=trusting({"AWS": BOB_ARN}))
    target(aws).attach_role_policy(RoleName="R", PolicyArn=ADMINISTRATOR)
    with pytest.raises(AwsDeniedError) as conflict:
        opened(aws, TARGET_ADMIN).run(IamCall("DeleteRole", {"RoleName": "R"}))
    assert conflict.value.code == "iam_conflict"


def test_nothing_listens() -> None:
    endpoint = Endpoint("us-east-1", url="http://127.0.0.1:9")
    with pytest.raises(NetworkError):
        BotoIamSource().open(Credentials("AKIAX", Secret("x")), endpoint).role("Reader")


@pytest.mark.parametrize(
    "action",
    ["GetRole", "ListRoles", "GetUser", "ListMFADevices", "GetPolicy", "SimulatePrincipalPolicy"],
)
@pytest.mark.parametrize("kind", ["empty", "html_ok", "truncated"])
def test_a_response_that_is_not_from_aws_is_a_network_error(
    aws: EmbeddedAws, action: str, kind: str
) -> None:
    target(aws).create_role(RoleName="R", AssumeRolePolicyDocument=trusting({"AWS": BOB_ARN}))
    iam, theirs = opened(aws, TARGET_ADMIN), opened(aws, SOURCE_ADMIN)
    calls: dict[str, Callable[[], object]] = {
        "GetRole": lambda: iam.role("R"),
        "ListRoles": iam.roles,
        "GetUser": lambda: theirs.principal(BOB_WHO),
        "ListMFADevices": lambda: theirs.mfa_serials("Bob"),
        "GetPolicy": lambda: iam.has_policy(ADMINISTRATOR),
        "SimulatePrincipalPolicy": lambda: theirs.simulate(BOB_ARN, "sts:AssumeRole", "*", {}),
    }
    calls[action]()
    aws.faults.add(kind, action, times=ALWAYS)
    with pytest.raises(NetworkError) as error:
        calls[action]()
    assert error.value.code == "not_aws"
    reading = theirs.policies_of(BOB_ARN)
    assert bool(reading.unread) == (action == "GetUser")


def test_existing_and_missing_managed_policies(aws: EmbeddedAws) -> None:
    iam = opened(aws, TARGET_ADMIN)
    assert iam.has_policy(ADMINISTRATOR)
    assert not iam.has_policy("arn:aws:iam::aws:policy/NotThere")
    assert not iam.has_policy(f"arn:aws:iam::{TARGET}:policy/NotThere")
    with pytest.raises(AwsDeniedError):
        opened(aws, BOB).has_policy(ADMINISTRATOR)


def test_more_than_one_page(aws: EmbeddedAws) -> None:
    names = {f"R{number:03}" for number in range(130)}
    for name in sorted(names):
        target(aws).create_role(RoleName=name, AssumeRolePolicyDocument=trusting({"AWS": BOB_ARN}))
    assert {arn.rpartition("/")[2] for arn in opened(aws, TARGET_ADMIN).roles()} == names


def test_two_callers_share_a_connection_but_not_their_keys(aws: EmbeddedAws) -> None:
    shared = BotoIamSource()
    endpoint = Endpoint("us-east-1", url=aws.endpoint)
    admin, nobody = (
        shared.open(Credentials(key[0], Secret(key[1])), endpoint) for key in (SOURCE_ADMIN, BOB)
    )
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(admin.mfa_serials, "Bob") for _ in range(8)]
        refused = [pool.submit(nobody.roles) for _ in range(8)]
    assert {job.result() for job in jobs} == {(BOB_SERIAL,)}
    assert all(isinstance(job.exception(), AwsDeniedError) for job in refused)


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1"])
def test_a_whole_account_is_named_in_its_partition(region: str) -> None:
    iam = BotoIamSource().open(
        Credentials("AKIAX", Secret("x")), Endpoint(region, url="http://127.0.0.1:9")
    )
    partition = {"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}.get(
        region, "aws-iso"
    )
    found = iam.principal(TrustedPrincipal(PrincipalType.ACCOUNT, SOURCE))
    assert found is not None
    assert found.arn == f"arn:{partition}:iam::{SOURCE}:root"
