"""Values as `--json` prints them; docs/json.md documents the keys, and a test checks them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from xswitch.actions.results import (
    DoctorCheck,
    ForgetResult,
    RenewResult,
    SessionInfo,
    StatusRow,
    SwitchResult,
)
from xswitch.core.display import (
    HIDDEN,
    SHOWN_KEYS,
    SHOWN_NESTED_KEYS,
    hide_secrets,
    is_known_key,
    show_key_id,
)
from xswitch.core.errors import XswitchError
from xswitch.core.model import (
    Chain,
    ConfigView,
    HistoryEntry,
    Hop,
    Problem,
    Profile,
    Role,
    SessionState,
    SsoRole,
)

if TYPE_CHECKING:  # only the commands that sign in and out need them
    from xswitch.actions.sso.sign_in import SignInResult
    from xswitch.actions.sso.sign_out import SignOutResult

_COMMAND_KEYS = frozenset({"credential_process", "mfa_process"})


def utc_timestamp(when: datetime | None) -> str | None:
    """Format a time in UTC, ISO 8601, whole seconds, with a Z."""
    return None if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def role_json(role: Role, session: SessionInfo | None) -> dict[str, Any]:
    """Return an entry of `list`: data.roles[]."""
    return {
        "name": role.name,
        "kind": str(role.kind),
        "role_arn": role.role_arn,
        "account_id": role.account_id,
        "account_name": role.account_name,
        "role_name": role.role_name,
        "partition": role.partition,
        "region": role.region,
        "chain": chain_json(role.chain),
        "sso": sso_json(role.sso),
        "has_profile": role.portal_role is None and not role.is_ad_hoc,
        "mfa_serial": role.mfa_serial,
        "external_id": role.external_id,
        "duration_seconds": role.duration_seconds or None,
        "duration_reason": role.duration_reason,
        "managed_profile": role.managed_profile if role.kind.has_session else None,
        "guard": None
        if role.guard is None
        else {"name": role.guard.name, "colour": role.guard.color, "confirm": role.guard.confirm},
        "note": role.note,
        "tags": dict(role.tags),
        "session": session_json(session),
        "origin": {"file": role.origin.file, "line": role.origin.line},
        "problems": [problem_json(problem) for problem in role.problems],
    }


def sso_json(role: SsoRole | None) -> dict[str, Any] | None:
    """Return the settings of an Identity Center role, None for any other target."""
    if role is None:
        return None
    return {
        "session": role.session.name or None,
        "start_url": role.session.start_url,
        "account_id": role.account_id,
        "role_name": role.role_name,
    }


def chain_json(chain: Chain | None) -> list[dict[str, Any]]:
    """Return the source credentials, then each AssumeRole; empty for a misconfigured chain."""
    if chain is None:
        return []
    return [
        {"kind": str(chain.base.kind), "profile": chain.base.profile},
        *map(_hop_json, chain.hops),
    ]


def _hop_json(hop: Hop) -> dict[str, Any]:
    return {
        "kind": "assume_role",
        "profile": hop.profile,
        "role_arn": hop.role_arn,
        "external_id": hop.external_id,
        "mfa_serial": hop.mfa_serial,
        "duration_seconds": hop.duration_seconds,
        "session_name": hop.session_name,
        "source_identity": hop.source_identity,
        "tags": dict(hop.tags),
        "transitive_tag_keys": list(hop.transitive_tag_keys),
        "policy_arns": list(hop.policy_arns),
        "policy": hop.policy,
        "origin": {"file": hop.origin.file, "line": hop.origin.line},
    }


def session_json(session: SessionInfo | None) -> dict[str, Any] | None:
    """Return state and expiration, or None without a session."""
    if session is None or session.state is SessionState.NONE:
        return None
    return {"state": str(session.state), "expires_at": utc_timestamp(session.expires_at)}


def status_json(row: StatusRow) -> dict[str, Any]:
    """Return an entry of `status`: data.sessions[]."""
    return {
        "kind": row.entry.kind,
        "profile": row.entry.profile,
        "principal": row.entry.principal,
        "managed_profile": row.entry.managed_profile or None,
        "static": row.entry.static,
        "static_expires_at": utc_timestamp(row.static_expires_at),
        "state": str(row.state),
        "seconds_left": row.seconds_left,
        "issued_at": utc_timestamp(row.entry.issued_at),
        "expires_at": utc_timestamp(row.entry.expires_at),
        "last_used": utc_timestamp(row.entry.last_used),
        "silent_until": utc_timestamp(row.renewable_until),
    }


def history_json(entry: HistoryEntry) -> dict[str, Any]:
    """Return an entry of `history`: data.history[]."""
    return {
        "at": utc_timestamp(entry.at),
        "profile": entry.profile,
        "role_arn": entry.role_arn,
        "session_name": entry.session_name,
        "result": entry.result,
    }


def switched_json(switched: SwitchResult) -> dict[str, Any]:
    """Return the data of `switch`."""
    identity = switched.identity
    return {
        "name": switched.role.name,
        "kind": str(switched.role.kind),
        "role_arn": switched.role.role_arn,
        "managed_profile": switched.managed_profile,
        "expires_at": utc_timestamp(switched.expires_at),
        "identity": None
        if identity is None
        else {"account": identity.account, "arn": identity.arn, "user_id": identity.user_id},
        "from_vault": switched.from_vault,
        "static": switched.static,
        "region": switched.region,
        "region_source": switched.region_source,
    }


def renewed_json(renewed: RenewResult) -> dict[str, Any]:
    """Return an entry of `renew`: data.renewed[]."""
    return {
        "name": renewed.name,
        "expires_at": utc_timestamp(renewed.expires_at),
        "error": None if renewed.error is None else error_json(renewed.error),
    }


def forgotten_json(forgotten: ForgetResult) -> dict[str, Any]:
    """Return an entry of `forget`: data.forgotten[]."""
    return {
        "name": forgotten.name,
        "sessions": forgotten.sessions,
        "managed_profile": forgotten.managed_profile or None,
    }


def check_json(check: DoctorCheck) -> dict[str, Any]:
    """Return an entry of `doctor`: data.checks[]."""
    return {
        "name": check.name,
        "state": check.state,
        "message": check.message,
        "next_step": check.next_step,
        "details": dict(check.details),
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return an entry of problems[]."""
    return {
        "file": problem.file,
        "line": problem.line,
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity,
        "profile": problem.profile,
    }


