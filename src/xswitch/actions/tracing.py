"""Ports that log each call with its result and duration, for `--debug`.

The tables at the end choose field by field what a line shows: names, ARNs, counts, times. No value
that may hold a secret is ever formatted, and of an exception only its code or type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from xswitch.actions.ports import Ports, replace_ports
from xswitch.core.errors import XswitchError
from xswitch.core.model import CredentialSource, Endpoint
from xswitch.core.text import pluralize

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_SERVER = re.compile(r"(https?://)(?:[^/?#]*@)?([A-Za-z0-9.:_\[\]-]+)")
_KEY_SHOWN = 8
_TRACED_PORTS = {
    "aws": ("sts", "source_credentials", "sts_probe", "iam"),
    "storage": ("vault", "index", "prompt_files", "hot_pointers"),
    "config": ("files", "settings"),
    "state": ("usage", "history"),
    "process": ("background", "mfa_process"),
}
_NAMES_SHOWN = {"files": "config"}


@dataclass(frozen=True, slots=True)
class Tracer:
    """Logs calls, from any thread."""

    log: Callable[[str], None]
    elapsed: Callable[[], float]
    """Seconds on a clock that only differences are taken of."""

    def call(
        self,
        name: str,
        method: Callable[..., Any],
        positional: tuple[Any, ...],
        named: Mapping[str, Any],
    ) -> Any:
        """Call a port's method and log it."""
        arguments = _describe(_ARGUMENTS, name, *positional)
        began = self.elapsed()
        try:
            result = method(*positional, **named)
        except BaseException as error:
            code = error.code if isinstance(error, XswitchError) else type(error).__name__
            self._line(name, arguments, f"✗ {code}", began)
            raise
        self._line(name, arguments, _describe(_RESULTS, name, result), began)
        return _TracedPort("iam", result, self) if name == "iam.open" else result

    @contextmanager
    def hold(self, name: str, lock: AbstractContextManager[None]) -> Iterator[None]:
        """Hold a lock, and log how long it took to acquire."""
        began = self.elapsed()
        try:
            lock.__enter__()
        except XswitchError as error:
            self._line("locks.hold", name, f"✗ {error.code}", began)
            raise
        self._line("locks.hold", name, "", began)
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    def _line(self, name: str, arguments: str, result: str, began: float) -> None:
        milliseconds = f"{(self.elapsed() - began) * 1000:.0f} ms"
        shown = f"{result}, {milliseconds}" if result else milliseconds
        self.log(f"{name} {arguments}".rstrip() + f": {shown}")


class _TracedPort:
    """A port that logs each call of a method."""

    def __init__(self, name: str, port: Any, tracer: Tracer) -> None:
        self._name, self._port, self._tracer = name, port, tracer

    def __getattr__(self, method: str) -> Any:
        bound = getattr(self._port, method)
        return lambda *positional, **named: self._tracer.call(
            f"{self._name}.{method}", bound, positional, named
        )


class _TracedLocks:
    def __init__(self, locks: Any, tracer: Tracer) -> None:
        self._locks, self._tracer = locks, tracer

    def hold(self, name: str, timeout_seconds: float | None = None) -> AbstractContextManager[None]:
        return self._tracer.hold(_short_key(name), self._locks.hold(name, timeout_seconds))


def with_tracing(ports: Ports, log: Callable[[str], None], elapsed: Callable[[], float]) -> Ports:
    """Return the same ports, which log each call in one line without secrets."""
    tracer = Tracer(log, elapsed)
    traced: dict[str, Any] = {
        name: _TracedPort(
            _NAMES_SHOWN.get(name, name), getattr(getattr(ports, group), name), tracer
        )
        for group, names in _TRACED_PORTS.items()
        for name in names
    }
    return replace_ports(ports, **traced, locks=_TracedLocks(ports.storage.locks, tracer))


Group = TypeVar("Group", bound="DataclassInstance")


def with_traced_fields(
    group: Group, names: Sequence[str], log: Callable[[str], None], elapsed: Callable[[], float]
) -> Group:
    """Return a group of ports of which those with these names log each call, as above."""
    tracer = Tracer(log, elapsed)
    traced: dict[str, Any] = {
        name: _TracedPort(name, getattr(group, name), tracer) for name in names
    }
    return replace(group, **traced)


def _describe(table: Mapping[str, Callable[..., str]], name: str, *values: Any) -> str:
    describe = table.get(name)
    return "" if describe is None else describe(*values)


def _short_key(text: str) -> str:
    return text if len(text) <= _KEY_SHOWN else f"{text[:_KEY_SHOWN]}…"


