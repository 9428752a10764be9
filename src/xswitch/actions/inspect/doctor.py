"""`doctor`: everything that can be in the way, looked at once."""

from __future__ import annotations

import secrets
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

from xswitch.actions.api import DoctorCheck, DoctorCheckState
from xswitch.actions.inspect.doctor_environment import (
    environment_checks,
    hook_check,
    managed_checks,
    profile_check,
)
from xswitch.actions.ports import Ports
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.core.errors import VaultBrokenError, XswitchError
from xswitch.core.errors.sts import AwsErrorResponse, clock_skew
from xswitch.core.model import Endpoint, FileInfo, Problem
from xswitch.core.text import pluralize

# STS refuses signatures more than 15 minutes off; a third of that is worth a word.
_SKEW_ERROR = timedelta(minutes=15)
_SKEW_WARNING = timedelta(minutes=5)
_MAX_ENDPOINTS = 3
_MAX_SHOWN = 10


def _random_key() -> str:
    return secrets.token_hex(20)


def run_checks(
    ports: Ports, random_key: Callable[[], str] = _random_key
) -> tuple[DoctorCheck, ...]:
    """See `Actions.doctor`. `random_key` gives 40 hex digits that are nobody's session key.

    A failure is a finding, not an exception.
    """
    checks: list[DoctorCheck] = []
    reading: ConfigSnapshot | None = None
    try:
        reading = take_snapshot(ports.config)
    except XswitchError as error:
        checks.append(_error_check("config", error))
    if reading is not None:
        checks += [_config(reading), *_settings(reading), _roles(reading)]
    checks.append(_vault(ports, random_key()))
    variables = ports.config.environment.variables()
    checks += [hook_check(variables), *environment_checks(variables)]
    if reading is not None:
        checks += [profile_check(reading), *managed_checks(ports, reading)]
    checks += _permissions(ports)
    checks += _sts(ports, reading) if reading is not None else []
    return tuple(checks)


def _error_check(name: str, error: XswitchError, state: DoctorCheckState = "error") -> DoctorCheck:
    return DoctorCheck(
        name, state, f"{error.what} {error.why}".strip(), error.next_step, {"code": error.code}
    )


def _config(reading: ConfigSnapshot) -> DoctorCheck:
    counts = Counter(problem.severity for problem in reading.view.problems)
    words = f"{pluralize(len(reading.view.profiles), 'profile')} in {reading.view.paths.config} and {reading.view.paths.credentials}"
    if counts["error"]:
        found = (
            f"{pluralize(counts['error'], 'mistake')} and {pluralize(counts['warning'], 'warning')}"
        )
        return DoctorCheck("config", "error", f"{words}; {found}.", "xswitch config")
    if counts["warning"]:
        return DoctorCheck(
            "config",
            "warning",
            f"{words}; {pluralize(counts['warning'], 'warning')}.",
            "xswitch config",
        )
    return DoctorCheck("config", "ok", f"{words}.")


def _settings(reading: ConfigSnapshot) -> Iterator[DoctorCheck]:
    for problem in reading.settings.problems[:_MAX_SHOWN]:
        yield DoctorCheck(
            "settings",
            "warning",
            _message_with_location(problem),
            "Correct the settings file.",
            {"code": problem.code},
        )


def _roles(reading: ConfigSnapshot) -> DoctorCheck:
    roles = reading.resolution.roles
    broken = {
        role.name: next(
            (_message_with_location(p) for p in role.problems if p.severity == "error"), ""
        )
        for role in roles
        if role.chain is None
    }
    if not broken:
        return DoctorCheck(
            "roles", "ok", f"{pluralize(len(roles), 'role')}, and every chain can be resolved."
        )
    first = next(iter(broken.values()))
    words = f"{len(broken)} of {len(roles)} roles can't be assumed as they are configured. {first}"
    return DoctorCheck(
        "roles", "warning", words, "xswitch config", dict(list(broken.items())[:_MAX_SHOWN])
    )


