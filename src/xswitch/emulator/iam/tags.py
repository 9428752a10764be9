"""Tags of users, roles and managed policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import Ask, Outcome, merged
from xswitch.emulator.iam.kinds import ROLE, USER, Kind, get, refuse_protected, save
from xswitch.emulator.iam.paging import page
from xswitch.emulator.parameters import members
from xswitch.emulator.state import Group, Role, User


def _holder(ask: Ask, kind: Kind) -> User | Role:
    holder = get(ask, kind)
    refuse_protected(holder)
    if isinstance(holder, Group):
        raise TypeError(holder)
    return holder


def tag(ask: Ask, kind: Kind) -> Outcome:
    """Tag…: set these, keep the others."""
    holder = _holder(ask, kind)
    return save(ask, kind, replace(holder, tags=merged(holder.tags, ask.tags()))), None


def untag(ask: Ask, kind: Kind) -> Outcome:
    """Untag…: take these away; those that aren't there are no fault."""
    holder = _holder(ask, kind)
    return save(ask, kind, replace(holder, tags=without(holder.tags, ask))), None


def without(tags: Mapping[str, str], ask: Ask) -> dict[str, str]:
    """Tags less those whose keys the call names."""
    gone = {key.lower() for key in members(ask.parameters, "TagKeys")}
    return {key: value for key, value in tags.items() if key.lower() not in gone}


def listed(ask: Ask, kind: Kind) -> Outcome:
    """List…Tags."""
    found, more = page(ask, serialize.tags(dict(sorted(_holder(ask, kind).tags.items()))))
    return ask.world, {"Tags": found, **more}


TAGGED = (USER, ROLE)
