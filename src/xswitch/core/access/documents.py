"""Policy documents as text: normal form, our two documents, and adding our statements to others.

Sources: IAM reference, "Grammar of the IAM JSON policy language", "IAM JSON policy elements"; IAM
user guide, "Access to AWS accounts owned by third parties" (external ID) and "Secure API access
with MFA".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from xswitch.core.access.model import AccessRequest, PrincipalType, TrustedPrincipal
from xswitch.core.policy import PolicyError, load_document

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
_ROOT = re.compile(r"arn:aws[a-z0-9-]*:iam::([0-9]{12}):root")
_SCOPE_ELEMENTS = ("Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource")


def canonical_json(document: str | Mapping[str, Any], name: str = "the policy") -> str:
    """Write a document as indented ASCII JSON, the same for all spellings that IAM treats alike.

    Elements have IAM's usual order, lists of names are sorted, and a list of one name becomes the
    name. `Statement` becomes a list. Booleans and numbers in conditions become strings, and a
    missing `Version` is added. Raises PolicyError, which names `name`, for invalid JSON.
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
    """Write indented ASCII JSON. Raises PolicyError, which names `name`, for too deep nesting."""
    try:
        return json.dumps(data, indent=2)
    except RecursionError:
        raise PolicyError(f"{name}: nested too deep") from None


def statement_to_json(statement: Mapping[str, Any]) -> str:
    """Write one statement in normal form."""
    return to_json(normalized_statement(statement))


def statements_of(
    document: str | Mapping[str, Any], name: str = "the policy"
) -> list[dict[str, Any]]:
    """List the statements of a document. Raises PolicyError for invalid JSON."""
    body = load_document(document, name).get("Statement")
    listed = body if isinstance(body, list) else [body]
    return [dict(statement) for statement in listed if isinstance(statement, Mapping)]


def normalized_statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement in normal form; unknown elements are kept."""
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
    positions = {key: position for position, key in enumerate(order)}
    keys = sorted(data, key=lambda key: (positions.get(key, len(order)), key))
    return {key: data[key] for key in keys}


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


def configured_principal_arn(principal: TrustedPrincipal, partition: str) -> str:
    """Return the principal's ARN; for an account, its root's."""
    name = (
        "root"
        if principal.kind is PrincipalType.ACCOUNT
        else f"{principal.kind.value}{principal.path}{principal.name}"
    )
    return f"arn:{partition}:iam::{principal.account}:{name}"


def trust_policy_principal(request: AccessRequest, known_arn: str = "") -> str:
    """Return the ARN for the trust policy: `known_arn` for a user or role, if it was read.

    For a group, which a trust policy can't name, and for an account it is the account's root.
    """
    if request.principal.kind in (PrincipalType.GROUP, PrincipalType.ACCOUNT):
        return f"arn:{request.partition}:iam::{request.principal.account}:root"
    return known_arn or configured_principal_arn(request.principal, request.partition)


def requires_mfa(request: AccessRequest) -> bool:
    """Check whether the trust policy requires MFA.

    Roles can't meet that, because credentials of AssumeRole have no MFA context (IAM user guide,
    "Secure API access with MFA").
    """
    return request.require_mfa and request.principal.kind is not PrincipalType.ROLE


def policy_name(request: AccessRequest) -> str:
    """Return the name of the policy in the source account: one per role."""
    return f"AssumeRole-{request.target_account}-{request.role_name}"


def trust_sid(request: AccessRequest) -> str:
    """Return the Sid of our statement in the trust policy: one per trusted principal."""
    return _sid(
        request.principal.account, request.principal.kind.value.capitalize(), request.principal.name
    )


def permission_sid(request: AccessRequest) -> str:
    """Return the Sid of our statement in the source account: one per role."""
    return _sid(request.target_account, "Role", request.role_name)


def _sid(account: str, kind: str, name: str) -> str:
    # A Sid has only letters and digits. The digest keeps names apart that differ in others.
    alphanumeric = _NOT_SID.sub("", name)
    digest = "" if alphanumeric == name else hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{SID_PREFIX}{account}{kind}{alphanumeric}{digest}"


def trust_statement(request: AccessRequest, principal_arn: str) -> dict[str, Any]:
    """Return the statement for the role's trust policy."""
    conditions: dict[str, Any] = {}
    if requires_mfa(request):
        # Not BoolIfExists, which requests with long-term keys meet because they lack the key.
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
    """Return the statement for the source account: permission to assume this role only."""
    return normalized_statement(
        {
            "Sid": permission_sid(request),
            "Effect": "Allow",
            "Action": ASSUME_ROLE,
            "Resource": request.role_arn,
        }
    )


