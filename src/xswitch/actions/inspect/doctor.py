"""`doctor`: check config, vault, hook, environment, managed profiles, permissions, and network."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from xswitch.actions.inspect.installation import NEXT_STEP, installation_problems
from xswitch.actions.inspect.managed_profiles import check_managed_profiles
from xswitch.actions.inspect.own_files import own_files
from xswitch.actions.inspect.state_files import newer_files_checks
from xswitch.actions.inspect.variables import check_variables
from xswitch.actions.ports import Ports, Vault
from xswitch.actions.results import DoctorCheck, DoctorCheckState
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.core.errors import VaultBrokenError, XswitchError
from xswitch.core.errors.sts import AwsErrorResponse, clock_skew
from xswitch.core.model import CredentialSourceKind, Endpoint, Problem, Role, TargetKind
from xswitch.core.text import pluralize

# STS rejects signatures that are off by more than 15 minutes.
_SKEW_ERROR = timedelta(minutes=15)
_SKEW_WARNING = timedelta(minutes=5)
_MAX_ENDPOINTS = 3
_MAX_SHOWN = 10


def _random_key() -> str:
    return secrets.token_hex(20)


def run_checks(
    ports: Ports, random_key: Callable[[], str] = _random_key
) -> tuple[DoctorCheck, ...]:
    """Run all checks: see `Actions.doctor`. A failure is a result, not an exception.

    `random_key` returns 40 hex digits that aren't the key of a session.
    """
    checks: list[DoctorCheck] = []
    snapshot: ConfigSnapshot | None = None
    try:
        snapshot = take_snapshot(ports.config)
    except XswitchError as error:
        checks.append(_error_check("config", error))
    if snapshot is not None:
        checks += [_config(snapshot), *_settings(snapshot), _roles(snapshot)]
    checks += [
        DoctorCheck("installation", "warning", problem.message, NEXT_STEP, {"code": problem.code})
        for problem in installation_problems(ports.config.environment)
    ]
    checks.append(_vault(ports.storage.vault, random_key()))
    checks += newer_files_checks(ports.state)
    variables = ports.config.environment.variables()
    checks += [_hook(variables), *check_variables(snapshot, variables)]
    if snapshot is not None:
        checks += [
            _profile(snapshot),
            *_sign_in(ports, snapshot),
            *check_managed_profiles(ports, snapshot),
        ]
    checks += own_files(ports)
    checks += _sts(ports, snapshot) if snapshot is not None else []
    return tuple(checks)


def _error_check(name: str, error: XswitchError) -> DoctorCheck:
    message = f"{error.what} {error.why}".strip()
    return DoctorCheck(name, "error", message, error.next_step, {"code": error.code})


# -- config, settings, roles


def _config(snapshot: ConfigSnapshot) -> DoctorCheck:
    counts = Counter(problem.severity for problem in snapshot.view.problems)
    paths = snapshot.view.paths
    message = (
        f"{pluralize(len(snapshot.view.profiles), 'profile')}"
        f" in {paths.config} and {paths.credentials}"
    )
    warnings = pluralize(counts["warning"], "warning")
    if counts["error"]:
        message += f"; {pluralize(counts['error'], 'error')} and {warnings}."
        return DoctorCheck("config", "error", message, "xswitch config")
    if counts["warning"]:
        return DoctorCheck("config", "warning", f"{message}; {warnings}.", "xswitch config")
    return DoctorCheck("config", "ok", f"{message}.")


def _settings(snapshot: ConfigSnapshot) -> Iterator[DoctorCheck]:
    for problem in snapshot.settings.problems[:_MAX_SHOWN]:
        yield DoctorCheck(
            "settings",
            "warning",
            _message_with_location(problem),
            "Correct the settings file.",
            {"code": problem.code},
        )


def _roles(snapshot: ConfigSnapshot) -> DoctorCheck:
    roles = snapshot.resolution.roles
    broken = {
        role.name: next(
            (_message_with_location(p) for p in role.problems if p.severity == "error"), ""
        )
        for role in roles
        if role.chain is None
    }
    if not broken:
        count = _count(roles)
        return DoctorCheck("roles", "ok", f"{count}; every chain can be resolved.")
    first = next(iter(broken.values()))
    return DoctorCheck(
        "roles",
        "warning",
        f"{_count(roles)}; {len(broken)} of them {'is' if len(broken) == 1 else 'are'}"
        f" misconfigured. {first}",
        "xswitch config",
        dict(list(broken.items())[:_MAX_SHOWN]),
    )


def _count(roles: Sequence[Role]) -> str:
    """Count the targets: roles, those of Identity Center, and profiles with own credentials."""
    kinds = Counter(role.kind for role in roles)
    own = kinds.total() - kinds[TargetKind.ROLE] - kinds[TargetKind.SSO]
    counts = (
        (kinds[TargetKind.ROLE], "role", "roles"),
        (kinds[TargetKind.SSO], "Identity Center role", "Identity Center roles"),
        (own, "profile with credentials of its own", "profiles with credentials of their own"),
    )
    parts = [pluralize(count, one, many) for count, one, many in counts if count]
    return ", ".join(parts) or "0 roles"


def _message_with_location(problem: Problem) -> str:
    if problem.file and problem.line:
        return f"{problem.message} ({problem.file}:{problem.line})"
    return problem.message


# -- vault


def _vault(vault: Vault, key: str) -> DoctorCheck:
    """Write, read, and delete a value."""
    value = f"xswitch doctor {key}"
    try:
        info = vault.info()
        vault.put(key, value)
        try:
            stored = vault.get(key)
        finally:
            vault.delete(key)
        if stored != value or vault.get(key) is not None:
            raise VaultBrokenError(
                f"The {info.label} doesn't store values reliably.",
                next_step="Choose another vault in the settings.",
            )
    except XswitchError as error:
        return _error_check("vault", error)
    place = f" at {info.place}" if info.place else ""
    left = f" It was moved: {info.left}." if info.left else ""
    return DoctorCheck(
        "vault",
        "ok",
        f"The {info.label}{place} works (write, read, and delete tested).{left}",
        details={"kind": info.kind},
    )


# -- this shell


def _hook(variables: Mapping[str, str]) -> DoctorCheck:
    """Check that the shell hook is loaded; its init script sets XSWITCH_SHELL."""
    shell = variables.get("XSWITCH_SHELL", "")
    if shell:
        return DoctorCheck(
            "hook", "ok", f"The shell hook is loaded ({shell}).", details={"shell": shell}
        )
    return DoctorCheck(
        "hook",
        "warning",
        "The shell hook isn't loaded, so a switch can't change this shell.",
        'Add to the start file of bash: eval "$(xswitch init bash)"; of other shells:'
        " xswitch init --help",
    )


def _profile(snapshot: ConfigSnapshot) -> DoctorCheck:
    """Check that the profile that this shell selects exists."""
    current = snapshot.current_profile
    if not current:
        return DoctorCheck("profile", "ok", "This shell selects no profile.")
    if current not in snapshot.view.profiles:
        return DoctorCheck(
            "profile",
            "error",
            f'AWS_PROFILE is "{current}", and there is no such profile.',
            "xswitch switch, or: unset AWS_PROFILE",
        )
    return DoctorCheck(
        "profile",
        "ok",
        f'This shell selects the profile "{current}".',
        details={"profile": current},
    )


def _sign_in(ports: Ports, snapshot: ConfigSnapshot) -> Iterator[DoctorCheck]:
    """Check the sign-in that this shell's profile starts from, if it does; renew it if due.

    The session that the shell uses may live longer than the sign-in, so that isn't an error.
    """
    try:
        role = snapshot.role_for_profile(snapshot.current_profile)
    except XswitchError:
        return
    base = None if role.chain is None else role.chain.base
    if base is None or base.kind is not CredentialSourceKind.SSO:
        return
    try:
        ports.aws.source_credentials.ensure_sign_in(base, snapshot.view)
    except XswitchError as error:
        yield replace(_error_check("sign-in", error), state="warning")
        return
    yield DoctorCheck(
        "sign-in", "ok", f"You are signed in to IAM Identity Center, as {role.name} needs."
    )


# -- network and clock


def _sts(ports: Ports, snapshot: ConfigSnapshot) -> Iterator[DoctorCheck]:
    """Check reachability and clock of the endpoints that most roles use."""
    counts = Counter(role.endpoint for role in snapshot.resolution.roles if role.chain is not None)
    # A custom endpoint URL is one server for all regions
    distinct = {
        endpoint.url or endpoint.region: endpoint for endpoint, _ in reversed(counts.most_common())
    }
    endpoints = list(reversed(distinct.values()))[:_MAX_ENDPOINTS]
    if not endpoints:
        yield DoctorCheck("sts", "skipped", "Without a role there is no STS endpoint to test.")
    for endpoint in endpoints:
        yield from _endpoint(ports, endpoint)


def _endpoint(ports: Ports, endpoint: Endpoint) -> Iterator[DoctorCheck]:
    name = endpoint.url or f"STS in {endpoint.region}"
    try:
        result = ports.aws.sts_probe.probe(endpoint)
    except XswitchError as error:
        yield _error_check("sts", error)
        return
    yield DoctorCheck(
        "sts",
        "ok",
        f"{name} responded in {result.milliseconds} ms.",
        details={"region": endpoint.region},
    )
    skew = clock_skew(AwsErrorResponse("", "", ports.process.clock.now(), result.server_time))
    if skew is None:
        yield DoctorCheck("clock", "skipped", f"{name} didn't send its time.")
        return
    seconds = round(abs(skew).total_seconds())
    direction = "ahead of" if skew > timedelta(0) else "behind"
    message = f"This machine's clock is {seconds} s {direction} that of {name}."
    state: DoctorCheckState = "ok"
    if abs(skew) >= _SKEW_WARNING:
        state = "error" if abs(skew) >= _SKEW_ERROR else "warning"
    step = "Set this machine's clock (on Linux: sudo timedatectl set-ntp true)."
    yield DoctorCheck("clock", state, message, "" if state == "ok" else step)
