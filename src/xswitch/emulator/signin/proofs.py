"""DPoP: a client proves with each request that it has the private key of its login.

Sources: RFC 9449, 4.2 and 4.3. The SDKs send a P-256 key, ES256, and no nonce.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from xswitch.emulator.jwt import JwtError, is_signed_by, read_key, read_token, thumbprint
from xswitch.emulator.signin.logins import LoginStore
from xswitch.emulator.sigv4 import HttpRequest

TOLERANCE_SECONDS = 300
_DEFAULT_PORTS = {"http": 80, "https": 443}


class ProofError(Exception):
    """The reason why a request proves no key."""


def proven_key(request: HttpRequest, url: str, store: LoginStore, wall: datetime) -> str:
    """The thumbprint of the key that a request proves. Raises ProofError.

    `url` is that of the request without its query, `wall` the time by which clients make proofs.
    """
    text = request.headers.get("dpop", "")
    if not text:
        raise ProofError("The DPoP header is missing")
    try:
        token = read_token(text)
        key = read_key(token.header.get("jwk"))
    except JwtError as problem:
        raise ProofError(f"The DPoP header is malformed: {problem}") from None
    if token.header.get("typ") != "dpop+jwt":
        raise ProofError("The typ of the DPoP header must be dpop+jwt")
    if token.algorithm != "ES256" or not is_signed_by(token, key):
        raise ProofError("The DPoP header must be signed by its key, with ES256")
    name = _checked(token.claims, request.method, url, wall)
    found = thumbprint(key)
    if not store.use_proof(f"{found} {name}", request.body, wall):
        raise ProofError("The DPoP header was used for another request")
    return found


def _checked(claims: Mapping[str, Any], method: str, url: str, wall: datetime) -> str:
    """The name of a proof whose claims fit the request. Raises ProofError."""
    if claims.get("htm") != method:
        raise ProofError("The htm of the DPoP header isn't the method of the request")
    if not isinstance(claims.get("htu"), str) or _address(claims["htu"]) != _address(url):
        raise ProofError("The htu of the DPoP header isn't the URL of the request")
    made_at = claims.get("iat")
    if not isinstance(made_at, int) or isinstance(made_at, bool):
        raise ProofError("The iat of the DPoP header must be a number")
    if abs(wall.timestamp() - made_at) > TOLERANCE_SECONDS:
        raise ProofError("The iat of the DPoP header is too far from the current time")
    name = claims.get("jti")
    if not isinstance(name, str) or not name:
        raise ProofError("The jti of the DPoP header must be text")
    return name


def _address(url: str) -> tuple[str, str, int | None, str] | None:
    """The parts of a URL that count: neither query nor fragment do, nor the case of the host."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, parts.hostname or "", port, parts.path or "/"
