"""`explain`, and what a failed `switch` says of itself."""

from __future__ import annotations

import shlex
from dataclasses import replace

from xswitch.actions.api import SwitchOptions
from xswitch.cli.context import Context
from xswitch.cli.output.explain import explanation_json, explanation_lines, summary_lines
from xswitch.cli.output.json_output import error_json
from xswitch.core.errors import UsageError, XswitchError
from xswitch.core.explain.evidence import is_explainable
from xswitch.core.explain.model import Explanation
from xswitch.core.model import Role


def explain(context: Context) -> int:
    """Try the switch, and say why it fails; the exit code is that of the switch."""
    arguments = context.arguments
    target = " ".join(arguments.target)
    if not target:
        raise UsageError(
            "What is to be explained was not named.", next_step="xswitch explain TARGET"
        )
    options = SwitchOptions(
        source=arguments.source,
        region=arguments.region,
        duration_seconds=arguments.duration,
        session_name=arguments.session_name,
        external_id=arguments.external_id,
        mfa_code=arguments.mfa_code,
        policy_arns=tuple(arguments.policy_arn),
        policy=arguments.policy,
        tags=tuple(arguments.tag),
    )
    role = context.actions.resolve(target, options)
    options = replace(options, keep=target in {"-", role.managed_profile})
    ask = context.services.ask(
        arguments.mfa_code, f"xswitch explain --mfa-code CODE {shlex.quote(target)}"
    )
    explanation = context.actions.explain(role, options, ask, context.progress)
    if arguments.json:
        context.data.envelope("explain", explanation_json(explanation))
    else:
        context.data.lines(explanation_lines(explanation))
    return explanation.exit_code


def explain_failed_switch(
    context: Context, role: Role, options: SwitchOptions, error: XswitchError
) -> int:
    """Tell the error of a switch and, where it is about access, the side, the cause and the statement. Returns the exit code.

    Raises the error itself where there is nothing to explain.
    """
    if not is_explainable(error):
        raise error
    as_json = getattr(context.arguments, "json", False)
    if not as_json:
        context.words.error(error)
    explanation = _explain_or_none(context, role, options, error)
    if as_json:
        data = None if explanation is None else explanation_json(explanation)
        context.data.envelope("switch", None, [{**error_json(error), "explanation": data}])
    elif explanation is not None and explanation.causes:
        for line in summary_lines(explanation, error, shlex.quote(role.name)):
            context.words.say(line)
    return error.exit_code


def _explain_or_none(
    context: Context, role: Role, options: SwitchOptions, error: XswitchError
) -> Explanation | None:
    try:
        return context.actions.explain_failure(role, error, options)
    # Whatever is wrong with explaining, the switch's own error is what has to be told
    except Exception:  # noqa: BLE001
        return None
