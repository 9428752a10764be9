"""Who can look into an account without being asked anything.

Living sessions of the vault, and static keys of the config.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from xswitch.actions.ports import Ports
from xswitch.actions.sessions.renewability import MIN_SOURCE_LIFETIME
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.arn import account_of, partition_of_region
from xswitch.core.errors import SourceCredentialsError, XswitchError
from xswitch.core.model import Credentials, CredentialSource, CredentialSourceKind, Profile
from xswitch.core.profiles.managed import ROLE_KEY
from xswitch.core.roles.endpoints import EndpointResolver
from xswitch.core.roles.sources import find_credential_source, has_static_keys
from xswitch.core.sessions import session_record
from xswitch.threads import run_all

_MAX_IDENTITY_CALLS = 8
_MAX_SESSIONS = 4


@dataclass(frozen=True, slots=True)
class IamReader:
    """Credentials at hand, and the profile they belong to (None: it is gone)."""

    name: str
    credentials: Credentials
    profile: Profile | None


class IamReaders:
    """Everybody at hand, by account; safe for threads.

    Whose account static keys are of is asked of AWS once, where the config doesn't tell, for a few
    profiles at most.
    """

    def __init__(self, ports: Ports, reading: ConfigSnapshot) -> None:
        self._ports = ports
        self._reading = reading
        self._lock = threading.Lock()
        self._asked: dict[str, tuple[str, IamReader]] | None = None

    def of(self, account: str, without: Collection[str] = ()) -> tuple[IamReader, ...]:
        """Those of an account; `without` are access key ids that are tried elsewhere."""
        found = [*self._sessions(account), *self._static(account)]
        return tuple(reader for reader in found if reader.credentials.access_key_id not in without)

    def _sessions(self, account: str) -> Iterator[IamReader]:
        ports, now = self._ports, self._ports.clock.now()
        living = [
            entry
            for entry in ports.index.entries().values()
            if entry.expires_at - MIN_SOURCE_LIFETIME > now
        ]
        fitting = [entry for entry in living if account_of(entry.principal) == account]
        for entry in sorted(fitting, key=lambda entry: entry.expires_at, reverse=True)[
            :_MAX_SESSIONS
        ]:
            with suppress(XswitchError):
                value = ports.vault.get(entry.key)
                record = None if value is None else session_record.decode(value, entry.key)
                if record is not None:
                    yield IamReader(
                        entry.profile,
                        record.credentials,
                        self._reading.view.profiles.get(entry.profile),
                    )

    def _static(self, account: str) -> list[IamReader]:
        """Profiles with long-term keys of this account."""
        profiles = [
            one
            for one in self._reading.view.profiles.values()
            if has_static_keys(one) and one.get(ROLE_KEY) is None
        ]
        told = self._look(
            [one for one in profiles if _configured_account(one) == account][:_MAX_SESSIONS]
        )
        with self._lock:
            if self._asked is None:
                self._asked = self._look(
                    [one for one in profiles if not _configured_account(one)][:_MAX_IDENTITY_CALLS]
                )
            found = {**told, **self._asked}
        return [reader for _, (whose, reader) in sorted(found.items()) if whose == account]

    def _look(self, profiles: Sequence[Profile]) -> dict[str, tuple[str, IamReader]]:
        """The account and the credentials of each of these, by name, as far as they work."""
        found: dict[str, tuple[str, IamReader]] = {}

        def look(profile: Profile) -> None:
            with suppress(XswitchError):
                account, credentials = self._identity(profile)
                found[profile.name] = (account, IamReader(profile.name, credentials, profile))

        run_all([partial(look, profile) for profile in profiles])
        return found

    def _identity(self, profile: Profile) -> tuple[str, Credentials]:
        base = find_credential_source(self._reading.view, profile)
        if (
            not isinstance(base, CredentialSource)
            or base.kind is not CredentialSourceKind.STATIC_KEYS
        ):
            raise SourceCredentialsError(f"{profile.name} has no keys of its own.")
        view, environment = self._reading.view, self._reading.environment
        endpoint, _ = EndpointResolver(view, environment).of(
            profile, partition_of_region(profile.get("region") or "")
        )
        credentials = self._ports.base.resolve(base, view, endpoint)
        account = (
            _configured_account(profile)
            or self._ports.sts.get_caller_identity(credentials, endpoint).account
        )
        return account, credentials


def _configured_account(profile: Profile) -> str:
    """The account a profile says its keys are of: `aws_account_id`, or that of its MFA device."""
    return profile.get("aws_account_id") or account_of(profile.get("mfa_serial") or "")
