"""`list`, `status`, `config`, `doctor`, `complete`: what there is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from xswitch.actions.api import Listing, SessionInfo
from xswitch.cli.context import Context
from xswitch.cli.output.json_output import (
    check_json,
    config_json,
    history_json,
    role_json,
    status_json,
)
from xswitch.cli.output.stdout import problem_json, table
from xswitch.core.duration_text import format_remaining
from xswitch.core.errors import ExitCode, UsageError
from xswitch.core.model import Problem, Role, SessionState


def list_roles(context: Context) -> int:
    """Every role, the unresolvable ones too."""
    listing = context.actions.listing()
    if context.arguments.json:
        roles = (role_json(role, listing.sessions.get(role.name)) for role in listing.roles)
        context.data.envelope(
            "list", {"roles": roles}, (problem_json(problem) for problem in listing.problems)
        )
        return ExitCode.DONE
    now = context.services.clock.now()
    rows = [_role_row(role, listing, now) for role in listing.roles]
    if rows:
        context.data.lines(
            table(rows, ["PROFILE", "ACCOUNT", "ID", "ROLE", "REGION", "MFA", "SESSION"])
        )
    else:
        context.words.say("There is no role profile in the AWS config yet.")
        context.words.hint(
            "Add one with role_arn and source_profile, or switch by ACCOUNT:ROLE --source PROFILE."
        )
    _hint_problems(
        context,
        [*listing.problems, *(problem for role in listing.roles for problem in role.problems)],
    )
    return ExitCode.DONE


def _role_row(role: Role, listing: Listing, now: datetime) -> list[str]:
    session = listing.sessions.get(role.name)
    return [
        role.name,
        role.account_name,
        role.account_id,
        role.role_path.strip("/") + "/" + role.role_name
        if role.role_path.strip("/")
        else role.role_name,
        role.region,
        "mfa" if role.mfa_serial else "",
        _session_text(session, now) if role.chain is not None else "can't be resolved",
    ]


def _session_text(session: SessionInfo | None, now: datetime) -> str:
    if session is None or session.state is SessionState.NONE or session.expires_at is None:
        return ""
    if session.state is SessionState.EXPIRED:
        return "expired"
    return f"{session.state} {format_remaining((session.expires_at - now).total_seconds())}"


def _hint_problems(context: Context, problems: Iterable[Problem]) -> None:
    distinct = set(problems)
    errors = sum(1 for problem in distinct if problem.severity == "error")
    warnings = sum(1 for problem in distinct if problem.severity == "warning")
    if errors or warnings:
        context.words.hint(
            f"{errors} errors and {warnings} warnings in the AWS config; see them with: xswitch config"
        )


def status(context: Context) -> int:
    """Every session."""
    rows = context.actions.status()
    if context.arguments.json:
        context.data.envelope("status", {"sessions": [status_json(row) for row in rows]})
        return ExitCode.DONE
    if not rows:
        context.words.say("There is no session. Switch with: xswitch switch TARGET")
        return ExitCode.DONE
    cells = [
        [
            row.entry.profile or "(environment)",
            row.entry.kind,
            str(row.state),
            format_remaining(row.seconds_left) if row.state is not SessionState.EXPIRED else "",
            format_remaining((row.renewable_until - context.services.clock.now()).total_seconds())
            if row.renewable_until
            else "",
            row.entry.managed_profile,
            row.entry.principal,
        ]
        for row in rows
    ]
    context.data.lines(
        table(cells, ["PROFILE", "KIND", "STATE", "LEFT", "SILENT", "MANAGED", "PRINCIPAL"])
    )
    return ExitCode.DONE


def history(context: Context) -> int:
    """Which sessions were wanted, the newest first."""
    limit = context.arguments.limit
    if limit is not None and limit < 1:
        raise UsageError(
            "--limit is a whole number from 1.", next_step="xswitch history --limit 20"
        )
    entries = context.actions.history()[:limit]
    if context.arguments.json:
        context.data.envelope("history", {"history": [history_json(entry) for entry in entries]})
        return ExitCode.DONE
    if not entries:
        context.words.say("Nothing yet.")
        return ExitCode.DONE
    cells = [
        [
            f"{entry.at:%Y-%m-%d %H:%M:%S}Z",
            entry.result,
            entry.profile,
            entry.session_name,
            entry.role_arn,
        ]
        for entry in entries
    ]
    context.data.lines(table(cells, ["TIME", "RESULT", "PROFILE", "SESSION", "ROLE"]))
    return ExitCode.DONE


def config(context: Context) -> int:
    """What was read, or the last change undone."""
    if context.arguments.action == "undo":
        files = context.actions.undo_config()
        if context.arguments.json:
            context.data.envelope("config undo", {"restored": list(files)})
        else:
            for file in files:
                context.words.done(f"restored {file}")
        return ExitCode.DONE
    view = context.actions.config()
    problems = [
        *view.problems,
        *(problem for role in context.actions.listing().roles for problem in role.problems),
    ]
    distinct = list(dict.fromkeys(problems))
    if context.arguments.json:
        context.data.envelope(
            "config", config_json(view), [problem_json(problem) for problem in distinct]
        )
        return ExitCode.DONE
    context.data.lines(
        [
            f"config       {view.paths.config}",
            f"credentials  {view.paths.credentials}",
            f"{len(view.profiles)} profiles, {len(view.sso_sessions)} sso-sessions, {len(view.services)} services sections",
        ]
    )
    for problem in distinct:
        context.words.problem(problem)
    if not distinct:
        context.words.done("nothing odd: every SDK and the AWS CLI read these files alike")
    return ExitCode.DONE


_CHECK_STATES = {"ok": "ok", "warning": "warn", "error": "ERROR", "skipped": "skip"}


def doctor(context: Context) -> int:
    """Every check; exit code 0 unless one of them is an error."""
    checks = context.actions.doctor()
    failed = any(check.state == "error" for check in checks)
    if context.arguments.json:
        context.data.envelope("doctor", {"checks": [check_json(check) for check in checks]})
    else:
        for check in checks:
            context.data.lines([f"{_CHECK_STATES[check.state]:5} {check.name}: {check.message}"])
            if check.next_step and check.state != "ok":
                context.data.lines([f"      next: {check.next_step}"])
    return ExitCode.CONFIG if failed else ExitCode.DONE


def complete(context: Context) -> int:
    """Targets for completion: one line each, name, tab, a few words."""
    word = context.arguments.word
    for role in context.actions.listing().roles:
        if role.name.startswith(word) and role.name.isprintable():
            what = " ".join(
                part for part in (role.account_name or role.account_id, role.role_name) if part
            )
            context.data.raw(
                f"{role.name}\t{''.join(c if c.isprintable() else '?' for c in what)}\n"
            )
    return ExitCode.DONE