def error_json(error: XswitchError) -> dict[str, Any]:
    """Return an error as an entry of problems[], with why, next_step, and exit_code added."""
    return {
        "file": None,
        "line": None,
        "code": error.code,
        "message": error.what,
        "severity": "error",
        "profile": None,
        "why": error.why,
        "next_step": error.next_step,
        "exit_code": int(error.exit_code),
    }


def config_json(view: ConfigView) -> dict[str, Any]:
    """Return the data of `config`.

    Values of known keys are as written, except for secrets and where users often put them: other
    keys, arguments of commands, users of URLs, lines that continue a value.
    """
    return {
        "files": {"config": view.paths.config, "credentials": view.paths.credentials},
        "profiles": _sections_json(view.profiles),
        "sso_sessions": _sections_json(view.sso_sessions),
        "services": _sections_json(view.services),
    }


def _sections_json(sections: Mapping[str, Profile]) -> dict[str, dict[str, str]]:
    return {
        name: {
            key: _redact_value(key, setting.value) for key, setting in section.properties.items()
        }
        for name, section in sections.items()
    }


def _redact_value(key: str, value: str) -> str:
    if key == "aws_access_key_id":
        return show_key_id(value)
    if key in _COMMAND_KEYS:
        program, *arguments = value.split(maxsplit=1)[:2] or [""]
        return f"{hide_secrets(program)} {HIDDEN}" if arguments else hide_secrets(program)
    first, *nested_lines = value.split("\n")
    if not first and nested_lines:
        return "\n".join(["", *map(_redact_nested_line, nested_lines)])
    if key not in SHOWN_KEYS:
        return HIDDEN
    lines = [hide_secrets(first), *map(_redact_continuation, nested_lines)]
    return "\n".join(lines)


def _redact_continuation(line: str) -> str:
    """Redact a line that continues a value: often a key that is indented by mistake."""
    key, equals, _ = line.partition("=")
    return f"{key}{equals} {HIDDEN}" if equals and is_known_key(key) else HIDDEN


def _redact_nested_line(line: str) -> str:
    """Redact a line of a block like `s3 =`."""
    key, equals, value = line.partition("=")
    if not equals:
        return HIDDEN
    shown = key.strip().lower() in SHOWN_NESTED_KEYS
    return hide_secrets(f"{key}={value}") if shown else f"{hide_secrets(key)}{equals} {HIDDEN}"


def signed_in_json(result: SignInResult) -> dict[str, Any]:
    """Return the data of `login`."""
    return {
        "session": result.session.name,
        "start_url": result.session.start_url,
        "region": result.session.region,
        "expires_at": utc_timestamp(result.expires_at),
        "refreshable": result.refreshable,
        "method": result.method,
        "shared": result.shared,
    }


def signed_out_json(result: SignOutResult) -> dict[str, Any]:
    """Return an entry of `logout`: data.signed_out[]."""
    return {"session": result.label, "was_signed_in": result.was_signed_in}
