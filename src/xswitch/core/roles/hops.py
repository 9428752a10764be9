"""Parse the AssumeRole parameters of a profile; report mistakes, and where SDKs differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from xswitch.core import sts_limits
from xswitch.core.arn import RoleArn, parse_role_arn
from xswitch.core.display import quote_value
from xswitch.core.model import (
    Hop,
    Problem,
    Profile,
    Severity,
    problem_at,
)
from xswitch.core.model.profiles import PropertyOrigins
from xswitch.core.roles.sources import has_static_keys, is_sso

_ROLE_KEYS = frozenset(
    (
        "role_arn",
        "source_profile",
        "credential_source",
        "external_id",
        "mfa_serial",
        "duration_seconds",
        "role_session_name",
        "xswitch_tags",
        "xswitch_transitive_tag_keys",
        "xswitch_policy_arns",
        "xswitch_policy",
        "xswitch_source_identity",
        "mfa_process",
    )
)

_OPTIONAL_ROLE_KEYS = _ROLE_KEYS - {"role_arn", "source_profile"}
_ParsedValue = TypeVar("_ParsedValue")


class ParsedHop(NamedTuple):
    """The result of parsing a profile's role settings."""

    hop: Hop | None
    """None if one of the problems is an error."""
    problems: tuple[Problem, ...]
    arn: RoleArn | None = None
    """None if `role_arn` isn't a role's ARN."""

    @property
    def error(self) -> Problem | None:
        """The first mistake that prevents AssumeRole."""
        return next((problem for problem in self.problems if problem.severity == "error"), None)


@dataclass(slots=True)
class _HopParser:
    profile: Profile
    problems: list[Problem] = field(default_factory=list)

    def add_problem(self, key: str, code: str, message: str, severity: Severity = "error") -> None:
        self.problems.append(
            problem_at(
                self.profile, key, code, f'Profile "{self.profile.name}": {message}', severity
            )
        )

    def text(self, key: str, is_valid: Callable[[str], bool], code: str) -> str | None:
        """Read a value and warn if AWS would reject it."""
        value = self.profile.get(key)
        if value == "":
            self.add_problem(key, code, f"{key} is empty, so it's ignored.", "warning")
            return None
        if value is not None and not is_valid(value):
            # A line break in it is a key that is indented by mistake, so it's not sent.
            severity: Severity = "error" if "\n" in value else "warning"
            text = f"{key} is {quote_value(value)}, which AWS rejects."
            self.add_problem(key, code, text, severity)
        return value

    def parsed(
        self, key: str, read: Callable[[str], _ParsedValue], empty: _ParsedValue
    ) -> _ParsedValue:
        """Parse the value of an `xswitch_` key.

        An invalid one is an error, because the session would differ without it.
        """
        value = self.profile.get(key)
        if not value:
            return empty
        try:
            return read(value)
        except ValueError as error:
            self.add_problem(key, f"{key.removeprefix('xswitch_')}_invalid", f"{key}: {error}.")
            return empty

    def duration(self) -> int | None:
        value = self.profile.get("duration_seconds")
        if value is None:
            return None
        seconds = sts_limits.parse_integer(value)
        if seconds is None:
            self.add_problem(
                "duration_seconds",
                "duration_not_number",
                f"duration_seconds is {quote_value(value)}, which isn't a number, so it's ignored.",
                "warning",
            )
            return None
        legal = min(max(seconds, sts_limits.MIN_DURATION), sts_limits.MAX_DURATION)
        if legal != seconds:
            text = (
                f"duration_seconds is {seconds}; AWS accepts {sts_limits.MIN_DURATION} to"
                f" {sts_limits.MAX_DURATION}. Using {legal}."
            )
            self.add_problem("duration_seconds", "duration_range", text, "warning")
        return legal


