"""`profiles.toml` as settings.

Every key checked, every mistake a problem with its line, and a default in the place of what is
wrong.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from xswitch.core import sts_limits
from xswitch.core.arn import is_account_id
from xswitch.core.model import GuardRule, Problem, Settings, Severity
from xswitch.core.model.settings import GUARD_COLORS

VAULTS = ("auto", "secret-service", "runtime", "macos", "windows", "file")
THEMES = ("auto", "dark", "light")
_GUARD_KEYS = tuple(entry.name for entry in fields(GuardRule))
_KEYS = tuple(entry.name for entry in fields(Settings) if entry.name != "problems")
_PROFILE_PREFIX = re.compile(r"[A-Za-z0-9_\-/.%@:+]{1,64}")
_TOML_ERROR_POSITION = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
_TABLE_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_-]+)\s*\]")
_KEY = re.compile(r"\s*(?:\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+))\s*[=.]")


def read_settings(text: str, file: str) -> Settings:
    """The settings in the text of `file`. Never raises: see the `problems` of the result.

    A text that is no TOML at all gives defaults and an error, since then no guard is known either.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        position = _TOML_ERROR_POSITION.search(str(error))
        message = f"The settings can't be read, so none of them, and no guard, is in force: {_TOML_ERROR_POSITION.sub('', str(error))}."
        line = None if position is None else int(position[1] or text.count("\n") + 1)
        problem = Problem("settings_syntax", message, "error", file=file, line=line)
        return Settings(problems=(problem,))
    return _SettingsParser(file, _line_numbers(text)).settings(data)


@dataclass(slots=True)
class _SettingsParser:
    file: str
    lines: Mapping[tuple[str, int, str], int]
    problems: list[Problem] = field(default_factory=list)
    table: str = ""
    number: int = 0

    def tell(self, key: str, code: str, message: str, severity: Severity = "warning") -> None:
        line = self.lines.get((self.table, self.number, key)) or self.lines.get(
            (self.table, self.number, "")
        )
        self.problems.append(Problem(code, message, severity, file=self.file, line=line))

    def settings(self, data: Mapping[str, Any]) -> Settings:
        default = Settings()
        self.unknown(data, _KEYS, "")
        scalars = Settings(
            vault=self.one_of(data, "vault", VAULTS, default.vault),
            profile_prefix=self.text(
                data, "profile_prefix", default.profile_prefix, _validate_prefix
            ),
            session_name=self.text(
                data, "session_name", default.session_name, _validate_session_name
            ),
            mfa_duration_seconds=self.seconds(
                data, "mfa_duration_seconds", sts_limits.MAX_MFA_DURATION
            )
            or default.mfa_duration_seconds,
            verify_identity=self.flag(data, "verify_identity", default=default.verify_identity),
            frecency=self.flag(data, "frecency", default=default.frecency),
            theme=self.one_of(data, "theme", THEMES, default.theme),
            group_by_account=self.flag(data, "group_by_account", default=default.group_by_account),
            allow_plain_files=self.flag(
                data, "allow_plain_files", default=default.allow_plain_files
            ),
        )
        names = self.account_names(data.get("account_names", {}))
        guards = self.guards(data.get("guards", []))
        return replace(scalars, account_names=names, guards=guards, problems=tuple(self.problems))

    def account_names(self, data: object) -> dict[str, str]:
        self.table, self.number = "account_names", 0
        if not isinstance(data, dict):
            self.table = ""
            self.tell(
                "account_names",
                "settings_type",
                "account_names must be a table of ACCOUNT ID = NAME.",
            )
            return {}
        names = {}
        for account, name in data.items():
            if not is_account_id(account):
                self.tell(
                    account,
                    "settings_value",
                    f"account_names: {account!r} is not an account's twelve digits; write them in quotes.",
                )
            elif not isinstance(name, str) or not name.strip() or not name.isprintable():
                self.tell(
                    account,
                    "settings_value",
                    f"account_names: the name of {account} must be one line of text.",
                )
            else:
                names[account] = name.strip()
        return names

    def guards(self, data: object) -> tuple[GuardRule, ...]:
        self.table, self.number = "guards", 0
        if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
            self.table = ""
            self.tell(
                "guards",
                "settings_type",
                "guards must be written as tables: [[guards]]. None is in force.",
                "error",
            )
            return ()
        rules = []
        for number, entry in enumerate(data):
            self.number = number
            rule = self.guard(entry, number)
            if rule is not None:
                rules.append(rule)
        return tuple(rules)

    def guard(self, data: Mapping[str, Any], number: int) -> GuardRule | None:
        self.unknown(data, _GUARD_KEYS, "guards: ")
        default = GuardRule(name=f"guard {number + 1}", match=())
        name = self.text(data, "name", default.name, _validate_single_line)
        match = self.words(data, "match")
        if not match:
            self.tell(
                "match",
                "guard_without_match",
                f"The guard {name!r} has no match, so it guards nothing.",
                "error",
            )
            return None
        return GuardRule(
            name=name,
            match=match,
            colour=self.one_of(data, "colour", GUARD_COLORS, default.colour),
            confirm=self.text(data, "confirm", default.confirm, _validate_single_line),
            duration_seconds=self.seconds(data, "duration_seconds", sts_limits.MAX_DURATION),
            policy_arns=self.checked(
                data,
                "policy_arns",
                lambda: sts_limits.validate_policy_arns(self.words(data, "policy_arns")),
                (),
            ),
            policy=self.checked(
                data,
                "policy",
                lambda: sts_limits.compact_policy(self.text(data, "policy", "", str)),
                None,
            ),
        )

    def checked(
        self, data: Mapping[str, Any], key: str, read: Callable[[], Any], empty: Any
    ) -> Any:
        """A restriction of a guard.

        One that can't be used is an error, as the guard then restricts less than was meant.
        """
        if key not in data:
            return empty
        try:
            return read()
        except ValueError as error:
            self.tell(
                key,
                "guard_policy_invalid",
                f"guards: {key}: {error}. The guard is in force without it.",
                "error",
            )
            return empty

    def text(
        self, data: Mapping[str, Any], key: str, default: str, check: Callable[[str], str]
    ) -> str:
        value = data.get(key, default)
        if not isinstance(value, str):
            self.tell(key, "settings_type", f"{key} must be a text in quotes; {default!r} is used.")
            return default
        try:
            return check(value) if key in data else default
        except ValueError as error:
            self.tell(key, "settings_value", f"{key}: {error}; {default!r} is used.")
            return default

    def one_of(
        self, data: Mapping[str, Any], key: str, values: tuple[str, ...], default: str
    ) -> str:
        value = data.get(key, default)
        if value not in values:
            self.tell(
                key,
                "settings_value",
                f"{key} is {value!r}, and must be one of {', '.join(values)}; {default!r} is used.",
            )
            return default
        return str(value)

    def flag(self, data: Mapping[str, Any], key: str, *, default: bool) -> bool:
        value = data.get(key, default)
        if not isinstance(value, bool):
            self.tell(
                key,
                "settings_type",
                f"{key} must be true or false; {str(default).lower()} is used.",
            )
            return default
        return value

    def seconds(self, data: Mapping[str, Any], key: str, most: int) -> int | None:
        value = data.get(key)
        if value is None:
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not sts_limits.MIN_DURATION <= value <= most
        ):
            self.tell(
                key,
                "settings_value",
                f"{key} is {value!r}, and must be a number of seconds from {sts_limits.MIN_DURATION} to {most}.",
            )
            return None
        return value

    def words(self, data: Mapping[str, Any], key: str) -> tuple[str, ...]:
        setting = data.get(key, [])
        values = [setting] if isinstance(setting, str) else setting
        if not isinstance(values, list) or not all(isinstance(word, str) for word in values):
            self.tell(key, "settings_type", f"{key} must be a text in quotes, or a list of them.")
            return ()
        return tuple(word for word in values if word)

    def unknown(self, data: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
        for key in data:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f" Did you mean {near[0]}?" if near else ""
                self.tell(
                    key, "settings_unknown", f"{where}{key!r} is no setting of xswitch.{hint}"
                )


def _validate_prefix(text: str) -> str:
    if _PROFILE_PREFIX.fullmatch(text) is None:
        raise ValueError(f"{text!r} can't begin a profile's name")
    return text


def _validate_session_name(text: str) -> str:
    if text and not sts_limits.is_session_name(text):
        raise ValueError(f"{text!r} is not 2 to 64 letters, digits and _+=,.@-")
    return text


def _validate_single_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError(f"{text!r} is not one line of text")
    return text.strip()


def _line_numbers(text: str) -> dict[tuple[str, int, str], int]:
    """(table, number of the table, key) → line, "" standing for the table's header.

    As far as simple TOML goes.
    """
    places: dict[tuple[str, int, str], int] = {}
    counts: dict[str, int] = {}
    table, number = "", 0
    for line, content in enumerate(text.split("\n"), 1):
        header = _TABLE_HEADER.match(content)
        if header is not None:
            table = header[2]
            number = counts.get(table, -1) + 1
            counts[table] = number
            places.setdefault((table, number, ""), line)
            # A table may be given inside the top level's namespace as well: `guards = 3` and
            # `[guards]` are the same name.
            places.setdefault(("", 0, table), line)
            continue
        key = _KEY.match(content)
        if key is not None:
            places.setdefault(
                (table, number, next(part for part in key.groups() if part is not None)), line
            )
    return places
