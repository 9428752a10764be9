"""ARNs, regions, and partitions.

Sources: the IAM reference, "IAM identifiers" (ARN formats), and botocore's partitions.json (regions
and default regions).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_ROLE = re.compile(
    r"arn:(aws[a-z0-9-]*):iam::([0-9]{12}):role(/(?:[\x21-\x7e]+/)?)([\w+=,.@-]{1,64})", re.ASCII
)
_POLICY = re.compile(r"arn:aws[a-z0-9-]*:iam::(?:[0-9]{12}|aws):policy/[\x21-\x7e]{1,512}")
_ACCOUNT = re.compile(r"[0-9]{12}")
# Callers that STS names (IAM reference, "IAM identifiers"): a user's path can contain any printable
# ASCII, names only these characters.
_NAME = r"[\w+=,.@-]{1,64}"
_CALLER = re.compile(
    rf"arn:aws[a-z0-9-]*:(?:iam|sts)::[0-9]{{12}}:(?:root|user/(?:[\x21-\x7e]{{1,510}}/)?{_NAME}|federated-user/{_NAME}|assumed-role/{_NAME}/{_NAME})",
    re.ASCII,
)
_UNIQUE_ID = re.compile(rf"[A-Za-z0-9]{{1,32}}(?::{_NAME})?", re.ASCII)
_ARN_COLONS = 5  # arn:partition:service:region:account:resource
_REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

# Longest prefix first: `us-isob-` also starts with `us-iso`.
_PREFIXES = (
    ("eusc-", "aws-eusc"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-iso-", "aws-iso"),
    ("us-gov-", "aws-us-gov"),
    ("cn-", "aws-cn"),
)
_DEFAULT_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-northwest-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-us-gov": "us-gov-west-1",
}


class RoleArn(NamedTuple):
    """The parts of an IAM role's ARN; `path` begins and ends with a slash."""

    partition: str
    account_id: str
    path: str
    name: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:role{self.path}{self.name}"


def parse_role_arn(text: str) -> RoleArn | None:
    """Parse a role's ARN; return None for any other text."""
    match = _ROLE.fullmatch(text)
    if match is None:
        return None
    partition, account, path, name = match.groups()
    return RoleArn(partition, account, path, name)


def account_of(arn: str) -> str:
    """The account ID in any ARN, or "" when it names none or isn't an ARN."""
    parts = arn.split(":", _ARN_COLONS)
    return parts[4] if len(parts) > _ARN_COLONS and parts[0] == "arn" else ""


def partition_of(arn: str) -> str:
    """The partition in any ARN, or "" when the text isn't an ARN."""
    return arn.split(":", 2)[1] if arn.startswith("arn:") else ""


def is_account_id(text: str) -> bool:
    """Whether `text` is twelve digits."""
    return _ACCOUNT.fullmatch(text) is not None


def is_policy_arn(text: str) -> bool:
    """Whether `text` is the ARN of a managed policy, AWS managed or customer managed."""
    return _POLICY.fullmatch(text) is not None


def is_caller_arn(text: str) -> bool:
    """Whether `text` can be the Arn of GetCallerIdentity.

    That is an account's root user, an IAM user, or a session of a role or federated user.
    """
    return _CALLER.fullmatch(text) is not None


def caller_name(arn: str) -> str:
    """Return the name of the user or role in a caller's ARN, "" for any other text."""
    if not is_caller_arn(arn):
        return ""
    kind, _, rest = arn.split(":", _ARN_COLONS)[-1].partition("/")
    if not rest:
        return kind
    return rest.partition("/")[0] if kind == "assumed-role" else rest.rpartition("/")[2]


def is_unique_id(text: str) -> bool:
    """Whether `text` can be the UserId of GetCallerIdentity.

    That is a unique ID or an account ID, for a session followed by a colon and its name.
    """
    return _UNIQUE_ID.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Whether `text` is a valid host label, as botocore requires of a region."""
    return _REGION.fullmatch(text) is not None


@lru_cache(maxsize=256)
def partition_of_region(region: str) -> str:
    """The partition of a region; `aws` unless the prefix is another partition's."""
    return next((partition for prefix, partition in _PREFIXES if region.startswith(prefix)), "aws")


def iam_region(partition: str) -> str:
    """The region of a partition's IAM endpoint and signatures (botocore's endpoints.json)."""
    return {"aws-cn": "cn-north-1"}.get(partition) or default_region(partition)


def default_region(partition: str) -> str:
    """The region to use when none is configured: botocore's implicit global region."""
    return _DEFAULT_REGIONS.get(partition, "us-east-1")
