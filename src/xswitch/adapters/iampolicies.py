"""Everything that binds a user or role, read side by side: what `Iam.policies_of` answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from xswitch.core.access.documents import canonical
from xswitch.core.access.model import NamedPolicy, PolicyReading
from xswitch.core.errors import XswitchError

ODD = (KeyError, IndexError, TypeError, AttributeError)
"""What taking an answer apart raises when it lacks what AWS always sends."""
_AT_ONCE = 8


def managed_policy(ask: Callable[..., Any], arn: str) -> NamedPolicy:
    """A managed policy in its default version."""
    version = ask("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = ask("GetPolicyVersion", PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return NamedPolicy(arn, canonical(document))


class PolicyReader:
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
        except ODD:
            self._unread.append(f"{what}: not_aws")
        return otherwise
