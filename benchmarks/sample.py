"""Home folders with any number of role profiles."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from xswitch.adapters.state.portal_lists import FilePortalLists
from xswitch.core.model import SsoSession
from xswitch.core.sso.portal_list import PortalList, portal_role

_BASE = """[profile dev]
region = eu-west-1

"""
_ROLE = """[profile {name}]
role_arn = arn:aws:iam::{account:012d}:role/{role}
source_profile = dev
region = {region}
xswitch_account_name = {account_name}

"""
_SESSION = """[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1

[profile dev]
region = eu-west-1
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
FIRST_PORTAL_ROW = "data-0"
"""The same of the roles that only a portal lists, which it orders by account name."""


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
    return _home(folder / f"home{roles}", config_text(roles))


def portal_home(folder: Path, roles: int) -> dict[str, str]:
    """Create a home folder without role profiles, whose portal has listed `roles` roles."""
    environ = _home(folder / f"portal{roles}", _SESSION)
    session = SsoSession("corp", "https://corp.awsapps.com/start", "eu-west-1")
    found = tuple(
        portal_role(
            session,
            str(100_000_000_000 + number // 4),
            f"{_NAMES[number // 4 % len(_NAMES)]}-{number // 4:05}",
            _ROLES[number % len(_ROLES)],
        )
        for number in range(roles)
    )
    now = datetime.now(UTC)
    listed = PortalList(session.label, session.start_url, now, now, found)
    state = Path(environ["HOME"], ".local", "state", "xswitch")
    FilePortalLists(state / "portal").write(listed)
    return environ


def _home(folder: Path, config: str) -> dict[str, str]:
    aws = folder / ".aws"
    aws.mkdir(parents=True)
    (aws / "config").write_text(config)
    (aws / "credentials").write_text(_CREDENTIALS)
    (aws / "credentials").chmod(0o600)
    return {
        "HOME": str(aws.parent),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
