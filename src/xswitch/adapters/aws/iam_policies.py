"""Everything that binds a user or role, read side by side: what `Iam.policies_of` answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xswitch.core.access.documents import canonical_json
from xswitch.core.access.model import NamedPolicy, PrincipalPolicies
from xswitch.core.errors import XswitchError
from xswitch.threads import DaemonExecutor, Task

MALFORMED_RESPONSE_ERRORS = (KeyError, IndexError, TypeError, AttributeError)
"""What taking an answer apart raises when it lacks what AWS always sends."""
_MAX_CONCURRENT_CALLS = 8


def managed_policy(ask: Callable[..., Any], arn: str) -> NamedPolicy:
    """A managed policy in its default version."""
    version = ask("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = ask("GetPolicyVersion", PolicyArn=arn, VersionId=version)["PolicyVersion"][
        "Document"
    ]
    return NamedPolicy(arn, canonical_json(document))


class PolicyReader:
    """Reads everything that binds a principal, side by side.

    What may not be read is told and raises nothing.
    """

    def __init__(self, ask: Callable[..., Any], pages: Callable[..., list[Any]]) -> None:
        self._ask = ask
        self._pages = pages
        self._unread: list[str] = []

    def read(self, principal_arn: str) -> PrincipalPolicies:
        """The policies of a user, with its groups', or of a role."""
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
            self._ask,
            f"Get{owner}",
            **{f"{owner}Name": name},
        )
        holding = [self._listed(pool, owner, name)]
        groups = (
            self._list("groups", "ListGroupsForUser", "Groups", UserName=name)
            if kind == "user"
            else []
        )
        holding += [self._listed(pool, "Group", group["GroupName"]) for group in groups]
        jobs = []
        for one, called, inline, attached in holding:
            jobs += [pool.submit(self._inline, one, called, policy) for policy in inline.result()]
            jobs += [
                pool.submit(self._managed, policy["PolicyArn"]) for policy in attached.result()
            ]
        answer = identity.result()
        facts = answer.get(owner, {}) if answer else {}
        arn = facts.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
        boundary = self._managed(arn) if arn else None
        found = tuple(policy for job in jobs if (policy := job.result()) is not None)
        tags = {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in facts.get("Tags", ())}
        return PrincipalPolicies(found, boundary, tuple(self._unread), tags)

    def _listed(
        self, pool: DaemonExecutor, owner: str, name: str
    ) -> tuple[str, str, Task[list[Any]], Task[list[Any]]]:
        """What hangs on one user, group or role: asked already, and answered later."""
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
        found = self._try(what, [], self._pages, operation, part, **parameters)
        return list(found)

    def _inline(self, owner: str, name: str, policy: str) -> NamedPolicy | None:
        key = {f"{owner}Name": name}

        def read() -> NamedPolicy:
            document = self._ask(f"Get{owner}Policy", **key, PolicyName=policy)["PolicyDocument"]
            return NamedPolicy(
                f"inline policy {policy} of {owner.lower()} {name}", canonical_json(document)
            )

        found: NamedPolicy | None = self._try(f"inline policy {policy} of {name}", None, read)
        return found

    def _managed(self, arn: str) -> NamedPolicy | None:
        found: NamedPolicy | None = self._try(f"policy {arn}", None, managed_policy, self._ask, arn)
        return found

    def _try(
        self, what: str, otherwise: Any, work: Callable[..., Any], *args: Any, **parameters: Any
    ) -> Any:
        try:
            return work(*args, **parameters)
        except XswitchError as error:
            self._unread.append(f"{what}: {error.code}")
        except MALFORMED_RESPONSE_ERRORS:
            self._unread.append(f"{what}: not_aws")
        return otherwise
