"""Query protocol parameters, and the validation STS does first, in its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from xswitch.core.policy import PolicyDocument, PolicyError, PolicyKind, parse
from xswitch.emulator.errors import AWS_FAULT_NAMESPACE, EmulatedAwsError, validation_error

_NAME = r"[\w+=,.@-]*"
_EXTERNAL_ID = r"[\w+=,.@:\/-]*"
_SERIAL = r"[\w+=/:,.@-]*"
_SIX_DIGITS = r"[\d]*"
_TAG = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+"
_TAG_MARKS = frozenset("_.:/=+-@")
MIN_DURATION, MAX_ROLE_DURATION, MAX_TOKEN_DURATION = 900, 43_200, 129_600
MAX_POLICY, MAX_POLICY_ARNS, MAX_TAGS = 2_048, 10, 50
MAX_WEB_TOKEN = 20_000
_MAX_TAG_KEY, _MAX_TAG_VALUE = 128, 256
_WEB_IDENTITY = (
    "DurationSeconds",
    "Policy",
    "ProviderId",
    "RoleArn",
    "RoleSessionName",
    "WebIdentityToken",
)
"""The parameters of AssumeRoleWithWebIdentity, or their start; it ignores any other."""
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")
_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+")


@dataclass
class Checks:
    """Collects violations, because the service reports all of them at once."""

    values: Mapping[str, str]
    found: list[str] = field(default_factory=list)

    def fail(self, value: object, member: str, constraint: str) -> None:
        """Note that a member violates a constraint ("have length …")."""
        shown = "null" if value is None else f"'{value}'"
        self.found.append(
            f"Value {shown} at '{member}' failed to satisfy constraint: Member must {constraint}"
        )

    def text(
        self, name: str, shortest: int, longest: int, pattern: str = "", *, required: bool = False
    ) -> str | None:
        """A text of `shortest` to `longest` characters, None if absent; violations are noted."""
        value = self.values.get(name)
        member = name[0].lower() + name[1:]
        if value is None:
            if required:
                self.fail(None, member, "not be null")
            return None
        if len(value) < shortest:
            self.fail(value, member, f"have length greater than or equal to {shortest}")
        if len(value) > longest:
            self.fail(value, member, f"have length less than or equal to {longest}")
        if pattern and not re.fullmatch(pattern, value, re.ASCII):
            self.fail(value, member, f"satisfy regular expression pattern: {pattern}")
        return value

    def seconds(self, longest: int) -> int | None:
        """DurationSeconds. Raises EmulatedAwsError MalformedInput if it isn't a number."""
        value = self.values.get("DurationSeconds")
        if value is None:
            return None
        if not re.fullmatch(r"-?\d{1,10}", value, re.ASCII):
            raise EmulatedAwsError("MalformedInput", f"Invalid value for DurationSeconds: {value}")
        number = int(value)
        if number < MIN_DURATION:
            self.fail(
                value, "durationSeconds", f"have value greater than or equal to {MIN_DURATION}"
            )
        if number > longest:
            self.fail(value, "durationSeconds", f"have value less than or equal to {longest}")
        return number

    def done(self) -> None:
        """Raises EmulatedAwsError ValidationError if there are violations."""
        if self.found:
            raise validation_error(
                f"{len(self.found)} validation error{'s' * (len(self.found) > 1)} detected:"
                f" {'; '.join(self.found)}"
            )


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """GetSessionToken."""

    duration: int | None
    serial: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """AssumeRole; `tags` in order, `policy` parsed, `policy_text` as sent."""

    role_arn: str
    session_name: str
    duration: int | None
    external_id: str | None
    serial: str | None
    code: str | None
    policy: PolicyDocument | None
    policy_text: str
    policy_arns: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    transitive: tuple[str, ...]
    source_identity: str | None


@dataclass(frozen=True, slots=True)
class WebIdentityRequest:
    """AssumeRoleWithWebIdentity; `provider_id` belongs to OAuth 2.0 tokens, which aren't JWTs."""

    role: RoleRequest
    token: str = field(repr=False)
    provider_id: str | None


def members(values: Mapping[str, str], name: str) -> list[str]:
    """The items of a flat list: Name.member.1 and so on."""
    items: list[str] = []
    while (item := values.get(f"{name}.member.{len(items) + 1}")) is not None:
        items.append(item)
    return items


def structures(values: Mapping[str, str], name: str) -> list[Mapping[str, str]]:
    """The items of a list of structures: Name.member.1.Field and so on."""
    items: list[Mapping[str, str]] = []
    while True:
        prefix = f"{name}.member.{len(items) + 1}."
        item = {
            key.removeprefix(prefix): value
            for key, value in values.items()
            if key.startswith(prefix)
        }
        if not item:
            return items
        items.append(item)


def token_request(values: Mapping[str, str]) -> TokenRequest:
    """The validated parameters of GetSessionToken. Raises EmulatedAwsError."""
    checks = Checks(values)
    request = TokenRequest(
        duration=checks.seconds(MAX_TOKEN_DURATION),
        serial=checks.text("SerialNumber", 9, 256, _SERIAL),
        code=checks.text("TokenCode", 6, 6, _SIX_DIGITS),
    )
    checks.done()
    return request


def role_request(values: Mapping[str, str]) -> RoleRequest:
    """The validated parameters of AssumeRole.

    Raises EmulatedAwsError (ValidationError, MalformedPolicyDocument, and the like).
    """
    return _role_request(Checks(values))


