"""Ports whose calls are told one by one, for `--debug`.

What was asked of the world, what came of it, and how long it took.

What is told is chosen here, field by field: names, ARNs, counts, ends. No value that may hold a
secret is ever formatted, and of an exception only its code, or its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from xswitch.actions.ports import Ports
from xswitch.core.errors import XswitchError
from xswitch.core.model import Endpoint
from xswitch.core.text import pluralize

_SERVER = re.compile(r"(https?://)(?:[^/?#]*@)?([A-Za-z0-9.:_\[\]-]+)")
_KEY_SHOWN = 8
_TRACED_PORTS = (
    "config",
    "vault",
    "index",
    "sts",
    "base",
    "settings",
    "memory",
    "history",
    "prompt_files",
    "hot_pointers",
    "background",
)
_MORE_TRACED_PORTS = ("mfa_command", "sts_probe")


@dataclass(frozen=True, slots=True)
class Tracer:
    """Where it is told: `tell` gets one line, from any thread.

    `elapsed` is in seconds since whenever.
    """

    tell: Callable[[str], None]
    elapsed: Callable[[], float]

    def call(
        self, name: str, act: Callable[..., Any], given: tuple[Any, ...], named: Mapping[str, Any]
    ) -> Any:
        """Do it, and tell of it."""
        about = _describe(_ARGUMENTS, name, *given)
        began = self.elapsed()
        try:
            found = act(*given, **named)
        except BaseException as error:
            self._line(
                name,
                about,
                f"✗ {error.code if isinstance(error, XswitchError) else type(error).__name__}",
                began,
            )
            raise
        self._line(name, about, _describe(_RESULTS, name, found), began)
        return _TracedPort("iam", found, self) if name == "iam.open" else found

    @contextmanager
    def held(self, name: str, lock: AbstractContextManager[None]) -> Iterator[None]:
        """Hold it, and tell how long it had to be waited for."""
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

    def _line(self, name: str, about: str, came: str, began: float) -> None:
        milliseconds = f"{(self.elapsed() - began) * 1000:.0f} ms"
        self.tell(f"{name} {about}".rstrip() + f": {came + ', ' if came else ''}{milliseconds}")


class _TracedPort:
    """A port of that name whose every method is told; fits whatever it stands for."""

    def __init__(self, name: str, port: Any, tracer: Tracer) -> None:
        self._name, self._port, self._trail = name, port, tracer

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        return lambda *given, **named: self._trail.call(
            f"{self._name}.{method}", found, given, named
        )


class _TracedLocks:
    def __init__(self, locks: Any, tracer: Tracer) -> None:
        self._locks, self._trail = locks, tracer

    def hold(self, name: str, timeout_seconds: float | None = None) -> AbstractContextManager[None]:
        return self._trail.held(_short_key(name), self._locks.hold(name, timeout_seconds))


def with_tracing(ports: Ports, tell: Callable[[str], None], elapsed: Callable[[], float]) -> Ports:
    """The same world, each call to it told to `tell` in one line without secrets.

    `elapsed` gives seconds, for differences.
    """
    tracer = Tracer(tell, elapsed)
    told: dict[str, Any] = {
        name: _TracedPort(name, getattr(ports, name), tracer)
        for name in (*_TRACED_PORTS, *_MORE_TRACED_PORTS, "iam")
    }
    return replace(ports, **told, locks=_TracedLocks(ports.locks, tracer))


def _describe(table: Mapping[str, Callable[..., str]], name: str, *values: Any) -> str:
    say = table.get(name)
    return "" if say is None else say(*values)


def _short_key(text: str) -> str:
    return text if len(text) <= _KEY_SHOWN else f"{text[:_KEY_SHOWN]}…"


def _describe_endpoint(endpoint: Endpoint) -> str:
    if endpoint.url is None:
        return endpoint.region
    server = _SERVER.match(endpoint.url)
    return f"{endpoint.region} at {''.join(server.groups()) if server else 'an odd endpoint'}"


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
            f"{request.role_arn} as {request.session_name} for {request.duration_seconds} s in {_describe_endpoint(endpoint)}"
        ),
        "sts.get_session_token": lambda _, serial, __, seconds, endpoint: (
            f"{serial} for {seconds} s in {_describe_endpoint(endpoint)}"
        ),
        "sts.get_caller_identity": lambda _, endpoint: f"in {_describe_endpoint(endpoint)}",
        "base.resolve": lambda base, *_: f"{base.kind} {base.profile or ''}".rstrip(),
        "memory.record_use": lambda profile, _: str(profile),
        "memory.set_pin": str,
        "history.record": lambda entry: f"{entry.profile} {entry.result}",
        "prompt_files.write": lambda state: str(state.managed_profile),
        "prompt_files.remove": str,
        "hot_pointers.write": lambda profile, key, *_: f"{profile} {_short_key(key)}",
        "hot_pointers.remove": str,
        "background.renew": str,
        "mfa_command.run": lambda _, challenge: f"for {challenge.serial}",
        "sts_probe.reach": _describe_endpoint,
        "iam.open": lambda _, endpoint: _describe_endpoint(endpoint),
        "iam.role": str,
        "iam.role_alone": str,
        "iam.has_policy": str,
        "iam.mfa_serials": str,
        "iam.policies_of": str,
        "iam.simulate": lambda principal, action, resource, _: f"{principal} {action} {resource}",
        "iam.run": lambda call: str(call.operation),
    }
)
_RESULTS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "config.paths": lambda paths: f"{paths.config}, {paths.credentials}",
        "config.read": lambda view: (
            f"{pluralize(len(view.profiles), 'profile')}, {pluralize(len(view.problems), 'problem')}"
        ),
        "vault.info": lambda info: f"{info.label}",
        "vault.get": lambda value: "nothing" if value is None else "a session",
        "index.entries": lambda entries: pluralize(len(entries), "entry", "entries"),
        "sts.assume_role": lambda assumed: _describe_expiration(assumed.credentials),
        "sts.get_session_token": _describe_expiration,
        "sts.get_caller_identity": lambda identity: str(identity.arn),
        "base.resolve": _describe_expiration,
        "settings.load": lambda settings: (
            f"vault {settings.vault}, {pluralize(len(settings.problems), 'problem')}"
        ),
        "history.load": lambda entries: pluralize(len(entries), "entry", "entries"),
        "sts_probe.reach": lambda reach: f"it answers in {reach.milliseconds} ms",
        "iam.roles": lambda arns: pluralize(len(arns), "role"),
    }
)
