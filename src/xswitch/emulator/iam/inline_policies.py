"""Inline policies of users, groups and roles."""

from __future__ import annotations

from dataclasses import replace

from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome
from xswitch.emulator.iam.documents import MAX_DOCUMENT, quota_size, validate_document
from xswitch.emulator.iam.errors import limit_exceeded, no_such_entity_named
from xswitch.emulator.iam.kinds import (
    IdentityKind,
    check_not_protected,
    require_holder,
    with_holder,
)
from xswitch.emulator.iam.paging import page


def put(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Put…Policy: a new one, or another text for one there is."""
    holder, name = require_holder(request, kind), request.name("PolicyName")
    check_not_protected(holder)
    text = request.text("PolicyDocument", 1, MAX_DOCUMENT, required=True) or ""
    validate_document(text)
    inline = {**holder.inline, name: text}
    if sum(map(quota_size, inline.values())) > kind.inline_bytes:
        raise limit_exceeded(
            f"Maximum policy size of {kind.inline_bytes} bytes exceeded for {kind.word} {holder.name}"
        )
    return with_holder(request, kind, replace(holder, inline=inline)), None


def read(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Get…Policy."""
    holder, name = require_holder(request, kind), request.name("PolicyName")
    if name not in holder.inline:
        raise no_such_entity_named(f"{kind.word} policy", name)
    text = serialize.document(holder.inline[name])
    return request.world, {kind.parameter: holder.name, "PolicyName": name, "PolicyDocument": text}


def names(request: IamRequest, kind: IdentityKind) -> Outcome:
    """List…Policies: their names."""
    page_items, page_members = page(request, sorted(require_holder(request, kind).inline))
    return request.world, {"PolicyNames": page_items, **page_members}


def delete(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Delete…Policy."""
    holder, name = require_holder(request, kind), request.name("PolicyName")
    check_not_protected(holder)
    if name not in holder.inline:
        raise no_such_entity_named(f"{kind.word} policy", name)
    left = {known: text for known, text in holder.inline.items() if known != name}
    return with_holder(request, kind, replace(holder, inline=left)), None
