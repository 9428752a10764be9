"""Who can look into an account without being asked anything: living sessions of the vault, and static keys of the config."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from xswitch.actions.explain_together import together
from xswitch.actions.ports import Ports
from xswitch.actions.reading import Reading
from xswitch.actions.silence import SOURCE_MARGIN
from xswitch.core import wire
from xswitch.core.arn import partition_of_region
from xswitch.core.bases import find_base, has_static_keys
from xswitch.core.endpoints import Endpoints
from xswitch.core.errors import XswitchError
from xswitch.core.model import Base, BaseKind, Credentials, Profile
from xswitch.core.overrides import MARK

_MOST_ASKED = 8
_MOST_SESSIONS = 4


@dataclass(frozen=True, slots=True)
class Reader:
    """Credentials at hand, and the profile they belong to (None: it is gone)."""

    name: str
    credentials: Credentials
    profile: Profile | None


def readers_of(ports: Ports, reading: Reading, account: str, without: Collection[str] = ()) -> tuple[Reader, ...]:
    """Everybody at hand in an account; `without` are access key ids that are tried elsewhere.

    Whose account static keys are of is asked of AWS where the config doesn't tell, for a few profiles at most.
    """
    found = [*_sessions(ports, reading, account), *_static(ports, reading, account)]
    return tuple(reader for reader in found if reader.credentials.access_key_id not in without)


def _sessions(ports: Ports, reading: Reading, account: str) -> Iterator[Reader]:
    now = ports.clock.now()
    living = [entry for entry in ports.index.entries().values() if entry.expires_at - SOURCE_MARGIN > now]
    fitting = [entry for entry in living if _account(entry.principal) == account]
    for entry in sorted(fitting, key=lambda entry: entry.expires_at, reverse=True)[:_MOST_SESSIONS]:
        with suppress(XswitchError):
            value = ports.vault.get(entry.key)
            record = None if value is None else wire.decode(value, entry.key)
            if record is not None:
                yield Reader(entry.profile, record.credentials, reading.view.profiles.get(entry.profile))


def _static(ports: Ports, reading: Reading, account: str) -> list[Reader]:
    """Profiles with long-term keys of this account."""
    profiles = [profile for profile in reading.view.profiles.values() if has_static_keys(profile) and profile.get(MARK) is None]
    told = {profile.name: _configured_account(profile) for profile in profiles}
    profiles = [profile for profile in profiles if told[profile.name] in ("", account)]
    profiles.sort(key=lambda profile: not told[profile.name])
    profiles = profiles[:_MOST_ASKED]
    if not profiles:
        return []
    found: list[Reader] = []
    lock = threading.Lock()

    def look(profile: Profile) -> None:
        with suppress(XswitchError):
            reader = _reader(ports, reading, profile, account)
            if reader is not None:
                with lock:
                    found.append(reader)

    together([partial(look, profile) for profile in profiles])
    return sorted(found, key=lambda reader: reader.name)


def _reader(ports: Ports, reading: Reading, profile: Profile, account: str) -> Reader | None:
    base = find_base(reading.view, profile)
    if not isinstance(base, Base) or base.kind is not BaseKind.STATIC_KEYS:
        return None
    endpoint, _ = Endpoints(reading.view, reading.environment).of(profile, partition_of_region(profile.get("region") or ""))
    credentials = ports.base.resolve(base, reading.view, endpoint)
    if _configured_account(profile) != account and ports.sts.get_caller_identity(credentials, endpoint).account != account:
        return None
    return Reader(profile.name, credentials, profile)


def _configured_account(profile: Profile) -> str:
    """The account a profile says its keys are of: `aws_account_id`, or that of its MFA device."""
    return profile.get("aws_account_id") or _account(profile.get("mfa_serial") or "")


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""  # noqa: PLR2004 -- an ARN has six parts
