"""Policy documents as text: one spelling for one meaning, and the two documents a set-up needs.

Sources: IAM reference, "Grammar of the IAM JSON policy language", "IAM JSON policy elements"; IAM
user guide, "Access to AWS accounts owned by third parties" (external ID) and "Secure API access
with MFA".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from xswitch.core.access.model import AccessRequest, PrincipalType, TrustedPrincipal
from xswitch.core.policy import PolicyError

VERSION = "2012-10-17"
OLD_VERSION = "2008-10-17"
ASSUME_ROLE = "sts:AssumeRole"
SID_PREFIX = "XswitchAssume"
MFA_PRESENT = "aws:MultiFactorAuthPresent"
EXTERNAL_ID = "sts:ExternalId"

_TOP_LEVEL_ELEMENTS = ("Version", "Id", "Statement")
_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_SINGLE_OR_LIST_ELEMENTS = frozenset({"Action", "NotAction", "Resource", "NotResource"})
_NOT_SID = re.compile(r"[^A-Za-z0-9]")


def load_document(document: str | Mapping[str, Any], name: str = "the policy") -> dict[str, Any]:
    """A document's JSON object.

    Raises PolicyError, naming `name`, for text that is no JSON object or gives an element twice.
    """
    if not isinstance(document, str):
        return dict(document)

    def reject_duplicate_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise PolicyError(f"{name}: an element is given twice")
        return members

    try:
        data = json.loads(document, object_pairs_hook=reject_duplicate_names)
    except (ValueError, RecursionError):
        raise PolicyError(f"{name}: not valid JSON") from None
    if not isinstance(data, dict):
        raise PolicyError(f"{name}: not a JSON object")
    return data


def canonical_json(document: str | Mapping[str, Any], name: str = "the policy") -> str:
    """A document as indented ASCII JSON, the same for every spelling of it that IAM takes for the same.

    Elements stand in the order IAM's own documents have, lists of names are sorted and a single one stands without its list,
    `Statement` is always a list, in its own order; booleans and numbers of conditions become text; no `Version` is written as the one it
    means. Raises PolicyError, naming `name`, for text that is no JSON object.
    """
    data = load_document(document, name)
    body = data.get("Statement")
    statements = body if isinstance(body, list) else [] if body is None else [body]
    normalized = {
        **data,
        "Version": data.get("Version", OLD_VERSION),
        "Statement": [
            normalized_statement(statement) if isinstance(statement, Mapping) else statement
            for statement in statements
        ],
    }
    return to_json(_ordered(normalized, _TOP_LEVEL_ELEMENTS), name)


def to_json(data: Any, name: str = "the policy") -> str:
    """JSON as people read it: indented, ASCII.

    Raises PolicyError, naming `name`, for what is nested too deep.
    """
    try:
        return json.dumps(data, indent=2)
    except RecursionError:
        raise PolicyError(f"{name}: nested too deep") from None


def statement_to_json(statement: Mapping[str, Any]) -> str:
    """One statement in the canonical spelling."""
    return to_json(normalized_statement(statement))


def statements_of(
    document: str | Mapping[str, Any], name: str = "the policy"
) -> list[dict[str, Any]]:
    """The statements of a document, whether or not they stand in a list.

    Raises PolicyError for text that is no JSON object.
    """
    body = load_document(document, name).get("Statement")
    listed = body if isinstance(body, list) else [body]
    return [dict(statement) for statement in listed if isinstance(statement, Mapping)]


def normalized_statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    """A statement in the canonical spelling; what the grammar doesn't know is kept as it is."""
    normalized: dict[str, Any] = {}
    for key, value in statement.items():
        if key in _SINGLE_OR_LIST_ELEMENTS:
            normalized[key] = _single_or_list(value)
        elif key in ("Principal", "NotPrincipal"):
            normalized[key] = _principals(value)
        elif key == "Condition" and isinstance(value, Mapping):
            if value:
                normalized[key] = {
                    operator: _condition_values(keys) for operator, keys in sorted(value.items())
                }
        elif key != "Sid" or value != "":
            normalized[key] = value
    return _ordered(normalized, _ELEMENTS)


