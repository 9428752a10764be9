"""Every secret of sign-ins to an emulated Identity Center, also those that only requests have."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from support.hostile.canary import issued
from xswitch.emulator.identity_center import oidc, sign_ins
from xswitch.emulator.server import EmbeddedAws


@dataclass
class SignInSecrets:
    """The secrets of an Identity Center's sign-ins by their kind; lists of what there is so far."""

    aws: EmbeddedAws
    verifiers: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> SignInSecrets:
        """Record the verifiers of `aws`, which itself keeps only their challenges."""
        found = cls(aws)
        challenge_of = sign_ins.challenge_of

        def recorded(verifier: str) -> str:
            found.verifiers.append(verifier)
            return challenge_of(verifier)

        monkeypatch.setattr(oidc, "challenge_of", recorded)
        return found

    @property
    def by_kind(self) -> dict[str, list[str]]:
        """The secrets, of what only the vault and the shared cache may have to what no file may."""
        store = self.aws.sign_ins
        return {
            "access token": list(store.access_tokens),
            "refresh token": list(store.refresh_tokens),
            "client secret": [client.client_secret for client in store.clients.values()],
            "authorization code": list(store.codes),
            "code verifier": list(self.verifiers),
            "device code": list(store.devices),
            "role's key": issued(self.aws),
        }

    @property
    def all(self) -> list[str]:
        return [secret for secrets in self.by_kind.values() for secret in secrets]

    @property
    def stored(self) -> list[str]:
        """Those that a token file of the shared cache has."""
        kinds = self.by_kind
        return kinds["access token"] + kinds["refresh token"] + kinds["client secret"]
