"""The verbs of `sso`: call the use case, ask for confirmation, and print the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from xswitch.actions.sso.discovery import DiscoveryUpdate
from xswitch.actions.sso.portals import (
    AddingSession,
    Populating,
    check_session_name,
    check_url,
)
from xswitch.cli.context import Context
from xswitch.cli.output.json_output import problem_json
from xswitch.cli.output.sso import added_session_json, populated_json, portal_list_json
from xswitch.cli.output.stdout import table
from xswitch.cli.tty import ask_line, confirm_changes, has_terminal
from xswitch.core.arn import is_region
from xswitch.core.display import show_value
from xswitch.core.duration_text import format_remaining
from xswitch.core.errors import (
    CancelledError,
    ErrorCode,
    ExitCode,
    SignInNeededError,
    UsageError,
    XswitchError,
)
from xswitch.core.model import Problem
from xswitch.core.sso.names import parse_template
from xswitch.core.sso.populate import PopulateOptions, PopulatePlan
from xswitch.core.sso.portal_list import PortalList
from xswitch.core.text import last_argument, pluralize

T = TypeVar("T")
_MOST_NAMES = 10


def list_roles(context: Context) -> int:
    """Show the lists as they are stored."""
    lists = context.actions.portals.lists(context.arguments.session)
    if context.arguments.json:
        now = context.services.clock.now()
        context.stdout.envelope(
            "sso list", {"lists": [portal_list_json(one, now) for one in lists]}
        )
        return ExitCode.DONE
    if not lists:
        context.stderr.say("No portal has been listed yet.")
        context.stderr.hint("List one with: xswitch sso refresh SESSION")
        return ExitCode.DONE
    rows = [
        [
            role.session,
            role.account_name,
            role.account_id,
            role.role_name,
            "new" if role.is_new else "gone" if role.is_gone else "",
        ]
        for one in lists
        for role in one.roles
    ]
    context.stdout.lines(table(rows, ["SESSION", "ACCOUNT", "ID", "ROLE", ""]), verbatim=True)
    for one in lists:
        _hint_age(context, one)
    return ExitCode.DONE


def _hint_age(context: Context, found: PortalList) -> None:
    now = context.services.clock.now()
    age = max(0.0, (now - found.listed_at).total_seconds())
    refresh = (
        f". To list it now: xswitch sso refresh {last_argument(found.session)}"
        if found.is_stale(now)
        else ""
    )
    context.stderr.hint(f"{show_value(found.session)}: listed {format_remaining(age)} ago{refresh}")


def refresh(context: Context) -> int:
    """List a portal now."""
    arguments, portals = context.arguments, context.actions.portals
    if arguments.background:
        try:
            portals.refresh_quietly(arguments.session)
        except XswitchError as error:
            return error.exit_code
        return ExitCode.DONE
    session = portals.find(arguments.session)

    def list_now() -> PortalList:
        with _progress(context, session.label) as show:
            return portals.refresh(session, show)

    found = _signed_in(context, list_now)
    if arguments.json:
        now = context.services.clock.now()
        context.stdout.envelope("sso refresh", portal_list_json(found, now))
        return ExitCode.DONE
    accounts = len({role.account_id for role in found.present})
    context.stderr.done(
        f"{show_value(session.label)}: {pluralize(accounts, 'account')},"
        f" {pluralize(len(found.present), 'role')}"
    )
    for word, roles in (
        ("new", [role for role in found.roles if role.is_new]),
        ("gone", [role for role in found.roles if role.is_gone]),
    ):
        if roles:
            names = [f"{role.account_name or role.account_id}/{role.role_name}" for role in roles]
            context.stderr.say(f"{word}: {_names(names)}")
    return ExitCode.DONE


def _signed_in(context: Context, work: Callable[[], T]) -> T:
    """Do something with a portal; if that needs a sign-in, offer it, then go on."""
    try:
        return work()
    except SignInNeededError as error:
        from xswitch.cli.sign_in import offer_sign_in  # noqa: PLC0415 -- rarely needed

        if not offer_sign_in(context, error):
            raise
    return work()


@contextmanager
def _progress(context: Context, label: str) -> Iterator[Callable[[DiscoveryUpdate], None]]:
    """Show how far a listing is: a line that replaces itself on a terminal."""
    context.progress(f"listing the portal of {show_value(label)}")

    def show(update: DiscoveryUpdate) -> None:
        throttled = ", slowed down by the portal" if update.throttled else ""
        context.stderr.status(
            f"{update.accounts_done} of {pluralize(update.accounts_known, 'account')},"
            f" {pluralize(update.roles_found, 'role')}{throttled} (Ctrl-C stops it)"
        )

    try:
        yield show
    finally:
        context.stderr.clear_status()


def populate(context: Context) -> int:
    """Write profiles for a portal's list, after a review."""
    arguments, portals = context.arguments, context.actions.portals
    if arguments.region is not None and not is_region(arguments.region):
        raise UsageError(
            f"{show_value(arguments.region)} isn't a valid region.",
            next_step="Use a region such as eu-west-1.",
            code=ErrorCode.BAD_REGION,
        )
    options = PopulateOptions(
        template=parse_template(
            arguments.template, arguments.case, arguments.separator, arguments.trim
        ),
        region=arguments.region,
        only=tuple(arguments.only),
        left_out=tuple(arguments.left_out),
        prune=arguments.prune,
    )
    session = portals.find(arguments.session)

    def plan() -> Populating:
        with _progress(context, session.label) as show:
            return portals.plan_populate(session, options, show, cached=arguments.cached)

    shown = _signed_in(context, plan)
    if not arguments.json:
        _print_diff(context, shown.diff)
        _print_summary(context, shown.plan)
    problems: tuple[Problem, ...] = ()
    changes = bool(shown.plan.edits) and not arguments.dry_run
    if changes:
        confirm_changes(context, shown.diff)
        problems = portals.populate(shown)
    if arguments.json:
        context.stdout.envelope(
            "sso populate",
            populated_json(shown, changed=changes),
            [problem_json(problem) for problem in problems],
        )
        return ExitCode.DONE
    for problem in problems:
        context.stderr.problem(problem)
    if changes:
        _done(context, shown)
    return ExitCode.DONE


