"""`exec`: run a command as a target, without changing the shell."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from xswitch import core_dumps, streams
from xswitch.actions.ports import MfaPrompt
from xswitch.actions.results import SwitchOptions, SwitchResult, UsedSession
from xswitch.cli.commands.switch import (
    add_confirm,
    add_session_options,
    confirmed_options,
    pick_by_number,
    pick_on_screen,
    resolve_target,
    signed_in,
    switch_options,
)
from xswitch.cli.context import Context
from xswitch.cli.parser import CommandParser
from xswitch.core.digests import sha256
from xswitch.core.errors import (
    CommandNotFoundError,
    CommandRefusedError,
    UsageError,
    XswitchError,
)
from xswitch.core.model import Role
from xswitch.core.profiles.child_environment import keys_environment, profile_environment
from xswitch.core.text import words_text

_USAGE = "xswitch exec TARGET -- COMMAND"


def add_exec(parser: CommandParser) -> None:
    """Declare the arguments of `exec`."""
    parser.usage = "xswitch exec [OPTION ...] [TARGET ...] -- COMMAND [ARGUMENT ...]"
    add_session_options(parser)
    add_confirm(parser)
    parser.add_argument(
        "--env",
        action="store_true",
        help="give the command the keys themselves, which end with the session, and no profile",
    )
    parser.add_argument(
        "--serve",
        action="store_true",
        help="serve the command its credentials on 127.0.0.1, as a container's endpoint does",
    )
    parser.add_argument(
        "--no-renew",
        action="store_true",
        help="serve the command only the session that is there at its start",
    )
    parser.add_argument("--chdir", metavar="DIR", help="run the command in this folder")
    parser.set_defaults(run=execute)


def execute(context: Context) -> int:
    """Run the command after `--` as TARGET; on POSIX, no process of xswitch's stays."""
    from xswitch.tui.startup.full_screen import supports_full_screen  # noqa: PLC0415 -- not for help

    arguments = context.arguments
    child: list[str] = arguments.child
    if not child:
        raise UsageError("No command to run.", next_step=_USAGE)
    if arguments.env and arguments.serve:
        raise UsageError("--env and --serve exclude each other.", next_step="Leave one out.")
    if arguments.env and arguments.no_renew:
        raise UsageError(
            "--no-renew isn't possible with --env.",
            why="Keys in the environment are never renewed.",
            next_step="Leave --no-renew out.",
        )
    folder = Path(arguments.chdir) if arguments.chdir else None
    program = _find_program(child[0], context.environ, folder)
    form = _form(arguments)
    if not arguments.target and form:
        raise UsageError(
            f"{form} needs a TARGET.", next_step=f"xswitch exec {form} TARGET {_end(child)}"
        )
    if not arguments.target and supports_full_screen(context.environ):
        environment = _switched_environment(context, pick_on_screen(context))
    else:
        role, options = (
            resolve_target(context, " ".join(arguments.target))
            if arguments.target
            else (pick_by_number(context), switch_options(arguments))
        )
        command = f"xswitch exec {form}".strip()
        options = replace(options, command=command, command_end=_end(child))
        options = confirmed_options(role, options)
        try:
            if arguments.serve:
                used = signed_in(context, lambda: _used(context, role, options))
            else:
                environment = signed_in(context, lambda: _environment(context, role, options))
        except XswitchError as error:
            # A command that starts needs no explanation
            from xswitch.cli.commands.explain import explain_failed_switch  # noqa: PLC0415

            return explain_failed_switch(context, role, options, error)
    if folder is not None:
        _change_folder(folder)
    if arguments.serve:
        # They import a server
        from xswitch.adapters.system.foreground_child import Command  # noqa: PLC0415
        from xswitch.cli.commands.serve import run_served  # noqa: PLC0415

        return run_served(context, role, options, used, Command(program, child))
    return _run(program, child, environment)


def _form(arguments: Namespace) -> str:
    """Return the option for how the command gets its credentials, "" for a profile."""
    return "--env" if arguments.env else "--serve" if arguments.serve else ""


