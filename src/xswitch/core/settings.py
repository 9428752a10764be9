"""Parse `config.toml` into `Settings`.

Every key is checked. A mistake becomes a problem with its line, and the setting keeps its default.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from xswitch.core import sts_limits
from xswitch.core.arn import is_account_id
from xswitch.core.model import GuardRule, Problem, Settings, Severity

_TABLES = ("account_names", "guards")
_SETTINGS = tuple(entry for entry in fields(Settings) if "doc" in entry.metadata)
_GUARD_FIELDS = {entry.name: entry for entry in fields(GuardRule)}
_GUARD_KEYS = [
    key
    for entry in _GUARD_FIELDS.values()
    for key in (entry.name, entry.metadata.get("alias"))
    if key
]
_TOML_ERROR_POSITION = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
_TABLE_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_-]+)\s*\]")
_KEY = re.compile(r"\s*(?:\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+))\s*[=.]")


def read_settings(text: str, file: str) -> Settings:
    """Parse the text of `file`. Never raises: see the `problems` of the result.

    Text that isn't valid TOML gives the defaults and an error, because the guards are lost too.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        position = _TOML_ERROR_POSITION.search(str(error))
        reason = _TOML_ERROR_POSITION.sub("", str(error))
        message = f"Invalid TOML, so all settings and guards are ignored: {reason}."
        line = None if position is None else int(position[1] or text.count("\n") + 1)
        problem = Problem("settings_syntax", message, "error", file=file, line=line)
        return Settings(problems=(problem,))
    return _SettingsParser(file, _line_numbers(text)).settings(data)


