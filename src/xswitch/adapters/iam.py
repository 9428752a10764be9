"""IAM by botocore: bounded in time, deaf to the user's config files, every failure one of our errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from xswitch.adapters.deadline import DEFAULT_LIMITS, Limits, within
from xswitch.core.access.documents import canonical
from xswitch.core.access.model import IamCall, NamedPolicy, PolicyReading, PrincipalState, RoleState, Simulation, Who, WhoKind
from xswitch.core.arn import partition_of_region
from xswitch.core.errors import AwsDeniedError, NetworkError, XswitchError
from xswitch.core.iamerrors import MISSING, iam_refused
from xswitch.core.model import Credentials, Endpoint
from xswitch.core.stserrors import Call, broken

_AT_ONCE = 8
_OWNERS = {WhoKind.USER: "User", WhoKind.GROUP: "Group", WhoKind.ROLE: "Role"}
_SUBJECTS = ("RoleName", "UserName", "GroupName", "PolicyName", "PolicyArn", "PolicySourceArn")
_ODD = (KeyError, IndexError, TypeError, AttributeError)
"""What taking an answer apart raises when it lacks what AWS always sends."""
_P = ParamSpec("_P")
_T = TypeVar("_T")


def _of_aws(
    method: Callable[Concatenate[BotoIam, _P], _T],
) -> Callable[Concatenate[BotoIam, _P], _T]:
    """The method, with a NetworkError for an answer that is not AWS's."""

    @wraps(method)
    def checked(self: BotoIam, /, *args: _P.args, **parameters: _P.kwargs) -> _T:
        try:
            return method(self, *args, **parameters)
        except _ODD:
            raise self.odd_answer() from None

    return checked


