"""`switch` and the picker, with the shell hook (`--emit`) and without it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from xswitch.actions.results import SwitchOptions, SwitchResult
from xswitch.cli.context import Context
from xswitch.cli.output.json_output import problem_json, switched_json
from xswitch.cli.output.switch import check_shell, report_switch, report_unset
from xswitch.cli.parser import CommandParser, add_json, add_mfa_code, add_tags, duration
from xswitch.cli.tty import ask_line, has_terminal, standard_streams_on_terminal
from xswitch.core.errors import (
    CancelledError,
    ErrorCode,
    ExitCode,
    SignInNeededError,
    UsageError,
    XswitchError,
)
from xswitch.core.model import Guard, Role
from xswitch.core.shell.shells import EMIT_SHELLS
from xswitch.core.text import option_text

if TYPE_CHECKING:  # it imports Textual
    from xswitch.tui.run import PickerResult

_Result = TypeVar("_Result")


def add_switch(parser: CommandParser) -> None:
    """Declare the arguments of `switch`."""
    add_session_options(parser)
    add_json(parser)
    parser.add_argument(
        "--profile-name",
        metavar="NAME",
        help="name of the managed profile (default: prefix + role profile)",
    )
    parser.add_argument(
        "--static",
        action="store_true",
        help="also write the temporary keys to the credentials file",
    )
    parser.add_argument(
        "--force", action="store_true", help="get a new session even if one is still valid"
    )
    add_confirm(parser)
    parser.add_argument("--emit", choices=EMIT_SHELLS, help=argparse.SUPPRESS)
    parser.add_argument(
        "--unset",
        action="store_true",
        help="with the shell hook: leave the account, and give the variables back",
    )
    parser.set_defaults(run=switch)


def add_session_options(parser: CommandParser) -> None:
    """Declare the target and the session options that `switch`, `exec`, and `explain` share."""
    parser.add_argument(
        "target",
        nargs="*",
        metavar="TARGET",
        help="profile, role ARN, ACCOUNT:ROLE, - (previous profile), or words that match one role"
        " (kind:sso and the like match a kind)",
    )
    parser.add_argument(
        "--source", metavar="PROFILE", help="with ACCOUNT:ROLE: profile that assumes the role"
    )
    parser.add_argument("--region", help="region of the STS call and the managed profile")
    parser.add_argument(
        "--duration", type=duration, metavar="TIME", help="session duration (3600, 45m, 12h)"
    )
    parser.add_argument(
        "--session-name", metavar="NAME", help="role session name (default: user and host)"
    )
    parser.add_argument(
        "--external-id", metavar="ID", help="external ID that the trust policy requires"
    )
    add_mfa_code(parser)
    parser.add_argument(
        "--policy-arn",
        action="append",
        default=[],
        metavar="ARN",
        help="managed policy that limits the session (repeatable)",
    )
    parser.add_argument("--policy", metavar="JSON", help="session policy, as one line of JSON")
    add_tags(parser, "session tag")


def add_confirm(parser: CommandParser) -> None:
    """Declare `--confirm`."""
    parser.add_argument(
        "--confirm", metavar="TEXT", help="confirmation text for a guarded role (skips the prompt)"
    )


def switch_options(arguments: argparse.Namespace) -> SwitchOptions:
    """Build the options from the arguments of `switch`, or of a command that has fewer."""
    return SwitchOptions(
        source=arguments.source,
        region=arguments.region,
        duration_seconds=arguments.duration,
        session_name=arguments.session_name,
        external_id=arguments.external_id,
        profile_name=getattr(arguments, "profile_name", None),
        static=getattr(arguments, "static", False),
        policy_arns=tuple(arguments.policy_arn),
        policy=arguments.policy,
        tags=tuple(arguments.tag),
        force=getattr(arguments, "force", False),
        confirmation=getattr(arguments, "confirm", None),
    )


def resolve_target(context: Context, target: str) -> tuple[Role, SwitchOptions]:
    """Resolve a target; `-` and a managed profile reuse the options of that session."""
    options = switch_options(context.arguments)
    role = context.actions.resolve(target, options)
    return role, replace(options, reuse_overrides=target in {"-", role.managed_profile})


def switch(context: Context) -> int:
    """Switch to TARGET, or to the role picked on the screen."""
    arguments = context.arguments
    if not getattr(arguments, "json", False):
        check_shell(context.environ)
    if arguments.unset:
        return report_unset(context)
    if not arguments.target:
        return picker(context)
    target = " ".join(arguments.target)
    role, options = resolve_target(context, target)
    return _switch_to(context, role, options, shlex.join(arguments.target))


def _switch_to(context: Context, role: Role, options: SwitchOptions, target: str) -> int:
    """Ask what the switch needs, switch, and report.

    `target` names the role in a command.
    """
    options = confirmed_options(role, options)
    prompt = context.services.mfa_prompt(
        getattr(context.arguments, "mfa_code", None), f"xswitch switch --mfa-code CODE {target}"
    )
    if not getattr(context.arguments, "json", False):
        _tell_installation(context)
    try:
        switched = signed_in(
            context, lambda: context.actions.switch(role, options, prompt, context.progress)
        )
    except XswitchError as error:
        # A successful switch needs no explanation
        from xswitch.cli.commands.explain import explain_failed_switch  # noqa: PLC0415

        return explain_failed_switch(context, role, options, error)
    return _report_switch(context, switched)


def confirmed_options(role: Role, options: SwitchOptions) -> SwitchOptions:
    """Return the options with what the user types for a guarded role."""
    guard = role.guard
    if guard is None or not guard.confirm or options.confirmation is not None:
        return options
    return replace(options, confirmation=_ask_confirmation(role.name, guard, options))


def signed_in(context: Context, attempt: Callable[[], _Result]) -> _Result:
    """Return what `attempt` does; if that needs a sign-in to Identity Center, offer it first."""
    try:
        return attempt()
    except SignInNeededError as error:
        from xswitch.cli.sign_in import offer_sign_in  # noqa: PLC0415 -- rarely needed

        if not offer_sign_in(context, error):
            raise
    return attempt()


def picker(context: Context) -> int:
    """Open the picker, then report the switch as `switch` does."""
    if getattr(context.arguments, "json", False):
        raise UsageError("--json needs a TARGET.", next_step="xswitch switch TARGET --json")
    from xswitch.tui.startup.full_screen import supports_full_screen  # noqa: PLC0415 -- as below

    if not supports_full_screen(context.environ):
        return _switch_by_number(context)
    try:
        result = _draw_picker(context)
    except KeyboardInterrupt:  # while the first frame was on the screen
        return ExitCode.CANCELLED
    if result.switched is None:
        return result.exit_code
    _tell_installation(context)
    return _report_switch(context, result.switched)


def pick_on_screen(context: Context) -> SwitchResult:
    """Open the picker, and return the switch. Raises CancelledError if the user left it."""
    try:
        switched = _draw_picker(context).switched
    except KeyboardInterrupt:
        switched = None
    if switched is None:
        raise CancelledError("No role picked.")
    return switched


def _tell_installation(context: Context) -> None:
    """Warn if the program that the managed profile starts won't last."""
    for problem in context.actions.installation_problems():
        context.stderr.problem(problem)