def trust_policy(request: AccessRequest, principal_arn: str) -> str:
    """Return the trust policy of a new role, for the ARN from `trust_policy_principal`."""
    return canonical_json(
        {"Version": VERSION, "Statement": [trust_statement(request, principal_arn)]}
    )


def permission_policy(request: AccessRequest) -> str:
    """Return a new policy for the source account."""
    return canonical_json({"Version": VERSION, "Statement": [permission_statement(request)]})


# -- adding our statement to a document


class NormalizedStatement(NamedTuple):
    """A statement for comparison: with sets instead of lists, and without insignificant case."""

    effect: str
    scopes: Mapping[str, frozenset[tuple[str, str]]]
    conditions: frozenset[tuple[str, str, frozenset[str]]]
    other: frozenset[str]


def normalize(statement: Mapping[str, Any]) -> NormalizedStatement:
    """Normalize a statement; statements with the same meaning are equal, even with other Sids."""
    tidy = normalized_statement(statement)
    conditions = tidy.get("Condition")
    known = {"Sid", "Effect", "Condition", *_SCOPE_ELEMENTS}
    return NormalizedStatement(
        effect=str(tidy.get("Effect")),
        scopes={
            scope: _normalized_scope(scope, tidy[scope])
            for scope in _SCOPE_ELEMENTS
            if scope in tidy
        },
        conditions=frozenset(
            (operator.lower(), key.lower(), frozenset(_as_strings(values)))
            for operator, keys in (conditions.items() if isinstance(conditions, Mapping) else ())
            for key, values in (keys.items() if isinstance(keys, Mapping) else (("", keys),))
        ),
        other=frozenset(f"{key}={value!r}" for key, value in tidy.items() if key not in known),
    )


def _normalized_scope(scope: str, value: Any) -> frozenset[tuple[str, str]]:
    if isinstance(value, Mapping):
        return frozenset(
            (kind, _normalized_principal(text))
            for kind, texts in value.items()
            for text in _as_strings(texts)
        )
    return frozenset(
        ("", text.lower() if scope.endswith("Action") else text) for text in _as_strings(value)
    )


def _normalized_principal(text: str) -> str:
    """Replace a root ARN by its account ID, which means the same."""
    root_arn = _ROOT.fullmatch(text)
    return root_arn[1] if root_arn is not None else text


def _as_strings(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def covers_statement(statement: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Check whether a statement has all names in `wanted`, and the same conditions."""
    existing, required = normalize(statement), normalize(wanted)
    if (existing.effect, existing.conditions, existing.other, existing.scopes.keys()) != (
        required.effect,
        required.conditions,
        required.other,
        required.scopes.keys(),
    ):
        return False
    return all(required.scopes[scope] <= existing.scopes[scope] for scope in required.scopes)


def contains_statement(document: str, wanted: Mapping[str, Any]) -> bool:
    """Check whether a statement of the document covers `wanted`."""
    return any(covers_statement(statement, wanted) for statement in statements_of(document))


def with_statement(document: str, wanted: Mapping[str, Any], name: str = "the policy") -> str:
    """Add `wanted` to a document, and return it in normal form.

    It replaces a statement with its Sid. Otherwise it is appended, unless a statement covers it.
    Raises PolicyError, which names `name`, for invalid JSON.
    """
    data = load_document(canonical_json(document, name))
    statements: list[Any] = data["Statement"]
    sid = wanted["Sid"]
    own_index = next(
        (
            index
            for index, statement in enumerate(statements)
            if isinstance(statement, Mapping) and statement.get("Sid") == sid
        ),
        None,
    )
    if own_index is not None:
        if normalize(statements[own_index]) != normalize(wanted):
            statements[own_index] = dict(wanted)
    elif not contains_statement(document, wanted):
        statements.append(dict(wanted))
    return canonical_json(data)
