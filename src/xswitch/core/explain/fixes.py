"""Who can mend a condition that isn't met, how its statement changes if at all, and the next step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.explain import statement_edits
from xswitch.core.explain.aws_message import PolicyType
from xswitch.core.explain.case import DeniedCall, edit_instruction
from xswitch.core.explain.matching import ConditionCheck, StatementMatch
from xswitch.core.explain.model import CauseCode, CauseSide, StatementChange


@dataclass(frozen=True, slots=True)
class FixRequest:
    """Conditions of one statement, all of one kind (`code`, None for a kind that has none)."""

    case: DeniedCall
    weighed: StatementMatch
    policy_type: PolicyType
    code: CauseCode | None
    tests: tuple[ConditionCheck, ...]

    @property
    def again(self) -> str:
        """The command that tries once more."""
        return f"xswitch switch {self.case.profile}"

    @property
    def value(self) -> str:
        """The value that meets the conditions, when they say exactly which.

        "" for a pattern or a negation.
        """
        for test in self.tests:
            value = test.condition.values[0]
            exact = test.condition.operator.startswith("stringequals") or not any(
                mark in value for mark in "*?"
            )
            if (
                exact
                and "not" not in test.condition.operator
                and test.condition.operator != "null"
                and "${" not in value
            ):
                return value
        return ""

    @property
    def unchanged_edit(self) -> statement_edits.StatementEdit:
        """The statement, to be met as it is."""
        return statement_edits.unchanged(self.weighed)

    @property
    def edit_step(self) -> str:
        """How the policy is edited."""
        return edit_instruction(self.case, self.policy_type, self.weighed.given.name)


@dataclass(frozen=True, slots=True)
class Fix:
    """Who, what, and how."""

    side: CauseSide
    edit: statement_edits.StatementEdit
    next_step: str


def suggest_fix(request: FixRequest, side: CauseSide) -> Fix:
    """The way out; `side` keeps the policy."""
    if request.code is not None:
        return _FIXES[request.code](request, side)
    if any(test.key.lower() == "aws:requestedregion" for test in request.tests):
        return Fix(
            CauseSide.LOCAL,
            request.unchanged_edit,
            f"Use a region it allows: {request.again} --region {request.value or 'REGION'}",
        )
    if request.weighed.given.deny:
        return Fix(
            side,
            statement_edits.with_exception(request.weighed, request.case.step),
            request.edit_step,
        )
    step = request.case.step
    add = (
        statement_edits.trust_statement(step, step.asked.actions)
        if request.policy_type is PolicyType.TRUST
        else statement_edits.caller_statement(step, step.asked.actions)
    )
    return Fix(side, (add, StatementChange.ADD, ""), request.edit_step)


def mfa_instruction(case: DeniedCall) -> str:
    """How a user gets MFA into the call."""
    step = case.step
    if step.asked.mfa_serial:
        return f"xswitch switch {case.profile} --mfa-code CODE"
    serial = next(iter(case.evidence.serials), "")
    if serial:
        return f"Set mfa_serial = {serial} in the profile {step.profile}, then: xswitch switch {case.profile}"
    base = case.evidence.base_profile
    return f"Set mfa_serial in the profile {step.profile} to your device (aws iam list-mfa-devices --profile {base}), then switch again."


def conditions_text(tests: Sequence[ConditionCheck]) -> str:
    """Conditions as they are written, in one line."""
    return " and ".join(
        f"{test.operator} {test.key}: {', '.join(test.condition.values)}" for test in tests
    )


def _external_id(request: FixRequest, _side: CauseSide) -> Fix:
    value = request.value
    instruction = f"Set external_id = {value or 'what the owner of the role gave you'} in the profile {request.case.step.profile}"
    return Fix(
        CauseSide.LOCAL,
        request.unchanged_edit,
        f"{instruction}, or: {request.again} --external-id {value or 'ID'}",
    )


def _mfa(request: FixRequest, side: CauseSide) -> Fix:
    if request.case.step.caller_identity.is_user:
        return Fix(CauseSide.LOCAL, request.unchanged_edit, mfa_instruction(request.case))
    if request.weighed.given.deny:
        edit = statement_edits.with_exception(request.weighed, request.case.step)
    else:
        edit = statement_edits.without_conditions(request.weighed, request.tests)
    return Fix(
        side, edit, f"Ask for MFA at the first hop of the chain, and not here. {request.edit_step}"
    )


def _mfa_age(request: FixRequest, _side: CauseSide) -> Fix:
    instruction = f"xswitch forget {request.case.evidence.base_profile}, then: {request.again} (it asks for a new code)"
    return Fix(CauseSide.LOCAL, request.unchanged_edit, instruction)


def _session_name(request: FixRequest, _side: CauseSide) -> Fix:
    instruction = f"{request.again} --session-name {request.value or 'NAME'}, or role_session_name in the profile {request.case.step.profile}"
    return Fix(CauseSide.LOCAL, request.unchanged_edit, instruction)


def _source_identity(request: FixRequest, _side: CauseSide) -> Fix:
    instruction = f"Set xswitch_source_identity = {request.value or 'NAME'} in the profile {request.case.step.profile}, then: {request.again}"
    return Fix(CauseSide.LOCAL, request.unchanged_edit, instruction)


def _ip(request: FixRequest, side: CauseSide) -> Fix:
    return Fix(
        side,
        request.unchanged_edit,
        f"Connect from there (by VPN?), or have your address added. {request.edit_step}",
    )


def _date(request: FixRequest, side: CauseSide) -> Fix:
    return Fix(side, request.unchanged_edit, f"Have the date changed. {request.edit_step}")


def _tags(request: FixRequest, side: CauseSide) -> Fix:
    step = request.case.step
    pairs = {
        prefix: _tag_pairs(request.tests, prefix)
        for prefix in ("aws:requesttag/", "aws:principaltag/")
    }
    if pairs["aws:requesttag/"]:
        tags = " ".join(f"--tag {key}={value}" for key, value in pairs["aws:requesttag/"])
        return Fix(
            CauseSide.LOCAL,
            request.unchanged_edit,
            f"{request.again} {tags} (or xswitch_tags in the profile {step.profile})",
        )
    if pairs["aws:principaltag/"] and step.caller_identity.policy_arn:
        kind, name = (
            ("user" if step.caller_identity.is_user else "role"),
            step.caller_identity.policy_arn.rpartition("/")[2],
        )
        tags = " ".join(f"Key={key},Value={value}" for key, value in pairs["aws:principaltag/"])
        command = f"aws iam tag-{kind} --{kind}-name {name} --tags {tags}"
        return Fix(
            CauseSide.SOURCE,
            request.unchanged_edit,
            f"An administrator of {step.caller_identity.account}: {command}",
        )
    if any(test.key.lower() in ("aws:tagkeys", "sts:transitivetagkeys") for test in request.tests):
        instruction = f"Use the tag keys it allows: xswitch_tags in the profile {step.profile}, or --tag KEY=VALUE"
        return Fix(CauseSide.LOCAL, request.unchanged_edit, instruction)
    return Fix(
        side,
        request.unchanged_edit,
        f"Have the tags of {step.asked.role_arn} set as the statement asks.",
    )


def _tag_pairs(tests: Sequence[ConditionCheck], prefix: str) -> list[tuple[str, str]]:
    return [
        (test.key.partition("/")[2], test.condition.values[0])
        for test in tests
        if test.key.lower().startswith(prefix)
    ]


_FIXES: Mapping[CauseCode, Callable[[FixRequest, CauseSide], Fix]] = MappingProxyType(
    {
        CauseCode.EXTERNAL_ID_MISSING: _external_id,
        CauseCode.EXTERNAL_ID_WRONG: _external_id,
        CauseCode.MFA_MISSING: _mfa,
        CauseCode.MFA_TOO_OLD: _mfa_age,
        CauseCode.SESSION_NAME: _session_name,
        CauseCode.SOURCE_IDENTITY: _source_identity,
        CauseCode.IP: _ip,
        CauseCode.DATE: _date,
        CauseCode.TAGS: _tags,
    }
)