def _done(context: Context, shown: Populating) -> None:
    plan = shown.plan
    parts = [
        f"{verb} {pluralize(len(names), 'profile')}"
        for verb, names in (
            ("added", plan.added),
            ("updated", plan.updated),
            ("removed", plan.removed),
        )
        if names
    ]
    context.stderr.done(", ".join(parts))
    context.stderr.hint("To take it back: xswitch config undo")


def _print_diff(context: Context, diff: Sequence[str]) -> None:
    context.stdout.lines(diff)


def _print_summary(context: Context, plan: PopulatePlan) -> None:
    say = context.stderr.hint
    if not plan.edits:
        context.stderr.say("Nothing to change.")
    if plan.unchanged:
        say(f"{pluralize(len(plan.unchanged), 'profile')} unchanged")
    if plan.covered:
        say(f"left alone, since profiles of yours have these roles: {_names(plan.covered)}")
    if plan.edited:
        say(f"left alone, since you have edited them: {_names(plan.edited)}")
    if plan.prunable:
        say(f"no longer needed, and removed with --prune: {_names(plan.prunable)}")


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(map(show_value, names[:_MOST_NAMES]))
    return f"{shown}, and {more} more" if more > 0 else shown


def add(context: Context) -> int:
    """Add an sso-session, step by step on a terminal."""
    arguments, portals = context.arguments, context.actions.portals
    name = _asked(context, arguments.name, "Name of the session: ", check_session_name)
    url = _asked(context, arguments.start_url or "", "Start URL of the access portal: ", check_url)
    region = _asked(
        context, arguments.region or "", "Region of IAM Identity Center: ", portals.check_region
    )
    adding = portals.plan_session(name, url, region, arguments.scope)
    changes = bool(adding.edits) and not arguments.dry_run
    if not arguments.json:
        _print_diff(context, adding.diff)
        _print_resolved(context, adding)
    problems: tuple[Problem, ...] = ()
    if changes:
        confirm_changes(context, adding.diff)
        problems = portals.add_session(adding)
    if arguments.json:
        context.stdout.envelope(
            "sso add",
            added_session_json(adding, changed=changes),
            [problem_json(problem) for problem in problems],
        )
        return ExitCode.DONE
    for problem in problems:
        context.stderr.problem(problem)
    if not adding.edits:
        context.stderr.say(f"The sso-session {show_value(name)} is already there.")
    if changes:
        context.stderr.done(f"added sso-session {show_value(name)}")
    if changes or not adding.edits:
        context.stderr.hint(f"Sign in with: xswitch login {last_argument(name)}")
    return ExitCode.DONE


def _print_resolved(context: Context, adding: AddingSession) -> None:
    if adding.resolved_start_url != adding.session.start_url:
        context.stderr.hint(
            f"{show_value(adding.session.start_url)} leads to"
            f" {show_value(adding.resolved_start_url)}"
        )


def _asked(context: Context, value: str, question: str, check: Callable[[str], None]) -> str:
    """Return a value that was given, else ask for it until it is valid. Raises UsageError."""
    if value:
        check(value)
        return value
    if not has_terminal():
        raise UsageError(
            "No terminal: the session can't be set up step by step.",
            next_step="xswitch sso add NAME --start-url URL --region REGION",
            code=ErrorCode.NO_TERMINAL,
        )
    while True:
        answer = ask_line(question)
        if not answer:
            raise CancelledError("Nothing was changed.")
        try:
            check(answer)
        except UsageError as error:
            context.stderr.error(error)
            continue
        return answer
