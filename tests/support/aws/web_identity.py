"""An OpenID Connect issuer for tests: keys, tokens, and its provider in a state.

issuer = Issuer()
state["accounts"][0]["oidc_providers"] = [issuer.provider()]
role("Web", issuer.trust(DEV))
issuer.token(aws.clock.now())                  # for sts.amazonaws.com
issuer.token(aws.clock.now(), sub="someone")   # any claim; None leaves one out
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from support.aws.emulator import allow
from xswitch.emulator.jwt import encoded

ISSUER_URL, AUDIENCE, SUBJECT = "https://token.example.com/ci", "sts.amazonaws.com", "repo:o/r"
_CURVES: Mapping[str, tuple[str, ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "ES256": ("P-256", ec.SECP256R1(), hashes.SHA256()),
    "ES384": ("P-384", ec.SECP384R1(), hashes.SHA384()),
}


class SigningKey:
    """A private key: RS256, ES256, or ES384."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self._key = (
            rsa.generate_private_key(65_537, 2_048)
            if algorithm == "RS256"
            else ec.generate_private_key(_CURVES[algorithm][1])
        )

    @property
    def public(self) -> dict[str, str]:
        """The public key as a JSON Web Key."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            numbers = self._key.public_key().public_numbers()
            return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        curve = _CURVES[self.algorithm][0]
        point = self._key.public_key().public_numbers()
        x, y = (_number(value, self._size) for value in (point.x, point.y))
        return {"kty": "EC", "crv": curve, "x": x, "y": y}

    @property
    def _size(self) -> int:
        return int(self._key.key_size) // 8

    def sign(self, data: bytes) -> bytes:
        """Return a signature in the form of tokens."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        found = self._key.sign(data, ec.ECDSA(_CURVES[self.algorithm][2]))
        return b"".join(value.to_bytes(self._size) for value in decode_dss_signature(found))

    def token(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """Return a signed token."""
        parts = [encoded(json.dumps(part).encode()) for part in (header, claims)]
        return ".".join([*parts, encoded(self.sign(".".join(parts).encode()))])


@cache
def signing_key(algorithm: str = "ES256", number: int = 0) -> SigningKey:
    """Return one of a test run's keys: those of RSA take long to make."""
    assert number >= 0
    return SigningKey(algorithm)


def _number(value: int, size: int = 0) -> str:
    return encoded(value.to_bytes(size or (value.bit_length() + 7) // 8))


class Issuer:
    """An issuer with one key."""

    def __init__(self, url: str = ISSUER_URL, *, algorithm: str = "ES256", kid: str = "1") -> None:
        self.url, self.kid = url, kid
        self.key = signing_key(algorithm)

    @property
    def name(self) -> str:
        """The URL without its scheme."""
        return self.url.removeprefix("https://")

    def provider(self, *client_ids: str) -> dict[str, Any]:
        """Return the provider of an account's state."""
        key = {**self.key.public, "kid": self.kid, "use": "sig"}
        return {
            "url": self.url,
            "client_ids": list(client_ids or [AUDIENCE]),
            "jwks": {"keys": [key]},
        }

    def arn(self, account: str) -> str:
        """Return the provider's ARN."""
        return f"arn:aws:iam::{account}:oidc-provider/{self.name}"

    def trust(self, account: str, *actions: str, **conditions: Any) -> dict[str, Any]:
        """Return a trust policy for the provider, by default for SUBJECT and AUDIENCE."""
        default = {
            "StringEquals": {f"{self.name}:aud": AUDIENCE},
            "StringLike": {f"{self.name}:sub": SUBJECT},
        }
        return allow(
            Principal={"Federated": self.arn(account)},
            Action=["sts:AssumeRoleWithWebIdentity", *actions],
            Condition=conditions or default,
        )

    def token(
        self, now: datetime, *, header: Mapping[str, Any] | None = None, **claims: Any
    ) -> str:
        """Return a token that is valid for an hour; `None` for a claim leaves it out."""
        issued = int(now.timestamp())
        given = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": SUBJECT,
            "iat": issued,
            "exp": issued + 3_600,
            **claims,
        }
        return self.key.token(
            {"alg": self.key.algorithm, "kid": self.kid, "typ": "JWT", **(header or {})},
            {name: value for name, value in given.items() if value is not None},
        )
