"""The verbs of `access`: call the use case, ask for confirmation, and print the result."""

from __future__ import annotations

from pathlib import Path

from xswitch.actions.access.api import (
    AccessApplyResult,
    AccessCheckResult,
    AccessInputs,
    AccessPlanResult,
    ChangeStatus,
)
from xswitch.actions.ports import MfaPrompt
from xswitch.cli.context import Context
from xswitch.cli.output.access import (
    applied_json,
    applied_lines,
    checked_json,
    checked_lines,
    finding_lines,
    handover_lines,
    plan_lines,
    step_line,
)
from xswitch.cli.output.files import write_new_files
from xswitch.cli.output.json_output import error_json
from xswitch.cli.tty import confirm_changes, has_terminal, is_confirmed
from xswitch.core.access.documents import canonical_json
from xswitch.core.access.model import AccountSide, IamChange, NamedPolicy, PrincipalType
from xswitch.core.access.render import finding_data, plan_data, render
from xswitch.core.errors import (
    ErrorCode,
    ExitCode,
    UsageError,
    XswitchError,
)
from xswitch.core.text import pluralize


def plan(context: Context) -> int:
    """Show the changes on both sides; make none."""
    _print_plan(context, _plan_access(context, _mfa_prompt(context)))
    return ExitCode.DONE


def apply(context: Context) -> int:
    """Make the changes, and verify the switch as the user."""
    arguments, prompt = context.arguments, _mfa_prompt(context)
    planned = _plan_access(context, prompt)
    if arguments.dry_run:
        _print_plan(context, planned)
        return ExitCode.DONE
    if any(side.changes for side in planned.plan.sides if side.profile is not None):
        lines = plan_lines(planned)
        if not arguments.json:
            context.stdout.lines(lines, verbatim=True)
        confirm_changes(context, lines, verbatim=True)
    applied = context.actions.access.apply(
        planned, prompt, lambda side, change, now: _print_change(context, side, change, now)
    )
    if applied.error is not None:
        return _handle_failure(context, applied, prompt)
    checked = None
    if not arguments.no_check and all(
        side.profile is not None for side in applied.planned.plan.sides
    ):
        checked = context.actions.access.check(applied.planned, prompt, context.progress)
    _print_applied(context, applied, checked)
    return ExitCode.DONE


def check(context: Context) -> int:
    """Verify the switch as the user, without changes."""
    prompt = _mfa_prompt(context)
    checked = context.actions.access.check(_plan_access(context, prompt), prompt, context.progress)
    if context.arguments.json:
        context.stdout.envelope("access check", checked_json(checked), verbatim=True)
    else:
        context.stdout.lines(checked_lines(checked), verbatim=True)
    return ExitCode.DONE


def lint(context: Context) -> int:
    """Find mistakes in trust policies; the exit code is 8 if a finding is an error."""
    names = [*context.arguments.name, *([context.arguments.role] if context.arguments.role else [])]
    files = [name for name in names if name.endswith(".json") or Path(name).is_file()]
    roles = [name for name in names if name not in files]
    documents = [NamedPolicy(name, _read_text(name)) for name in files]
    if not documents and not roles and context.arguments.target is None:
        raise UsageError(
            "No file and no role given.",
            next_step="xswitch access lint FILE, or: xswitch access lint ROLE --target PROFILE",
        )
    findings = context.actions.access.lint(
        documents, roles, context.arguments.target, _mfa_prompt(context)
    )
    if context.arguments.json:
        context.stdout.envelope(
            "access lint",
            {"findings": [finding_data(finding) for finding in findings]},
            verbatim=True,
        )
    else:
        context.stdout.lines(finding_lines(findings), verbatim=True)
        if not findings:
            context.stderr.done("no findings")
    return (
        ExitCode.CONFIG
        if any(finding.severity == "error" for finding in findings)
        else ExitCode.DONE
    )


# -- inputs


def _mfa_prompt(context: Context) -> MfaPrompt:
    return context.services.mfa_prompt(
        context.arguments.mfa_code, "repeat the command with --mfa-code CODE"
    )


def _plan_access(context: Context, prompt: MfaPrompt) -> AccessPlanResult:
    return context.actions.access.plan(_inputs(context), prompt, context.progress)


