"""`renew`, `forget`, `pin`, `credential-process`, and its background renewal."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from xswitch.cli.context import Context
from xswitch.cli.output.json_output import (
    error_json,
    forgotten_json,
    problem_json,
    renewed_json,
    utc_timestamp,
)
from xswitch.cli.output.stderr import error_line
from xswitch.cli.parser import CommandParser, add_json, add_mfa_code
from xswitch.cli.tty import ask_line, has_terminal
from xswitch.core.errors import (
    CancelledError,
    ErrorCode,
    ExitCode,
    SignInNeededError,
    TargetError,
    UsageError,
    XswitchError,
)
from xswitch.core.profiles.binding import ProfileBinding, bound_environments, parse_binding
from xswitch.core.text import last_argument, pluralize

if TYPE_CHECKING:  # it imports every adapter, and `--help` needs none
    from xswitch.actions.ports import MfaPrompt
    from xswitch.actions.results import ForgetPreview, ForgetResult, RenewResult
    from xswitch.wiring import Services

Answer = TypeVar("Answer")
_MAX_NAMES = 10


def add_renew(parser: CommandParser) -> None:
    """Declare the arguments of `renew`."""
    parser.add_argument("target", nargs="*", metavar="TARGET", help="role to renew")
    parser.add_argument("--all", action="store_true", help="renew every session")
    add_mfa_code(parser)
    add_json(parser)
    parser.set_defaults(run=renew)


def renew(context: Context) -> int:
    """Renew sessions; the exit code is the first failure's."""
    arguments = context.arguments
    if not arguments.target and not arguments.all:
        raise UsageError(
            "Name a role to renew, or use --all.",
            next_step="xswitch renew TARGET, or: xswitch renew --all",
        )
    prompt = context.services.mfa_prompt(
        arguments.mfa_code,
        f"xswitch renew --mfa-code CODE {shlex.join(arguments.target or ['--all'])}",
    )
    results = context.actions.renew(
        arguments.target, prompt, context.progress, all_sessions=arguments.all
    )
    results = _renewed_after_sign_in(context, results, prompt)
    if arguments.json:
        context.stdout.envelope(
            "renew",
            {"renewed": [renewed_json(result) for result in results]},
            [problem_json(problem) for result in results for problem in result.problems],
        )
    else:
        for result in results:
            if result.error is not None:
                context.stderr.error(result.error)
            else:
                context.stderr.done(f"{result.name} until {utc_timestamp(result.expires_at)}")
            for problem in result.problems:
                context.stderr.problem(problem)
        if not results:
            context.stderr.say("No sessions to renew.")
    return next(
        (result.error.exit_code for result in results if result.error is not None), ExitCode.DONE
    )


def _renewed_after_sign_in(
    context: Context, results: tuple[RenewResult, ...], prompt: MfaPrompt
) -> tuple[RenewResult, ...]:
    """Offer the sign-ins to Identity Center that are missing, and renew again what needed them."""
    missing = {
        result.managed_profile or result.name: result.error
        for result in results
        if isinstance(result.error, SignInNeededError)
    }
    if not missing:
        return results
    from xswitch.cli.sign_in import offer_sign_in  # noqa: PLC0415 -- rarely needed

    offers = {error.label: error for error in missing.values()}
    signed_in = {label for label, error in offers.items() if offer_sign_in(context, error)}
    names = [name for name, error in missing.items() if error.label in signed_in]
    if not names:
        return results
    again = context.actions.renew(names, prompt, context.progress, all_sessions=False)
    renewed = {result.managed_profile or result.name: result for result in again}
    return tuple(renewed.get(result.managed_profile or result.name, result) for result in results)


def add_forget(parser: CommandParser) -> None:
    """Declare the arguments of `forget`."""
    parser.add_argument("target", nargs="*", metavar="TARGET", help="role to forget")
    parser.add_argument(
        "--all", action="store_true", help="drop every session, MFA sessions included"
    )
    parser.add_argument("--yes", action="store_true", help="with --all, skip the confirmation")
    add_json(parser)
    parser.set_defaults(run=forget)


def forget(context: Context) -> int:
    """Drop sessions and managed profiles; the exit code is the first failure's."""
    arguments = context.arguments
    if not arguments.target and not arguments.all:
        raise UsageError(
            "Name a role to forget, or use --all.",
            next_step="xswitch forget TARGET, or: xswitch forget --all",
        )
    if arguments.all and not arguments.yes and sys.stdin.isatty() and has_terminal():
        _confirm(context.actions.forget_preview())
    results = context.actions.forget(arguments.target, all_sessions=arguments.all)
    failures = [result.error for result in results if result.error and not result.only_told]
    if arguments.json:
        context.stdout.envelope(
            "forget",
            {"forgotten": [forgotten_json(result) for result in results if result.error is None]},
            (error_json(result.error) for result in results if result.error is not None),
        )
    else:
        for result in results:
            _print_forgotten(context, result)
        if not results:
            context.stderr.say("Nothing to forget.")
    return failures[0].exit_code if failures else ExitCode.DONE


