"""Role ARNs, and which regions belong to which partition.

Sources: the IAM reference, "IAM identifiers" (form of a role's ARN) and botocore's partitions.json
(regions, default regions).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_ROLE = re.compile(
    r"arn:(aws[a-z0-9-]*):iam::([0-9]{12}):role(/(?:[\x21-\x7e]+/)?)([\w+=,.@-]{1,64})", re.ASCII
)
_POLICY = re.compile(r"arn:aws[a-z0-9-]*:iam::(?:[0-9]{12}|aws):policy/[\x21-\x7e]{1,512}")
_ACCOUNT = re.compile(r"[0-9]{12}")
# Whom STS can name (IAM reference, "IAM identifiers"): a user's path may hold any printable ASCII,
# names only these.
_NAME = r"[\w+=,.@-]{1,64}"
_CALLER = re.compile(
    rf"arn:aws[a-z0-9-]*:(?:iam|sts)::[0-9]{{12}}:(?:root|user/(?:[\x21-\x7e]{{1,510}}/)?{_NAME}|federated-user/{_NAME}|assumed-role/{_NAME}/{_NAME})",
    re.ASCII,
)
_UNIQUE_ID = re.compile(rf"[A-Za-z0-9]{{1,32}}(?::{_NAME})?", re.ASCII)
_ARN_COLONS = 5  # arn:partition:service:region:account:resource
_REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

# Longest prefix first: `us-isob-` must not be read as `us-iso-`.
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


@dataclass(frozen=True, slots=True)
class RoleArn:
    """An IAM role's ARN in its parts; `path` begins and ends with a slash."""

    partition: str
    account_id: str
    path: str
    name: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:role{self.path}{self.name}"


def parse_role_arn(text: str) -> RoleArn | None:
    """The parts of a role's ARN, None when `text` is not one."""
    found = _ROLE.fullmatch(text)
    if found is None:
        return None
    partition, account, path, name = found.groups()
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
    """Whether `text` is the ARN of a managed policy, AWS's or an account's own."""
    return _POLICY.fullmatch(text) is not None


def is_caller_arn(text: str) -> bool:
    """Whether `text` can be what STS calls the one who asks.

    An account's root, a user, or a session of a role or of a federated user.
    """
    return _CALLER.fullmatch(text) is not None


def is_unique_id(text: str) -> bool:
    """Whether `text` can be the UserId of GetCallerIdentity.

    A unique identifier or an account id, after a colon a session's name.
    """
    return _UNIQUE_ID.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Whether `text` may stand in a host name, as botocore demands of a region."""
    return _REGION.fullmatch(text) is not None


@lru_cache(maxsize=256)
def partition_of_region(region: str) -> str:
    """The partition a region belongs to; what no other partition claims is `aws`."""
    return next((partition for prefix, partition in _PREFIXES if region.startswith(prefix)), "aws")


def iam_region(partition: str) -> str:
    """The region IAM is called and signed for.

    It is one service for all regions of a partition (botocore's endpoints.json).
    """
    return {"aws-cn": "cn-north-1"}.get(partition) or default_region(partition)


def default_region(partition: str) -> str:
    """The region to call when nothing names one.

    Botocore's implicit global region of the partition.
    """
    return _DEFAULT_REGIONS.get(partition, "us-east-1")
