"""`list`, `status`, `history`, `config`, `doctor`, and `complete`: commands that only read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from xswitch.actions.results import Listing, SessionInfo
from xswitch.cli.commands import SIGN_INS
from xswitch.cli.context import Context
from xswitch.cli.output.json_output import (
    check_json,
    config_json,
    history_json,
    problem_json,
    role_json,
    status_json,
)
from xswitch.cli.output.stdout import table
from xswitch.cli.parser import CommandParser, add_json
from xswitch.core.display import display
from xswitch.core.duration_text import format_remaining
from xswitch.core.errors import ExitCode, UsageError
from xswitch.core.model import (
    CredentialSourceKind,
    Problem,
    Role,
    SessionState,
    TargetKind,
)
from xswitch.core.search.matcher import KIND_FILTER
from xswitch.core.text import last_argument, pluralize


def add_list(parser: CommandParser) -> None:
    """Declare the arguments of `list`."""
    add_json(parser)
    parser.set_defaults(run=list_roles)


def list_roles(context: Context) -> int:
    """List all targets, including the misconfigured ones."""
    listing = context.actions.listing()
    context.actions.refresh_stale_portals()
    if context.arguments.json:
        roles = (role_json(role, listing.sessions.get(role.name)) for role in listing.roles)
        context.stdout.envelope(
            "list", {"roles": roles}, (problem_json(problem) for problem in listing.problems)
        )
        return ExitCode.DONE
    now = context.services.clock.now()
    rows = [_role_row(role, listing, now) for role in listing.roles]
    if rows:
        context.stdout.lines(
            table(rows, ["PROFILE", "ACCOUNT", "ID", "ROLE", "REGION", "KIND", "MFA", "SESSION"]),
            verbatim=True,
        )
    else:
        context.stderr.say("The AWS config has no profiles with credentials yet.")
        context.stderr.hint(
            "For IAM Identity Center: xswitch sso add, then xswitch login. For a role: a profile"
            " with role_arn and source_profile, or xswitch switch ACCOUNT:ROLE --source PROFILE."
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
        role.kind.word,
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
        context.stderr.hint(
            f"{pluralize(errors, 'error')} and {pluralize(warnings, 'warning')} in the AWS config; "
            "to list them: xswitch config"
        )


def add_status(parser: CommandParser) -> None:
    """Declare the arguments of `status`."""
    add_json(parser)
    parser.set_defaults(run=status)


def status(context: Context) -> int:
    """List all sessions."""
    rows = context.actions.status()
    if context.arguments.json:
        context.stdout.envelope("status", {"sessions": [status_json(row) for row in rows]})
        return ExitCode.DONE
    if not rows:
        context.stderr.say("No sessions yet. Switch with: xswitch switch TARGET")
        return ExitCode.DONE
    cells = [
        [
            row.entry.profile or "(environment)",
            "sign-in" if row.entry.kind == "sso_token" else row.entry.kind,
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
    for row in rows:
        end = row.static_expires_at
        if end is not None and end != row.entry.expires_at:
            left = (end - context.services.clock.now()).total_seconds()
            context.stderr.hint(
                f"The keys in {row.entry.managed_profile}-static are older: "
                + (f"{format_remaining(left)} left." if left > 0 else "expired.")
                + f" Replace them: xswitch renew {last_argument(row.entry.managed_profile)}"
            )
    context.stdout.lines(
        table(cells, ["PROFILE", "KIND", "STATE", "LEFT", "SILENT", "MANAGED", "PRINCIPAL"]),
        verbatim=True,
    )
    return ExitCode.DONE


def add_history(parser: CommandParser) -> None:
    """Declare the arguments of `history`."""
    parser.add_argument("--limit", type=int, metavar="N", help="show only the N newest")
    add_json(parser)
    parser.set_defaults(run=history)


def history(context: Context) -> int:
    """List session requests and their results, newest first."""
    limit = context.arguments.limit
    if limit is not None and limit < 1:
        raise UsageError(
            "--limit must be a whole number, 1 or more.", next_step="xswitch history --limit 20"
        )
    entries = context.actions.history()[:limit]
    if context.arguments.json:
        context.stdout.envelope("history", {"history": [history_json(entry) for entry in entries]})
        return ExitCode.DONE
    if not entries:
        context.stderr.say("No session requests yet.")
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
    context.stdout.lines(
        table(cells, ["TIME", "RESULT", "PROFILE", "SESSION", "ROLE"]), verbatim=True
    )
    return ExitCode.DONE


def add_config(parser: CommandParser) -> None:
    """Declare the arguments of `config`."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=["show", "undo"],
        default="show",
        help="undo: restore the files as they were before xswitch's last change",
    )
    add_json(parser)
    parser.set_defaults(run=config)


