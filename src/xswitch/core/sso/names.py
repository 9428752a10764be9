"""Names of profiles for what a portal lists: by a template, legal for every reader, and unique.

A name is made of the characters that every SDK accepts in a profile's name (`core.awsconfig`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from xswitch.core.digests import sha256
from xswitch.core.errors import ErrorCode, UsageError
from xswitch.core.model import PortalRole

DEFAULT_TEMPLATE = "{account_name}/{role_name}"
FIELDS = ("account_name", "account_id", "role_name", "session", "region")
Case = Literal["keep", "lower", "upper"]
RoleKey = tuple[str, str]
"""Account ID and role name."""

LONGEST = 128
_illegal = re.compile(r"[^A-Za-z0-9_\-/.%@:+]+")
_field = re.compile(r"\{([^{}]*)\}")
_AWAY = ("default", "DEFAULT")
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"})


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """How a profile's name is made; `parse_template` checks it."""

    text: str = DEFAULT_TEMPLATE
    case: Case = "keep"
    separator: str = "-"
    """In the place of blanks and other characters that a name can't have."""
    trim: tuple[re.Pattern[str], ...] = ()
    """Each match is cut from account and role names, case-insensitively."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The names to assign: a template, and the names that it can't give."""

    template: NameTemplate
    region: str = ""
    taken: Container[str] = field(default_factory=frozenset)
    fixed: Mapping[RoleKey, str] = field(default_factory=dict)
    """Names of roles that keep the one they have."""


def parse_template(
    text: str, case: Case = "keep", separator: str = "-", trim: Iterable[str] = ()
) -> NameTemplate:
    """Check the parts of a template. Raises UsageError."""
    for name in _field.findall(text):
        if name not in FIELDS:
            known = ", ".join(f"{{{known}}}" for known in FIELDS)
            raise _bad(f"{{{name}}} isn't a field of a template.", f"The fields are {known}.")
    rest = _field.sub("", text)
    if "{" in rest or "}" in rest:
        raise _bad(f"{text!r} has a brace without its other half.")
    if not _field.search(text):
        raise _bad(f"{text!r} has no field, so every profile would have the same name.")
    for part, what in ((rest, "template"), (separator, "separator")):
        wrong = _illegal.search(part)
        if wrong is not None:
            raise _bad(
                f"The {what} has {wrong[0]!r}, which isn't valid in a profile's name.",
                "SDKs accept only letters, digits, and _-/.%@:+ in it.",
            )
    patterns = []
    for pattern in trim:
        try:
            patterns.append(re.compile(pattern, re.IGNORECASE))
        except (re.error, RecursionError) as error:
            raise _bad(f"{pattern!r} isn't a regular expression: {error}.") from None
    return NameTemplate(text, case, separator, tuple(patterns))


def _bad(what: str, why: str = "") -> UsageError:
    return UsageError(
        what,
        why=why,
        next_step="Try another one: xswitch sso populate --dry-run",
        code=ErrorCode.BAD_TEMPLATE,
    )


def template_name(template: NameTemplate, role: PortalRole, region: str) -> str:
    """Return the name that the template gives, "" if nothing is left of it."""
    values = {
        "account_name": _trimmed(template, role.account_name) or role.account_id,
        "account_id": role.account_id,
        "role_name": _trimmed(template, role.role_name) or _legal(template, role.role_name),
        "session": _legal(template, role.session.removeprefix("https://")),
        "region": region,
    }
    name = _field.sub(lambda match: values[match[1]], template.text)
    name = name.lower() if template.case == "lower" else name
    name = name.upper() if template.case == "upper" else name
    return name if len(name) <= LONGEST else _shortened(name, role)


def _trimmed(template: NameTemplate, text: str) -> str:
    text = text.strip()
    for pattern in template.trim:
        text = pattern.sub("", text)
    return _legal(template, text)


def _legal(template: NameTemplate, text: str) -> str:
    """Write a text in legal characters: without accents, and separators for all others."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS))
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    separator = template.separator
    text = _illegal.sub(lambda _: separator, text)
    if separator:
        text = re.sub(f"(?:{re.escape(separator)}){{2,}}", lambda _: separator, text)
        text = text.removeprefix(separator).removesuffix(separator)
    return text


def _shortened(name: str, role: PortalRole) -> str:
    digest = _digest(role)
    return f"{name[: LONGEST - len(digest) - 1]}-{digest}"


def _digest(role: PortalRole) -> str:
    text = f"{role.start_url}\n{role.account_id}\n{role.role_name}"
    return sha256(text.encode("utf-8", "surrogateescape"))[:8]


def assign_names(roles: Iterable[PortalRole], naming: Naming) -> dict[RoleKey, str]:
    """Return a name for each role; no two are equal, and none is taken.

    Where the template gives several roles the same name, or one that is taken, all of these roles
    get the account ID behind it; where that isn't enough, the role's name too, and at last a
    digest. So the names depend neither on the order of the roles nor on a run before.
    """
    names: dict[RoleKey, str] = {}
    left: dict[RoleKey, PortalRole] = {}
    for role in roles:
        key = (role.account_id, role.role_name)
        if key in naming.fixed:
            names[key] = naming.fixed[key]
        else:
            left[key] = role
    used = {*names.values(), *_AWAY}
    for attempt in range(4):
        wanted = {key: _attempt(attempt, role, naming) for key, role in left.items()}
        counts = Counter(wanted.values())
        fits = {
            key: name
            for key, name in wanted.items()
            if name and counts[name] == 1 and name not in used and name not in naming.taken
        }
        names |= fits
        used |= set(fits.values())
        left = {key: role for key, role in left.items() if key not in fits}
    for number, (key, role) in enumerate(sorted(left.items())):
        name = f"{_attempt(3, role, naming)}-{number}"
        while name in used or name in naming.taken:
            name += "-"
        names[key] = name
        used.add(name)
    return names


def _attempt(attempt: int, role: PortalRole, naming: Naming) -> str:
    name = template_name(naming.template, role, naming.region)
    role_name = _legal(naming.template, role.role_name)
    parts = [
        [name],
        [name, role.account_id],
        [name, role.account_id, role_name],
        [role.account_id, role_name, _digest(role)],
    ][attempt]
    return "-".join(part for part in parts if part) if name or attempt else ""
