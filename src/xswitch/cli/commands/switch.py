"""`switch` and the picker, for the shell hook (`--emit`) and without it."""

from __future__ import annotations

from dataclasses import replace

from xswitch.actions.api import SwitchOptions, SwitchResult
from xswitch.cli.context import Context
from xswitch.cli.output.json_output import switched_json
from xswitch.cli.output.stdout import problem_json
from xswitch.cli.tty import ask_line, controlling_terminal, has_terminal
from xswitch.core.duration_text import format_remaining
from xswitch.core.errors import (
    CancelledError,
    ErrorCode,
    ExitCode,
    UsageError,
    XswitchError,
)
from xswitch.core.model import Role
from xswitch.core.shell.quoting import render_assignments, switch_assignments, unset_assignments


def switch(context: Context) -> int:
    """Switch to TARGET, or to what is picked on the screen."""
    arguments = context.arguments
    if arguments.unset:
        return _unset_profile(context)
    if not arguments.target:
        return picker(context)
    target = " ".join(arguments.target)
    options = _switch_options(context)
    role = context.actions.resolve(target, options)
    # Going back, or naming the managed profile, is to that session as it was asked for then.
    keep = target in {"-", role.managed_profile}
    options = replace(options, keep=keep)
    if role.guard is not None and role.guard.confirm and options.confirmation is None:
        options = replace(options, confirmation=_ask_confirmation(role))
    ask = context.services.ask(arguments.mfa_code, f"xswitch switch --mfa-code CODE {target}")
    try:
        switched = context.actions.switch(role, options, ask, context.progress)
    except XswitchError as error:
        # A switch that works explains nothing
        from xswitch.cli.commands.explain import explain_failed_switch  # noqa: PLC0415

        return explain_failed_switch(context, role, options, error)
    _report_switch(context, switched)
    return ExitCode.DONE


def picker(context: Context) -> int:
    """The screen; afterwards the same as a switch by name."""
    if getattr(context.arguments, "json", False):
        raise UsageError("--json needs a TARGET.", next_step="xswitch switch TARGET --json")
    # Only when there is a screen to draw
    from xswitch.tui.startup.preload import Preload  # noqa: PLC0415

    services = context.services
    preload = Preload(services.actions, services.clock)
    # As above, while the reading has begun
    from xswitch.tui.startup.first_frame import draw_first_frame  # noqa: PLC0415

    with (
        context.words.defer_debug(),
        controlling_terminal(),
        draw_first_frame(preload, context.environ, services.clock.now(), services.notice) as seen,
    ):
        # Textual takes 150 ms to load, behind the first picture
        from xswitch.tui.run import run_picker  # noqa: PLC0415

        result = run_picker(
            services.actions,
            clock=services.clock,
            environ=context.environ,
            totp_hint=services.totp_hint,
            notice=services.notice,
            preload=preload,
            first_frame_drawn=seen,
        )
    if result.switched is None:
        return result.exit_code
    _report_switch(context, result.switched)
    return ExitCode.DONE


def _switch_options(context: Context) -> SwitchOptions:
    arguments = context.arguments
    return SwitchOptions(
        source=arguments.source,
        region=arguments.region,
        duration_seconds=arguments.duration,
        session_name=arguments.session_name,
        external_id=arguments.external_id,
        mfa_code=arguments.mfa_code,
        profile_name=arguments.profile_name,
        static=arguments.static,
        policy_arns=tuple(arguments.policy_arn),
        policy=arguments.policy,
        tags=tuple(arguments.tag),
        force=arguments.force,
        confirmation=arguments.confirm,
    )


def _ask_confirmation(role: Role) -> str:
    """What the user types for a guarded role, asked on the terminal."""
    guard = role.guard
    if guard is None or not has_terminal():
        raise UsageError(
            f"{role.name} is guarded ({guard.name if guard else ''}): it wants a typed confirmation, and there is no terminal.",
            next_step=f"xswitch switch {role.name} --confirm TEXT",
            code=ErrorCode.CONFIRMATION_NEEDED,
        )
    typed = ask_line(f"{role.name} is guarded ({guard.name}). Type {guard.confirm} to switch: ")
    if typed != guard.confirm:
        raise CancelledError(
            "Not switched: what was typed is not what the guard asks for.",
            code=ErrorCode.NOT_CONFIRMED,
        )
    return typed


def _unset_profile(context: Context) -> int:
    if context.arguments.emit:
        context.data.raw(
            render_assignments(
                context.arguments.emit, unset_assignments(context.environ.get("AWS_PROFILE"))
            )
        )
        return ExitCode.DONE
    raise UsageError(
        "Only your shell can unset its AWS_PROFILE.",
        why="The shell hook is not in between.",
        next_step="unset AWS_PROFILE, or: xs --unset",
    )


def _report_switch(context: Context, switched: SwitchResult) -> None:
    """Tell the shell, the script, or the person."""
    arguments = context.arguments
    shell = getattr(arguments, "emit", None)
    if getattr(arguments, "json", False):
        context.data.envelope(
            "switch",
            switched_json(switched),
            [problem_json(problem) for problem in switched.problems],
        )
        return
    seconds = (switched.expires_at - context.services.clock.now()).total_seconds()
    account = switched.role.account_name or switched.role.account_id
    context.words.done(
        f"{account} / {switched.role.role_name} as {switched.managed_profile}, {format_remaining(seconds)} left"
    )
    for problem in switched.problems:
        context.words.problem(problem)
    if shell:
        context.data.raw(
            render_assignments(
                shell,
                switch_assignments(switched.managed_profile, context.environ.get("AWS_PROFILE")),
            )
        )
        return
    context.data.lines([switched.managed_profile])
    if context.environ.get("XSWITCH_SHELL"):
        context.words.hint(
            f"This shell's AWS_PROFILE is as it was; to switch it too: xs {switched.role.name}"
        )
    else:
        context.words.hint(
            f"This shell's AWS_PROFILE is as it was. Set it: export AWS_PROFILE={switched.managed_profile}   "
            'or let a hook do it: eval "$(xswitch init bash)" (zsh, fish, powershell, nu: docs/shells.md), then use: xs'
        )
