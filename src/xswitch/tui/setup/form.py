"""The set-up form as values: its fields, which of them are asked for, what is wrong with an answer, what they come to. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from xswitch.actions.access.api import AccessInputs
from xswitch.core.access.model import WhoKind
from xswitch.core.arn import is_account_id, is_policy_arn
from xswitch.core.sts_limits import read_tags

Values = Mapping[str, str]
WHO, WHERE, WHAT = "Who may switch", "Where to", "What they may do there, and how"
_SHORTEST, _LONGEST = 3_600, 43_200
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_PATH = re.compile(r"(?:/(?:[\x21-\x7e]+/)?)?")
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_LENGTH = re.compile(r"([0-9]{1,6})\s*(h|min|m|s|)")
_UNITS = {"h": 3600, "min": 60, "m": 60, "s": 1, "": 1}
_DESCRIPTION = 1000


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the form. With `choices` (value, label) it is picked from them; else it is typed, `hint` standing in an empty one."""

    key: str
    label: str
    group: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()


FIELDS: tuple[Field, ...] = (
    Field("source_profile", "admin profile", WHO, "a profile that may change IAM in the users' account"),
    Field("source_account", "or account id", WHO, "its 12 digits, when somebody else sets that side up"),
    Field("who_kind", "who", WHO, choices=(("user", "a user"), ("group", "a group"), ("role", "a role"), ("account", "the whole account"))),
    Field("who_name", "name", WHO, "its name in IAM; for a user, empty means: the admin profile's own"),
    Field("target_profile", "admin profile", WHERE, "a profile that may change IAM in the role's account"),
    Field("target_account", "or account id", WHERE, "its 12 digits, when somebody else sets that side up"),
    Field("role_name", "role", WHERE, "SwitchRole"),
    Field("role_path", "path", WHERE, "/"),
    Field("policies", "may do", WHAT, "managed policies by name or ARN: ReadOnlyAccess, arn:aws:iam::…"),
    Field("require_mfa", "MFA", WHAT, choices=(("yes", "required"), ("no", "not asked for"))),
    Field("external", "external ID", WHAT, choices=(("none", "none"), ("generate", "made for me"), ("own", "my own"))),
    Field("external_id", "its text", WHAT, "2 to 1,224 characters"),
    Field("max_session", "longest session", WHAT, "1h, up to 12h"),
    Field("tags", "tags", WHAT, "team=payments,env=prod"),
    Field("description", "description", WHAT, "what the role is for"),
    Field("save_as", "role profile", WHAT, "its name in the AWS config; empty: the role's name"),
    Field("switch_from", "switch from", WHAT, "the profile of the one who switches; empty: found by its identity"),
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


def asked(values: Values) -> tuple[Field, ...]:
    """The fields that are asked for, given the answers so far."""
    hidden = set()
    if values["who_kind"] == "account":
        hidden.add("who_name")
    if values["external"] != "own":
        hidden.add("external_id")
    return tuple(field for field in FIELDS if field.key not in hidden)


def complaints(values: Values) -> Mapping[str, str]:
    """What is wrong, by field; empty when the form can be planned."""
    found = {field.key: _CHECKS[field.key](values) for field in asked(values) if field.key in _CHECKS}
    return {key: text for key, text in found.items() if text}


def _admin(values: Values) -> str:
    if values["source_profile"].strip() or values["target_profile"].strip():
        return ""
    return "At least one side needs an admin profile; or write both files with: xswitch access plan --format."


def _account(values: Values, side: str) -> str:
    if values[f"{side}_profile"].strip() or is_account_id(values[f"{side}_account"].strip()):
        return ""
    return "Twelve digits, or an admin profile above."


def _name(values: Values) -> str:
    kind, name = values["who_kind"], values["who_name"].strip()
    if (not name and kind == "user" and values["source_profile"].strip()) or _NAME.fullmatch(name.rpartition("/")[2]):
        return ""
    return f"The {kind}'s name: letters, digits and +=,.@_- only."


def _policies(values: Values) -> str:
    bad = next((word for word in policies(values) if ":" in word and not is_policy_arn(word)), "")
    return f"{bad} is not the ARN of a managed policy." if bad else ""


def _longest(values: Values) -> str:
    seconds = length(values["max_session"])
    return "" if seconds is not None and _SHORTEST <= seconds <= _LONGEST else "From 1h to 12h."


def _tags(values: Values) -> str:
    try:
        read_tags(values["tags"])
    except ValueError as problem:
        return str(problem)
    return ""


def _like(key: str, pattern: re.Pattern[str], otherwise: str) -> Callable[[Values], str]:
    return lambda values: "" if pattern.fullmatch(values[key].strip()) else otherwise


_CHECKS: Mapping[str, Callable[[Values], str]] = MappingProxyType(
    {
        "source_profile": _admin,
        "source_account": partial(_account, side="source"),
        "who_name": _name,
        "target_account": partial(_account, side="target"),
        "role_name": _like("role_name", _ROLE_NAME, "1 to 64 letters, digits and +=,.@_- only."),
        "role_path": _like("role_path", _PATH, "A path begins and ends with a slash: /team/."),
        "policies": _policies,
        "external_id": _like("external_id", _EXTERNAL_ID, "2 to 1,224 letters, digits and +=,.@:/_- only."),
        "max_session": _longest,
        "tags": _tags,
        "description": lambda values: "At most 1,000 characters." if len(values["description"]) > _DESCRIPTION else "",
    }
)


def length(text: str) -> int | None:
    """Seconds of "1h", "90 min", "3600"; None for anything else. Empty is an hour."""
    found = _LENGTH.fullmatch(text.strip().lower() or "1h")
    return int(found[1]) * _UNITS[found[2]] if found else None


def policies(values: Values) -> tuple[str, ...]:
    """The managed policies named, each once."""
    return tuple(dict.fromkeys(word for word in re.split(r"[,\s]+", values["policies"]) if word))


def inputs(values: Values) -> AccessInputs:
    """What a form without complaints asks for."""
    kind = WhoKind(values["who_kind"])
    own = values["external"] == "own"
    return AccessInputs(
        role_name=values["role_name"].strip(),
        who_kind=kind,
        who_name="" if kind is WhoKind.ACCOUNT else values["who_name"].strip(),
        target_profile=values["target_profile"].strip() or None,
        source_profile=values["source_profile"].strip() or None,
        target_account="" if values["target_profile"].strip() else values["target_account"].strip(),
        source_account="" if values["source_profile"].strip() else values["source_account"].strip(),
        role_path=values["role_path"].strip() or "/",
        policies=policies(values),
        external_id=values["external_id"].strip() if own else "",
        generate_external_id=values["external"] == "generate",
        require_mfa=values["require_mfa"] == "yes",
        max_session_seconds=length(values["max_session"]) or _SHORTEST,
        tags=read_tags(values["tags"]),
        description=values["description"].strip(),
        switch_from=values["switch_from"].strip() or None,
        save_as=values["save_as"].strip(),
    )