def config(context: Context) -> int:
    """Show what was read, or undo the last change."""
    if context.arguments.action == "undo":
        files = context.actions.undo_config()
        if context.arguments.json:
            context.stdout.envelope("config undo", {"restored": list(files)})
        else:
            for file in files:
                context.stderr.done(f"restored {file}")
        return ExitCode.DONE
    view = context.actions.config()
    problems = [
        *view.problems,
        *(problem for role in context.actions.listing().roles for problem in role.problems),
    ]
    distinct = list(dict.fromkeys(problems))
    if context.arguments.json:
        context.stdout.envelope(
            "config", config_json(view), [problem_json(problem) for problem in distinct]
        )
        return ExitCode.DONE
    counts = (
        f"{pluralize(len(view.profiles), 'profile')}, "
        f"{pluralize(len(view.sso_sessions), 'sso-session')}, "
        f"{pluralize(len(view.services), 'services section')}"
    )
    context.stdout.lines(
        [f"config       {view.paths.config}", f"credentials  {view.paths.credentials}", counts]
    )
    for problem in distinct:
        context.stderr.problem(problem)
    if not distinct:
        context.stderr.done(
            "No problems: the AWS CLI and the SDKs checked read these files the same way."
        )
    return ExitCode.DONE


_CHECK_STATES = {"ok": "ok", "warning": "warn", "error": "ERROR", "skipped": "skip"}


def add_doctor(parser: CommandParser) -> None:
    """Declare the arguments of `doctor`."""
    add_json(parser)
    parser.set_defaults(run=doctor)


def doctor(context: Context) -> int:
    """Run every check; the exit code is 0 unless one is an error."""
    checks = context.actions.doctor()
    failed = any(check.state == "error" for check in checks)
    if context.arguments.json:
        context.stdout.envelope("doctor", {"checks": [check_json(check) for check in checks]})
    else:
        for check in checks:
            context.stdout.lines([f"{_CHECK_STATES[check.state]:5} {check.name}: {check.message}"])
            if check.next_step and check.state != "ok":
                context.stdout.lines([f"      next: {check.next_step}"])
    return ExitCode.CONFIG if failed else ExitCode.DONE


def add_complete(parser: CommandParser) -> None:
    """Declare the arguments of `complete`."""
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("of", nargs="?", choices=[SIGN_INS])
    parser.set_defaults(run=complete)


def _signs_in(role: Role) -> bool:
    return role.chain is not None and role.chain.base.kind in {
        CredentialSourceKind.SSO,
        CredentialSourceKind.LOGIN_SESSION,
    }


def complete(context: Context) -> int:
    """Print targets for completion: one line each with name, tab, and description.

    Those of `login`, `logout`, and `sso` are sessions, and the profiles and roles that need one.
    """
    word, listing = context.arguments.word, context.actions.listing()
    roles = listing.roles
    if context.arguments.of == SIGN_INS:
        for session in listing.sign_ins:
            if session.label.startswith(word) and display(session.label) == session.label:
                context.stdout.raw(f"{session.label}\t{display(session.start_url)}\n")
        roles = tuple(role for role in roles if _signs_in(role))
    for kind in dict.fromkeys(role.kind for role in roles) if word.startswith("kind") else ():
        if f"{KIND_FILTER}{kind.word}".startswith(word):
            context.stdout.raw(f"{KIND_FILTER}{kind.word}\ttargets of this kind\n")
    for role in roles:
        # A name that can't be shown as it is would only be a wrong target
        if role.name.startswith(word) and display(role.name) == role.name:
            account = role.account_name or role.account_id
            other = "" if role.kind is TargetKind.ROLE else f"({role.kind.word})"
            text = display(" ".join(part for part in (account, role.role_name, other) if part))
            printable = "".join(c if c.isprintable() else "?" for c in text)
            context.stdout.raw(f"{role.name}\t{printable}\n")
    return ExitCode.DONE