def _inputs(context: Context) -> AccessInputs:
    arguments = context.arguments
    names = [*arguments.name, *([arguments.role] if arguments.role else [])]
    if len(names) != 1:
        raise UsageError(
            "Name exactly one role.",
            next_step=f"xswitch access {arguments.action} ROLE --source PROFILE --target PROFILE",
        )
    kind, name = PrincipalType.USER, arguments.user or ""
    if arguments.group:
        kind, name = PrincipalType.GROUP, arguments.group
    elif arguments.assuming_role:
        kind, name = PrincipalType.ROLE, arguments.assuming_role
    elif arguments.account:
        kind = PrincipalType.ACCOUNT
    return AccessInputs(
        role_name=names[0],
        who_kind=kind,
        who_name=name,
        target_profile=arguments.target,
        source_profile=arguments.source,
        target_account=arguments.target_account or "",
        source_account=arguments.source_account or "",
        role_path=arguments.path,
        policies=tuple(arguments.policy),
        documents=tuple(_document(text) for text in arguments.document),
        external_id=arguments.external_id,
        generate_external_id=arguments.generate_external_id,
        require_mfa=not arguments.no_mfa,
        max_session_seconds=arguments.max_session,
        tags=tuple(arguments.tag),
        description=arguments.description,
        switch_from=arguments.switch_from,
        save_as=arguments.profile,
        region=arguments.region,
        display_name=arguments.display_name,
        color=arguments.color,
        mfa_serial=arguments.mfa_serial,
    )


def _document(text: str) -> NamedPolicy:
    name, equals, file = text.partition("=")
    if not name or not equals or not file:
        raise UsageError(
            f"{text!r} is not NAME=FILE.", next_step="--document my-policy=policy.json"
        )
    return NamedPolicy(name, canonical_json(_read_text(file), file))


def _read_text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "It isn't UTF-8 text"
        raise UsageError(f"{file} can't be read.", why=f"{reason}.", code=ErrorCode.FILE) from None


# -- output


def _print_plan(context: Context, planned: AccessPlanResult) -> None:
    arguments = context.arguments
    if arguments.output is not None:
        output_format = "cli" if arguments.format == "text" else arguments.format
        files = render(planned.plan, output_format)
        paths = write_new_files(
            arguments.output, [(file.file_name, file.text) for file in files], force=arguments.force
        )
        for file, path in zip(files, paths, strict=True):
            context.stderr.done(
                f"wrote {path} for the administrator of the {file.side.value} account"
            )
    elif arguments.json:
        context.stdout.envelope(
            f"access {arguments.action}",
            {"plan": plan_data(planned.plan), "console_link": planned.console_link},
            verbatim=True,
        )
    elif arguments.format == "text":
        context.stdout.lines(plan_lines(planned), verbatim=True)
    else:
        for file in render(planned.plan, arguments.format):
            context.stdout.raw(file.text)


def _print_change(
    context: Context, side: AccountSide, change: IamChange, status: ChangeStatus
) -> None:
    line = step_line(side, change, status)
    if status == "failed":
        context.stderr.warn(line)
    elif status == "doing":
        context.progress(line)
    else:
        context.stderr.done(line)


def _handle_failure(context: Context, applied: AccessApplyResult, prompt: MfaPrompt) -> int:
    """Report the changes made and left, and roll back if requested."""
    error, arguments = applied.error or XswitchError("It failed."), context.arguments
    if not arguments.json:
        context.stderr.error(error)
    for side, change in applied.left:
        context.stderr.hint(f"left: {step_line(side, change, 'doing')}")
    roll_back = arguments.rollback_on_failure
    if applied.done and not roll_back and not arguments.yes and has_terminal():
        roll_back = is_confirmed(f"{len(applied.done)} of the changes were made. Roll back?")
    back = None
    if roll_back:
        back = context.actions.access.rollback(
            applied, prompt, lambda side, change, now: _print_change(context, side, change, now)
        )
        if back.error is not None:
            context.stderr.error(back.error)
        else:
            context.stderr.done("rolled back: both accounts are as before")
    elif applied.done or applied.left:
        context.stderr.hint(
            f"{pluralize(len(applied.done), 'change')} made, {len(applied.left)} left; "
            "repeat the command to continue"
        )
    if arguments.json:
        context.stdout.envelope(
            "access apply", applied_json(applied, back=back), [error_json(error)], verbatim=True
        )
    return error.exit_code


def _print_applied(
    context: Context, applied: AccessApplyResult, checked: AccessCheckResult | None
) -> None:
    for line in handover_lines(applied.planned):
        context.stderr.hint(line)
    if context.arguments.json:
        context.stdout.envelope("access apply", applied_json(applied, checked), verbatim=True)
        return
    context.stdout.lines(applied_lines(applied, checked), verbatim=True)
