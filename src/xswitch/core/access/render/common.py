"""What all renderings share.

File names, the words at the beginning of a file, names made from a role's.
"""

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


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One side's file: `file_name` without a folder, ASCII; `text` ends with a newline."""

    side: AccountSide
    file_name: str
    text: str


def file_name(request: AccessRequest, side: AccountSide, ending: str) -> str:
    """`source-111111111111-SwitchRole.yaml`.

    A role's name is made of characters that every file system takes.
    """
    account = request.target_account if side is AccountSide.TARGET else request.who.account
    return f"{side.value}-{account}-{request.role_name}.{ending}"


def principal_text(request: AccessRequest) -> str:
    """Who shall assume the role, in words."""
    who = request.who
    if who.kind is PrincipalType.ACCOUNT:
        return f"whomever the administrators of account {who.account} let"
    return f"the {who.kind.value} {who.name} of account {who.account}"


def identifier(request: AccessRequest, separator: str) -> str:
    """The role's name in letters, digits and `between`, beginning with a letter.

    Different names stay different.
    """
    name = request.role_name
    cleaned = _NOT_WORD.sub(separator, name).strip(separator)
    if cleaned != name:
        cleaned = f"{cleaned}{separator}{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return cleaned if cleaned[:1].isalpha() else f"Role{separator}{cleaned.strip(separator)}"


def is_new(side: AccountPlan) -> bool:
    """Whether, as far as is known, what the side keeps isn't there yet."""
    return not side.seen or any(
        change.call.operation in ("CreateRole", "CreatePolicy") for change in side.changes
    )


def header_lines(plan: AccessPlan, side: AccountPlan, ending: str, *more: str) -> tuple[str, ...]:
    """What the side's administrator has to know, as lines of a comment without its sign.

    `more` are further paragraphs; those that begin with a blank are commands, and stay whole.
    """
    request = plan.request
    other = plan.source if side.side is AccountSide.TARGET else plan.target
    half_text = (
        f"In this account it is the role itself, which trusts {_trusted_principal_text(request)}, and what the role may do."
        if side.side is AccountSide.TARGET
        else f"In this account it is the permission to call sts:AssumeRole on {request.role_arn}, and on nothing else."
    )
    paragraphs = [
        f"{side.side.value.capitalize()} side: for the administrator of account {side.account}.",
        f"It lets {principal_text(request)} switch to the role {request.role_name} of account {request.target_account}. {half_text}",
        f"It works once the other half is in place too: {file_name(request, other.side, ending)}, in account {other.account}.",
    ]
    if side.seen and not side.changes:
        paragraphs.append(
            "When this was written, everything in this account was as wanted already."
        )
    if side.side is AccountSide.SOURCE and request.who.kind is PrincipalType.ACCOUNT:
        paragraphs.append(
            "An account as such has no policies: attach the policy to those of your users, groups and roles who need it."
        )
    if side.side is AccountSide.TARGET and request.who.kind in (
        PrincipalType.USER,
        PrincipalType.ROLE,
    ):
        paragraphs.append(
            f"The {request.who.kind.value} has to exist before: IAM takes no trust policy that names somebody who doesn't."
        )
    return tuple(line for paragraph in (*paragraphs, *more) for line in _wrapped(paragraph))


def _trusted_principal_text(request: AccessRequest) -> str:
    return (
        f"account {request.who.account}"
        if request.who.kind in (PrincipalType.ACCOUNT, PrincipalType.GROUP)
        else principal_text(request)
    )


def comment(lines: tuple[str, ...]) -> list[str]:
    """Lines as a comment of shell, YAML and HCL."""
    return [f"# {line}" for line in lines]


def _wrapped(paragraph: str) -> list[str]:
    if paragraph.startswith(" "):
        # A command: to be copied whole.
        return [sanitize(paragraph)]
    lines = [""]
    for word in sanitize(paragraph).split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines
