"""`access` (its verbs plan, apply, check, and lint) and `console`."""

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
from xswitch.cli.parser import (
    CommandParser,
    add_json,
    add_mfa_code,
    add_subcommand,
    add_tags,
    duration,
)
from xswitch.cli.tty import ask_line, has_terminal
from xswitch.core.access.documents import canonical_json
from xswitch.core.access.link import console_url_for_role
from xswitch.core.access.model import AccountSide, IamChange, NamedPolicy, PrincipalType
from xswitch.core.access.render import finding_data, plan_data, render
from xswitch.core.errors import (
    CancelledError,
    ErrorCode,
    ExitCode,
    UsageError,
    XswitchError,
)
from xswitch.core.text import pluralize

_CONFIRMATION = "yes"
_FORMATS = ["text", "json", "cli", "cloudformation", "terraform"]


def add_access(parser: CommandParser) -> None:
    """Declare the verbs of `access`, each with its own arguments."""
    verbs = parser.add_subparsers(
        dest="action", metavar="VERB", required=True, parser_class=CommandParser
    )
    plan_parser = add_subcommand(verbs, "plan", "show the changes on both sides, and make none")
    _add_inputs(plan_parser)
    _add_plan_output(plan_parser)
    plan_parser.set_defaults(run=plan)
    apply_parser = add_subcommand(verbs, "apply", "make the changes, then verify the switch")
    _add_inputs(apply_parser)
    apply_parser.add_argument(
        "--dry-run", action="store_true", help="show the plan and change nothing"
    )
    _add_plan_output(apply_parser)
    apply_parser.add_argument("--yes", action="store_true", help="skip the confirmation")
    apply_parser.add_argument(
        "--rollback-on-failure",
        "--take-back-on-failure",
        action="store_true",
        help="undo the changes made if one fails",
    )
    apply_parser.add_argument(
        "--no-check", action="store_true", help="don't verify the switch afterwards"
    )
    apply_parser.set_defaults(run=apply)
    check_parser = add_subcommand(verbs, "check", "verify the switch as the user who switches")
    _add_inputs(check_parser)
    check_parser.set_defaults(run=check)
    _add_lint(add_subcommand(verbs, "lint", "find mistakes in trust policies"))


def _add_lint(parser: CommandParser) -> None:
    parser.add_argument(
        "name", nargs="*", metavar="ROLE", help="role name, or JSON file with a trust policy"
    )
    parser.add_argument("--role", metavar="ROLE", help="role name, in place of ROLE")
    parser.add_argument("--target", metavar="PROFILE", help="profile that can read IAM roles")
    add_mfa_code(parser)
    add_json(parser)
    parser.set_defaults(run=lint)


def _add_plan_output(parser: CommandParser) -> None:
    parser.add_argument("--format", choices=_FORMATS, default="text", help="format of the plan")
    parser.add_argument("--output", metavar="DIR", help="write a file per account to this folder")
    parser.add_argument(
        "--force", action="store_true", help="with --output: overwrite existing files"
    )


def _add_inputs(parser: CommandParser) -> None:
    """Declare the options that describe both sides; plan, apply, and check share them."""
    options = {
        "--role": ("ROLE", "role name, in place of ROLE"),
        "--target": ("PROFILE", "profile that administers IAM in the role's account"),
        "--target-account": (
            "ID",
            "in place of --target: account of the role, if another administrator sets it up",
        ),
        "--source": ("PROFILE", "profile that administers IAM in the users' account"),
        "--source-account": (
            "ID",
            "in place of --source: account of the users, if another administrator sets it up",
        ),
    }
    parser.add_argument("name", nargs="*", metavar="ROLE", help="role name")
    for option, (metavar, text) in options.items():
        parser.add_argument(option, metavar=metavar, help=text)
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--user", metavar="NAME", help="who can switch: this user (default: the user of --source)"
    )
    who.add_argument("--group", metavar="NAME", help="who can switch: the users of this group")
    who.add_argument("--assuming-role", metavar="NAME", help="who can switch: this role's sessions")
    who.add_argument(
        "--account",
        action="store_true",
        help="who can switch: anyone the source account permits",
    )
    parser.add_argument("--path", default="/", help="path of the role (default: /)")
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="NAME",
        help="role permissions: managed policy by name or ARN (repeatable)",
    )
    parser.add_argument(
        "--document",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="role permissions: inline policy from a JSON file (repeatable)",
    )
    parser.add_argument(
        "--external-id", default="", metavar="ID", help="external ID that a switch must pass"
    )
    parser.add_argument(
        "--generate-external-id", action="store_true", help="generate the external ID"
    )
    mfa = parser.add_mutually_exclusive_group()
    mfa.add_argument("--mfa", action="store_true", help="require MFA (default)")
    mfa.add_argument("--no-mfa", action="store_true", help="don't require MFA")
    parser.add_argument(
        "--mfa-serial",
        default="",
        metavar="ARN",
        help="MFA device of the user who switches (default: read from IAM)",
    )
    parser.add_argument(
        "--max-session",
        type=duration,
        default=3600,
        metavar="TIME",
        help="maximum session duration of the role (1h to 12h)",
    )
    add_tags(parser, "role tag")
    parser.add_argument("--description", default="", help="description of the role")
    parser.add_argument(
        "--profile",
        default="",
        metavar="NAME",
        help="name of the role profile to write (default: the role name)",
    )
    parser.add_argument(
        "--switch-from",
        metavar="PROFILE",
        help="profile of the user who switches (default: found by its identity)",
    )
    parser.add_argument("--region", default="", help="region of the role profile")
    parser.add_argument(
        "--display-name", default="", metavar="TEXT", help="name of the role in the AWS console"
    )
    parser.add_argument(
        "--color",
        "--colour",
        default="",
        metavar="COLOR",
        help="color of the role in the AWS console",
    )
    add_mfa_code(parser)
    add_json(parser)


def add_console(parser: CommandParser) -> None:
    """Declare the arguments of `console`."""
    parser.add_argument("target", nargs="+", metavar="TARGET", help="role, as for switch")
    add_json(parser)
    parser.set_defaults(run=console)


def plan(context: Context) -> int:
    """Show the changes on both sides; make none."""
    _print_plan(context, _plan_access(context, _mfa_prompt(context)))
    return ExitCode.DONE


def apply(context: Context) -> int:
    """Make the changes, and verify the switch as the user."""
    arguments, ask = context.arguments, _mfa_prompt(context)
    planned = _plan_access(context, ask)
    if arguments.dry_run:
        _print_plan(context, planned)
        return ExitCode.DONE
    if any(side.changes for side in planned.plan.sides if side.profile is not None):
        if not arguments.json:
            context.stdout.lines(plan_lines(planned))
        _confirm(context, planned)
    applied = context.actions.access.apply(
        planned, ask, lambda side, change, now: _print_change(context, side, change, now)
    )
    if applied.error is not None:
        return _handle_failure(context, applied, ask)
    checked = None
    if not arguments.no_check and all(
        side.profile is not None for side in applied.planned.plan.sides
    ):
        checked = context.actions.access.check(applied.planned, ask, context.progress)
    _print_applied(context, applied, checked)
    return ExitCode.DONE


def check(context: Context) -> int:
    """Verify the switch as the user, without changes."""
    ask = _mfa_prompt(context)
    checked = context.actions.access.check(_plan_access(context, ask), ask, context.progress)
    if context.arguments.json:
        context.stdout.envelope("access check", checked_json(checked))
    else:
        context.stdout.lines(checked_lines(checked))
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
            "access lint", {"findings": [finding_data(finding) for finding in findings]}
        )
    else:
        context.stdout.lines(finding_lines(findings))
        if not findings:
            context.stderr.done("no findings")
    return (
        ExitCode.CONFIG
        if any(finding.severity == "error" for finding in findings)
        else ExitCode.DONE
    )


def console(context: Context) -> int:
    """Print the AWS console's switch-role link."""
    from xswitch.actions.api import SwitchOptions  # noqa: PLC0415 -- nothing else here needs it

    role = context.actions.resolve(" ".join(context.arguments.target), SwitchOptions())
    link = console_url_for_role(role)
    if context.arguments.json:
        context.stdout.envelope(
            "console", {"name": role.name, "role_arn": role.role_arn, "link": link}
        )
    else:
        context.stdout.lines([link])
    return ExitCode.DONE


# -- inputs


def _mfa_prompt(context: Context) -> MfaPrompt:
    return context.services.mfa_prompt(
        context.arguments.mfa_code, "repeat the command with --mfa-code CODE"
    )


def _plan_access(context: Context, ask: MfaPrompt) -> AccessPlanResult:
    return context.actions.access.plan(_inputs(context), ask, context.progress)


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
        )
    elif arguments.format == "text":
        context.stdout.lines(plan_lines(planned))
    else:
        for file in render(planned.plan, arguments.format):
            context.stdout.raw(file.text)


def _confirm(context: Context, planned: AccessPlanResult) -> None:
    if context.arguments.yes:
        return
    if not has_terminal():
        raise UsageError(
            "Changes need a confirmation, but there is no terminal.",
            next_step="repeat the command with --yes",
            code=ErrorCode.UNCONFIRMED,
        )
    if context.arguments.json:
        # stdout is for the JSON envelope; users must see the changes before they confirm
        for line in plan_lines(planned):
            context.stderr.say(line)
    if ask_line("Make these changes? Type yes: ").strip().lower() != _CONFIRMATION:
        raise CancelledError("Nothing was changed.")


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


def _handle_failure(context: Context, applied: AccessApplyResult, ask: MfaPrompt) -> int:
    """Report the changes made and left, and roll back if requested."""
    error, arguments = applied.error or XswitchError("It failed."), context.arguments
    if not arguments.json:
        context.stderr.error(error)
    for side, change in applied.left:
        context.stderr.hint(f"left: {step_line(side, change, 'doing')}")
    roll_back = arguments.rollback_on_failure
    if applied.done and not roll_back and not arguments.yes and has_terminal():
        roll_back = (
            ask_line(f"{len(applied.done)} of the changes were made. Roll back? Type yes: ")
            .strip()
            .lower()
            == _CONFIRMATION
        )
    back = None
    if roll_back:
        back = context.actions.access.rollback(
            applied, ask, lambda side, change, now: _print_change(context, side, change, now)
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
            "access apply", applied_json(applied, back=back), [error_json(error)]
        )
    return error.exit_code


def _print_applied(
    context: Context, applied: AccessApplyResult, checked: AccessCheckResult | None
) -> None:
    for line in handover_lines(applied.planned):
        context.stderr.hint(line)
    if context.arguments.json:
        context.stdout.envelope("access apply", applied_json(applied, checked))
        return
    context.stdout.lines(applied_lines(applied, checked))