def _ordered(data: Mapping[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    places = {key: place for place, key in enumerate(order)}
    return {
        key: data[key] for key in sorted(data, key=lambda key: (places.get(key, len(order)), key))
    }


def _principals(value: Any) -> Any:
    if value == "*":
        return {"AWS": "*"}
    return (
        {kind: _single_or_list(value[kind]) for kind in sorted(value)}
        if isinstance(value, Mapping)
        else value
    )


def _condition_values(value: Any) -> Any:
    return (
        {key: _single_or_list(value[key]) for key in sorted(value)}
        if isinstance(value, Mapping)
        else value
    )


def _single_or_list(value: Any) -> Any:
    if not isinstance(value, list):
        return _as_string(value)
    if not all(isinstance(item, str | bool | int | float) for item in value):
        return value
    texts = sorted({_as_string(item) for item in value})
    return texts[0] if len(texts) == 1 else texts


def _as_string(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def configured_principal_arn(who: TrustedPrincipal, partition: str) -> str:
    """The ARN of those who shall assume the role; an account's is that of its root."""
    place = f"arn:{partition}:iam::{who.account}"
    return (
        f"{place}:root"
        if who.kind is PrincipalType.ACCOUNT
        else f"{place}:{who.kind.value}{who.path}{who.name}"
    )


def trust_policy_principal(request: AccessRequest, known_arn: str = "") -> str:
    """What the trust policy names.

    The exact user or role (`known_arn`, if it was read), the account for a group, which can't be
    named.
    """
    if request.who.kind in (PrincipalType.GROUP, PrincipalType.ACCOUNT):
        return f"arn:{request.partition}:iam::{request.who.account}:root"
    return known_arn or configured_principal_arn(request.who, request.partition)


def requires_mfa(request: AccessRequest) -> bool:
    """Whether the trust policy asks for MFA.

    Never of a role, whose sessions carry no MFA information.

    Source: IAM user guide, "Secure API access with MFA": credentials of AssumeRole have no MFA
    information in their context.
    """
    return request.require_mfa and request.who.kind is not PrincipalType.ROLE


def policy_name(request: AccessRequest) -> str:
    """The name of the policy kept at the source.

    One for each role, as role names are unique in their account.
    """
    return f"AssumeRole-{request.target_account}-{request.role_name}"


def trust_sid(request: AccessRequest) -> str:
    """The Sid of our statement in the role's trust policy: one for each that may assume it."""
    return _sid(request.who.account, request.who.kind.value.capitalize(), request.who.name)


def permission_sid(request: AccessRequest) -> str:
    """The Sid of our statement at the source: one for each role."""
    return _sid(request.target_account, "Role", request.role_name)


def _sid(account: str, kind: str, name: str) -> str:
    # A Sid takes letters and digits only; what is lost of the name comes back as a digest, so that
    # no two share one.
    alphanumeric = _NOT_SID.sub("", name)
    digest = "" if alphanumeric == name else hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{SID_PREFIX}{account}{kind}{alphanumeric}{digest}"


def trust_statement(request: AccessRequest, principal_arn: str) -> dict[str, Any]:
    """The one statement the role's trust policy must have."""
    conditions: dict[str, Any] = {}
    if requires_mfa(request):
        # Bool and not BoolIfExists: long-term keys have no such key at all, and must not pass.
        conditions["Bool"] = {MFA_PRESENT: "true"}
    if request.external_id is not None:
        conditions["StringEquals"] = {EXTERNAL_ID: request.external_id}
    statement = {
        "Sid": trust_sid(request),
        "Effect": "Allow",
        "Principal": {"AWS": principal_arn},
        "Action": ASSUME_ROLE,
    }
    return normalized_statement({**statement, "Condition": conditions})


def permission_statement(request: AccessRequest) -> dict[str, Any]:
    """The one statement those who assume the role must have: this very role and no other."""
    return normalized_statement(
        {
            "Sid": permission_sid(request),
            "Effect": "Allow",
            "Action": ASSUME_ROLE,
            "Resource": request.role_arn,
        }
    )


def trust_policy(request: AccessRequest, principal_arn: str) -> str:
    """The trust policy of a new role, for the principal that `trust_policy_principal` says."""
    return canonical_json(
        {"Version": VERSION, "Statement": [trust_statement(request, principal_arn)]}
    )


def permission_policy(request: AccessRequest) -> str:
    """The policy at the source, when there is none of its name yet."""
    return canonical_json({"Version": VERSION, "Statement": [permission_statement(request)]})