def parse_hop(profile: Profile) -> ParsedHop:
    """Parse the hop of a profile with `role_arn`."""
    parser = _HopParser(profile)
    arn = profile.get("role_arn") or ""
    arn_parts = parse_role_arn(arn)
    if arn_parts is None:
        hint = (
            " That's the ARN of a session; a role's ARN is arn:aws:iam::ACCOUNT:role/NAME."
            if ":assumed-role/" in arn
            else ""
        )
        parser.add_problem(
            "role_arn",
            "role_arn_invalid",
            f"role_arn is {quote_value(arn)}, which isn't the ARN of a role.{hint}",
        )
    origins = PropertyOrigins(profile.properties, _ROLE_KEYS)
    if not profile.has_any(_OPTIONAL_ROLE_KEYS):  # most profiles
        return _parsed_hop(
            parser, Hop(profile.name, arn, profile.origin, origins=origins), arn_parts
        )
    no_tags: sts_limits.Tags = ()
    no_arns: tuple[str, ...] = ()
    tags = parser.parsed("xswitch_tags", sts_limits.parse_tags, no_tags)
    transitive = sts_limits.split_commas(profile.get("xswitch_transitive_tag_keys") or "")
    undefined_keys = [key for key in transitive if key not in dict(tags)]
    if undefined_keys:
        text = (
            f"xswitch_transitive_tag_keys names {quote_value(undefined_keys[0])},"
            " which xswitch_tags doesn't set."
        )
        parser.add_problem("xswitch_transitive_tag_keys", "transitive_tag_keys_invalid", text)
    hop = Hop(
        profile=profile.name,
        role_arn=arn,
        origin=profile.origin,
        external_id=parser.text("external_id", sts_limits.is_external_id, "external_id_invalid"),
        mfa_serial=parser.text("mfa_serial", sts_limits.is_mfa_serial, "mfa_serial_invalid"),
        duration_seconds=parser.duration(),
        session_name=parser.text(
            "role_session_name", sts_limits.is_session_name, "session_name_invalid"
        ),
        tags=tags,
        transitive_tag_keys=transitive,
        policy_arns=parser.parsed(
            "xswitch_policy_arns",
            lambda text: sts_limits.validate_policy_arns(sts_limits.split_commas(text)),
            no_arns,
        ),
        policy=parser.parsed("xswitch_policy", sts_limits.compact_policy, None),
        source_identity=parser.parsed("xswitch_source_identity", _source_identity, None),
        origins=origins,
    )
    return _parsed_hop(parser, hop, arn_parts)


def _parsed_hop(parser: _HopParser, hop: Hop, arn: RoleArn | None) -> ParsedHop:
    _warn_about_sdk_differences(parser)
    if not parser.problems:
        return ParsedHop(hop, (), arn)
    problems = tuple(sorted(parser.problems, key=lambda problem: problem.severity != "error"))
    return ParsedHop(
        None if any(problem.severity == "error" for problem in problems) else hop, problems, arn
    )


def _source_identity(text: str) -> str:
    if not sts_limits.is_session_name(text):
        raise ValueError(
            f"{quote_value(text)} isn't a valid source identity"
            " (2 to 64 letters, digits, and _+=,.@-)"
        )
    return text


def _warn_about_sdk_differences(parser: _HopParser) -> None:
    """Warn about SDKs that read the profile differently."""
    profile = parser.profile
    source = profile.get("source_profile")
    if source is not None and "credential_process" in profile.properties:
        parser.add_problem(
            "credential_process",
            "go_process_and_source",
            "the Go SDK rejects credential_process together with source_profile.",
            "warning",
        )
    if is_sso(profile):
        key = "sso_account_id" if "sso_account_id" in profile.properties else "sso_role_name"
        parser.add_problem(
            key,
            "java_sso_before_role",
            "the Java SDK uses its SSO settings instead of its role_arn.",
            "warning",
        )
    if source == profile.name and has_static_keys(profile):
        parser.add_problem(
            "source_profile",
            "java_self_reference",
            "the Java SDK rejects a profile that is its own source_profile.",
            "warning",
        )
