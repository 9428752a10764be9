"""AWS Organizations: the tree of organizational units over the accounts of an organization."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

_ROOT_DIGITS, _UNIT_DIGITS = 4, 8


@dataclass(frozen=True, slots=True)
class OrganizationalUnit:
    """An organizational unit (OU); `accounts` are the IDs of those directly in it."""

    name: str
    accounts: tuple[str, ...] = ()
    units: tuple[OrganizationalUnit, ...] = ()


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization; accounts in no unit are in its root.

    `delegated_administrators` are the IDs of member accounts that can call Organizations.
    """

    id: str
    delegated_administrators: tuple[str, ...] = ()
    units: tuple[OrganizationalUnit, ...] = ()

    @property
    def root_id(self) -> str:
        """The ID of the root, such as r-1a2b."""
        return f"r-{_digits(self.id, _ROOT_DIGITS)}"

    def placed_units(self) -> Iterator[PlacedUnit]:
        """Every unit with its place, each before the ones inside it."""
        yield from self._placed(self.units, (self.root_id,), self.id)

    def _placed(
        self, units: tuple[OrganizationalUnit, ...], above: tuple[str, ...], text: str
    ) -> Iterator[PlacedUnit]:
        for unit in units:
            inside = f"{text}/{unit.name}"
            unit_id = f"ou-{self.root_id[2:]}-{_digits(inside, _UNIT_DIGITS)}"
            yield PlacedUnit(unit_id, unit, above)
            yield from self._placed(unit.units, (*above, unit_id), inside)

    def ids_above(self, account_id: str) -> tuple[str, ...]:
        """The IDs of the root and of every unit that an account is in, outermost first."""
        for placed in self.placed_units():
            if account_id in placed.unit.accounts:
                return (*placed.above, placed.id)
        return (self.root_id,)


@dataclass(frozen=True, slots=True)
class PlacedUnit:
    """A unit with its ID and the IDs above it, the root's first."""

    id: str
    unit: OrganizationalUnit
    above: tuple[str, ...]


def _digits(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
