"""Build a ConfigView from dicts, and resolve and plan its roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from xswitch.core.model import (
    Chain,
    ConfigPaths,
    ConfigView,
    FileKind,
    Origin,
    PortalRole,
    Problem,
    Profile,
    Property,
    Role,
    SessionPlan,
    Settings,
    TargetKind,
)
from xswitch.core.profiles.managed import NO_OVERRIDES, Overrides
from xswitch.core.roles.resolve import resolve_all
from xswitch.core.sessions.plan import plan_sessions

CONFIG = "/home/u/.aws/config"
CREDENTIALS = "/home/u/.aws/credentials"
KEYS = {"aws_access_key_id": "AKIDDEV", "aws_secret_access_key": "secret"}
ACCOUNT = "222222222222"
MFA = "arn:aws:iam::111111111111:mfa/dev"

Sections = Mapping[str, Mapping[str, str]]


def arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def role(source: str, name: str = "Admin", **properties: str) -> dict[str, str]:
    return {"role_arn": arn(name), "source_profile": source, **properties}


def view(
    config: Sections,
    credentials: Sections | None = None,
    *,
    sso_sessions: Sections | None = None,
    services: Sections | None = None,
    cli_only: Sequence[str] = (),
    problems: tuple[Problem, ...] = (),
) -> ConfigView:
    """Build a view; sections follow each other from line 1, one line per key, in each file."""
    profiles = {
        name: dict(properties) for name, properties in _lay_out(config, CONFIG, "config").items()
    }
    origins = _origins(config, CONFIG)
    for name, properties in _lay_out(credentials or {}, CREDENTIALS, "credentials").items():
        profiles.setdefault(name, {}).update(properties)
        origins.setdefault(name, _origins(credentials or {}, CREDENTIALS)[name])
    return ConfigView(
        paths=ConfigPaths(CONFIG, CREDENTIALS),
        profiles=MappingProxyType(
            {
                name: Profile(
                    name, MappingProxyType(keys), origins[name], cli_only=name in cli_only
                )
                for name, keys in profiles.items()
            }
        ),
        sso_sessions=_sections(sso_sessions or {}),
        services=_sections(services or {}),
        problems=problems,
    )


def _lay_out(sections: Sections, file: str, source: FileKind) -> dict[str, dict[str, Property]]:
    line, laid = 0, {}
    for name, properties in sections.items():
        line += 1
        laid[name] = {
            key: Property(value, Origin(file, line + at), source)
            for at, (key, value) in enumerate(properties.items(), 1)
        }
        line += len(properties)
    return laid


def _origins(sections: Sections, file: str) -> dict[str, Origin]:
    line, origins = 0, {}
    for name, properties in sections.items():
        line += 1
        origins[name] = Origin(file, line)
        line += len(properties)
    return origins


def _sections(sections: Sections) -> Mapping[str, Profile]:
    origins = _origins(sections, CONFIG)
    return {
        name: Profile(name, keys, origins[name])
        for name, keys in _lay_out(sections, CONFIG, "config").items()
    }


def roles(
    config_view: ConfigView, settings: Settings | None = None, env: Mapping[str, str] | None = None
) -> dict[str, Role]:
    """Return the roles that are assumed, without the profiles that have credentials themselves."""
    found = targets(config_view, settings, env)
    return {name: each for name, each in found.items() if each.kind is TargetKind.ROLE}


def targets(
    config_view: ConfigView,
    settings: Settings | None = None,
    env: Mapping[str, str] | None = None,
    portal_roles: Sequence[PortalRole] = (),
) -> dict[str, Role]:
    """Return every row of the list, in its order."""
    resolved = resolve_all(config_view, settings or Settings(), env or {}, portal_roles).roles
    assert len({each.name for each in resolved}) == len(resolved)
    return {each.name: each for each in resolved}


def chain(resolved: Role) -> Chain:
    assert resolved.chain is not None, resolved.problems
    return resolved.chain


def error(resolved: Role) -> Problem:
    assert resolved.chain is None
    first = resolved.problems[0]
    assert first.severity == "error"
    return first


def other_problems(config_view: ConfigView) -> list[str]:
    return [problem.code for problem in resolve_all(config_view, Settings(), {}).problems]


def codes(resolved: Role) -> list[str]:
    return [problem.code for problem in resolved.problems]


def planned(
    resolved: Role, settings: Settings | None = None, overrides: Overrides = NO_OVERRIDES
) -> SessionPlan:
    return plan_sessions(
        resolved, settings or Settings(), user_at_host="me@laptop", overrides=overrides
    )
