"""Signature Version 4, verified on the server side: Authorization header or presigned query.

Sources: docs.aws.amazon.com, "Create a signed AWS API request"; error texts from STS.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote

from xswitch.emulator.errors import EmulatedAwsError, signature_mismatch

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)
MAX_PRESIGNED_SECONDS = 604_800
_SCOPE_WORDS = 5
_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")
_STAMP = "%Y%m%dT%H%M%SZ"
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS"
    " Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as received.

    Path and query are raw, header names lower-case, repeated headers joined by commas.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The unverified signer of a request; `expires_seconds` only for a presigned query."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    stamp: str
    session_token: str | None
    expires_seconds: int | None = None

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def _incomplete(message: str) -> EmulatedAwsError:
    return EmulatedAwsError("IncompleteSignature", message, 400)


def scoped_service(request: HttpRequest) -> str:
    """The service in a request's credential scope, "" if there is none."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    words = (found[1] if found else query.get("X-Amz-Credential", "")).split("/")
    return words[3] if len(words) == _SCOPE_WORDS else ""


def read_claim(request: HttpRequest, service: str = "sts") -> Claim:
    """The signature claim of a request to `service`.

    Raises EmulatedAwsError MissingAuthenticationToken, IncompleteSignature, SignatureDoesNotMatch
    (scope).
    """
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    header = request.headers.get("authorization", "")
    if header:
        return _from_header(request, header, service)
    if "X-Amz-Algorithm" in query:
        return _from_query(request, query, service)
    raise EmulatedAwsError(
        "MissingAuthenticationToken", "Request is missing Authentication Token", 403
    )


def _from_header(request: HttpRequest, header: str, service: str) -> Claim:
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{algorithm}'. Authorization={header}")
    parts = {
        name.strip(): value.strip()
        for name, _, value in (part.partition("=") for part in rest.split(","))
    }
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
    if missing:
        raise _incomplete(
            " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
            + f" Authorization={algorithm}"
        )
    stamp = request.headers.get("x-amz-date", "")
    if not stamp:
        raise _incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
            f" Authorization={algorithm}"
        )
    signed = tuple(parts["SignedHeaders"].split(";"))
    # Headers that decide caller or time must be signed, or they could be replaced in transit.
    for name in ("x-amz-date", "x-amz-security-token"):
        if name in request.headers and name not in signed:
            raise signature_mismatch(
                f"There were headers present in the request which were not signed: {name}"
            )
    token = request.headers.get("x-amz-security-token")
    return _claim(service, parts["Credential"], signed, parts["Signature"], stamp, token)


def _from_query(request: HttpRequest, query: Mapping[str, str], service: str) -> Claim:
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{query['X-Amz-Algorithm']}'.")
    names = (
        "X-Amz-Credential",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "X-Amz-Date",
        "X-Amz-Expires",
    )
    missing = [name for name in names if not query.get(name)]
    if missing:
        raise _incomplete(
            " ".join(f"AWS query-string parameters must include '{name}'." for name in missing)
        )
    expires = query["X-Amz-Expires"]
    if (
        not expires.isascii()
        or not expires.isdigit()
        or not 0 < int(expires) <= MAX_PRESIGNED_SECONDS
    ):
        raise _incomplete("X-Amz-Expires must be a number of seconds between 1 and 604800.")
    return _claim(
        service,
        query["X-Amz-Credential"],
        tuple(query["X-Amz-SignedHeaders"].split(";")),
        query["X-Amz-Signature"],
        query["X-Amz-Date"],
        query.get("X-Amz-Security-Token") or request.headers.get("x-amz-security-token"),
        int(expires),
    )


def _claim(  # noqa: PLR0913, PLR0917 -- the seven facts a claim is made of, from either place
    expected: str,
    credential: str,
    signed: tuple[str, ...],
    signature: str,
    stamp: str,
    token: str | None,
    expires: int | None = None,
) -> Claim:
    words = credential.split("/")
    if len(words) != _SCOPE_WORDS:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g."
            f" keyid/date/region/service/term, got '{credential}'"
        )
    key_id, date, region, service, term = words
    try:
        datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise _incomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{stamp}'. See"
            " http://en.wikipedia.org/wiki/ISO_8601"
        ) from None
    wrong = []
    if not _REGION.fullmatch(region):
        wrong.append("Credential should be scoped to a valid region. ")
    if service != expected:
        wrong.append(f"Credential should be scoped to correct service: '{expected}'. ")
    if term != "aws4_request":
        wrong.append("Credential should be scoped with a valid terminator: 'aws4_request'. ")
    if date != stamp[:8]:
        wrong.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from"
            f" HTTP: '{date}' != '{stamp[:8]}', from '{stamp}'. "
        )
    if "host" not in signed:
        wrong.append("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization. ")
    if wrong:
        raise signature_mismatch("".join(wrong))
    return Claim(key_id, date, region, service, signed, signature, stamp, token, expires)


def verify(request: HttpRequest, claim: Claim, secret_access_key: str, now: datetime) -> None:
    """Verify clock and signature; `now` is UTC.

    Raises EmulatedAwsError SignatureDoesNotMatch, worded as STS does.
    """
    signed_at = datetime.strptime(claim.stamp, _STAMP).replace(tzinfo=UTC)
    life = SKEW if claim.expires_seconds is None else timedelta(seconds=claim.expires_seconds)
    minutes = "15 min." if claim.expires_seconds is None else f"{claim.expires_seconds} sec."
    if signed_at < now - life:
        limit = (now - life).strftime(_STAMP)
        raise signature_mismatch(
            f"Signature expired: {claim.stamp} is now earlier than {limit} ({now.strftime(_STAMP)}"
            f" - {minutes})"
        )
    if signed_at > now + SKEW:
        limit = (now + SKEW).strftime(_STAMP)
        raise signature_mismatch(
            f"Signature not yet current: {claim.stamp} is still later than {limit}"
            f" ({now.strftime(_STAMP)} + 15 min.)"
        )
    if not hmac.compare_digest(
        sign(request, claim, secret_access_key).encode(), claim.signature.encode("utf-8", "replace")
    ):
        raise signature_mismatch(_MISMATCH)


def sign(request: HttpRequest, claim: Claim, secret_access_key: str) -> str:
    """The signature that this request must have, 64 hex digits."""
    request_hash = hashlib.sha256(_canonical(request, claim).encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.stamp}\n{claim.scope}\n{request_hash}"
    key = b"AWS4" + secret_access_key.encode()
    for word in (*claim.scope.split("/"), to_sign):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return key.hex()


def _canonical(request: HttpRequest, claim: Claim) -> str:
    # Only percent signs encode here: in a signature, a plus is a plus, unlike in a form.
    given = (pair.partition("=") for pair in request.query.split("&") if pair)
    pairs = sorted(
        (quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~"))
        for name, _, value in given
        if claim.expires_seconds is None or name != "X-Amz-Signature"
    )
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n"
        for name in claim.signed_headers
    )
    return "\n".join(
        (
            request.method,
            quote(request.path, safe="/-_.~") or "/",
            "&".join(f"{name}={value}" for name, value in pairs),
            headers,
            ";".join(claim.signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )
