"""The setup form as values. Pure.

Fields, their visibility and validation, and the inputs and command a valid form makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from xswitch.actions.access.api import AccessInputs
from xswitch.core.access.model import DEFAULT_MAX_SESSION_SECONDS, PrincipalType
from xswitch.core.arn import is_account_id, is_policy_arn
from xswitch.core.duration_text import parse_duration
from xswitch.core.sts_limits import parse_tags
from xswitch.tui.render.form_fields import FormField, Values

USERS_GROUP, ROLE_GROUP, ACCESS_GROUP = (
    "Who can switch",
    "Target role",
    "Permissions and conditions",
)
_MIN_SESSION_SECONDS, _MAX_SESSION_SECONDS = 3_600, 43_200
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_PATH = re.compile(r"(?:/(?:[\x21-\x7e]+/)?)?")
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_MAX_DESCRIPTION_LENGTH = 1000


PROFILE_FIELDS = frozenset({"source_profile", "target_profile", "switch_from"})
"""The fields for which profiles are suggested."""
FIELDS: tuple[FormField, ...] = (
    FormField(
        "source_profile",
        "admin profile",
        USERS_GROUP,
        "a profile that can change IAM in the users' account",
    ),
    FormField(
        "source_account",
        "or account ID",
        USERS_GROUP,
        "12 digits, if another administrator sets up that account",
    ),
    FormField(
        "who_kind",
        "who",
        USERS_GROUP,
        choices=(
            ("user", "a user"),
            ("group", "a group"),
            ("role", "a role"),
            ("account", "the whole account"),
        ),
    ),
    FormField(
        "who_name", "name", USERS_GROUP, "IAM name; for a user, empty: the admin profile's user"
    ),
    FormField(
        "target_profile",
        "admin profile",
        ROLE_GROUP,
        "a profile that can change IAM in the role's account",
    ),
    FormField(
        "target_account",
        "or account ID",
        ROLE_GROUP,
        "12 digits, if another administrator sets up that account",
    ),
    FormField("role_name", "role", ROLE_GROUP, "SwitchRole"),
    FormField("role_path", "path", ROLE_GROUP, "/"),
    FormField(
        "policies",
        "policies",
        ACCESS_GROUP,
        "managed policies by name or ARN: ReadOnlyAccess, arn:aws:iam::…",
    ),
    FormField(
        "require_mfa", "MFA", ACCESS_GROUP, choices=(("yes", "required"), ("no", "not required"))
    ),
    FormField(
        "external",
        "external ID",
        ACCESS_GROUP,
        choices=(("none", "none"), ("generate", "generated"), ("own", "custom")),
    ),
    FormField("external_id", "value", ACCESS_GROUP, "2 to 1,224 characters"),
    FormField("max_session", "max session", ACCESS_GROUP, "1h, up to 12h"),
    FormField("tags", "tags", ACCESS_GROUP, "team=payments,env=prod"),
    FormField("description", "description", ACCESS_GROUP, "what the role is for"),
    FormField(
        "save_as",
        "role profile",
        ACCESS_GROUP,
        "its name in the AWS config; empty: the role's name",
    ),
    FormField(
        "switch_from",
        "switch from",
        ACCESS_GROUP,
        "the switching user's profile; empty: found by identity",
    ),
)

DEFAULTS: Values = MappingProxyType(
    {
        **{field.key: field.choices[0][0] if field.choices else "" for field in FIELDS},
        "role_name": "SwitchRole",
        "role_path": "/",
        "policies": "ReadOnlyAccess",
        "max_session": "1h",
    }
)


def visible_fields(values: Values) -> tuple[FormField, ...]:
    """Return the fields that apply, given the values."""
    hidden = set()
    if values["who_kind"] == "account":
        hidden.add("who_name")
    if values["external"] != "own":
        hidden.add("external_id")
    return tuple(field for field in FIELDS if field.key not in hidden)


def validation_errors(values: Values) -> Mapping[str, str]:
    """Return the errors by field; empty if the form can be planned."""
    errors = {
        field.key: _CHECKS[field.key](values)
        for field in visible_fields(values)
        if field.key in _CHECKS
    }
    return {key: text for key, text in errors.items() if text}


def _check_admin_profile(values: Values) -> str:
    if values["source_profile"].strip() or values["target_profile"].strip():
        return ""
    return (
        "Set an admin profile for at least one account, "
        "or write both files: xswitch access plan --format."
    )


def _check_account(values: Values, side: str) -> str:
    if values[f"{side}_profile"].strip() or is_account_id(values[f"{side}_account"].strip()):
        return ""
    return "Enter 12 digits, or an admin profile above."


def _check_principal_name(values: Values) -> str:
    kind, name = values["who_kind"], values["who_name"].strip()
    if (not name and kind == "user" and values["source_profile"].strip()) or _NAME.fullmatch(
        name.rpartition("/")[2]
    ):
        return ""
    return f"The {kind}'s name: letters, digits and +=,.@_- only."


def _check_policies(values: Values) -> str:
    invalid = next(
        (word for word in parse_policies(values) if ":" in word and not is_policy_arn(word)), ""
    )
    return f"{invalid} isn't a managed policy ARN." if invalid else ""


def _check_max_session(values: Values) -> str:
    seconds = max_session_seconds(values)
    return (
        ""
        if seconds is not None and _MIN_SESSION_SECONDS <= seconds <= _MAX_SESSION_SECONDS
        else "From 1h to 12h."
    )


def _check_tags(values: Values) -> str:
    try:
        parse_tags(values["tags"])
    except ValueError as problem:
        return str(problem)
    return ""


def _check_pattern(key: str, pattern: re.Pattern[str], otherwise: str) -> Callable[[Values], str]:
    return lambda values: "" if pattern.fullmatch(values[key].strip()) else otherwise


_CHECKS: Mapping[str, Callable[[Values], str]] = MappingProxyType(
    {
        "source_profile": _check_admin_profile,
        "source_account": partial(_check_account, side="source"),
        "who_name": _check_principal_name,
        "target_account": partial(_check_account, side="target"),
        "role_name": _check_pattern(
            "role_name", _ROLE_NAME, "1 to 64 letters, digits and +=,.@_- only."
        ),
        "role_path": _check_pattern(
            "role_path", _PATH, "A path begins and ends with a slash: /team/."
        ),
        "policies": _check_policies,
        "external_id": _check_pattern(
            "external_id", _EXTERNAL_ID, "2 to 1,224 letters, digits and +=,.@:/_- only."
        ),
        "max_session": _check_max_session,
        "tags": _check_tags,
        "description": lambda values: (
            "At most 1,000 characters."
            if len(values["description"]) > _MAX_DESCRIPTION_LENGTH
            else ""
        ),
    }
)


def max_session_seconds(values: Values) -> int | None:
    """Return the longest session in seconds: an hour if empty, None if it isn't a duration."""
    return parse_duration(values["max_session"].strip() or "1h")


def parse_policies(values: Values) -> tuple[str, ...]:
    """Return the managed policies, each once."""
    return tuple(dict.fromkeys(word for word in re.split(r"[,\s]+", values["policies"]) if word))


def access_inputs(values: Values) -> AccessInputs:
    """Return the inputs of a valid form."""
    kind = PrincipalType(values["who_kind"])
    own_external_id = values["external"] == "own"
    return AccessInputs(
        role_name=values["role_name"].strip(),
        who_kind=kind,
        who_name="" if kind is PrincipalType.ACCOUNT else values["who_name"].strip(),
        target_profile=values["target_profile"].strip() or None,
        source_profile=values["source_profile"].strip() or None,
        target_account="" if values["target_profile"].strip() else values["target_account"].strip(),
        source_account="" if values["source_profile"].strip() else values["source_account"].strip(),
        role_path=values["role_path"].strip() or "/",
        policies=parse_policies(values),
        external_id=values["external_id"].strip() if own_external_id else "",
        generate_external_id=values["external"] == "generate",
        require_mfa=values["require_mfa"] == "yes",
        max_session_seconds=max_session_seconds(values) or _MIN_SESSION_SECONDS,
        tags=parse_tags(values["tags"]),
        description=values["description"].strip(),
        switch_from=values["switch_from"].strip() or None,
        save_as=values["save_as"].strip(),
    )


_PRINCIPAL_OPTIONS = {
    PrincipalType.USER: "--user",
    PrincipalType.GROUP: "--group",
    PrincipalType.ROLE: "--assuming-role",
    PrincipalType.ACCOUNT: "--account",
}


def access_apply_command(inputs: AccessInputs) -> tuple[str, ...]:
    """Return the `xswitch access apply …` command for the inputs, without default options."""
    who: tuple[str, ...] = (
        ("--account",)
        if inputs.who_kind is PrincipalType.ACCOUNT
        else _option(_PRINCIPAL_OPTIONS[inputs.who_kind], inputs.who_name)
    )
    longest = inputs.max_session_seconds
    return (
        *("xswitch", "access", "apply", inputs.role_name),
        *(
            _option("--target", inputs.target_profile)
            or _option("--target-account", inputs.target_account)
        ),
        *(
            _option("--source", inputs.source_profile)
            or _option("--source-account", inputs.source_account)
        ),
        *who,
        *_option("--path", "" if inputs.role_path == "/" else inputs.role_path),
        *(word for policy in inputs.policies for word in ("--policy", policy)),
        *_option("--external-id", inputs.external_id),
        *(("--generate-external-id",) if inputs.generate_external_id else ()),
        *(() if inputs.require_mfa else ("--no-mfa",)),
        *_option("--max-session", "" if longest == DEFAULT_MAX_SESSION_SECONDS else str(longest)),
        *(word for key, value in inputs.tags for word in ("--tag", f"{key}={value}")),
        *_option("--description", inputs.description),
        *_option("--profile", inputs.save_as),
        *_option("--switch-from", inputs.switch_from),
    )


def _option(name: str, value: str | None) -> tuple[str, ...]:
    return (name, value) if value else ()