def _confirm(known: ForgetPreview) -> None:
    """Ask on the terminal. Raises CancelledError for any answer but yes."""
    parts = [
        pluralize(known.sessions, "session"),
        pluralize(known.mfa_sessions, "MFA session"),
        *([pluralize(known.sign_ins, "sign-in")] if known.sign_ins else []),
        pluralize(len(known.profiles), "profile"),
    ]
    names = ", ".join(known.profiles[:_MAX_NAMES])
    more = f", and {len(known.profiles) - _MAX_NAMES} more" if known.profiles[_MAX_NAMES:] else ""
    listed = f" ({names}{more})" if names else ""
    question = f"Forget everything: {', '.join(parts)}{listed}, and what the index doesn't name?"
    if ask_line(f"{question} Type yes: ").strip().lower() not in {"y", "yes"}:
        raise CancelledError("Nothing was forgotten.", code=ErrorCode.NOT_CONFIRMED)


def _print_forgotten(context: Context, result: ForgetResult) -> None:
    if result.error is None:
        profile = f" and profile {result.managed_profile}" if result.managed_profile else ""
        sessions = pluralize(result.sessions, "session")
        context.stderr.done(f"{result.name}: forgot {sessions}{profile}")
    elif result.only_told:
        context.stderr.warn(str(result.error))
        context.stderr.hint(f"  next: {result.error.next_step}")
    else:
        context.stderr.error(result.error)


def add_pin(parser: CommandParser) -> None:
    """Declare the arguments of `pin`."""
    parser.add_argument("target", metavar="TARGET", help="role to pin")
    parser.add_argument("--off", action="store_true", help="unpin the role")
    parser.set_defaults(run=pin)


def pin(context: Context) -> int:
    """Pin or unpin one role."""
    # The other commands of this module don't need it
    from xswitch.actions.results import SwitchOptions  # noqa: PLC0415

    role = context.actions.resolve(context.arguments.target, SwitchOptions())
    context.actions.set_pin(role.name, pinned=not context.arguments.off)
    context.stderr.done(f"{'unpinned' if context.arguments.off else 'pinned'} {role.name}")
    return ExitCode.DONE


def add_credential_process(parser: CommandParser) -> None:
    """Declare the arguments of `credential-process`."""
    _add_bound_profile(parser)
    parser.set_defaults(run=credential_process)


def _add_bound_profile(parser: CommandParser) -> None:
    parser.add_argument("profile", metavar="PROFILE", help="managed profile")
    parser.add_argument(
        "binding",
        nargs="*",
        metavar="BINDING",
        help="what the profile is bound to: its role's ARN, and the files unless they are"
        " the default ones, as xswitch writes it",
    )


def credential_process(context: Context) -> int:
    """Print one JSON object on stdout and nothing on stderr; `main` prints an error as one line."""
    profile, words = context.arguments.profile, context.arguments.binding
    binding = parse_binding(words)

    def act(services: Services) -> str:
        prompt = services.no_mfa_prompt(f"xswitch switch {last_argument(profile)}")
        try:
            return services.actions.credential_process(profile, prompt, binding)
        except XswitchError as error:
            services.actions.share_failure(
                (profile, *words[:1]), error.exit_code, error_line(error)
            )
            raise

    context.stdout.raw(_with_bound_files(context, binding, act) + "\n")
    return ExitCode.DONE


def _with_bound_files(
    context: Context, binding: ProfileBinding | None, act: Callable[[Services], Answer]
) -> Answer:
    """Act on the files that the profile is bound to, even if AWS_CONFIG_FILE names others.

    A profile of the default files may have moved with them to where the variables point; it then
    has the same role there.
    """
    errors: list[XswitchError] = []
    for environ in bound_environments(context.environ, binding):
        try:
            return act(context.make_services(environ))
        except XswitchError as error:
            if not isinstance(error, TargetError) and error.code != ErrorCode.OTHER_ROLE:
                raise
            errors.append(error)
    # Another role says more than no such profile
    raise next((error for error in errors if error.code == ErrorCode.OTHER_ROLE), errors[0])


def add_renew_background(parser: CommandParser) -> None:
    """Declare the arguments of `renew-background`."""
    _add_bound_profile(parser)
    parser.set_defaults(run=renew_background)


def renew_background(context: Context) -> int:
    """Renew unattended; errors appear at the next foreground renewal."""
    profile = context.arguments.profile
    try:
        binding = parse_binding(context.arguments.binding)
        _with_bound_files(
            context,
            binding,
            lambda services: services.actions.renew_in_background(profile, binding),
        )
    except XswitchError as error:
        return error.exit_code
    return ExitCode.DONE
