"""Organizations in the state file: the member `organizations`, read strictly and written back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from xswitch.emulator.state.members import JsonObject, StateError
from xswitch.emulator.state.model import Account
from xswitch.emulator.state.organizations import Organization, OrganizationalUnit

_ID = re.compile(r"o-[a-z0-9]{10,32}")


def load_organizations(entries: Any, accounts: Collection[Account]) -> tuple[Organization, ...]:
    """Read the organizations. Raises StateError with the place of the mistake."""
    found = tuple(_load_organization(entry) for entry in entries)
    for organization in found:
        _check(organization, accounts)
    ids = [organization.id for organization in found]
    if len(set(ids)) < len(ids):
        raise StateError("two entries of organizations have the same id")
    return found


def dump_organizations(organizations: Iterable[Organization]) -> list[JsonObject]:
    """Write the organizations: `load_organizations` of it gives equal ones."""
    return [
        _filled(
            {
                "id": organization.id,
                "delegated_administrators": list(organization.delegated_administrators),
                "units": [_dump_unit(unit) for unit in organization.units],
            }
        )
        for organization in organizations
    ]


def _load_organization(data: JsonObject) -> Organization:
    where = f"organization {data['id']}"
    _check_members(data, {"id", "delegated_administrators", "units"}, where)
    if not _ID.fullmatch(str(data["id"])):
        raise StateError(f"{where}: its id must be o- and 10 to 32 lower-case letters or digits")
    return Organization(
        data["id"],
        _texts(data.get("delegated_administrators"), where),
        _load_units(data.get("units"), where),
    )


def _load_units(entries: Any, where: str) -> tuple[OrganizationalUnit, ...]:
    units = tuple(_load_unit(entry, where) for entry in entries or ())
    if len({unit.name for unit in units}) < len(units):
        raise StateError(f"{where}: two units of one parent have the same name")
    return units


def _load_unit(data: JsonObject, where: str) -> OrganizationalUnit:
    name = data["name"]
    place = f"{where}: unit {name}"
    _check_members(data, {"name", "accounts", "units"}, place)
    if not isinstance(name, str) or not name:
        raise StateError(f"{where}: a unit needs a name")
    return OrganizationalUnit(
        name, _texts(data.get("accounts"), place), _load_units(data.get("units"), place)
    )


def _dump_unit(unit: OrganizationalUnit) -> JsonObject:
    return _filled(
        {
            "name": unit.name,
            "accounts": list(unit.accounts),
            "units": [_dump_unit(inner) for inner in unit.units],
        }
    )


def _filled(data: JsonObject) -> JsonObject:
    return {key: value for key, value in data.items() if value}


def _texts(values: Any, where: str) -> tuple[str, ...]:
    if not isinstance(values, list | None) or not all(isinstance(v, str) for v in values or ()):
        raise StateError(f"{where}: {values!r} is not a list of account IDs")
    return tuple(values or ())


def _check_members(data: JsonObject, known: Collection[str], where: str) -> None:
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise StateError(f"{where}: there is no member {unknown[0]}")


def _check(organization: Organization, accounts: Collection[Account]) -> None:
    where = f"organization {organization.id}"
    members = {account.id for account in accounts if account.organization == organization.id}
    placed = list(_accounts_of(organization.units))
    for account_id in (*organization.delegated_administrators, *placed):
        if account_id not in members:
            raise StateError(f"{where}: it has no account {account_id}")
    if len(set(placed)) < len(placed):
        raise StateError(f"{where}: an account is in two units")


def _accounts_of(units: Iterable[OrganizationalUnit]) -> Iterator[str]:
    for unit in units:
        yield from unit.accounts
        yield from _accounts_of(unit.units)
