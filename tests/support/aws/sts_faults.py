"""Everything STS and the way there can do wrong, what each of it has to end with, and an STS that does it and is well otherwise."""

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
    Answer,
    Received,
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
"""The MFA code for which there is an MFA session whatever the fault is."""
SOUND_ROLES = frozenset({EXTERNAL_ARN, GATEWAY_ARN})
"""Roles that can be assumed whatever the fault is.

It strikes who asks whose session External's is, and the hop after Gateway.
"""
SOUND_SOURCE, SOUND_TARGET = (
    ("AKIASOUNDSOURCE23456", SOURCE_ADMIN[1]),
    ("AKIASOUNDTARGET23456", TARGET_ADMIN[1]),
)
"""Administrators who are always told who they are."""
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
class Asked:
    """One call.

    Its action ("" for what is none), its form, and the access key id it was signed with.
    """

    action: str
    form: Mapping[str, str]
    key_id: str

    @classmethod
    def of(cls, request: Received) -> Asked:
        form = {name: values[0] for name, values in parse_qs(request.body).items()}
        found = _CREDENTIAL.search(request.headers.get("authorization", ""))
        return cls(form.get("Action", ""), form, "" if found is None else found.group(1))

    @property
    def session_arn(self) -> str:
        """The session AssumeRole is to give."""
        _, _, _, _, account, resource = self.form["RoleArn"].split(":", 5)
        return f"arn:aws:sts::{account}:assumed-role/{resource.rpartition('/')[2]}/{self.form['RoleSessionName']}"

    @property
    def session_key(self) -> str:
        """The access key id of that session."""
        return f"ASIA{self.session_arn.split('/')[1].upper():X<16}"


@dataclass(frozen=True)
class Way:
    """How STS is called.

    The URL, and variables while all is well and while it isn't, with {port} and {certificate}
    filled in.

    Where the way itself is what is wrong, every call fails.
    """

    url: str = "http://127.0.0.1:{port}"
    well: Mapping[str, str] = field(default_factory=dict)
    ill: Mapping[str, str] = field(default_factory=dict)
    tls: bool = False
    wrong: bool = True


_PROXIED = {"HTTPS_PROXY": "http://127.0.0.1:{port}", "AWS_CA_BUNDLE": "{certificate}"}


@dataclass(frozen=True)
class Fault:
    """What STS does, and what a call of the base's own keys ends with.

    `says` is part of its sentence, wherever it is told; `explain` may give `words` of AWS instead.
    `by_keys` says that AWS speaks of the credentials a call was signed with, and `alone` that only
    an answer to AssumeRole (or to who that is) can be wrong in this way.
    """

    answer: Callable[[Asked], Answer]
    exit_code: ExitCode
    code: str
    says: str
    words: str = "-"
    way: Way = Way(wrong=False)
    slow: bool = False
    alone: bool = False

    @property
    def by_keys(self) -> bool:
        return self.exit_code is ExitCode.BASE_CREDENTIALS

    @property
    def network(self) -> bool:
        """Whether a session that lives is served by `switch` although AWS can't be asked whose it is."""
        return not self.alone and (self.exit_code is ExitCode.NETWORK or self.code == "throttled")


class FaultySts:
    """Fits `serve`: well until it is told to be `ill`."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self.ill = False

    def __call__(self, request: Received) -> Answer:
        if request.method == "CONNECT":
            return reply(407) if self.ill else tunnel(lambda inner: well(Asked.of(inner)))
        asked = Asked.of(request)
        return self._fault.answer(asked) if self.ill and self._strikes(asked) else well(asked)

    def _strikes(self, asked: Asked) -> bool:
        if asked.action == "AssumeRole":
            return asked.form["RoleArn"] not in SOUND_ROLES
        if asked.action == "GetSessionToken":
            return asked.form["TokenCode"] != SOUND_CODE and not self._fault.alone
        if asked.key_id.startswith("ASIAEXTERNAL"):
            return True
        return not self._fault.alone and asked.key_id not in _ALWAYS_KNOWN


def well(asked: Asked) -> bytes:
    """What STS says when nothing is wrong."""
    if asked.action == "AssumeRole":
        return _session(asked, asked.session_arn)
    if asked.action == "GetSessionToken":
        return good("GetSessionToken", key_id="ASIAMFA", secret="mfasecret")
    if asked.key_id in _USERS:
        return _identity(_USERS[asked.key_id])
    role = asked.key_id.removeprefix("ASIA").rstrip("X").capitalize()
    return _identity(f"arn:aws:sts::222222222222:assumed-role/{role}/me")


def _session(asked: Asked, arn: str, expiration: str | None = None) -> bytes:
    user = (
        f"<AssumedRoleUser><AssumedRoleId>AROA:me</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>"
    )
    return good("AssumeRole", user, key_id=asked.session_key, expiration=expiration)


def _identity(arn: str) -> bytes:
    answer = f"<UserId>AROA:me</UserId><Account>{arn.split(':')[4]}</Account><Arn>{arn}</Arn>"
    kind = "GetCallerIdentity"
    return reply(
        200,
        f'<{kind}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{kind}Result>{answer}</{kind}Result></{kind}Response>',
    )


def _elsewhere(asked: Asked) -> Answer:
    wrong = "arn:aws:sts::999999999999:assumed-role/Reader/me"
    return _session(asked, wrong) if asked.action == "AssumeRole" else _identity(wrong)


def _over(asked: Asked) -> Answer:
    return (
        _session(asked, asked.session_arn, "2020-01-01T00:00:00Z")
        if asked.action == "AssumeRole"
        else well(asked)
    )


def _refused(code: str, text: str, status: int = 403, hours: int = 0) -> Callable[[Asked], Answer]:
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
            "STS is not active in region",
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
            way=Way("http://sts.nowhere.invalid", well={"HTTP_PROXY": "http://127.0.0.1:{port}"}),
        ),
        "nobody listens": Fault(
            lambda _: reset,
            _N,
            "refused",
            "Connection refused by",
            way=Way("http://127.0.0.1:{closed}", well={"HTTP_PROXY": "http://127.0.0.1:{port}"}),
        ),
        "proxy refusal": Fault(
            lambda _: reply(407),
            _N,
            "proxy",
            "The proxy doesn't allow a connection to",
            way=Way("https://localhost:9", well=_PROXIED, ill=_PROXIED),
        ),
        "TLS failure": Fault(
            lambda _: assumed(),
            _N,
            "tls",
            "isn't trusted",
            way=Way("https://127.0.0.1:{port}", well={"AWS_CA_BUNDLE": "{certificate}"}, tls=True),
        ),
    }
)
