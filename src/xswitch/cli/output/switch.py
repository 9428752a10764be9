"""The words of `switch` for the user, and its code for the shell hook."""

from __future__ import annotations

from collections.abc import Mapping

from xswitch.actions.results import SwitchResult
from xswitch.cli.context import Context
from xswitch.core.arn import caller_name
from xswitch.core.display import display
from xswitch.core.duration_text import format_remaining
from xswitch.core.errors import ExitCode, ShellError, UsageError
from xswitch.core.shell.limits import parse_limits, refusal, shortfall
from xswitch.core.shell.shells import (
    EMIT_SHELLS,
    SHELLS,
    ShellChange,
    render_change,
    set_command,
    switch_change,
    unset_change,
    unset_command,
)
from xswitch.core.text import command_for, pluralize
from xswitch.core.variables import REGION_VARIABLES, identity_before_profile, own_regions

_DONE = "✓ "
_REGION_SOURCES = {"default_profile": "[default]"}


def check_shell(environment: Mapping[str, str]) -> None:
    """Raise ShellError where the hook has found that the shell can't be changed at all."""
    found = refusal(parse_limits(environment))
    if found is not None:
        raise ShellError("This shell can't be switched.", why=found[0], next_step=found[1])


def report_switch(context: Context, switched: SwitchResult) -> int:
    """Report a switch to the shell hook (`--emit`) or to the user, and return the exit code."""
    environment = context.environ
    shell = getattr(context.arguments, "emit", None)
    role = switched.role
    text = f"{_owner(switched)} as {switched.managed_profile}{_place(switched, environment)}"
    if switched.expires_at is not None:
        seconds = (switched.expires_at - context.services.clock.now()).total_seconds()
        text += f", {format_remaining(seconds)} left"
    if not shell:
        context.stderr.done(text)
        _say_problems(context, switched)
        context.stdout.lines([switched.managed_profile])
        _say_without_hook(context, switched)
        return ExitCode.DONE
    region = _region_for_shell(switched, environment)
    # Only the shell knows whether all of it could be done
    report = _DONE + display(text) if shell == "sh" else ""
    change = switch_change(switched.managed_profile, region, environment, report)
    done = _say_in_hook(context, text, command_for("xs", role.name), report_done=not report)
    _say_problems(context, switched)
    context.stdout.raw(render_change(shell, change, environment))
    return ExitCode.DONE if done else ExitCode.SHELL


def _owner(switched: SwitchResult) -> str:
    """Return whose credentials they are: what the config says, or else AWS."""
    role, identity = switched.role, switched.identity
    account = role.account_name or role.account_id or (identity.account if identity else "")
    name = role.role_name or (caller_name(identity.arn) if identity else "")
    return " / ".join(filter(None, (account, name))) or role.name


def report_unset(context: Context) -> int:
    """Emit the code that leaves every account, and return the exit code."""
    shell = context.arguments.emit
    if not shell:
        raise UsageError(
            "Only your shell can unset its AWS_PROFILE.",
            why="The shell hook isn't loaded.",
            next_step="unset AWS_PROFILE, or: xs --unset",
        )
    change: ShellChange = unset_change(context.environ)
    done = _say_in_hook(context, "", "xs --unset", report_done=False)
    context.stdout.raw(render_change(shell, change, context.environ))
    return ExitCode.DONE if done else ExitCode.SHELL


def _say_in_hook(context: Context, text: str, command: str, *, report_done: bool) -> bool:
    """Say what was done and what won't hold in the shell; return whether all of it will."""
    limits = parse_limits(context.environ)
    found = shortfall(limits, command)
    if found is None:
        if report_done:
            context.stderr.done(text)
        if limits.group:
            context.stderr.hint("Only this subshell is switched.")
        return True
    if text:
        context.stderr.say(f"{text}; but this shell isn't switched, or not for good:")
    context.stderr.warn(found[0])
    context.stderr.hint(f"  next: {found[1]}")
    return False


def _say_problems(context: Context, switched: SwitchResult) -> None:
    for problem in switched.problems:
        context.stderr.problem(problem)


def _place(switched: SwitchResult, environment: Mapping[str, str]) -> str:
    """Return where programs work after the switch, and why unless the role says so."""
    own = own_regions(environment)
    if switched.region_in_profile:
        return f" in {switched.region}"
    if switched.region_source != "default":
        source = _REGION_SOURCES.get(switched.region_source, switched.region_source)
        return f" in {switched.region} ({source})"
    if not own:
        return ""
    names = f"{' and '.join(own)} {'is' if len(own) == 1 else 'are'}"
    return f" in {switched.region} ({names} of another partition)"


def _region_for_shell(switched: SwitchResult, environment: Mapping[str, str]) -> str:
    """Return the region that both region variables of the shell get, "" to leave them alone.

    Also a variable's own: no program reads both, so it is the announced one only for some of them.
    A region of another partition can't be used with the role's credentials.
    """
    if switched.region_source != "default" or own_regions(environment):
        return switched.region
    return ""


def _say_without_hook(context: Context, switched: SwitchResult) -> None:
    """Say how to select the profile, and what would go before it."""
    environment, role = context.environ, switched.role
    shell = _user_shell(environment)
    if environment.get("XSWITCH_SHELL"):
        context.stderr.hint(
            "AWS_PROFILE in this shell is unchanged. To switch the shell too: "
            f"{command_for('xs', role.name)}"
        )
    else:
        setting = set_command(shell, {"AWS_PROFILE": switched.managed_profile})
        context.stderr.hint(
            f"AWS_PROFILE in this shell is unchanged. Set it: {setting}   "
            'or load the shell hook: eval "$(xswitch init bash)" '
            f"({', '.join(SHELLS[1:])}: docs/shells.md), then use: xs"
        )
    names = identity_before_profile({**environment, "AWS_PROFILE": switched.managed_profile})
    if names:
        verb = "goes" if len(names) == 1 else "go"
        context.stderr.warn(
            f"{pluralize(len(names), 'variable')} of this shell {verb} before the profile:"
            f" {', '.join(names)}. Unset {'it' if len(names) == 1 else 'them'}:"
            f" {unset_command(shell, names)}"
        )
    _say_region_without_hook(context, switched, shell)


def _say_region_without_hook(context: Context, switched: SwitchResult, shell: str) -> None:
    """Say which region variables lead some program to another region than the switch's."""
    environment = context.environ
    region = _region_for_shell(switched, environment)
    if not region:
        return
    other = [name for name in REGION_VARIABLES if environment.get(name, "") not in {"", region}]
    # The profile has a region for the programs that don't read the variable that is set
    unset = (
        []
        if switched.region_in_profile
        else [name for name in REGION_VARIABLES if not environment.get(name)]
    )
    if other:
        values = ", ".join(f"{name}={environment[name]}" for name in other)
        text = f"With {values}, programs use another region than {region}."
    elif len(unset) == len(REGION_VARIABLES):
        text = "Programs need a region, and neither the profile nor this shell has one."
    elif unset:
        text = f"Some programs read only {' or '.join(unset)}, which isn't set in this shell."
    else:
        return
    setting = set_command(shell, dict.fromkeys(REGION_VARIABLES, region))
    context.stderr.warn(f"{text} Set it: {setting}")


def _user_shell(environment: Mapping[str, str]) -> str:
    names = (
        environment.get("XSWITCH_SHELL", ""),
        environment.get("SHELL", "").rpartition("/")[2],
    )
    return next((name for name in names if name in EMIT_SHELLS), "sh")
