"""`exec --serve`: run a command beside a container credential endpoint that serves only it."""

from __future__ import annotations

from dataclasses import replace

from xswitch.actions.ports import no_progress
from xswitch.actions.results import SwitchOptions, UsedSession
from xswitch.adapters.endpoint.command import run_with_endpoint
from xswitch.adapters.endpoint.renewal import RenewedCredentials
from xswitch.adapters.system.foreground_child import Command, exit_like
from xswitch.cli.context import Context
from xswitch.core.errors import CommandRefusedError, UsageError
from xswitch.core.model import Role
from xswitch.core.sessions.container_endpoint import ServedCredentials


def run_served(
    context: Context, role: Role, options: SwitchOptions, used: UsedSession, command: Command
) -> int:
    """Run a command that gets `used`, and the sessions after it, from an endpoint.

    Returns the command's exit code, or ends by the signal that ended the command.
    """
    now = context.services.clock.now
    prompt = context.services.no_mfa_prompt(options.next_command(role.name))
    again = replace(options, force=False)

    def renewed() -> ServedCredentials:
        if context.arguments.no_renew:
            raise UsageError(
                "The session that was there at the command's start has ended.",
                next_step="Leave --no-renew out.",
            )
        return _served(
            context,
            context.actions.use_session(role, again, prompt, no_progress, ahead=True),
        )

    try:
        status = run_with_endpoint(
            command,
            context.environ,
            used.region,
            RenewedCredentials(renewed, now, _served(context, used)),
            now,
        )
    except OSError as error:
        raise CommandRefusedError(
            f'The system can\'t start "{command.words[0]}": {error.strerror}.',
            next_step="xswitch exec TARGET -- COMMAND",
        ) from None
    return exit_like(status)


def _served(context: Context, used: UsedSession) -> ServedCredentials:
    account = used.role.account_id if used.identity is None else used.identity.account
    issued_at = used.issued_at or context.services.clock.now()
    return ServedCredentials(used.credentials, issued_at, account)
