from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.access.iam_model import (
    ACCOUNT,
    GROUP,
    LIST_BUCKETS,
    SOURCE,
    TARGET,
    USER,
    full_request,
    wanted,
)
from xswitch.core.access.model import AccessRequest, NamedPolicy, PrincipalType, TrustedPrincipal
from xswitch.core.access.validation import validate
from xswitch.core.errors import UsageError
from xswitch.core.policy import PolicyError


@pytest.mark.parametrize(
    "changes",
    [
        {"role_name": "a" * 64},
        {"role_name": "A_b+c=d,e.f@g-1"},
        {"role_path": "/" + "x" * 510 + "/"},
        {"role_path": "/a/b!~/"},
        {"partition": "aws-us-gov", "managed_policies": ()},
        {"max_session_seconds": 43200},
        {"external_id": "a" * 1224},
        {"external_id": "a_+=,.@:/-"},
        {"description": "x" * 1000},
        {"description": "tab\tline\nümlaut ¡ÿ"},
        {"tags": tuple((f"k{number}", "") for number in range(50))},
        {"tags": (("a=b c é 数", "x" * 256),)},
        {"managed_policies": (f"arn:aws:iam::{TARGET}:policy/path/Own",)},
        {"principal": TrustedPrincipal(PrincipalType.GROUP, SOURCE, "g" * 128)},
        {"principal": ACCOUNT},
    ],
)
def test_valid_requests_are_accepted(changes: dict[str, Any]) -> None:
    validate(replace(wanted(), **changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"partition": "AWS"}, "partition_invalid"),
        ({"partition": "aws\n"}, "partition_invalid"),
        ({"target_account": "12345678901"}, "account_invalid"),
        ({"principal": replace(USER, account="")}, "account_invalid"),
        ({"role_name": ""}, "name_invalid"),
        ({"role_name": "a" * 65}, "name_invalid"),
        ({"role_name": "a b"}, "name_invalid"),
        ({"role_name": "a/b"}, "name_invalid"),
        ({"role_name": "ä"}, "name_invalid"),
        ({"role_name": "a\n"}, "name_invalid"),
        ({"role_path": ""}, "path_invalid"),
        ({"role_path": "/a"}, "path_invalid"),
        ({"role_path": "a/"}, "path_invalid"),
        ({"role_path": "/a b/"}, "path_invalid"),
        ({"role_path": "/" + "x" * 511 + "/"}, "path_invalid"),
        ({"principal": replace(USER, name="")}, "name_invalid"),
        ({"principal": replace(USER, name="u" * 65)}, "name_invalid"),
        ({"principal": replace(USER, path="x")}, "path_invalid"),
        ({"principal": replace(GROUP, name="g" * 129)}, "name_invalid"),
        ({"max_session_seconds": 3599}, "duration_invalid"),
        ({"max_session_seconds": 43201}, "duration_invalid"),
        ({"external_id": "a"}, "external_id_invalid"),
        ({"external_id": "a b"}, "external_id_invalid"),
        ({"external_id": "a" * 1225}, "external_id_invalid"),
        ({"description": "x" * 1001}, "description_invalid"),
        ({"description": "\x07"}, "description_invalid"),
        ({"description": "数"}, "description_invalid"),
        ({"managed_policies": ("ReadOnlyAccess",)}, "policy_invalid"),
        ({"managed_policies": ("arn:aws-cn:iam::aws:policy/ReadOnlyAccess",)}, "policy_invalid"),
        ({"managed_policies": (f"arn:aws:iam::{SOURCE}:policy/Own",)}, "policy_invalid"),
        ({"managed_policies": ("arn:aws:iam::aws:policy/A",) * 2}, "policy_invalid"),
        ({"inline_policies": (NamedPolicy("a b", LIST_BUCKETS),)}, "policy_invalid"),
        ({"inline_policies": (NamedPolicy("a", LIST_BUCKETS),) * 2}, "policy_invalid"),
        ({"tags": tuple((f"k{number}", "") for number in range(51))}, "tags_invalid"),
        ({"tags": (("", ""),)}, "tags_invalid"),
        ({"tags": (("k" * 129, ""),)}, "tags_invalid"),
        ({"tags": (("k", "v" * 257),)}, "tags_invalid"),
        ({"tags": (("aws:x", ""),)}, "tags_invalid"),
        ({"tags": (("a*", ""),)}, "tags_invalid"),
        ({"tags": (("a", "\n"),)}, "tags_invalid"),
        ({"tags": (("a", ""), ("A", ""))}, "tags_invalid"),
    ],
)
def test_invalid_requests_are_rejected_before_anything_is_sent(
    changes: dict[str, Any], code: str
) -> None:
    request: AccessRequest = replace(wanted(), **changes)
    with pytest.raises(UsageError) as error:
        validate(request)
    assert error.value.code == code
    assert error.value.why


def test_an_invalid_inline_policy_is_reported_with_its_name() -> None:
    with pytest.raises(PolicyError, match="mine"):
        validate(wanted(inline_policies=(NamedPolicy("mine", "{}"),)))


def test_a_full_request_is_valid() -> None:
    validate(full_request())
