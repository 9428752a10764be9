"""Credentials that can read an account's IAM without a prompt: stored sessions and static keys."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from xswitch.actions.ports import Aws, Clock, SessionStorage
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.arn import account_of, partition_of_region
from xswitch.core.errors import SourceCredentialsError, XswitchError
from xswitch.core.model import Credentials, CredentialSource, CredentialSourceKind, Profile
from xswitch.core.profiles.managed import ROLE_KEY
from xswitch.core.roles.endpoints import EndpointResolver
from xswitch.core.roles.sources import find_credential_source, has_static_keys
from xswitch.threads import run_all

_MAX_IDENTITY_CALLS = 8
_MAX_SESSIONS = 4


@dataclass(frozen=True, slots=True)
class IamReader:
    """Credentials, and their profile (None if it no longer exists)."""

    name: str
    credentials: Credentials
    profile: Profile | None


class IamReaders:
    """All available readers by account, thread-safe.

    If the config doesn't have the account of static keys, AWS is asked once, for a few profiles.
    """

    def __init__(
        self, aws: Aws, storage: SessionStorage, clock: Clock, snapshot: ConfigSnapshot
    ) -> None:
        self._aws = aws
        self._storage = storage
        self._clock = clock
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._identified: dict[str, tuple[str, IamReader]] | None = None

    def of(self, account: str, without: Collection[str] = ()) -> tuple[IamReader, ...]:
        """Return the readers of an account, except those with the access key IDs `without`."""
        readers = [*self._sessions(account), *self._static(account)]
        return tuple(
            reader for reader in readers if reader.credentials.access_key_id not in without
        )

    def _sessions(self, account: str) -> Iterator[IamReader]:
        now = self._clock.now()
        usable = [
            entry
            for entry in self._storage.index.entries().values()
            if entry.usable_until > now and account_of(entry.principal) == account
        ]
        usable.sort(key=lambda entry: entry.expires_at, reverse=True)
        for entry in usable[:_MAX_SESSIONS]:
            with suppress(XswitchError):
                record = self._storage.load(entry.key)
                if record is not None:
                    profile = self._snapshot.view.profiles.get(entry.profile)
                    yield IamReader(entry.profile, record.credentials, profile)

    def _static(self, account: str) -> list[IamReader]:
        """Return the profiles with long-term keys of this account."""
        profiles = [
            profile
            for profile in self._snapshot.view.profiles.values()
            if has_static_keys(profile) and profile.get(ROLE_KEY) is None
        ]
        configured = [profile for profile in profiles if _configured_account(profile) == account]
        readers = self._identify(configured[:_MAX_SESSIONS])
        with self._lock:
            if self._identified is None:
                others = [profile for profile in profiles if not _configured_account(profile)]
                self._identified = self._identify(others[:_MAX_IDENTITY_CALLS])
            readers |= self._identified
        return [reader for _, (owner, reader) in sorted(readers.items()) if owner == account]

    def _identify(self, profiles: Sequence[Profile]) -> dict[str, tuple[str, IamReader]]:
        """Return the accounts and readers of these profiles, by name, without the failing ones."""
        readers: dict[str, tuple[str, IamReader]] = {}

        def identify(profile: Profile) -> None:
            with suppress(XswitchError):
                account, credentials = self._identity(profile)
                readers[profile.name] = (account, IamReader(profile.name, credentials, profile))

        run_all([partial(identify, profile) for profile in profiles])
        return readers

    def _identity(self, profile: Profile) -> tuple[str, Credentials]:
        base = find_credential_source(self._snapshot.view, profile)
        if (
            not isinstance(base, CredentialSource)
            or base.kind is not CredentialSourceKind.STATIC_KEYS
        ):
            raise SourceCredentialsError(f"{profile.name} has no static keys.")
        view, environment = self._snapshot.view, self._snapshot.environment
        endpoint, _ = EndpointResolver(view, environment).endpoint_for(
            profile, partition_of_region(profile.get("region") or "")
        )
        credentials = self._aws.source_credentials.resolve(base, view, endpoint)
        account = (
            _configured_account(profile)
            or self._aws.sts.get_caller_identity(credentials, endpoint).account
        )
        return account, credentials


def _configured_account(profile: Profile) -> str:
    """Return the account in a profile's `aws_account_id`, or in its MFA device's ARN."""
    return profile.get("aws_account_id") or account_of(profile.get("mfa_serial") or "")
