"""Signed JSON Web Tokens: reading them, and verifying their signatures by public keys.

Sources: RFC 7515 (compact form), RFC 7517 and 7518 (keys and algorithms), RFC 7638 (thumbprints).
The mathematics are those of awscrt, which botocore brings along; it is imported on use.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

_PARTS = 3
_RSA_BYTES = range(256, 513)
_SPKI: Mapping[str, str] = MappingProxyType(
    {
        "P-256": "3059301306072a8648ce3d020106082a8648ce3d03010703420004",
        "P-384": "3076301006072a8648ce3d020106052b8104002203620004",
    }
)
"""The bytes before the coordinates of a public key in DER (RFC 5480)."""


class JwtError(Exception):
    """The reason why a text isn't a signed token, or a key not a public key."""


@dataclass(frozen=True, slots=True)
class JsonWebKey:
    """A public key; `kid` and `alg` are "" if it has none. Numbers are in base64url."""

    kty: str
    kid: str = ""
    alg: str = ""
    n: str = ""
    e: str = ""
    crv: str = ""
    x: str = ""
    y: str = ""


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token as it was sent: nothing of it is verified yet."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def algorithm(self) -> str:
        """The algorithm that its header names."""
        return str(self.header.get("alg", ""))


class _Algorithm(NamedTuple):
    kty: str
    crv: str
    digest: Callable[[bytes], Any]
    verify: Callable[[JsonWebKey, bytes, bytes], bool]


def read_token(text: str) -> SignedToken:
    """Read a token in the compact form. Raises JwtError."""
    parts = text.split(".")
    if len(parts) != _PARTS:
        raise JwtError("it doesn't have three parts")
    header, claims = (_json_object(decoded(part)) for part in parts[:2])
    signed = f"{parts[0]}.{parts[1]}".encode("ascii")
    return SignedToken(header, claims, signed, decoded(parts[2]))


def read_key(data: Any) -> JsonWebKey:
    """Read a public key; members that it doesn't need are ignored. Raises JwtError."""
    if not isinstance(data, dict):
        raise JwtError("a key must be an object")
    if "d" in data or "k" in data:
        raise JwtError("a private key has no place here")
    names = ("kty", "kid", "alg", "n", "e", "crv", "x", "y")
    given = {name: data.get(name, "") for name in names}
    if not all(isinstance(value, str) for value in given.values()):
        raise JwtError("the members of a key must be text")
    key = JsonWebKey(**given)
    if not any(_is_for(key, algorithm) for algorithm in ALGORITHMS.values()):
        raise JwtError("a key must be of the kind RSA, or EC with curve P-256 or P-384")
    public_key(key)
    return key


def public_key(key: JsonWebKey) -> Any:
    """The key as an object of awscrt. Raises JwtError if it isn't one."""
    from awscrt.crypto import EC, RSA  # noqa: PLC0415 -- for tokens only

    try:
        if key.kty == "RSA":
            return RSA.new_public_key_from_der_data(_rsa_der(key))
        x, y = _coordinates(key)
        if (len(x), len(y)) != (_SIZES[key.crv],) * 2:
            raise JwtError("the coordinates of a key are too long")
        return EC.new_key_from_der_data(bytes.fromhex(_SPKI[key.crv]) + x + y)
    except (RuntimeError, ValueError, KeyError):
        raise JwtError("the numbers of a key aren't those of a public key") from None


def is_signed_by(token: SignedToken, key: JsonWebKey) -> bool:
    """Whether a token's signature is right; false for an algorithm that isn't the key's."""
    algorithm = ALGORITHMS.get(token.algorithm)
    if algorithm is None or not _is_for(key, algorithm) or key.alg not in ("", token.algorithm):
        return False
    try:
        return algorithm.verify(key, algorithm.digest(token.signed).digest(), token.signature)
    except (RuntimeError, ValueError, JwtError):
        return False


def thumbprint(key: JsonWebKey) -> str:
    """The SHA-256 thumbprint of a key, in base64url.

    It is that of the numbers, so all clients that share a key have the same one, however they
    write a coordinate that begins with zeros.
    """
    names = ("e", "kty", "n") if key.kty == "RSA" else ("crv", "kty", "x", "y")
    members = {name: getattr(key, name) for name in names}
    if key.kty == "EC":
        members["x"], members["y"] = (encoded(number) for number in _coordinates(key))
    text = json.dumps(members, separators=(",", ":"))
    return encoded(hashlib.sha256(text.encode()).digest())


def encoded(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of base64url without padding. Raises JwtError for any other text."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise JwtError("it isn't base64url") from None
    # One text for each value: no padding, and no bits left over
    if encoded(data) != text:
        raise JwtError("it isn't base64url")
    return data


def _json_object(data: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise JwtError("a part of it isn't a JSON object")
    return value


def _is_for(key: JsonWebKey, algorithm: _Algorithm) -> bool:
    return (key.kty, key.crv) == (algorithm.kty, algorithm.crv)


def _coordinates(key: JsonWebKey) -> tuple[bytes, ...]:
    """The coordinates with the leading zeros of RFC 7518, which awscrt and the AWS CLI omit."""
    return tuple(decoded(number).rjust(_SIZES[key.crv], b"\0") for number in (key.x, key.y))


def _rsa_der(key: JsonWebKey) -> bytes:
    """The key as PKCS #1 writes it (RFC 8017, A.1.1)."""
    modulus = decoded(key.n)
    if len(modulus) not in _RSA_BYTES or not modulus[0]:
        raise JwtError("the modulus of a key must have 2,048 to 4,096 bits")
    return _der(0x30, _der_integer(modulus) + _der_integer(decoded(key.e)))


def _der_integer(number: bytes) -> bytes:
    return _der(0x02, b"\0" + number if number[:1] >= b"\x80" else number)


def _der(kind: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:  # noqa: PLR2004 -- the short form of a length
        return bytes([kind, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([kind, 0x80 | len(length)]) + length + content


def _verify_rsa(key: JsonWebKey, digest: bytes, signature: bytes) -> bool:
    from awscrt.crypto import RSASignatureAlgorithm  # noqa: PLC0415 -- for tokens only

    kind = RSASignatureAlgorithm.PKCS1_5_SHA256
    return bool(public_key(key).verify(kind, digest, signature))


def _verify_ec(key: JsonWebKey, digest: bytes, signature: bytes) -> bool:
    from awscrt.crypto import EC, ECRawSignature  # noqa: PLC0415 -- for tokens only

    size = _SIZES[key.crv]
    if len(signature) != 2 * size:
        return False
    pair = ECRawSignature(r=signature[:size], s=signature[size:])
    return bool(public_key(key).verify(digest, EC.encode_raw_signature(pair)))


_SIZES: Mapping[str, int] = MappingProxyType({"P-256": 32, "P-384": 48})
"""The bytes of a coordinate."""
ALGORITHMS: Mapping[str, _Algorithm] = MappingProxyType(
    {
        "RS256": _Algorithm("RSA", "", hashlib.sha256, _verify_rsa),
        "ES256": _Algorithm("EC", "P-256", hashlib.sha256, _verify_ec),
        "ES384": _Algorithm("EC", "P-384", hashlib.sha384, _verify_ec),
    }
)
"""The algorithms that are verified, by their names in a token's header."""