class BotoIamSource:
    """Fits the port `IamSource`."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits

    def open(self, credentials: Credentials, endpoint: Endpoint) -> BotoIam:
        """IAM as these credentials see it; nothing is called yet."""
        return BotoIam(credentials, endpoint, self._limits)


class BotoIam:
    """Fits the port `Iam`. Safe for threads. Each call makes at most two tries, and takes at most `limits.total` seconds."""

    def __init__(self, credentials: Credentials, endpoint: Endpoint, limits: Limits = DEFAULT_LIMITS) -> None:
        self._credentials = credentials
        self._endpoint = endpoint
        self._limits = limits

    # -- what is there --------------------------------------------------------------------------------------------

    @_of_aws
    def role(self, name: str) -> RoleState | None:
        """See `Iam.role`."""
        found = self._unless_missing(lambda: self._ask("GetRole", RoleName=name)["Role"])
        if found is None:
            return None
        return RoleState(
            arn=found["Arn"],
            trust=canonical(found["AssumeRolePolicyDocument"]),
            description=found.get("Description", ""),
            max_session_seconds=found.get("MaxSessionDuration", 3600),
            tags=tuple((tag["Key"], tag["Value"]) for tag in self._pages("ListRoleTags", "Tags", RoleName=name)),
            attached=self._attached("Role", name),
            inline=self._inline("Role", name),
            boundary=found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        )

    def role_alone(self, name: str) -> RoleState | None:
        """See `Iam.role_alone`."""
        found = self._unless_missing(lambda: self._ask("GetRole", RoleName=name)["Role"])
        if found is None:
            return None
        return RoleState(
            arn=found["Arn"],
            trust=canonical(found["AssumeRolePolicyDocument"]),
            description=found.get("Description", ""),
            max_session_seconds=found.get("MaxSessionDuration", 3600),
            tags=tuple((tag["Key"], tag["Value"]) for tag in found.get("Tags", ())),
            boundary=found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        )

    @_of_aws
    def roles(self) -> tuple[str, ...]:
        """See `Iam.roles`."""
        return tuple(role["Arn"] for role in self._pages("ListRoles", "Roles"))

    @_of_aws
    def principal(self, who: Who, policy_name: str = "") -> PrincipalState | None:
        """See `Iam.principal`."""
        if who.kind is WhoKind.ACCOUNT:
            arn = f"arn:{self._partition}:iam::{who.account}"
            return PrincipalState(who.kind, f"{arn}:root", managed=self._managed(f"{arn}:policy/{policy_name}") if policy_name else None)
        owner = _OWNERS[who.kind]
        found = self._unless_missing(lambda: self._ask(f"Get{owner}", **{f"{owner}Name": who.name})[owner])
        if found is None:
            return None
        return PrincipalState(who.kind, found["Arn"], inline=self._inline(owner, who.name), attached=self._attached(owner, who.name))

    @_of_aws
    def has_policy(self, arn: str) -> bool:
        """See `Iam.has_policy`."""
        return self._unless_missing(lambda: self._ask("GetPolicy", PolicyArn=arn)["Policy"]["Arn"]) is not None

    @_of_aws
    def mfa_serials(self, user_name: str) -> tuple[str, ...]:
        """See `Iam.mfa_serials`."""
        return tuple(device["SerialNumber"] for device in self._pages("ListMFADevices", "MFADevices", UserName=user_name))

    def policies_of(self, principal_arn: str) -> PolicyReading:
        """See `Iam.policies_of`."""
        return _PolicyReader(self._ask, self._pages).read(principal_arn)

    @_of_aws
    def simulate(self, principal_arn: str, action: str, resource: str, context: Mapping[str, tuple[str, ...]]) -> Simulation:
        """See `Iam.simulate`."""
        entries = [
            {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": "stringList" if len(values) > 1 else "string"}
            for key, values in context.items()
        ]
        answer = self._ask(
            "SimulatePrincipalPolicy", PolicySourceArn=principal_arn, ActionNames=[action], ResourceArns=[resource], ContextEntries=entries
        )
        result = answer["EvaluationResults"][0]
        return Simulation(
            decision=result["EvalDecision"],
            matched=tuple(statement["SourcePolicyId"] for statement in result.get("MatchedStatements", ())),
            missing_context=tuple(result.get("MissingContextValues", ())),
            allowed_by_boundary=result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary"),
            allowed_by_organization=result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations"),
        )

    def run(self, call: IamCall) -> None:
        """See `Iam.run`."""
        self._ask(call.operation, **call.parameters)

    # -- pieces ---------------------------------------------------------------------------------------------------

    def _attached(self, owner: str, name: str) -> tuple[str, ...]:
        found = self._pages(f"ListAttached{owner}Policies", "AttachedPolicies", **{f"{owner}Name": name})
        return tuple(policy["PolicyArn"] for policy in found)

    def _inline(self, owner: str, name: str) -> tuple[NamedPolicy, ...]:
        key = {f"{owner}Name": name}
        names = self._pages(f"List{owner}Policies", "PolicyNames", **key)
        documents = (self._ask(f"Get{owner}Policy", **key, PolicyName=policy)["PolicyDocument"] for policy in names)
        return tuple(NamedPolicy(policy, canonical(document)) for policy, document in zip(names, documents, strict=True))

    def _managed(self, arn: str) -> NamedPolicy | None:
        found: NamedPolicy | None = self._unless_missing(lambda: managed_policy(self._ask, arn))
        return found

    @property
    def _partition(self) -> str:
        return partition_of_region(self._endpoint.region)

    def _unless_missing(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except AwsDeniedError as error:
            if error.code == MISSING:
                return None
            raise

    def odd_answer(self) -> NetworkError:
        """The error for an answer without what AWS always sends."""
        call = Call("iam", self._endpoint.region, url=self._endpoint.url or "")
        return broken(call, "not_aws", "The answer lacks what IAM always sends.")

    # -- calls ----------------------------------------------------------------------------------------------------

    @cached_property
    def _client(self) -> Any:
        from xswitch.adapters.basesession import Reading, ViewSession, client_config  # noqa: PLC0415 -- imports botocore

        credentials, endpoint = self._credentials, self._endpoint
        token = credentials.session_token
        return ViewSession(Reading(), limits=self._limits).create_client(
            "iam",
            region_name=endpoint.region,
            endpoint_url=endpoint.url,
            verify=endpoint.ca_bundle,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key.reveal(),
            aws_session_token=None if token is None else token.reveal(),
            config=client_config(
                self._limits,
                ignore_configured_endpoint_urls=True,
                use_fips_endpoint=endpoint.use_fips,
                use_dualstack_endpoint=endpoint.use_dualstack,
            ),
        )

    def _pages(self, operation: str, part: str, **parameters: Any) -> list[Any]:
        found: list[Any] = []
        marker: dict[str, str] = {}
        while True:
            answer = self._ask(operation, **parameters, **marker)
            found += answer.get(part, ())
            if not answer.get("IsTruncated") or not answer.get("Marker"):
                return found
            if marker.get("Marker") == answer["Marker"]:
                raise self.odd_answer()
            marker = {"Marker": answer["Marker"]}

    def _ask(self, operation: str, **parameters: Any) -> Any:
        from botocore import xform_name  # noqa: PLC0415 -- only whoever calls IAM pays for botocore
        from botocore.exceptions import ClientError  # noqa: PLC0415 -- as above

        from xswitch.adapters import stsfaults  # noqa: PLC0415 -- as above

        subject = next((str(parameters[name]) for name in _SUBJECTS if name in parameters), "")
        call = Call(
            f"iam:{operation}", self._endpoint.region, subject, long_term=not self._credentials.temporary, url=self._endpoint.url or ""
        )
        try:
            return within(self._limits.total, lambda: getattr(self._client, xform_name(operation))(**parameters))
        except TimeoutError:
            raise broken(call, "timeout", f"There was no complete answer within {self._limits.total:g} seconds.") from None
        except ClientError as error:
            raise iam_refused(call, stsfaults.refusal(error, datetime.now(UTC), self._secrets)) from None
        except Exception as error:  # noqa: BLE001 -- botocore raises far outside its own tree; `fault` knows what
            raise stsfaults.fault(error, call, datetime.now(UTC), self._secrets) from None

    @property
    def _secrets(self) -> tuple[str, ...]:
        token = self._credentials.session_token
        return (self._credentials.secret_access_key.reveal(), "" if token is None else token.reveal())


def managed_policy(ask: Callable[..., Any], arn: str) -> NamedPolicy:
    """A managed policy in its default version."""
    version = ask("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = ask("GetPolicyVersion", PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return NamedPolicy(arn, canonical(document))


class _PolicyReader:
    """Reads everything that binds a principal, side by side; what may not be read is told and raises nothing."""

    def __init__(self, ask: Callable[..., Any], pages: Callable[..., list[Any]]) -> None:
        self._ask = ask
        self._pages = pages
        self._unread: list[str] = []

    def read(self, principal_arn: str) -> PolicyReading:
        """The policies of a user, with its groups', or of a role."""
        resource = principal_arn.partition(":iam::")[2].partition(":")[2]
        kind, _, name = resource.partition("/")
        name = name.rpartition("/")[2]
        if kind not in ("user", "role") or not name:
            return PolicyReading(unread=(f"policies of {principal_arn}: it is neither a user nor a role",))
        owner = kind.title()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="iam") as pool:
            identity = pool.submit(self._try, f"the {kind} {name}", None, self._ask, f"Get{owner}", **{f"{owner}Name": name})
            groups = self._list("groups", "ListGroupsForUser", "Groups", UserName=name) if kind == "user" else []
            owners = [(owner, name), *(("Group", group["GroupName"]) for group in groups)]
            jobs = []
            for one, called in owners:
                key = {f"{one}Name": called}
                inline = self._list(f"inline policies of {called}", f"List{one}Policies", "PolicyNames", **key)
                attached = self._list(f"attached policies of {called}", f"ListAttached{one}Policies", "AttachedPolicies", **key)
                jobs += [pool.submit(self._inline, one, called, policy) for policy in inline]
                jobs += [pool.submit(self._managed, policy["PolicyArn"]) for policy in attached]
            answer = identity.result()
            facts = answer.get(owner, {}) if answer else {}
            arn = facts.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
            boundary = self._managed(arn) if arn else None
            found = tuple(policy for job in jobs if (policy := job.result()) is not None)
        tags = {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in facts.get("Tags", ())}
        return PolicyReading(found, boundary, tuple(self._unread), tags)

    def _list(self, what: str, operation: str, part: str, **parameters: Any) -> list[Any]:
        found = self._try(what, [], self._pages, operation, part, **parameters)
        return list(found)

    def _inline(self, owner: str, name: str, policy: str) -> NamedPolicy | None:
        key = {f"{owner}Name": name}

        def read() -> NamedPolicy:
            document = self._ask(f"Get{owner}Policy", **key, PolicyName=policy)["PolicyDocument"]
            return NamedPolicy(f"inline policy {policy} of {owner.lower()} {name}", canonical(document))

        found: NamedPolicy | None = self._try(f"inline policy {policy} of {name}", None, read)
        return found

    def _managed(self, arn: str) -> NamedPolicy | None:
        found: NamedPolicy | None = self._try(f"policy {arn}", None, managed_policy, self._ask, arn)
        return found

    def _try(self, what: str, otherwise: Any, work: Callable[..., Any], *args: Any, **parameters: Any) -> Any:
        try:
            return work(*args, **parameters)
        except XswitchError as error:
            self._unread.append(f"{what}: {error.code}")
        except _ODD:
            self._unread.append(f"{what}: not_aws")
        return otherwise
