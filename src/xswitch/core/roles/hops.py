"""One profile's AssumeRole.

Its parameters out of the config, and every mistake in them with file and line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from xswitch.core import sts_limits
from xswitch.core.arn import RoleArn, parse_role_arn
from xswitch.core.model import Hop, Problem, Profile, Severity
from xswitch.core.model.profiles import PropertyOrigins
from xswitch.core.roles.sources import has_static_keys, is_sso, problem_at

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
    """What became of a profile's role settings.

    The hop unless there is an error, all problems, and the role's ARN unless it is none.
    """

    hop: Hop | None
    problems: tuple[Problem, ...]
    arn: RoleArn | None = None

    @property
    def error(self) -> Problem | None:
        """The first mistake that keeps the role from being assumed."""
        return next((problem for problem in self.problems if problem.severity == "error"), None)


@dataclass(slots=True)
class _HopParser:
    profile: Profile
    problems: list[Problem] = field(default_factory=list)

    def tell(self, key: str, code: str, message: str, severity: Severity = "error") -> None:
        self.problems.append(
            problem_at(
                self.profile, key, code, f'Profile "{self.profile.name}": {message}', severity
            )
        )

    def text(self, key: str, is_valid: Callable[[str], bool], code: str) -> str | None:
        """A value as it stands; AWS will refuse an odd one, so it is only warned of."""
        value = self.profile.get(key)
        if value == "":
            self.tell(key, code, f"{key} is empty and is ignored.", "warning")
            return None
        if value is not None and not is_valid(value):
            self.tell(key, code, f"{key} is {value!r}, which AWS refuses.", "warning")
        return value

    def parsed(
        self, key: str, read: Callable[[str], _ParsedValue], empty: _ParsedValue
    ) -> _ParsedValue:
        """A value of ours.

        A wrong one is an error, because leaving it out would give another session than the one
        meant.
        """
        value = self.profile.get(key)
        if not value:
            return empty
        try:
            return read(value)
        except ValueError as error:
            self.tell(key, f"{key.removeprefix('xswitch_')}_invalid", f"{key}: {error}.")
            return empty

    def duration(self) -> int | None:
        value = self.profile.get("duration_seconds")
        if value is None:
            return None
        seconds = sts_limits.parse_integer(value)
        if seconds is None:
            self.tell(
                "duration_seconds",
                "duration_not_number",
                f"duration_seconds is {value!r}, not a number: it is ignored.",
                "warning",
            )
            return None
        legal = min(max(seconds, sts_limits.MIN_DURATION), sts_limits.MAX_DURATION)
        if legal != seconds:
            text = f"duration_seconds is {seconds}, AWS takes {sts_limits.MIN_DURATION} to {sts_limits.MAX_DURATION}: {legal} is used."
            self.tell("duration_seconds", "duration_range", text, "warning")
        return legal


def parse_hop(profile: Profile) -> ParsedHop:
    """The AssumeRole that a profile with `role_arn` stands for."""
    reader = _HopParser(profile)
    arn = profile.get("role_arn") or ""
    arn_parts = parse_role_arn(arn)
    if arn_parts is None:
        hint = (
            " That is a session's ARN; a role's is arn:aws:iam::ACCOUNT:role/NAME."
            if ":assumed-role/" in arn
            else ""
        )
        reader.tell(
            "role_arn",
            "role_arn_invalid",
            f"role_arn is {arn!r}, which is not the ARN of a role.{hint}",
        )
    origins = PropertyOrigins(profile.properties, _ROLE_KEYS)
    if _OPTIONAL_ROLE_KEYS.isdisjoint(profile.properties):  # as nearly every one of thousands is
        return _parsed_hop(
            reader, Hop(profile.name, arn, profile.origin, origins=origins), arn_parts
        )
    no_tags: sts_limits.Tags = ()
    no_arns: tuple[str, ...] = ()
    tags = reader.parsed("xswitch_tags", sts_limits.parse_tags, no_tags)
    transitive = sts_limits.split_commas(profile.get("xswitch_transitive_tag_keys") or "")
    undefined_keys = [key for key in transitive if key not in dict(tags)]
    if undefined_keys:
        text = f"xswitch_transitive_tag_keys names {undefined_keys[0]!r}, which xswitch_tags doesn't set."
        reader.tell("xswitch_transitive_tag_keys", "transitive_tag_keys_invalid", text)
    hop = Hop(
        profile=profile.name,
        role_arn=arn,
        origin=profile.origin,
        external_id=reader.text("external_id", sts_limits.is_external_id, "external_id_invalid"),
        mfa_serial=reader.text("mfa_serial", sts_limits.is_mfa_serial, "mfa_serial_invalid"),
        duration_seconds=reader.duration(),
        session_name=reader.text(
            "role_session_name", sts_limits.is_session_name, "session_name_invalid"
        ),
        tags=tags,
        transitive_tag_keys=transitive,
        policy_arns=reader.parsed(
            "xswitch_policy_arns",
            lambda text: sts_limits.validate_policy_arns(sts_limits.split_commas(text)),
            no_arns,
        ),
        policy=reader.parsed("xswitch_policy", sts_limits.compact_policy, None),
        source_identity=reader.parsed("xswitch_source_identity", _source_identity, None),
        origins=origins,
    )
    return _parsed_hop(reader, hop, arn_parts)


def _parsed_hop(reader: _HopParser, hop: Hop, arn: RoleArn | None) -> ParsedHop:
    _warn_about_sdk_differences(reader)
    if not reader.problems:
        return ParsedHop(hop, (), arn)
    problems = tuple(sorted(reader.problems, key=lambda problem: problem.severity != "error"))
    return ParsedHop(
        None if any(problem.severity == "error" for problem in problems) else hop, problems, arn
    )


def _source_identity(text: str) -> str:
    if not sts_limits.is_session_name(text):
        raise ValueError(
            f"{text!r} can't be a source identity (2 to 64 letters, digits and _+=,.@-)"
        )
    return text


def _warn_about_sdk_differences(reader: _HopParser) -> None:
    """What other SDKs make of the same profile."""
    profile = reader.profile
    source = profile.get("source_profile")
    if source is not None and "credential_process" in profile.properties:
        reader.tell(
            "credential_process",
            "go_process_and_source",
            "the Go SDK rejects credential_process beside source_profile.",
            "warning",
        )
    if is_sso(profile):
        key = "sso_account_id" if "sso_account_id" in profile.properties else "sso_role_name"
        reader.tell(
            key,
            "java_sso_before_role",
            "the Java SDK takes its SSO settings and not its role_arn.",
            "warning",
        )
    if source == profile.name and has_static_keys(profile):
        reader.tell(
            "source_profile",
            "java_self_reference",
            "the Java SDK rejects a profile that is its own source_profile.",
            "warning",
        )