def web_identity_request(
    values: Mapping[str, str], claims: Mapping[str, str] | None = None
) -> WebIdentityRequest:
    """The validated parameters of AssumeRoleWithWebIdentity.

    `claims` are the parameters of AssumeRole that the token carries, once it is verified. Raises
    EmulatedAwsError.
    """
    own = {name: values[name] for name in values if name.startswith(_WEB_IDENTITY)}
    checks = Checks({**own, **(claims or {})})
    token = checks.text("WebIdentityToken", 4, MAX_WEB_TOKEN, required=True)
    provider_id = checks.text("ProviderId", 4, 2_048)
    return WebIdentityRequest(_role_request(checks), token or "", provider_id)


def _role_request(checks: Checks) -> RoleRequest:
    values = checks.values
    role_arn = checks.text("RoleArn", 20, 2_048, required=True)
    session_name = checks.text("RoleSessionName", 2, 64, _NAME, required=True)
    duration = checks.seconds(MAX_ROLE_DURATION)
    external_id = checks.text("ExternalId", 2, 1_224, _EXTERNAL_ID)
    serial = checks.text("SerialNumber", 9, 256, _SERIAL)
    code = checks.text("TokenCode", 6, 6, _SIX_DIGITS)
    policy_text = checks.text("Policy", 1, MAX_POLICY)
    source_identity = checks.text("SourceIdentity", 2, 64, _NAME)
    arns = [item.get("arn", "") for item in structures(values, "PolicyArns")]
    if len(arns) > MAX_POLICY_ARNS:
        checks.fail(arns, "policyArns", f"have length less than or equal to {MAX_POLICY_ARNS}")
    tags = tags_of(structures(values, "Tags"), checks)
    transitive = members(values, "TransitiveTagKeys")
    if len(transitive) > MAX_TAGS:
        checks.fail(
            transitive, "transitiveTagKeys", f"have length less than or equal to {MAX_TAGS}"
        )
    checks.done()
    if not _ROLE_ARN.fullmatch(role_arn or ""):
        raise validation_error("Request ARN is invalid")
    if source_identity is not None and source_identity.lower().startswith("aws:"):
        raise validation_error("SourceIdentity must not begin with the reserved prefix aws:")
    for arn in arns:
        if not _POLICY_ARN.fullmatch(arn):
            raise validation_error("Invalid policy ARN")
    _check_keys([key for key, _ in tags], transitive)
    return RoleRequest(
        role_arn=role_arn or "",
        session_name=session_name or "",
        duration=duration,
        external_id=external_id,
        serial=serial,
        code=code,
        policy=_session_policy(policy_text),
        policy_text=policy_text or "",
        policy_arns=tuple(arns),
        tags=tuple(tags),
        transitive=tuple(transitive),
        source_identity=source_identity,
    )


def tags_of(items: list[Mapping[str, str]], checks: Checks) -> list[tuple[str, str]]:
    """The tags of a list of structures, in order; violations are noted."""
    if len(items) > MAX_TAGS:
        checks.fail(
            [dict(item) for item in items], "tags", f"have length less than or equal to {MAX_TAGS}"
        )
    found = []
    for number, item in enumerate(items, 1):
        key, value = item.get("Key"), item.get("Value")
        where = f"tags.{number}.member"
        _tag_text(checks, key, f"{where}.key", _MAX_TAG_KEY, bool)
        _tag_text(checks, value, f"{where}.value", _MAX_TAG_VALUE, lambda _: True)
        found.append((key or "", value or ""))
    return found


def _tag_text(
    checks: Checks, value: str | None, member: str, longest: int, enough: Callable[[str], bool]
) -> None:
    if value is None:
        checks.fail(None, member, "not be null")
    elif not enough(value):
        checks.fail(value, member, "have length greater than or equal to 1")
    elif len(value) > longest:
        checks.fail(value, member, f"have length less than or equal to {longest}")
    elif not all(
        character.isalnum() or character.isspace() or character in _TAG_MARKS for character in value
    ):
        checks.fail(value, member, f"satisfy regular expression pattern: {_TAG}")


def _check_keys(keys: list[str], transitive: list[str]) -> None:
    lowered = [key.lower() for key in keys]
    if len(set(lowered)) != len(lowered):
        raise EmulatedAwsError(
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    if any(key.startswith("aws:") for key in lowered):
        raise EmulatedAwsError(
            "InvalidParameterValue", "Tag keys beginning with aws: are reserved."
        )
    if any(key.lower() not in lowered for key in transitive):
        raise EmulatedAwsError(
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
        )


def _session_policy(text: str | None) -> PolicyDocument | None:
    if text is None:
        return None
    try:
        return parse(text, PolicyKind.SESSION, "the session policy")
    except PolicyError as problem:
        invalid_json = "not valid JSON" in problem.what
        message = (
            "This policy contains invalid Json" if invalid_json else "Syntax errors in policy."
        )
        raise EmulatedAwsError("MalformedPolicyDocument", message) from None


def requested_action(
    parameters: Mapping[str, str], actions: Container[str], api_version: str
) -> str:
    """The action of `actions` that a request names, in the service's API version.

    Raises EmulatedAwsError MissingAction, InvalidAction.
    """
    action, version = (
        parameters.get("Action", ""),
        parameters.get("Version", "NO_VERSION_SPECIFIED"),
    )
    if not action:
        raise EmulatedAwsError(
            "MissingAction", "Missing Action", 400, namespace=AWS_FAULT_NAMESPACE
        )
    if action not in actions or version != api_version:
        message = f"Could not find operation {action} for version {version}"
        raise EmulatedAwsError("InvalidAction", message, 400, namespace=AWS_FAULT_NAMESPACE)
    return action
