"""Faults of STS and of the connection to it, their expected errors, and an STS with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from urllib.parse import parse_qs

from support.aws.emulator import DEV_KEY, EXTERNAL_ARN, GATEWAY_ARN
from support.aws.iam import BOB, SOURCE, SOURCE_ADMIN, TARGET, TARGET_ADMIN
from support.aws.servers import (
    Received,
    Response,
    assumed,
    drip,
    good,
    hang,
    refusal,
    reply,
    reset,
    tunnel,
)
from xswitch.core.errors import ExitCode

SOUND_CODE = "111111"
"""The MFA code that always yields an MFA session."""
SOUND_ROLES = frozenset({EXTERNAL_ARN, GATEWAY_ARN})
"""Roles that can always be assumed.

The fault occurs at GetCallerIdentity with External's session, and at the hop after Gateway.
"""
SOUND_SOURCE, SOUND_TARGET = (
    ("AKIASOUNDSOURCE23456", SOURCE_ADMIN[1]),
    ("AKIASOUNDTARGET23456", TARGET_ADMIN[1]),
)
"""Administrators for whom GetCallerIdentity always works."""
_USERS = {
    DEV_KEY: "arn:aws:iam::111111111111:user/dev",
    SOURCE_ADMIN[0]: f"arn:aws:iam::{SOURCE}:user/admin",
    SOUND_SOURCE[0]: f"arn:aws:iam::{SOURCE}:user/admin",
    TARGET_ADMIN[0]: f"arn:aws:iam::{TARGET}:user/admin",
    SOUND_TARGET[0]: f"arn:aws:iam::{TARGET}:user/admin",
    BOB[0]: f"arn:aws:iam::{SOURCE}:user/Bob",
}
_ALWAYS_KNOWN = frozenset({SOUND_SOURCE[0], SOUND_TARGET[0], BOB[0]})
_CREDENTIAL = re.compile(r"Credential=(\w+)/")


@dataclass(frozen=True)
class StsRequest:
    """One call: action ("" if there is none), parameters, and the access key ID that signed it."""

    action: str
    form: Mapping[str, str]
    key_id: str

    @classmethod
    def of(cls, request: Received) -> StsRequest:
        form = {name: values[0] for name, values in parse_qs(request.body).items()}
        credential = _CREDENTIAL.search(request.headers.get("authorization", ""))
        return cls(form.get("Action", ""), form, "" if credential is None else credential[1])

    @property
    def session_arn(self) -> str:
        """The ARN of the session that AssumeRole returns."""
        _, _, _, _, account, resource = self.form["RoleArn"].split(":", 5)
        role_name, session_name = resource.rpartition("/")[2], self.form["RoleSessionName"]
        return f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}"

    @property
    def session_key(self) -> str:
        """The access key ID of that session."""
        return f"ASIA{self.session_arn.split('/')[1].upper():X<16}"


@dataclass(frozen=True)
class StsConnection:
    """How STS is reached; {port} and {certificate} are filled in."""

    url: str = "http://127.0.0.1:{port}"
    well: Mapping[str, str] = field(default_factory=dict)
    """Environment variables without the fault."""
    ill: Mapping[str, str] = field(default_factory=dict)
    """Environment variables with the fault."""
    tls: bool = False
    wrong: bool = True
    """Whether the connection itself is faulty, so that every call fails."""


_PROXIED = {"HTTPS_PROXY": "http://127.0.0.1:{port}", "AWS_CA_BUNDLE": "{certificate}"}


@dataclass(frozen=True)
class Fault:
    """A fault, and the expected error of a call signed with the source credentials."""

    answer: Callable[[StsRequest], Response]
    exit_code: ExitCode
    code: str
    says: str
    """A part of the message."""
    words: str = "-"
    """A part of AWS's text that `explain` may show instead."""
    way: StsConnection = StsConnection(wrong=False)
    slow: bool = False
    alone: bool = False
    """Whether only AssumeRole, or GetCallerIdentity with its session, can fail like this."""

    @property
    def by_keys(self) -> bool:
        """Whether the error is about the credentials that signed the call."""
        return self.exit_code is ExitCode.BASE_CREDENTIALS

    @property
    def network(self) -> bool:
        """Whether `switch` uses a valid session although GetCallerIdentity fails."""
        return not self.alone and (self.exit_code is ExitCode.NETWORK or self.code == "throttled")


