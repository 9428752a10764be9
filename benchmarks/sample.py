"""Home folders with any number of role profiles."""

from __future__ import annotations

from pathlib import Path

_BASE = """[profile dev]
region = eu-west-1

"""
_ROLE = """[profile {name}]
role_arn = arn:aws:iam::{account:012d}:role/{role}
source_profile = dev
region = {region}
xswitch_account_name = {account_name}

"""
_CREDENTIALS = """[dev]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = not-a-real-secret
"""
_REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2")
_ROLES = ("Admin", "ReadOnly", "Deploy", "Billing")
_NAMES = ("payments", "search", "ledger", "sandbox", "platform", "data", "media")


FIRST_ROW = "payments-0"
"""The start of the first role's row on the screen."""


def config_text(roles: int) -> str:
    """Return a config of `roles` role profiles with the same source profile."""
    parts = [_BASE]
    for number in range(roles):
        account_name = f"{_NAMES[number % len(_NAMES)]}-{number // 4:05}"
        role = _ROLES[number % len(_ROLES)]
        parts.append(
            _ROLE.format(
                name=f"{account_name}-{role.lower()}",
                account=100_000_000_000 + number // 4,
                role=role,
                region=_REGIONS[number % len(_REGIONS)],
                account_name=account_name,
            )
        )
    return "".join(parts)


def home(folder: Path, roles: int) -> dict[str, str]:
    """Create a home folder in `folder`, and return the environment for it."""
    aws = folder / f"home{roles}" / ".aws"
    aws.mkdir(parents=True)
    (aws / "config").write_text(config_text(roles))
    (aws / "credentials").write_text(_CREDENTIALS)
    (aws / "credentials").chmod(0o600)
    return {
        "HOME": str(aws.parent),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