def _draw_picker(context: Context) -> PickerResult:
    # Only a screen needs these
    from xswitch.tui.startup.preload import Preload  # noqa: PLC0415

    services = context.services
    preload = Preload(services.actions, services.clock)
    # The config is being read meanwhile
    from xswitch.tui.startup.first_frame import draw_first_frame  # noqa: PLC0415

    with (
        context.stderr.defer_debug(),
        standard_streams_on_terminal(),
        draw_first_frame(preload, context.environ, services.clock.now(), services.notice) as screen,
    ):
        # Textual takes 150 ms to import; the first frame is already visible
        from xswitch.tui.run import run_picker  # noqa: PLC0415

        return run_picker(
            services.actions,
            clock=services.clock,
            environ=context.environ,
            totp_hint=services.totp_hint,
            approve_sign_in=services.approve_sign_in,
            notice=services.notice,
            preload=preload,
            full_screen=screen,
        )


def pick_by_number(context: Context) -> Role:
    """Return the role that the user picks from a numbered list, where the picker can't be drawn."""
    from xswitch.cli.numbered_list import pick_role  # noqa: PLC0415 -- few terminals need it

    return pick_role(
        context.actions.listing(), context.services.clock.now(), context.services.notice
    )


def _switch_by_number(context: Context) -> int:
    role = pick_by_number(context)
    # `xswitch` without a command has no options
    options = switch_options(context.arguments) if context.arguments.command else SwitchOptions()
    return _switch_to(context, role, options, shlex.quote(role.name))


def _ask_confirmation(role_name: str, guard: Guard, options: SwitchOptions) -> str:
    """Ask on the terminal for the confirmation text of a guarded role."""
    if not has_terminal():
        raise UsageError(
            f"No terminal: the guard {guard.name} of {role_name} needs a typed confirmation.",
            next_step=options.next_command(role_name, option_text("--confirm", guard.confirm)),
            code=ErrorCode.CONFIRMATION_NEEDED,
        )
    typed = ask_line(f"{role_name} is guarded ({guard.name}). Type {guard.confirm} to switch: ")
    if typed != guard.confirm:
        raise CancelledError(
            "Not switched: the confirmation didn't match.", code=ErrorCode.NOT_CONFIRMED
        )
    return typed


def _report_switch(context: Context, switched: SwitchResult) -> int:
    """Report a switch to the script (`--json`), the shell hook, or the user."""
    if getattr(context.arguments, "json", False):
        problems = [
            problem_json(problem)
            for problem in (*context.actions.installation_problems(), *switched.problems)
        ]
        context.stdout.envelope("switch", switched_json(switched), problems)
        return ExitCode.DONE
    return report_switch(context, switched)
