"""Which columns the list has at a width, and how wide each is: the same for every row, and steady while typing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from xswitch.core.model import Role

GUTTER = 4
GAP = 2
SESSION_WIDTH = 11
MFA_WIDTH = 5
_ID_WIDTH = 12
_WIDEST = 34
_NARROWEST_NAME = 10
_USUAL_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it shows (`name` is a field of a role row), its heading and its width in cells."""

    name: str
    heading: str
    width: int


@dataclass(frozen=True, slots=True)
class Natural:
    """The widths a column's texts would like: the widest, and what nine of ten are content with; in cells, 0 without any text."""

    widest: int = 0
    usual: int = 0


@dataclass(frozen=True, slots=True)
class Widths:
    """The natural widths of a listing. `named`: some account has a name; `mfa`: some role needs MFA."""

    account: Natural
    identifier: Natural
    role: Natural
    region: Natural
    profile: Natural
    named: bool
    mfa: bool


def measure(roles: Sequence[Role]) -> Widths:
    """The natural widths of all roles, not just of those that match, so that columns don't jump while typing."""
    return Widths(
        account=_natural(role.account_name or role.name for role in roles),
        identifier=_natural(role.account_id for role in roles),
        role=_natural(role.role_name for role in roles),
        region=_natural(role.region for role in roles),
        profile=_natural(role.name for role in roles),
        named=any(role.account_name for role in roles),
        mfa=any(role.mfa_serial for role in roles),
    )


def _natural(texts: Iterable[str]) -> Natural:
    lengths = Counter(len(text) if text.isascii() else cell_len(text) for text in texts)
    wanted = lengths.total() * _USUAL_SHARE
    seen = 0
    usual = 0
    for length in sorted(lengths):
        if seen < wanted:
            usual = length
        seen += lengths[length]
    return Natural(min(max(lengths, default=0), _WIDEST), min(usual, _WIDEST))


def layout(widths: Widths, width: int, *, grouped: bool = False) -> tuple[Column, ...]:
    """The columns for a list of `width` cells.

    Account, role and session are always there. The id comes while the two have a readable width, then the region, the MFA mark
    and the profile's name while they have their usual one; what is left over goes to them until they have their widest.
    Grouped by account, the groups' headers tell name and id, so rows begin with the profile.
    """
    available = width - GUTTER - SESSION_WIDTH - 2 * GAP
    first = widths.profile if grouped else widths.account
    account = Natural(max(first.widest, 7), max(first.usual, 7))
    role = Natural(max(widths.role.widest, 4), max(widths.role.usual, 4))
    readable = min(account.usual, _NARROWEST_NAME) + min(role.usual, _NARROWEST_NAME)
    usual = account.usual + role.usual
    optional = (
        ("id", 0 if grouped else min(widths.identifier.widest, _ID_WIDTH), readable),
        ("region", max(widths.region.widest, 6) if widths.region.widest else 0, usual),
        ("mfa", MFA_WIDTH if widths.mfa else 0, usual),
        ("profile", max(widths.profile.usual, 7) if widths.named and not grouped else 0, usual),
    )
    sizes = {"session": SESSION_WIDTH}
    for name, natural, least in optional:
        if natural and available - natural - GAP >= least:
            sizes[name] = natural
            available -= natural + GAP
    sizes["account"], sizes["role"] = _share(available, account, role)
    if "profile" in sizes:
        left = available - sizes["account"] - sizes["role"]
        sizes["profile"] += min(left, max(0, widths.profile.widest - sizes["profile"]))
    headings = {"account": "account" if widths.named and not grouped else "profile"}
    order = ("account", "id", "role", "region", "profile", "mfa", "session")
    return tuple(Column(name, headings.get(name, name), sizes[name]) for name in order if name in sizes)


def _share(available: int, account: Natural, role: Natural) -> tuple[int, int]:
    spare = available - account.usual - role.usual
    if spare < 0:
        first = min(account.usual, max(1, available * account.usual // (account.usual + role.usual)))
        return first, max(1, min(role.usual, available - first))
    more = min(spare, account.widest - account.usual)
    return account.usual + more, role.usual + min(spare - more, role.widest - role.usual)