@dataclass(slots=True)
class _SettingsParser:
    file: str
    lines: Mapping[tuple[str, int, str], int]
    problems: list[Problem] = field(default_factory=list)
    table: str = ""  # the table being read, and its position among tables of that name
    number: int = 0

    def add_problem(
        self, key: str, code: str, message: str, severity: Severity = "warning"
    ) -> None:
        line = self.lines.get((self.table, self.number, key)) or self.lines.get(
            (self.table, self.number, "")
        )
        self.problems.append(Problem(code, message, severity, file=self.file, line=line))

    def settings(self, data: Mapping[str, Any]) -> Settings:
        self.check_keys(data, [*(entry.name for entry in _SETTINGS), *_TABLES], "")
        values = {entry.name: self.value(data, entry, entry.default) for entry in _SETTINGS}
        names = self.account_names(data.get("account_names", {}))
        guards = self.guards(data.get("guards", []))
        return Settings(**values, account_names=names, guards=guards, problems=tuple(self.problems))

    def account_names(self, data: object) -> dict[str, str]:
        if not isinstance(data, dict):
            text = "account_names must be a table of ACCOUNT ID = NAME."
            self.add_problem("account_names", "settings_type", text)
            return {}
        self.table = "account_names"
        names = {}
        for account, name in data.items():
            if not is_account_id(account):
                text = f"account_names: {account!r} isn't a 12-digit account ID in quotes."
                self.add_problem(account, "settings_value", text)
            elif not isinstance(name, str) or not name.strip() or not name.isprintable():
                text = f"account_names: the name of {account} must be one line of text."
                self.add_problem(account, "settings_value", text)
            else:
                names[account] = name.strip()
        return names

    def guards(self, data: object) -> tuple[GuardRule, ...]:
        self.table = ""
        if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
            text = "guards must be tables, [[guards]]; all guards are ignored."
            self.add_problem("guards", "settings_type", text, "error")
            return ()
        self.table = "guards"
        rules = []
        for self.number, entry in enumerate(data):
            rule = self.guard(entry)
            if rule is not None:
                rules.append(rule)
        return tuple(rules)

    def guard(self, data: Mapping[str, Any]) -> GuardRule | None:
        self.check_keys(data, _GUARD_KEYS, "guards: ")
        name = self.value(data, _GUARD_FIELDS["name"], f"guard {self.number + 1}")
        match = self.strings(data, "match")
        if not match:
            text = f"The guard {name!r} has no match, so it guards nothing."
            self.add_problem("match", "guard_without_match", text, "error")
            return None
        values = {
            key: self.value(data, _GUARD_FIELDS[key], _GUARD_FIELDS[key].default)
            for key in ("color", "confirm", "duration_seconds")
        }
        policy_arns = self.session_policy(
            data,
            "policy_arns",
            (),
            lambda: sts_limits.validate_policy_arns(self.strings(data, "policy_arns")),
        )
        policy = self.session_policy(
            data, "policy", None, lambda: sts_limits.compact_policy(str(data["policy"]))
        )
        return GuardRule(name, match, **values, policy_arns=policy_arns, policy=policy)

    def session_policy(
        self, data: Mapping[str, Any], key: str, default: Any, parse: Callable[[], Any]
    ) -> Any:
        """Parse a guard's session policy.

        An invalid one is an error, because the guard then restricts less than intended.
        """
        if key not in data:
            return default
        try:
            return parse()
        except ValueError as error:
            text = f"guards: {key}: {error}; the guard applies without it."
            self.add_problem(key, "guard_policy_invalid", text, "error")
            return default

    def value(self, data: Mapping[str, Any], entry: Field[Any], default: Any) -> Any:
        """The value of one field, checked by the field's metadata, or `default`."""
        key, rules = entry.name, entry.metadata
        if key not in data and rules.get("alias") in data:
            key = rules["alias"]
        if key not in data:
            return default
        value, code = data[key], "settings_value"
        if isinstance(entry.default, bool):
            accepted, code, form = isinstance(value, bool), "settings_type", "true or false"
        elif "limits" in rules:
            lowest, highest = rules["limits"]
            accepted = type(value) is int and lowest <= value <= highest
            form = f"a number of seconds from {lowest} to {highest}"
        elif "choices" in rules:
            accepted, form = value in rules["choices"], f"one of {', '.join(rules['choices'])}"
        elif not isinstance(value, str):
            accepted, code, form = False, "settings_type", "a string in quotes"
        else:
            value = value.strip() if rules["valid"](value) else None
            accepted, form = value is not None, rules["form"]
        if accepted:
            return value
        fallback = "" if default is None else f" Using {_toml(default)}."
        self.add_problem(key, code, f"{key} is {data[key]!r}; it must be {form}.{fallback}")
        return default

    def strings(self, data: Mapping[str, Any], key: str) -> tuple[str, ...]:
        setting = data.get(key, [])
        values = [setting] if isinstance(setting, str) else setting
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            text = f"{key} must be a string in quotes or a list of strings."
            self.add_problem(key, "settings_type", text)
            return ()
        return tuple(value for value in values if value)

    def check_keys(self, data: Mapping[str, Any], known: list[str], where: str) -> None:
        for key in data:
            if key not in known:
                close_matches = difflib.get_close_matches(key, known, n=1)
                hint = f" Did you mean {close_matches[0]}?" if close_matches else ""
                text = f"{where}{key!r} isn't an xswitch setting.{hint}"
                self.add_problem(key, "settings_unknown", text)


def _toml(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value!r}"


def _line_numbers(text: str) -> dict[tuple[str, int, str], int]:
    """Map (table, position among tables of that name, key) to a line; "" is the table's header.

    Covers simple TOML only.
    """
    lines: dict[tuple[str, int, str], int] = {}
    counts: dict[str, int] = {}
    table, number = "", 0
    for line, content in enumerate(text.split("\n"), 1):
        header = _TABLE_HEADER.match(content)
        if header is not None:
            table = header[2]
            number = counts.get(table, -1) + 1
            counts[table] = number
            lines.setdefault((table, number, ""), line)
            # The table is also a key of the top level: `guards = 3` and `[guards]` are one name.
            lines.setdefault(("", 0, table), line)
            continue
        key = _KEY.match(content)
        if key is not None:
            name = next(part for part in key.groups() if part is not None)
            lines.setdefault((table, number, name), line)
    return lines