class FaultySts:
    """An STS for `serve`, without the fault until `ill` is set."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self.ill = False

    def __call__(self, request: Received) -> Response:
        if request.method == "CONNECT":
            return reply(407) if self.ill else tunnel(lambda inner: well(StsRequest.of(inner)))
        call = StsRequest.of(request)
        return self._fault.answer(call) if self.ill and self._strikes(call) else well(call)

    def _strikes(self, request: StsRequest) -> bool:
        if request.action == "AssumeRole":
            return request.form["RoleArn"] not in SOUND_ROLES
        if request.action == "GetSessionToken":
            return request.form["TokenCode"] != SOUND_CODE and not self._fault.alone
        if request.key_id.startswith("ASIAEXTERNAL"):
            return True
        return not self._fault.alone and request.key_id not in _ALWAYS_KNOWN


def well(request: StsRequest) -> bytes:
    """Return the response of STS without a fault."""
    if request.action == "AssumeRole":
        return _session(request, request.session_arn)
    if request.action == "GetSessionToken":
        return good("GetSessionToken", key_id="ASIAMFA", secret="mfasecret")
    if request.key_id in _USERS:
        return _identity(_USERS[request.key_id])
    role = request.key_id.removeprefix("ASIA").rstrip("X").capitalize()
    return _identity(f"arn:aws:sts::222222222222:assumed-role/{role}/me")


def _session(request: StsRequest, arn: str, expiration: str | None = None) -> bytes:
    user = (
        f"<AssumedRoleUser><AssumedRoleId>AROA:me</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>"
    )
    return good("AssumeRole", user, key_id=request.session_key, expiration=expiration)


def _identity(arn: str) -> bytes:
    answer = f"<UserId>AROA:me</UserId><Account>{arn.split(':')[4]}</Account><Arn>{arn}</Arn>"
    kind = "GetCallerIdentity"
    return reply(
        200,
        f'<{kind}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{kind}Result>{answer}</{kind}Result></{kind}Response>',
    )


def _elsewhere(request: StsRequest) -> Response:
    wrong = "arn:aws:sts::999999999999:assumed-role/Reader/me"
    return _session(request, wrong) if request.action == "AssumeRole" else _identity(wrong)


def _over(request: StsRequest) -> Response:
    return (
        _session(request, request.session_arn, "2020-01-01T00:00:00Z")
        if request.action == "AssumeRole"
        else well(request)
    )


def _refused(
    code: str, text: str, status: int = 403, hours: int = 0
) -> Callable[[StsRequest], Response]:
    return lambda _: refusal(
        code, text, status, datetime.now(UTC) + timedelta(hours=hours) if hours else None
    )


_N, _A, _B = ExitCode.NETWORK, ExitCode.DENIED, ExitCode.BASE_CREDENTIALS
_NOT_NOW = "has an internal error"
_SKEWED = "Signature expired: x is now earlier than y"
_LATE = "AWS didn't respond in time at"
FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "timeout": Fault(lambda _: hang, _N, "timeout", _LATE, slow=True),
        "slow body": Fault(lambda _: drip, _N, "timeout", _LATE, slow=True),
        "reset": Fault(lambda _: reset, _N, "reset", "was closed before the response arrived"),
        "500": Fault(lambda _: reply(500), _N, "aws_internal", _NOT_NOW),
        "503": Fault(_refused("ServiceUnavailable", "no", 503), _N, "aws_internal", _NOT_NOW),
        "Throttling": Fault(
            _refused("Throttling", "Rate exceeded", 400),
            _A,
            "throttled",
            "AWS is throttling requests",
        ),
        "ExpiredToken": Fault(
            _refused("ExpiredToken", "The security token included in the request is expired"),
            _B,
            "expired_token",
            "has expired",
        ),
        "AccessDenied": Fault(
            _refused("AccessDenied", "User: x is not authorized to perform: sts:AssumeRole"),
            _A,
            "not_authorized",
            "AWS denied sts:",
            "User: x is not authorized to perform: sts:AssumeRole",
        ),
        "RegionDisabled": Fault(
            _refused("RegionDisabledException", "STS is not activated in this region"),
            _A,
            "region_disabled",
            "STS isn't active in region",
        ),
        "InvalidClientTokenId": Fault(
            _refused("InvalidClientTokenId", "The security token is invalid"),
            _B,
            "invalid_key",
            "AWS doesn't recognize the access key",
        ),
        "clock an hour ahead": Fault(
            _refused("SignatureDoesNotMatch", _SKEWED, hours=-1),
            _A,
            "clock_skew",
            "This machine's clock is 60 minutes ahead of AWS's",
        ),
        "clock an hour behind": Fault(
            _refused("SignatureDoesNotMatch", _SKEWED, hours=1),
            _A,
            "clock_skew",
            "This machine's clock is 60 minutes behind AWS's",
        ),
        "packed policy too large": Fault(
            _refused("PackedPolicyTooLarge", "Packed size 105%", 400),
            _A,
            "packed_policy",
            "are too large together",
        ),
        "non-XML": Fault(
            lambda _: reply(200, "<html>welcome</html>", kind="text/html"),
            _N,
            "not_aws",
            "isn't from AWS",
        ),
        "wrong account in the answer": Fault(
            _elsewhere,
            _A,
            "wrong_identity",
            "AWS says this session is arn:aws:sts::999999999999",
            alone=True,
        ),
        "expiry in the past": Fault(
            _over,
            _N,
            "clock_skew",
            "According to this machine's clock, the new session has already expired",
            alone=True,
        ),
        "DNS failure": Fault(
            lambda _: reset,
            _N,
            "dns",
            "can't be resolved",
            way=StsConnection(
                "http://sts.nowhere.invalid", well={"HTTP_PROXY": "http://127.0.0.1:{port}"}
            ),
        ),
        "nobody listens": Fault(
            lambda _: reset,
            _N,
            "refused",
            "Connection refused by",
            way=StsConnection(
                "http://127.0.0.1:{closed}", well={"HTTP_PROXY": "http://127.0.0.1:{port}"}
            ),
        ),
        "proxy refusal": Fault(
            lambda _: reply(407),
            _N,
            "proxy",
            "The proxy doesn't allow a connection to",
            way=StsConnection("https://localhost:9", well=_PROXIED, ill=_PROXIED),
        ),
        "TLS failure": Fault(
            lambda _: assumed(),
            _N,
            "tls",
            "isn't trusted",
            way=StsConnection(
                "https://127.0.0.1:{port}", well={"AWS_CA_BUNDLE": "{certificate}"}, tls=True
            ),
        ),
    }
)
