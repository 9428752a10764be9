"""IAM through botocore, with time limits and without the user's config files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from xswitch.core.access.documents import canonical_json
from xswitch.core.access.model import (
    IamCall,
    NamedPolicy,
    PrincipalPolicies,
    PrincipalState,
    PrincipalType,
    RoleState,
    Simulation,
    TrustedPrincipal,
)
from xswitch.core.arn import partition_of_region
from xswitch.core.errors import AwsDeniedError, ErrorCode, NetworkError, XswitchError
from xswitch.core.errors.iam import iam_error_from_response
from xswitch.core.errors.sts import ApiCall, connection_error
from xswitch.core.model import Credentials, Endpoint
from xswitch.threads import DEFAULT_TIMEOUTS, DaemonExecutor, Task, Timeouts, run_with_timeout

if TYPE_CHECKING:
    from xswitch.adapters.aws.clients import ClientCache

_RESOURCE_NAMES = {
    PrincipalType.USER: "User",
    PrincipalType.GROUP: "Group",
    PrincipalType.ROLE: "Role",
}
_SUBJECT_PARAMETERS = (
    "RoleName",
    "UserName",
    "GroupName",
    "PolicyName",
    "PolicyArn",
    "PolicySourceArn",
)
_MALFORMED_RESPONSE_ERRORS = (KeyError, IndexError, TypeError, AttributeError)
"""Raised when a response lacks what AWS always sends."""
_MAX_CONCURRENT_CALLS = 8
_P = ParamSpec("_P")
_T = TypeVar("_T")


def _checks_response(
    method: Callable[Concatenate[BotoIam, _P], _T],
) -> Callable[Concatenate[BotoIam, _P], _T]:
    """Wrap a method to raise a NetworkError for a response that isn't AWS's."""

    @wraps(method)
    def checking(self: BotoIam, /, *args: _P.args, **parameters: _P.kwargs) -> _T:
        try:
            return method(self, *args, **parameters)
        except _MALFORMED_RESPONSE_ERRORS:
            raise self.unexpected_response() from None

    return checking


class BotoIamSource:
    """Implements `actions.ports.IamSource`. Thread-safe; one per process, to share connections."""

    def __init__(self, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        self._timeouts = timeouts
        self._clients: ClientCache | None = None
        self._lock = threading.Lock()

    def open(self, credentials: Credentials, endpoint: Endpoint) -> BotoIam:
        """Return the IAM API for these credentials, without a call."""
        return BotoIam(credentials, endpoint, self._timeouts, lambda: self._client(endpoint))

    def _client(self, endpoint: Endpoint) -> Any:
        # Imports botocore, which takes 160 ms.
        from xswitch.adapters.aws.clients import ClientCache  # noqa: PLC0415

        with self._lock:
            if self._clients is None:
                self._clients = ClientCache(self._timeouts, "iam")
        return self._clients.get(endpoint)


class BotoIam:
    """Implements `actions.ports.Iam`. Thread-safe."""

    def __init__(
        self,
        credentials: Credentials,
        endpoint: Endpoint,
        timeouts: Timeouts,
        client: Callable[[], Any],
    ) -> None:
        self._credentials = credentials
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._client = client

    # -- reading and changing

    @_checks_response
    def role(self, name: str) -> RoleState | None:
        """Implement `Iam.role`."""
        role = self.role_alone(name)
        if role is None:
            return None
        tags = self._pages("ListRoleTags", "Tags", RoleName=name)
        return replace(
            role,
            tags=tuple((tag["Key"], tag["Value"]) for tag in tags),
            attached=self._attached("Role", name),
            inline=self._inline("Role", name),
        )

    @_checks_response
    def role_alone(self, name: str) -> RoleState | None:
        """Implement `Iam.role_alone`."""
        role = self._unless_missing(lambda: self._call("GetRole", RoleName=name)["Role"])
        if role is None:
            return None
        return RoleState(
            arn=role["Arn"],
            trust=canonical_json(role["AssumeRolePolicyDocument"]),
            description=role.get("Description", ""),
            max_session_seconds=role.get("MaxSessionDuration", 3600),
            tags=tuple((tag["Key"], tag["Value"]) for tag in role.get("Tags", ())),
            boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        )

    @_checks_response
    def roles(self) -> tuple[str, ...]:
        """Implement `Iam.roles`."""
        return tuple(role["Arn"] for role in self._pages("ListRoles", "Roles"))

    @_checks_response
    def principal(self, who: TrustedPrincipal, policy_name: str = "") -> PrincipalState | None:
        """Implement `Iam.principal`."""
        if who.kind is PrincipalType.ACCOUNT:
            arn = f"arn:{self._partition}:iam::{who.account}"
            return PrincipalState(
                who.kind,
                f"{arn}:root",
                managed=self._managed(f"{arn}:policy/{policy_name}") if policy_name else None,
            )
        owner = _RESOURCE_NAMES[who.kind]
        entity = self._unless_missing(
            lambda: self._call(f"Get{owner}", **{f"{owner}Name": who.name})[owner]
        )
        if entity is None:
            return None
        return PrincipalState(
            who.kind,
            entity["Arn"],
            inline=self._inline(owner, who.name),
            attached=self._attached(owner, who.name),
        )

    @_checks_response
    def has_policy(self, arn: str) -> bool:
        """Implement `Iam.has_policy`."""
        return (
            self._unless_missing(lambda: self._call("GetPolicy", PolicyArn=arn)["Policy"]["Arn"])
            is not None
        )

    @_checks_response
    def mfa_serials(self, user_name: str) -> tuple[str, ...]:
        """Implement `Iam.mfa_serials`."""
        return tuple(
            device["SerialNumber"]
            for device in self._pages("ListMFADevices", "MFADevices", UserName=user_name)
        )

    def policies_of(self, principal_arn: str) -> PrincipalPolicies:
        """Implement `Iam.policies_of`."""
        return _PolicyReader(self._call, self._pages).read(principal_arn)

    @_checks_response
    def simulate(
        self, principal_arn: str, action: str, resource: str, context: Mapping[str, tuple[str, ...]]
    ) -> Simulation:
        """Implement `Iam.simulate`."""
        entries = [
            {
                "ContextKeyName": key,
                "ContextKeyValues": list(values),
                "ContextKeyType": "stringList" if len(values) > 1 else "string",
            }
            for key, values in context.items()
        ]
        response = self._call(
            "SimulatePrincipalPolicy",
            PolicySourceArn=principal_arn,
            ActionNames=[action],
            ResourceArns=[resource],
            ContextEntries=entries,
        )
        result = response["EvaluationResults"][0]
        return Simulation(
            decision=result["EvalDecision"],
            matched=tuple(
                statement["SourcePolicyId"] for statement in result.get("MatchedStatements", ())
            ),
            missing_context=tuple(result.get("MissingContextValues", ())),
            allowed_by_boundary=result.get("PermissionsBoundaryDecisionDetail", {}).get(
                "AllowedByPermissionsBoundary"
            ),
            allowed_by_organization=result.get("OrganizationsDecisionDetail", {}).get(
                "AllowedByOrganizations"
            ),
        )

    def run(self, call: IamCall) -> None:
        """Implement `Iam.run`."""
        self._call(call.operation, **call.parameters)

    # -- parts of entities

    def _attached(self, owner: str, name: str) -> tuple[str, ...]:
        policies = self._pages(
            f"ListAttached{owner}Policies", "AttachedPolicies", **{f"{owner}Name": name}
        )
        return tuple(policy["PolicyArn"] for policy in policies)

    def _inline(self, owner: str, name: str) -> tuple[NamedPolicy, ...]:
        key = {f"{owner}Name": name}
        names = self._pages(f"List{owner}Policies", "PolicyNames", **key)
        documents = (
            self._call(f"Get{owner}Policy", **key, PolicyName=policy)["PolicyDocument"]
            for policy in names
        )
        return tuple(
            NamedPolicy(policy, canonical_json(document))
            for policy, document in zip(names, documents, strict=True)
        )

    def _managed(self, arn: str) -> NamedPolicy | None:
        policy: NamedPolicy | None = self._unless_missing(lambda: _managed_policy(self._call, arn))
        return policy

    @property
    def _partition(self) -> str:
        return partition_of_region(self._endpoint.region)

    def _unless_missing(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except AwsDeniedError as error:
            if error.code == ErrorCode.IAM_MISSING:
                return None
            raise

    def unexpected_response(self) -> NetworkError:
        """Return the error for a response without the parts AWS always sends."""
        call = ApiCall("iam", self._endpoint.region, url=self._endpoint.url or "")
        return connection_error(call, ErrorCode.NOT_AWS, "The response lacks required parts.")

    # -- calls

    def _pages(self, operation: str, part: str, **parameters: Any) -> list[Any]:
        items: list[Any] = []
        marker: dict[str, str] = {}
        while True:
            response = self._call(operation, **parameters, **marker)
            items += response.get(part, ())
            if not response.get("IsTruncated") or not response.get("Marker"):
                return items
            if marker.get("Marker") == response["Marker"]:
                raise self.unexpected_response()
            marker = {"Marker": response["Marker"]}

    def _call(self, operation: str, **parameters: Any) -> Any:
        from botocore import xform_name  # noqa: PLC0415 -- botocore takes 160 ms to import
        from botocore.exceptions import ClientError  # noqa: PLC0415 -- as above

        from xswitch.adapters.aws import clients, errors  # noqa: PLC0415 -- as above

        subject = next(
            (str(parameters[name]) for name in _SUBJECT_PARAMETERS if name in parameters), ""
        )
        call = ApiCall(
            f"iam:{operation}",
            self._endpoint.region,
            subject,
            long_term=not self._credentials.temporary,
            url=self._endpoint.url or "",
        )

        def work() -> Any:
            with clients.signed_with(self._credentials):
                return getattr(self._client(), xform_name(operation))(**parameters)

        try:
            return run_with_timeout(self._timeouts.total, work)
        except TimeoutError:
            raise connection_error(
                call,
                ErrorCode.TIMEOUT,
                f"No complete response within {self._timeouts.total:g} seconds.",
            ) from None
        except ClientError as error:
            raise iam_error_from_response(
                call, errors.error_response(error, datetime.now(UTC), self._secrets)
            ) from None
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its own tree
            raise errors.translate_error(error, call, datetime.now(UTC), self._secrets) from None

    @property
    def _secrets(self) -> tuple[str, ...]:
        token = self._credentials.session_token
        return (
            self._credentials.secret_access_key.reveal(),
            "" if token is None else token.reveal(),
        )


def _managed_policy(call: Callable[..., Any], arn: str) -> NamedPolicy:
    """Return the default version of a managed policy."""
    version = call("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = call("GetPolicyVersion", PolicyArn=arn, VersionId=version)["PolicyVersion"][
        "Document"
    ]
    return NamedPolicy(arn, canonical_json(document))


class _PolicyReader:
    """Reads all policies of a principal in parallel, and lists those it can't read."""

    def __init__(self, call: Callable[..., Any], pages: Callable[..., list[Any]]) -> None:
        self._call = call
        self._pages = pages
        self._unread: list[str] = []

    def read(self, principal_arn: str) -> PrincipalPolicies:
        """Return the policies of a user, including the groups', or of a role."""
        resource = principal_arn.partition(":iam::")[2].partition(":")[2]
        kind, _, name = resource.partition("/")
        name = name.rpartition("/")[2]
        if kind not in ("user", "role") or not name:
            return PrincipalPolicies(
                unread=(f"policies of {principal_arn}: it is neither a user nor a role",)
            )
        owner = kind.title()
        pool = DaemonExecutor(_MAX_CONCURRENT_CALLS)
        identity = pool.submit(
            self._try,
            f"the {kind} {name}",
            None,
            self._call,
            f"Get{owner}",
            **{f"{owner}Name": name},
        )
        owners = [self._start_lists(pool, owner, name)]
        groups = (
            self._list("groups", "ListGroupsForUser", "Groups", UserName=name)
            if kind == "user"
            else []
        )
        owners += [self._start_lists(pool, "Group", group["GroupName"]) for group in groups]
        jobs = []
        for owner_kind, owner_name, inline, attached in owners:
            jobs += [
                pool.submit(self._inline, owner_kind, owner_name, policy)
                for policy in inline.result()
            ]
            jobs += [
                pool.submit(self._managed, policy["PolicyArn"]) for policy in attached.result()
            ]
        response = identity.result()
        entity = response.get(owner, {}) if response else {}
        arn = entity.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
        boundary = self._managed(arn) if arn else None
        policies = tuple(policy for job in jobs if (policy := job.result()) is not None)
        tags = {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in entity.get("Tags", ())}
        return PrincipalPolicies(policies, boundary, tuple(self._unread), tags)

    def _start_lists(
        self, pool: DaemonExecutor, owner: str, name: str
    ) -> tuple[str, str, Task[list[Any]], Task[list[Any]]]:
        """Start listing the inline and attached policies of one user, group or role."""
        key = {f"{owner}Name": name}
        inline = pool.submit(
            self._list, f"inline policies of {name}", f"List{owner}Policies", "PolicyNames", **key
        )
        attached = pool.submit(
            self._list,
            f"attached policies of {name}",
            f"ListAttached{owner}Policies",
            "AttachedPolicies",
            **key,
        )
        return owner, name, inline, attached

    def _list(self, what: str, operation: str, part: str, **parameters: Any) -> list[Any]:
        return list(self._try(what, [], self._pages, operation, part, **parameters))

    def _inline(self, owner: str, name: str, policy: str) -> NamedPolicy | None:
        key = {f"{owner}Name": name}

        def read() -> NamedPolicy:
            document = self._call(f"Get{owner}Policy", **key, PolicyName=policy)["PolicyDocument"]
            return NamedPolicy(
                f"inline policy {policy} of {owner.lower()} {name}", canonical_json(document)
            )

        result: NamedPolicy | None = self._try(f"inline policy {policy} of {name}", None, read)
        return result

    def _managed(self, arn: str) -> NamedPolicy | None:
        result: NamedPolicy | None = self._try(
            f"policy {arn}", None, _managed_policy, self._call, arn
        )
        return result

    def _try(
        self, what: str, otherwise: Any, work: Callable[..., Any], *args: Any, **parameters: Any
    ) -> Any:
        try:
            return work(*args, **parameters)
        except XswitchError as error:
            self._unread.append(f"{what}: {error.code}")
        except _MALFORMED_RESPONSE_ERRORS:
            self._unread.append(f"{what}: {ErrorCode.NOT_AWS}")
        return otherwise
