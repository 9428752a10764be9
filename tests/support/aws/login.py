"""AWS Sign-In of the emulator for tests: `aws login`, its page, and its cache file.

with aws_server() as aws:
    login = sign_in_to_console(aws, user_arn)           # as `aws login` does it
    write_login(home, login)                            # ~/.aws/login/cache, as the CLI writes it
    back = approve_login(url, user_arn, code)           # what the browser is sent to
    token_request(aws, key, {"clientId": …})            # CreateOAuth2Token, with a proof of `key`
"""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import textwrap
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from awscrt.crypto import EC, ECExportFormat, ECType

from support.aws.emulator import DEV, totp_code
from support.aws.identity_center import Form, Page, fetch
from xswitch.emulator.jwt import encoded
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.signin.logins import CROSS_DEVICE, SAME_DEVICE

__all__ = ["CROSS_DEVICE", "SAME_DEVICE"]

USER = f"arn:aws:iam::{DEV}:user/dev"
"""Of the default state; it has an MFA device."""
CALLBACK = "http://127.0.0.1:4711/oauth/callback"
_KEY_BYTES = 32
_PLACE_OF_KEY_LENGTH = 6  # of a private key by SEC1: a sequence of the version and the key


class ProofKey:
    """The key of a login, which proves who refreshes it.

    One of 250 keys begins with a zero byte; awscrt writes it without that byte, and then can't read
    what it wrote. `readable=False` generates such a key.
    """

    def __init__(self, *, readable: bool = True) -> None:
        self._key = EC.new_generate(ECType.P_256)
        while self._is_whole is not readable:
            self._key = EC.new_generate(ECType.P_256)

    @property
    def _is_whole(self) -> bool:
        length = int(self._key.export_key(ECExportFormat.SEC1)[_PLACE_OF_KEY_LENGTH])
        return length == _KEY_BYTES

    @property
    def jwk(self) -> dict[str, str]:
        """The public key."""
        x, y = (encoded(number.rjust(32, b"\0")) for number in self._key.get_public_coords())
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    @property
    def pem(self) -> str:
        """The private key as the AWS CLI writes it."""
        text = b64encode(self._key.export_key(ECExportFormat.SEC1)).decode()
        kind = "EC PRIVATE KEY"
        return f"-----BEGIN {kind}-----\n{textwrap.fill(text, 64)}\n-----END {kind}-----\n"

    def proof(
        self,
        url: str,
        now: datetime,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return a DPoP header for a POST to `url`; `None` for a claim leaves it out."""
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk, **(header or {})}
        body = {
            "htm": "POST",
            "htu": url,
            "iat": int(now.timestamp()),
            "jti": secrets.token_hex(8),
            **claims,
        }
        given = {name: value for name, value in body.items() if value is not None}
        parts = [encoded(json.dumps(part).encode()) for part in (head, given)]
        digest = hashlib.sha256(".".join(parts).encode()).digest()
        signature = EC.decode_der_signature_to_padded_pair(self._key.sign(digest), pad_to=32)
        return ".".join([*parts, encoded(signature)])


def token_request(
    aws: EmbeddedAws, key: ProofKey, body: Any, proof: str | None = None, *, base: str = ""
) -> tuple[int, dict[str, Any]]:
    """Send CreateOAuth2Token, without a proof if it's empty; return HTTP status and answer."""
    url = f"{base or aws.endpoint}/v1/token"
    sent = key.proof(url, aws.wall.now()) if proof is None else proof
    headers = {"Content-Type": "application/json", **({"DPoP": sent} if sent else {})}
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=10)
    try:
        connection.request("POST", parts.path, content, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def authorize_url(aws: EmbeddedAws, challenge: str, **given: str | None) -> str:
    """Return the URL that a browser opens; `None` leaves a parameter out."""
    query = {
        "response_type": "code",
        "client_id": SAME_DEVICE,
        "state": "the-state",
        "code_challenge_method": "SHA-256",
        "scope": "openid",
        "redirect_uri": CALLBACK,
        "code_challenge": challenge,
        **given,
    }
    kept = {name: value for name, value in query.items() if value is not None}
    return f"{aws.endpoint}/v1/authorize?{urlencode(kept)}"


def answer_page(url: str, user: str, code: str = "", decision: str = "approve") -> Page:
    """Open a page of `/v1/authorize` and click; return what the browser gets."""
    shown = fetch(url)
    if shown.status != 200:
        return shown
    form = Form(shown.text)
    return fetch(
        urljoin(url, form.action),
        {**form.fields, "user": user, "code": code, "decision": decision},
    )


def mfa_code(aws: EmbeddedAws) -> str:
    """Return an MFA code of USER that wasn't used."""
    aws.clock.advance(30)
    return totp_code(now=aws.clock.now())


def approve_login(aws: EmbeddedAws, url: str, user: str = USER) -> str:
    """Approve as a user; return the URL that the browser is sent to."""
    answered = answer_page(url, user, mfa_code(aws) if user == USER else "")
    assert answered.location, answered.text
    return answered.location


@dataclass(frozen=True)
class ConsoleLogin:
    """A login, with its secrets as plain text."""

    key: ProofKey = field(repr=False)
    answer: Mapping[str, Any] = field(repr=False)
    user: str
    client_id: str
    expires_at: datetime

    @property
    def refresh(self) -> dict[str, str]:
        """The body that refreshes it."""
        return {
            "clientId": self.client_id,
            "grantType": "refresh_token",
            "refreshToken": self.answer["refreshToken"],
        }


def code_for(aws: EmbeddedAws, user: str = USER, client_id: str = SAME_DEVICE) -> dict[str, str]:
    """Get a code; return the body that redeems it."""
    verifier = secrets.token_urlsafe(48)
    challenge = encoded(hashlib.sha256(verifier.encode()).digest())
    uri = CALLBACK if client_id == SAME_DEVICE else f"{aws.endpoint}/v1/sessions/confirmation"
    back = approve_login(
        aws, authorize_url(aws, challenge, client_id=client_id, redirect_uri=uri), user
    )
    (code,) = parse_qs(urlsplit(back).query)["code"]
    return {
        "clientId": client_id,
        "grantType": "authorization_code",
        "code": code,
        "redirectUri": uri,
        "codeVerifier": verifier,
    }


def sign_in_to_console(
    aws: EmbeddedAws, user: str = USER, client_id: str = SAME_DEVICE, key: ProofKey | None = None
) -> ConsoleLogin:
    """Sign in as `aws login` does; with a new key, if none is given."""
    key = key or ProofKey()
    status, answer = token_request(aws, key, code_for(aws, user, client_id))
    assert status == 200, answer
    expires_at = aws.clock.now() + timedelta(seconds=answer["expiresIn"])
    return ConsoleLogin(key, answer, user, client_id, expires_at)


def login_file(home: Path, user: str) -> Path:
    """Return the file of a user's login."""
    name = hashlib.sha256(user.encode()).hexdigest()
    return home / ".aws" / "login" / "cache" / f"{name}.json"


def write_login(home: Path, login: ConsoleLogin) -> Path:
    """Write a login as the AWS CLI does; return the file."""
    keys = login.answer["accessToken"]
    data = {
        "accessToken": {
            **keys,
            "accountId": login.user.split(":")[4],
            "expiresAt": f"{login.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        },
        "tokenType": login.answer["tokenType"],
        "clientId": login.client_id,
        "refreshToken": login.answer["refreshToken"],
        "idToken": login.answer["idToken"],
        "dpopKey": login.key.pem,
    }
    file = login_file(home, login.user)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(json.dumps(data), encoding="utf-8")
    file.chmod(0o600)
    return file


def expire_login(home: Path, user: str) -> None:
    """Let a login's keys have ended, so that the next program refreshes them."""
    file = login_file(home, user)
    data = json.loads(file.read_text(encoding="utf-8"))
    data["accessToken"]["expiresAt"] = "2026-01-01T00:00:00Z"
    file.write_text(json.dumps(data), encoding="utf-8")