def _environment(context: Context, role: Role, options: SwitchOptions) -> dict[str, str]:
    """Return the command's environment, once there is a session for it."""
    if context.arguments.env:
        return _keys_environment(context, _used(context, role, options))
    prompt = _prompt(context, role, options)
    named = replace(options, profile_name=_profile_name(role, options))
    switched = context.actions.switch(role, named, prompt, context.progress)
    return _switched_environment(context, switched)


def _used(context: Context, role: Role, options: SwitchOptions) -> UsedSession:
    """Return the session that the command gets without a profile."""
    prompt = _prompt(context, role, options)
    used = context.actions.use_session(role, options, prompt, context.progress)
    for problem in used.problems:
        context.stderr.problem(problem)
    return used


def _prompt(context: Context, role: Role, options: SwitchOptions) -> MfaPrompt:
    return context.services.mfa_prompt(
        context.arguments.mfa_code, options.next_command(role.name, "--mfa-code CODE")
    )


def _profile_name(role: Role, options: SwitchOptions) -> str | None:
    """Return a profile's name of its own for options that make it another session.

    Other shells use the role's managed profile, and theirs stays as it is.
    """
    session = (
        options.region,
        options.duration_seconds,
        options.session_name,
        options.external_id,
        options.policy_arns,
        options.policy,
        options.tags,
    )
    if not role.kind.has_session or not any(session):
        return None
    return f"{role.managed_profile}-exec-{sha256(repr(session).encode())[:8]}"


def _switched_environment(context: Context, switched: SwitchResult) -> dict[str, str]:
    for problem in switched.problems:
        context.stderr.problem(problem)
    return profile_environment(
        context.environ,
        context.actions.config().paths,
        switched.managed_profile,
        switched.region,
        renews=not context.arguments.no_renew,
    )


def _keys_environment(context: Context, used: UsedSession) -> dict[str, str]:
    expires_at = used.credentials.expires_at
    if expires_at is None:
        context.stderr.hint("The keys in the command's environment don't expire.")
    else:
        end = expires_at.astimezone().strftime("%H:%M:%S")
        context.stderr.hint(f"The keys in the command's environment end at {end}.")
    return keys_environment(context.environ, used.credentials, used.region)


def _end(child: Sequence[str]) -> str:
    return f"-- {words_text(child)}"


def _find_program(name: str, environ: Mapping[str, str], folder: Path | None) -> str:
    """Return the path of a command, as the command's folder and PATH have it.

    Raises CommandNotFoundError, CommandRefusedError: before AWS is asked for anything.
    """
    if os.sep not in name:
        from shutil import which  # noqa: PLC0415 -- completion needs no command

        found = which(name, path=environ.get("PATH", os.defpath))
        if found is None:
            raise CommandNotFoundError(f'There is no command "{name}" in PATH.', next_step=_USAGE)
        return str(Path(found).absolute())
    path = Path(folder or ".", name)
    if not path.exists():
        raise CommandNotFoundError(f'There is no command "{name}".', next_step=_USAGE)
    if path.is_dir() or not os.access(path, os.X_OK):
        raise CommandRefusedError(
            f'"{name}" can\'t be executed.', next_step=f"chmod +x {shlex.quote(name)}"
        )
    return str(path.absolute())


def _change_folder(folder: Path) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        raise UsageError(
            f"The folder of --chdir can't be entered: {error.strerror}.",
            next_step="xswitch exec --chdir DIR TARGET -- COMMAND",
        ) from None


def _run(program: str, child: Sequence[str], environment: Mapping[str, str]) -> int:
    """Become the command on POSIX; elsewhere run it, and exit as it does."""
    streams.flush(sys.stdout)
    streams.flush(sys.stderr)
    if os.name != "posix":
        import subprocess  # noqa: PLC0415 -- not on POSIX

        return subprocess.run(child, executable=program, env=environment, check=False).returncode
    # Python ignores these, and a program inherits what is ignored
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    with core_dumps.allowed_in_children():
        try:
            os.execve(program, list(child), dict(environment))  # noqa: S606 -- the user's command
        except OSError as error:
            raise CommandRefusedError(
                f'The system can\'t start "{child[0]}": {error.strerror}.', next_step=_USAGE
            ) from None