def _describe_endpoint(endpoint: Endpoint) -> str:
    if endpoint.url is None:
        return endpoint.region
    server = _SERVER.match(endpoint.url)
    return f"{endpoint.region} at {''.join(server.groups()) if server else 'an invalid URL'}"


def _describe_source(base: CredentialSource, *_: object) -> str:
    return f"{base.kind} {base.profile or ''}".rstrip()


def _describe_expiration(credentials: Any) -> str:
    end = credentials.expires_at
    return "long-term keys" if end is None else f"until {end:%Y-%m-%d %H:%M:%S} UTC"


_ARGUMENTS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "config.apply": lambda edits: ", ".join(
            f"{type(edit).__name__} {edit.name} in {edit.file}" for edit in edits
        ),
        "vault.get": _short_key,
        "vault.put": lambda key, _: _short_key(key),
        "vault.delete": _short_key,
        "index.put": lambda entry: f"{_short_key(entry.key)} {entry.profile}",
        "index.remove": lambda keys: ", ".join(_short_key(key) for key in keys),
        "sts.assume_role": lambda _, request, endpoint: (
            f"{request.role_arn} as {request.session_name} for {request.duration_seconds} s"
            f" in {_describe_endpoint(endpoint)}"
        ),
        "sts.get_session_token": lambda _, serial, __, seconds, endpoint: (
            f"{serial} for {seconds} s in {_describe_endpoint(endpoint)}"
        ),
        "sts.get_caller_identity": lambda _, endpoint: f"in {_describe_endpoint(endpoint)}",
        "source_credentials.resolve": _describe_source,
        "source_credentials.ensure_sign_in": _describe_source,
        "usage.record_use": lambda profile, _: str(profile),
        "usage.set_pin": str,
        "history.record": lambda entry: f"{entry.profile} {entry.result}",
        "prompt_files.write": lambda state: str(state.managed_profile),
        "prompt_files.remove": str,
        "hot_pointers.write": lambda profile, session, _: f"{profile} {_short_key(session.key)}",
        "hot_pointers.remove": str,
        "background.renew": lambda profile, _: str(profile),
        "mfa_process.run": lambda _, challenge: f"for {challenge.serial}",
        "sts_probe.probe": _describe_endpoint,
        "iam.open": lambda _, endpoint: _describe_endpoint(endpoint),
        "iam.role": str,
        "iam.role_alone": str,
        "iam.has_policy": str,
        "iam.mfa_serials": str,
        "iam.policies_of": str,
        "iam.simulate": lambda principal, action, resource, _: f"{principal} {action} {resource}",
        "iam.run": lambda call: str(call.operation),
        "oidc.register": lambda session, grant, _: f"{session.label} {grant}",
        "oidc.start_device": lambda session, *_: str(session.label),
        "oidc.token_by_code": lambda session, *_: str(session.label),
        "oidc.token_by_device_code": lambda session, *_: str(session.label),
        "oidc.refresh": lambda session, _: str(session.label),
        "sign_out.sign_out": lambda session, _: str(session.label),
        "start_urls.resolve": lambda session: str(session.label),
        "shared.load": lambda session: str(session.label),
        "shared.store": lambda session, _: str(session.label),
        "shared.delete": lambda session: str(session.label),
        "browsers.open": lambda _, __, label: str(label),
    }
)
_RESULTS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "config.paths": lambda paths: f"{paths.config}, {paths.credentials}",
        "config.read": lambda view: (
            f"{pluralize(len(view.profiles), 'profile')}, "
            f"{pluralize(len(view.problems), 'problem')}"
        ),
        "shared.load": lambda found: (
            "damaged" if found.damaged else "nothing" if found.token is None else "a token"
        ),
        "oidc.refresh": lambda token: f"until {token.expires_at:%Y-%m-%d %H:%M:%S} UTC",
        "vault.info": lambda info: f"{info.label}",
        "vault.get": lambda value: "nothing" if value is None else "a session",
        "vault.clear": lambda keys: pluralize(len(keys), "session"),
        "index.entries": lambda entries: pluralize(len(entries), "entry", "entries"),
        "sts.assume_role": lambda assumed: _describe_expiration(assumed.credentials),
        "sts.get_session_token": _describe_expiration,
        "sts.get_caller_identity": lambda identity: str(identity.arn),
        "source_credentials.resolve": _describe_expiration,
        "settings.load": lambda settings: (
            f"vault {settings.vault}, {pluralize(len(settings.problems), 'problem')}"
        ),
        "history.load": lambda entries: pluralize(len(entries), "entry", "entries"),
        "sts_probe.probe": lambda probe: f"reached in {probe.milliseconds} ms",
        "iam.roles": lambda arns: pluralize(len(arns), "role"),
    }
)
