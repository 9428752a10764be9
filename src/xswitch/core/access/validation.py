"""Validation of access requests, before anything is sent to IAM.

Sources: IAM API reference (CreateRole, TagRole, PutRolePolicy: lengths and patterns), IAM user
guide, "IAM and AWS STS quotas".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from xswitch.core.access.model import AccessRequest, PrincipalType
from xswitch.core.arn import is_account_id
from xswitch.core.errors import ErrorCode, UsageError
from xswitch.core.policy import PolicyError, PolicyKind, parse
from xswitch.core.sts_limits import is_external_id

MIN_SESSION = 3_600
MAX_SESSION = 43_200
MAX_DESCRIPTION = 1_000
MAX_PATH = 512
MAX_TAGS = 50
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256

_PARTITION = re.compile(r"aws(?:-[a-z]+)*")
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_PATH = re.compile(r"/(?:[\x21-\x7e]+/)?")
_DESCRIPTION = re.compile(r"[\t\n\r\x20-\x7e\xa1-\xff]*")
_MANAGED = re.compile(r"arn:(aws[a-z-]*):iam::([0-9]{12}|aws):policy/[\x21-\x7e]{1,512}")
_TAG_MARKS = frozenset("_.:/=+-@")
_LONGEST_NAME = {PrincipalType.USER: 64, PrincipalType.ROLE: 64, PrincipalType.GROUP: 128}
_LONGEST_ROLE_NAME = 64


def validate(request: AccessRequest) -> None:
    """Check a request. Raises UsageError, or PolicyError for a document, if IAM would reject it."""
    if _PARTITION.fullmatch(request.partition) is None:
        raise _invalid_request(
            ErrorCode.PARTITION_INVALID,
            f"{request.partition!r} isn't a partition.",
            "Examples: aws, aws-cn, aws-us-gov.",
        )
    for account in (request.target_account, request.principal.account):
        if not is_account_id(account):
            raise _invalid_request(
                ErrorCode.ACCOUNT_INVALID,
                f"{account!r} isn't an account ID.",
                "An account ID has 12 digits.",
            )
    _check_name(request.role_name, "role", _LONGEST_ROLE_NAME)
    _check_path(request.role_path)
    if request.principal.kind is not PrincipalType.ACCOUNT:
        _check_name(
            request.principal.name,
            request.principal.kind.value,
            _LONGEST_NAME[request.principal.kind],
        )
        _check_path(request.principal.path)
    if not MIN_SESSION <= request.max_session_seconds <= MAX_SESSION:
        why = f"It is {MIN_SESSION} to {MAX_SESSION} seconds, 1 to 12 hours."
        raise _invalid_request(
            ErrorCode.DURATION_INVALID,
            f"{request.max_session_seconds} seconds isn't a valid maximum session duration.",
            why,
        )
    if request.external_id is not None and not is_external_id(request.external_id):
        why = "It has 2 to 1,224 characters: letters, digits and _+=,.@:/-"
        raise _invalid_request(
            ErrorCode.EXTERNAL_ID_INVALID,
            f"{request.external_id!r} isn't a valid external ID.",
            why,
        )
    if (
        len(request.description) > MAX_DESCRIPTION
        or _DESCRIPTION.fullmatch(request.description) is None
    ):
        why = f"It has up to {MAX_DESCRIPTION} Latin-1 characters, without control characters."
        raise _invalid_request(ErrorCode.DESCRIPTION_INVALID, "The description isn't valid.", why)
    _check_managed(request)
    _check_inline(request)
    _check_tags(request.tags)


def _invalid_request(code: ErrorCode, what: str, why: str) -> UsageError:
    return UsageError(what, why=why, code=code)


def _check_name(name: str, kind: str, longest: int) -> None:
    if len(name) > longest or _NAME.fullmatch(name) is None:
        why = f"It has 1 to {longest} characters: letters, digits and _+=,.@-"
        raise _invalid_request(ErrorCode.NAME_INVALID, f"{name!r} isn't a valid {kind} name.", why)


def _check_path(path: str) -> None:
    if len(path) > MAX_PATH or _PATH.fullmatch(path) is None:
        why = f'It begins and ends with "/", and has up to {MAX_PATH} visible ASCII characters.'
        raise _invalid_request(ErrorCode.PATH_INVALID, f"{path!r} isn't a valid IAM path.", why)


def _check_managed(request: AccessRequest) -> None:
    for arn in request.managed_policies:
        arn_parts = _MANAGED.fullmatch(arn)
        if arn_parts is None:
            raise _invalid_request(
                ErrorCode.POLICY_INVALID,
                f"{arn!r} isn't the ARN of a managed policy.",
                "Example: arn:aws:iam::aws:policy/ReadOnlyAccess.",
            )
        if arn_parts[1] != request.partition:
            raise _invalid_request(
                ErrorCode.POLICY_INVALID,
                f"{arn!r} is in another partition.",
                f"The role is in the partition {request.partition}.",
            )
        if arn_parts[2] not in ("aws", request.target_account):
            why = "A role can have AWS managed policies and policies of its account."
            raise _invalid_request(
                ErrorCode.POLICY_INVALID,
                f"{arn!r} isn't in account {request.target_account}.",
                why,
            )
    if len(set(request.managed_policies)) < len(request.managed_policies):
        raise _invalid_request(
            ErrorCode.POLICY_INVALID,
            "A managed policy is given twice.",
            ", ".join(request.managed_policies),
        )


def _check_inline(request: AccessRequest) -> None:
    names = [policy.name for policy in request.inline_policies]
    for policy in request.inline_policies:
        if _NAME.fullmatch(policy.name) is None:
            why = "It has 1 to 128 characters: letters, digits and _+=,.@-"
            raise _invalid_request(
                ErrorCode.POLICY_INVALID, f"{policy.name!r} isn't a valid policy name.", why
            )
        try:
            parse(policy.document, PolicyKind.IDENTITY, policy.name)
        except PolicyError as problem:
            raise PolicyError(
                problem.what, why="It can't be an inline policy of the role."
            ) from None
    if len(set(names)) < len(names):
        raise _invalid_request(
            ErrorCode.POLICY_INVALID, "An inline policy's name is given twice.", ", ".join(names)
        )


def _check_tags(tags: tuple[tuple[str, str], ...]) -> None:
    if len(tags) > MAX_TAGS:
        raise _invalid_request(
            ErrorCode.TAGS_INVALID,
            f"{len(tags)} tags are too many.",
            f"A role can have {MAX_TAGS}.",
        )
    for key, value in tags:
        if not 1 <= len(key) <= MAX_TAG_KEY or not _tag_text(key) or key.lower().startswith("aws:"):
            why = (
                f"It has 1 to {MAX_TAG_KEY} characters: letters, digits, spaces and _.:/=+-@, "
                'and doesn\'t begin with "aws:".'
            )
            raise _invalid_request(ErrorCode.TAGS_INVALID, f"{key!r} isn't a valid tag key.", why)
        if len(value) > MAX_TAG_VALUE or not _tag_text(value):
            why = f"It has up to {MAX_TAG_VALUE} characters: letters, digits, spaces and _.:/=+-@."
            what = f"{value!r} isn't a valid value for the tag {key!r}."
            raise _invalid_request(ErrorCode.TAGS_INVALID, what, why)
    if len({key.casefold() for key, _ in tags}) < len(tags):
        raise _invalid_request(
            ErrorCode.TAGS_INVALID,
            "A tag key is given twice.",
            "IAM ignores case in tag keys.",
        )


def _tag_text(characters: Iterable[str]) -> bool:
    return all(
        character in _TAG_MARKS or unicodedata.category(character)[0] in "LNZ"
        for character in characters
    )
