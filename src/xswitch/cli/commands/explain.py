"""`explain`, and the short explanation after a failed `switch`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from xswitch.actions.results import SwitchOptions
from xswitch.cli.commands.switch import add_session_options, resolve_target
from xswitch.cli.context import Context
from xswitch.cli.output.json_output import error_json
from xswitch.cli.parser import CommandParser, add_json
from xswitch.core.errors import UsageError, XswitchError
from xswitch.core.model import Role
from xswitch.core.text import last_argument

if TYPE_CHECKING:
    from xswitch.core.explain.model import Explanation


def add_explain(parser: CommandParser) -> None:
    """Declare the arguments of `explain`."""
    add_session_options(parser)
    add_json(parser)
    parser.set_defaults(run=explain)


def explain(context: Context) -> int:
    """Try the switch and explain a failure; the exit code is the switch's."""
    # Explanations take 20 ms to import, which completion saves
    from xswitch.cli.output.explain import explanation_json, explanation_lines  # noqa: PLC0415

    arguments = context.arguments
    target = " ".join(arguments.target)
    if not target:
        raise UsageError("No target given.", next_step="xswitch explain TARGET")
    role, options = resolve_target(context, target)
    prompt = context.services.mfa_prompt(
        arguments.mfa_code, f"xswitch explain --mfa-code CODE {last_argument(target)}"
    )
    explanation = context.actions.explain(role, options, prompt, context.progress)
    if arguments.json:
        context.stdout.envelope("explain", explanation_json(explanation))
    else:
        context.stdout.lines(explanation_lines(explanation))
    return explanation.exit_code


def explain_failed_switch(
    context: Context, role: Role, options: SwitchOptions, error: XswitchError
) -> int:
    """Report a failed switch with the most certain causes, and return the exit code.

    Raises the error itself if it isn't about access.
    """
    from xswitch.cli.output.explain import explanation_json, summary_lines  # noqa: PLC0415
    from xswitch.core.explain.evidence import is_explainable  # noqa: PLC0415

    if not is_explainable(error):
        raise error
    as_json = getattr(context.arguments, "json", False)
    if not as_json:
        context.stderr.error(error)
    explanation = _explain_or_none(context, role, options, error)
    if as_json:
        data = None if explanation is None else explanation_json(explanation)
        context.stdout.envelope("switch", None, [{**error_json(error), "explanation": data}])
    elif explanation is not None and explanation.causes:
        for line in summary_lines(explanation, error, shlex.quote(role.name)):
            context.stderr.say(line)
    return error.exit_code


def _explain_or_none(
    context: Context, role: Role, options: SwitchOptions, error: XswitchError
) -> Explanation | None:
    try:
        return context.actions.explain_failure(role, error, options)
    except Exception:  # noqa: BLE001 -- a bug in explaining must not hide the switch's own error
        return None
