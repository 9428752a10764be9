"""Parts of all rendered files: file names, headers, identifiers."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from xswitch.core.access.model import (
    AccessPlan,
    AccessRequest,
    AccountPlan,
    AccountSide,
    PrincipalType,
)
from xswitch.core.text import sanitize

_NOT_WORD = re.compile(r"[^A-Za-z0-9]+")
_WIDTH = 100
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LAST_SHORT = 0xFFFF


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """The file for one account."""

    side: AccountSide
    file_name: str
    text: str


def file_name(request: AccessRequest, side: AccountSide, ending: str) -> str:
    """Return a name such as `source-111111111111-SwitchRole.yaml`, valid on all file systems."""
    account = request.target_account if side is AccountSide.TARGET else request.principal.account
    return f"{side.value}-{account}-{request.role_name}.{ending}"


def principal_text(request: AccessRequest) -> str:
    """Describe the principal that may assume the role."""
    principal = request.principal
    if principal.kind is PrincipalType.ACCOUNT:
        return f"the principals that the administrators of account {principal.account} permit"
    return f"the {principal.kind.value} {principal.name} of account {principal.account}"


def identifier(request: AccessRequest, separator: str) -> str:
    """Convert the role's name to letters, digits and `separator`; names stay distinct."""
    name = request.role_name
    cleaned = _NOT_WORD.sub(separator, name).strip(separator)
    if cleaned != name:
        cleaned = f"{cleaned}{separator}{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return cleaned if cleaned[:1].isalpha() else f"Role{separator}{cleaned.strip(separator)}"


def is_new(account_plan: AccountPlan) -> bool:
    """Check whether the role or policy doesn't exist yet, as far as known."""
    return not account_plan.seen or any(
        change.call.operation in ("CreateRole", "CreatePolicy") for change in account_plan.changes
    )


def header_lines(
    plan: AccessPlan, account_plan: AccountPlan, ending: str, *notes: str
) -> tuple[str, ...]:
    """Write instructions for the account's administrator, as comment lines without their sign.

    `notes` are more paragraphs; those that begin with a space are commands, and aren't wrapped.
    """
    request = plan.request
    other = plan.source if account_plan.side is AccountSide.TARGET else plan.target
    contents = (
        f"the role, which trusts {_trusted_principal_text(request)}, and the role's permissions"
        if account_plan.side is AccountSide.TARGET
        else f"the permission to call sts:AssumeRole on {request.role_arn} only"
    )
    role = f"the role {request.role_name} of account {request.target_account}"
    title = f"{account_plan.side.value.capitalize()} account"
    paragraphs = [
        f"{title}: for the administrator of account {account_plan.account}.",
        f"It allows {principal_text(request)} to switch to {role}. This account needs {contents}.",
        f"The other account, {other.account}, needs {file_name(request, other.side, ending)}, too.",
    ]
    if account_plan.seen and not account_plan.changes:
        paragraphs.append("When this was written, this account needed no changes.")
    if account_plan.side is AccountSide.SOURCE and request.principal.kind is PrincipalType.ACCOUNT:
        paragraphs.append("Attach the policy to the users, groups and roles that need it.")
    if account_plan.side is AccountSide.TARGET and request.principal.kind in (
        PrincipalType.USER,
        PrincipalType.ROLE,
    ):
        paragraphs.append(
            f"The {request.principal.kind.value} has to exist first: "
            "IAM rejects a trust policy that names a missing principal."
        )
    return tuple(line for paragraph in (*paragraphs, *notes) for line in _wrapped(paragraph))


def _trusted_principal_text(request: AccessRequest) -> str:
    return (
        f"account {request.principal.account}"
        if request.principal.kind in (PrincipalType.ACCOUNT, PrincipalType.GROUP)
        else principal_text(request)
    )


def comment(lines: tuple[str, ...]) -> list[str]:
    """Mark lines as comments of shell, YAML and HCL."""
    return [f"# {line}" for line in lines]


def _wrapped(paragraph: str) -> list[str]:
    if paragraph.startswith(" "):
        # A command, which users copy.
        return [sanitize(paragraph)]
    lines = [""]
    for word in sanitize(paragraph).split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def escaped(text: str) -> str:
    """Escape text for double quotes in YAML and HCL."""
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character in _ESCAPES or character.isprintable():
        return _ESCAPES.get(character, character)
    code = ord(character)
    return f"\\u{code:04x}" if code <= _LAST_SHORT else f"\\U{code:08x}"
