"""Who can mend a condition that isn't met, how its statement changes if at all, and the next hop."""

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
    match: StatementMatch
    policy_type: PolicyType
    code: CauseCode | None
    tests: tuple[ConditionCheck, ...]

    @property
    def retry_command(self) -> str:
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
        return statement_edits.unchanged(self.match)

    @property
    def edit_step(self) -> str:
        """How the policy is edited."""
        return edit_instruction(self.case, self.policy_type, self.match.policy_statement.name)


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
            f"Use a region it allows: {request.retry_command} --region {request.value or 'REGION'}",
        )
    if request.match.policy_statement.deny:
        return Fix(
            side,
            statement_edits.with_exception(request.match, request.case.hop),
            request.edit_step,
        )
    hop = request.case.hop
    add = (
        statement_edits.trust_statement(hop, hop.call.actions)
        if request.policy_type is PolicyType.TRUST
        else statement_edits.caller_statement(hop, hop.call.actions)
    )
    return Fix(side, (add, StatementChange.ADD, ""), request.edit_step)


def mfa_instruction(case: DeniedCall) -> str:
    """How a user gets MFA into the call."""
    hop = case.hop
    if hop.call.mfa_serial:
        return f"xswitch switch {case.profile} --mfa-code CODE"
    serial = next(iter(case.evidence.serials), "")
    if serial:
        return f"Set mfa_serial = {serial} in the profile {hop.profile}, then: xswitch switch {case.profile}"
    base = case.evidence.base_profile
    return f"Set mfa_serial in the profile {hop.profile} to your device (aws iam list-mfa-devices --profile {base}), then switch again."


def conditions_text(tests: Sequence[ConditionCheck]) -> str:
    """Conditions as they are written, in one line."""
    return " and ".join(
        f"{test.operator} {test.key}: {', '.join(test.condition.values)}" for test in tests
    )


def _external_id(request: FixRequest, _side: CauseSide) -> Fix:
    value = request.value
    instruction = f"Set external_id = {value or 'what the owner of the role gave you'} in the profile {request.case.hop.profile}"
    return Fix(
        CauseSide.LOCAL,
        request.unchanged_edit,
        f"{instruction}, or: {request.retry_command} --external-id {value or 'ID'}",
    )


def _mfa(request: FixRequest, side: CauseSide) -> Fix:
    if request.case.hop.caller.is_user:
        return Fix(CauseSide.LOCAL, request.unchanged_edit, mfa_instruction(request.case))
    if request.match.policy_statement.deny:
        edit = statement_edits.with_exception(request.match, request.case.hop)
    else:
        edit = statement_edits.without_conditions(request.match, request.tests)
    return Fix(
        side, edit, f"Ask for MFA at the first hop of the chain, and not here. {request.edit_step}"
    )


def _mfa_age(request: FixRequest, _side: CauseSide) -> Fix:
    instruction = f"xswitch forget {request.case.evidence.base_profile}, then: {request.retry_command} (it asks for a new code)"
    return Fix(CauseSide.LOCAL, request.unchanged_edit, instruction)


def _session_name(request: FixRequest, _side: CauseSide) -> Fix:
    instruction = f"{request.retry_command} --session-name {request.value or 'NAME'}, or role_session_name in the profile {request.case.hop.profile}"
    return Fix(CauseSide.LOCAL, request.unchanged_edit, instruction)


def _source_identity(request: FixRequest, _side: CauseSide) -> Fix:
    instruction = f"Set xswitch_source_identity = {request.value or 'NAME'} in the profile {request.case.hop.profile}, then: {request.retry_command}"
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
    hop = request.case.hop
    pairs = {
        prefix: _tag_pairs(request.tests, prefix)
        for prefix in ("aws:requesttag/", "aws:principaltag/")
    }
    if pairs["aws:requesttag/"]:
        tags = " ".join(f"--tag {key}={value}" for key, value in pairs["aws:requesttag/"])
        return Fix(
            CauseSide.LOCAL,
            request.unchanged_edit,
            f"{request.retry_command} {tags} (or xswitch_tags in the profile {hop.profile})",
        )
    if pairs["aws:principaltag/"] and hop.caller.policy_arn:
        kind, name = (
            ("user" if hop.caller.is_user else "role"),
            hop.caller.policy_arn.rpartition("/")[2],
        )
        tags = " ".join(f"Key={key},Value={value}" for key, value in pairs["aws:principaltag/"])
        command = f"aws iam tag-{kind} --{kind}-name {name} --tags {tags}"
        return Fix(
            CauseSide.SOURCE,
            request.unchanged_edit,
            f"An administrator of {hop.caller.account}: {command}",
        )
    if any(test.key.lower() in ("aws:tagkeys", "sts:transitivetagkeys") for test in request.tests):
        instruction = f"Use the tag keys it allows: xswitch_tags in the profile {hop.profile}, or --tag KEY=VALUE"
        return Fix(CauseSide.LOCAL, request.unchanged_edit, instruction)
    return Fix(
        side,
        request.unchanged_edit,
        f"Have the tags of {hop.call.role_arn} set as the statement asks.",
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
