"""The picker's layout for a screen size: where its panes go, and the columns of its list.

Columns are the same for every row and don't change while the user types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from xswitch.core.model import Role, TargetKind
from xswitch.tui.render.formatting import kind_text

SIDE_COLUMNS = 100
BELOW_ROWS = 36
ROOMY_ROWS = 27
GUTTER = 4
GAP = 2
SESSION_WIDTH = 11
MFA_WIDTH = 5
_ID_WIDTH = 12
_MAX_WIDTH = 34
_MIN_NAME_WIDTH = 10
_P90_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list; `name` is the field of the role it shows, `width` is in cells."""

    name: str
    heading: str
    width: int


@dataclass(frozen=True, slots=True)
class NaturalWidth:
    """The widths of a column's texts in cells: the widest, and the 90th percentile."""

    widest: int = 0
    p90: int = 0


@dataclass(frozen=True, slots=True)
class Widths:
    """The natural widths of a listing's columns.

    `named`: an account has a name. `mfa`: a role needs MFA.
    """

    account: NaturalWidth
    identifier: NaturalWidth
    role: NaturalWidth
    region: NaturalWidth
    profile: NaturalWidth
    named: bool
    mfa: bool
    kind: int = 0
    """The width of kinds with their signs; 0 if all targets are roles."""


def role_text(role: Role) -> str:
    """Return the text of the role column: a target without a role is told by its profile.

    Unless that is in the account column, because the account has no name.
    """
    return role.role_name or (role.name if role.account_name else "")


def measure(roles: Sequence[Role]) -> Widths:
    """Measure all roles, not only the matching ones, so that columns don't change while typing."""
    return Widths(
        account=_natural_width(role.account_name or role.name for role in roles),
        identifier=_natural_width(role.account_id for role in roles),
        role=_natural_width(map(role_text, roles)),
        region=_natural_width(role.region for role in roles),
        profile=_natural_width(role.name for role in roles),
        named=any(role.account_name for role in roles),
        mfa=any(role.mfa_serial for role in roles),
        kind=_kind_width(roles),
    )


def _kind_width(roles: Sequence[Role]) -> int:
    kinds = {role.kind for role in roles}
    if kinds <= {TargetKind.ROLE}:
        return 0
    return max(len(kind_text(kind)) for kind in kinds)


def _natural_width(texts: Iterable[str]) -> NaturalWidth:
    lengths = Counter(len(text) if text.isascii() else cell_len(text) for text in texts)
    threshold = lengths.total() * _P90_SHARE
    counted = 0
    p90 = 0
    for length in sorted(lengths):
        if counted < threshold:
            p90 = length
        counted += lengths[length]
    return NaturalWidth(min(max(lengths, default=0), _MAX_WIDTH), min(p90, _MAX_WIDTH))


def choose_columns(widths: Widths, width: int, *, grouped: bool = False) -> tuple[Column, ...]:
    """Return the columns for a list of `width` cells.

    Account, role, and session are always shown. The ID, and the sign of the kind if not all are
    roles, are added while account and role keep a readable width; the kind's word, region, MFA, and
    profile are added while both keep their 90th percentile. The remaining cells widen these columns
    up to their widest text. In a grouped list the group headers show name and ID, so rows start
    with the profile.
    """
    available = width - GUTTER - SESSION_WIDTH - 2 * GAP
    first_column = widths.profile if grouped else widths.account
    account = NaturalWidth(max(first_column.widest, 7), max(first_column.p90, 7))
    role = NaturalWidth(max(widths.role.widest, 4), max(widths.role.p90, 4))
    readable = min(account.p90, _MIN_NAME_WIDTH) + min(role.p90, _MIN_NAME_WIDTH)
    p90_total = account.p90 + role.p90
    optional = (
        ("id", 0 if grouped else min(widths.identifier.widest, _ID_WIDTH), readable),
        ("kind", 1 if widths.kind else 0, readable),
        ("kind", widths.kind, p90_total),
        ("region", max(widths.region.widest, 6) if widths.region.widest else 0, p90_total),
        ("mfa", MFA_WIDTH if widths.mfa else 0, p90_total),
        ("profile", max(widths.profile.p90, 7) if widths.named and not grouped else 0, p90_total),
    )
    sizes = {"session": SESSION_WIDTH}
    for name, natural, required in optional:
        before = sizes[name] + GAP if name in sizes else 0  # a kind is a sign, or has its word too
        if natural and available + before - natural - GAP >= required:
            sizes[name] = natural
            available += before - natural - GAP
    sizes["account"], sizes["role"] = _share_width(available, account, role)
    if "profile" in sizes:
        spare = available - sizes["account"] - sizes["role"]
        sizes["profile"] += min(spare, max(0, widths.profile.widest - sizes["profile"]))
    headings = {"account": "account" if widths.named and not grouped else "profile"}
    if sizes.get("kind") == 1:
        headings["kind"] = ""
    order = ("account", "id", "role", "kind", "region", "profile", "mfa", "session")
    return tuple(
        Column(name, headings.get(name, name), sizes[name]) for name in order if name in sizes
    )


def _share_width(available: int, account: NaturalWidth, role: NaturalWidth) -> tuple[int, int]:
    spare = available - account.p90 - role.p90
    if spare < 0:
        account_width = min(
            account.p90, max(1, available * account.p90 // (account.p90 + role.p90))
        )
        return account_width, max(1, min(role.p90, available - account_width))
    extra = min(spare, account.widest - account.p90)
    return account.p90 + extra, role.p90 + min(spare - extra, role.widest - role.p90)


def list_size(columns: int, rows: int, body: int) -> tuple[int, int]:
    """Return the columns and rows of the list and its headings, as in picker.tcss."""
    if columns >= SIDE_COLUMNS:
        return columns - min(66, max(40, columns * 41 // 100)), body
    return columns, body - body * 48 // 100 if rows >= BELOW_ROWS else body