def _message_with_location(problem: Problem) -> str:
    return (
        f"{problem.message} ({problem.file}:{problem.line})"
        if problem.file and problem.line
        else problem.message
    )


def _vault(ports: Ports, key: str) -> DoctorCheck:
    """Whether what is put into the vault comes out again, and is gone when it was dropped."""
    value = f"xswitch doctor {key}"
    try:
        info = ports.storage.vault.info()
        ports.storage.vault.put(key, value)
        try:
            found = ports.storage.vault.get(key)
        finally:
            ports.storage.vault.delete(key)
        if found != value or ports.storage.vault.get(key) is not None:
            raise VaultBrokenError(
                f"The {info.label} does not keep what is put into it.",
                next_step="Choose another vault in the settings.",
            )
    except XswitchError as error:
        return _error_check("vault", error)
    place = f" at {info.place}" if info.place else ""
    return DoctorCheck(
        "vault", "ok", f"The {info.label}{place} keeps and forgets.", details={"kind": info.kind}
    )


def _permissions(ports: Ports) -> Iterator[DoctorCheck]:
    paths = ports.config.files.paths()
    exposed = [
        fact
        for path in (paths.credentials, *ports.state.private_paths)
        if _is_exposed(fact := ports.process.file_inspector.look(path))
    ]
    foreign = [
        fact
        for path in (paths.config, paths.credentials, *ports.state.private_paths)
        if not (fact := ports.process.file_inspector.look(path)).mine
    ]
    for fact in exposed:
        mode = "700" if fact.folder else "600"
        words = f"{fact.path} can be read or changed by other users (mode {stat.S_IMODE(fact.mode or 0):o})."
        yield DoctorCheck("permissions", "warning", words, f"chmod {mode} {fact.path}")
    for fact in foreign:
        yield DoctorCheck(
            "permissions",
            "error",
            f"{fact.path} belongs to another user.",
            "Make it yours, or use another file.",
        )
    if not exposed and not foreign:
        yield DoctorCheck("permissions", "ok", "The files that matter are yours alone.")


def _is_exposed(fact: FileInfo) -> bool:
    return fact.exists and fact.mode is not None and bool(fact.mode & (stat.S_IRWXG | stat.S_IRWXO))


def _sts(ports: Ports, reading: ConfigSnapshot) -> Iterator[DoctorCheck]:
    """Reachability and clock of the endpoints most roles use."""
    counted = Counter(role.endpoint for role in reading.resolution.roles if role.chain is not None)
    # A URL of one's own is the same place whatever the region.
    distinct = {
        endpoint.url or endpoint.region: endpoint for endpoint, _ in reversed(counted.most_common())
    }
    endpoints = list(reversed(distinct.values()))[:_MAX_ENDPOINTS]
    if not endpoints:
        yield DoctorCheck("sts", "skipped", "No role says which STS endpoint to try.")
    for endpoint in endpoints:
        yield from _endpoint(ports, endpoint)


def _endpoint(ports: Ports, endpoint: Endpoint) -> Iterator[DoctorCheck]:
    name = endpoint.url or f"STS in {endpoint.region}"
    try:
        reach = ports.aws.sts_probe.reach(endpoint)
    except XswitchError as error:
        yield _error_check("sts", error)
        return
    yield DoctorCheck(
        "sts",
        "ok",
        f"{name} answered in {reach.milliseconds} ms.",
        details={"region": endpoint.region},
    )
    skew = clock_skew(AwsErrorResponse("", "", ports.process.clock.now(), reach.server_time))
    if skew is None:
        yield DoctorCheck("clock", "skipped", f"{name} did not tell its time.")
        return
    seconds = round(abs(skew).total_seconds())
    words = f"This machine's clock is {seconds} s {'ahead of' if skew > timedelta(0) else 'behind'} that of {name}."
    step = "Set this machine's clock (on Linux: sudo timedatectl set-ntp true)."
    if abs(skew) < _SKEW_WARNING:
        yield DoctorCheck("clock", "ok", words)
    else:
        yield DoctorCheck("clock", "error" if abs(skew) >= _SKEW_ERROR else "warning", words, step)
