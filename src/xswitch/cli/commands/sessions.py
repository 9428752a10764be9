"""`renew`, `forget`, `pin`, `credential-process` and its detached half."""

from __future__ import annotations

from xswitch.cli.context import Context
from xswitch.cli.output.json_output import forgotten_json, renewed_json, utc_timestamp
from xswitch.core.errors import ExitCode, UsageError, XswitchError
from xswitch.core.text import pluralize


def renew(context: Context) -> int:
    """Fresh sessions; the exit code is the first failure's."""
    arguments = context.arguments
    if not arguments.target and not arguments.all:
        raise UsageError(
            "Nothing to renew was named.", next_step="xswitch renew TARGET, or: xswitch renew --all"
        )
    ask = context.services.ask(
        arguments.mfa_code,
        "xswitch renew --mfa-code CODE " + " ".join(arguments.target or ["--all"]),
    )
    results = context.actions.renew(
        arguments.target, ask, context.progress, all_sessions=arguments.all
    )
    if arguments.json:
        context.data.envelope("renew", {"renewed": [renewed_json(result) for result in results]})
    else:
        for result in results:
            if result.error is not None:
                context.words.error(result.error)
            else:
                context.words.done(f"{result.name} until {utc_timestamp(result.expires_at)}")
        if not results:
            context.words.say("There is no session to renew.")
    return next(
        (result.error.exit_code for result in results if result.error is not None), ExitCode.DONE
    )


def forget(context: Context) -> int:
    """Drop sessions and managed profiles."""
    arguments = context.arguments
    if not arguments.target and not arguments.all:
        raise UsageError(
            "Nothing to forget was named.",
            next_step="xswitch forget TARGET, or: xswitch forget --all",
        )
    results = context.actions.forget(arguments.target, all_sessions=arguments.all)
    if arguments.json:
        context.data.envelope(
            "forget", {"forgotten": [forgotten_json(result) for result in results]}
        )
        return ExitCode.DONE
    for result in results:
        profile = f" and profile {result.managed_profile}" if result.managed_profile else ""
        context.words.done(
            f"{result.name}: forgot {pluralize(result.sessions, 'session')}{profile}"
        )
    if not results:
        context.words.say("There is nothing to forget.")
    return ExitCode.DONE


def pin(context: Context) -> int:
    """Pin or unpin one role."""
    # Only this command of the module needs it
    from xswitch.actions.api import SwitchOptions  # noqa: PLC0415

    role = context.actions.resolve(context.arguments.target, SwitchOptions())
    context.actions.set_pin(role.name, pinned=not context.arguments.off)
    context.words.done(f"{'unpinned' if context.arguments.off else 'pinned'} {role.name}")
    return ExitCode.DONE


def credential_process(context: Context) -> int:
    """One JSON object on stdout, nothing on stderr.

    An error is one line on stderr: `main` tells it so for this command.
    """
    profile = context.arguments.profile
    answer = context.actions.credential_process(
        profile, context.services.nobody(f"xswitch switch {profile}")
    )
    context.data.raw(answer + "\n")
    return ExitCode.DONE


def renew_background(context: Context) -> int:
    """Nobody watches: failures show at the next foreground renewal."""
    try:
        context.actions.renew_in_background(context.arguments.profile)
    except XswitchError as error:
        return error.exit_code
    return ExitCode.DONE
