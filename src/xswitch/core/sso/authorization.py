"""The authorization code with PKCE: the URL for the browser, and the browser's answer.

Sources: RFC 7636 (PKCE), RFC 8252 (loopback redirection), and the AWS CLI v2's SSOTokenFetcherAuth,
whose parameter is `scopes` where OAuth has `scope`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qs, urlencode

from xswitch.core.model import Secret, SsoRegistration

CALLBACK_PATH = "/oauth/callback"
REGISTERED_REDIRECT = f"http://127.0.0.1{CALLBACK_PATH}"
"""The redirect URI of the registration: without a port, as RFC 8252 lets any port follow."""
VERIFIER_BYTES = 48
"""Makes a verifier of 64 characters, as the AWS CLI's."""


class AnswerKind(Enum):
    """The kinds of requests to the callback."""

    CODE = "code"
    ERROR = "error"
    WRONG_STATE = "wrong state"
    NONE = "none"
    """Not an answer, such as a request without parameters."""


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """The browser's answer to an authorization."""

    kind: AnswerKind
    code: Secret | None = None
    error: str = ""
    """The error's name and description, as IAM Identity Center gave them."""


def verifier(random: bytes) -> Secret:
    """Return the verifier made of `VERIFIER_BYTES` random bytes."""
    return Secret(_base64(random))


def challenge(of: Secret) -> str:
    """Return the S256 challenge of a verifier."""
    import hashlib  # noqa: PLC0415 -- loads OpenSSL, and only a sign-in needs it

    return _base64(hashlib.sha256(of.reveal().encode()).digest())


def redirect_uri(port: int) -> str:
    """Return the redirect URI of the callback that listens on a port."""
    return f"http://127.0.0.1:{port}{CALLBACK_PATH}"


def authorization_url(
    base: str, registration: SsoRegistration, redirect: str, state: Secret, code_challenge: str
) -> str:
    """Return the URL to open in the browser; `base` is that of the OIDC endpoint."""
    parameters = {
        "response_type": "code",
        "client_id": registration.client_id,
        "redirect_uri": redirect,
        "state": state.reveal(),
        "code_challenge_method": "S256",
        "scopes": " ".join(registration.scopes),
        "code_challenge": code_challenge,
    }
    return f"{base.rstrip('/')}/authorize?{urlencode(parameters)}"


def parse_answer(query: str, state: Secret) -> CallbackAnswer:
    """Read the query of a request to the callback.

    The state is compared in constant time. An error without a state is one: it can only end the
    sign-in.
    """
    try:
        parameters = parse_qs(query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return CallbackAnswer(AnswerKind.NONE)
    import hmac  # noqa: PLC0415 -- loads OpenSSL, and only a sign-in needs it

    codes, errors = parameters.get("code", []), parameters.get("error", [])
    states = parameters.get("state", [])
    if not codes and not errors:
        return CallbackAnswer(AnswerKind.NONE)
    matches = len(states) == 1 and hmac.compare_digest(
        states[0].encode(errors="replace"), state.reveal().encode()
    )
    if errors and (matches or not states):
        description = parameters.get("error_description", [""])[0]
        text = f"{errors[0]}: {description}" if description else errors[0]
        return CallbackAnswer(AnswerKind.ERROR, error=text.rstrip(". "))
    if not matches or len(codes) != 1 or not codes[0]:
        return CallbackAnswer(AnswerKind.WRONG_STATE)
    return CallbackAnswer(AnswerKind.CODE, code=Secret(codes[0]))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
