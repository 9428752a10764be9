"""Inline policies of users, groups and roles."""

from __future__ import annotations

from dataclasses import replace

from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import Ask, Outcome
from xswitch.emulator.iam.documents import MAX_DOCUMENT, checked, size
from xswitch.emulator.iam.errors import limit_exceeded, missing
from xswitch.emulator.iam.kinds import Kind, get, refuse_protected, save
from xswitch.emulator.iam.paging import page


def put(ask: Ask, kind: Kind) -> Outcome:
    """Put…Policy: a new one, or another text for one there is."""
    holder, name = get(ask, kind), ask.name("PolicyName")
    refuse_protected(holder)
    text = ask.text("PolicyDocument", 1, MAX_DOCUMENT, required=True) or ""
    checked(text)
    inline = {**holder.inline, name: text}
    if sum(map(size, inline.values())) > kind.inline_bytes:
        raise limit_exceeded(f"Maximum policy size of {kind.inline_bytes} bytes exceeded for {kind.word} {holder.name}")
    return save(ask, kind, replace(holder, inline=inline)), None


def read(ask: Ask, kind: Kind) -> Outcome:
    """Get…Policy."""
    holder, name = get(ask, kind), ask.name("PolicyName")
    if name not in holder.inline:
        raise missing(f"{kind.word} policy", name)
    text = serialize.document(holder.inline[name])
    return ask.world, {kind.parameter: holder.name, "PolicyName": name, "PolicyDocument": text}


def names(ask: Ask, kind: Kind) -> Outcome:
    """List…Policies: their names."""
    found, more = page(ask, sorted(get(ask, kind).inline))
    return ask.world, {"PolicyNames": found, **more}


def delete(ask: Ask, kind: Kind) -> Outcome:
    """Delete…Policy."""
    holder, name = get(ask, kind), ask.name("PolicyName")
    refuse_protected(holder)
    if name not in holder.inline:
        raise missing(f"{kind.word} policy", name)
    left = {known: text for known, text in holder.inline.items() if known != name}
    return save(ask, kind, replace(holder, inline=left)), None
