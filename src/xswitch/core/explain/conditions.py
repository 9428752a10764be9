"""Causes for conditions: the code of a condition, why it isn't met, and how to fix it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from xswitch.core.explain import statement_edits
from xswitch.core.explain.aws_message import PolicyType
from xswitch.core.explain.denied_call import (
    POLICY_CAUSE_CODES,
    DeniedCall,
    administrator_side,
    edit_instruction,
)
from xswitch.core.explain.matching import ConditionCheck, PolicyStatement, StatementMatch
from xswitch.core.explain.model import Cause, CauseCode, CauseSide, Certainty, StatementChange
from xswitch.core.text import command_for, last_argument, option_text

_TAG_PREFIXES = ("aws:requesttag/", "aws:principaltag/", "aws:resourcetag/", "iam:resourcetag/")
_CODE_BY_CONDITION_KEY: Mapping[str, CauseCode] = MappingProxyType(
    {
        "aws:multifactorauthpresent": CauseCode.MFA_MISSING,
        "aws:multifactorauthage": CauseCode.MFA_TOO_OLD,
        "sts:externalid": CauseCode.EXTERNAL_ID_WRONG,
        "sts:rolesessionname": CauseCode.SESSION_NAME,
        **dict.fromkeys(
            ("aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"), CauseCode.IP
        ),
        **dict.fromkeys(("aws:currenttime", "aws:epochtime", "aws:tokenissuetime"), CauseCode.DATE),
        **dict.fromkeys(("sts:sourceidentity", "aws:sourceidentity"), CauseCode.SOURCE_IDENTITY),
        **dict.fromkeys(("aws:tagkeys", "sts:transitivetagkeys"), CauseCode.TAGS),
    }
)
_EASIEST_TO_FIX_FIRST = (
    CauseCode.MFA_MISSING,
    CauseCode.MFA_TOO_OLD,
    CauseCode.EXTERNAL_ID_MISSING,
    CauseCode.EXTERNAL_ID_WRONG,
    CauseCode.TAGS,
    CauseCode.SOURCE_IDENTITY,
    CauseCode.SESSION_NAME,
    CauseCode.IP,
    CauseCode.DATE,
)
"""The order in which the conditions of a Deny are considered, for the user's sake."""


@dataclass(frozen=True, slots=True)
class UnmetConditions:
    """Conditions of one statement that have the same cause code."""

    denied: DeniedCall
    match: StatementMatch
    policy_type: PolicyType
    code: CauseCode | None
    """None for condition keys without a code."""
    checks: tuple[ConditionCheck, ...]

    @property
    def statement(self) -> PolicyStatement:
        """The statement with the conditions."""
        return self.match.policy_statement

    @property
    def text(self) -> str:
        """The conditions as written in the policy, on one line."""
        return _conditions_text(self.checks)

    @property
    def expected(self) -> str:
        """The values in the policy."""
        return " or ".join(
            json.dumps(value) for check in self.checks for value in check.condition.values
        )

    @property
    def exact_value(self) -> str:
        """A value that meets the conditions; "" if they have only patterns or negations."""
        for check in self.checks:
            operator, value = check.condition.operator, check.condition.values[0]
            exact = operator.startswith("stringequals") or not any(mark in value for mark in "*?")
            if exact and "not" not in operator and operator != "null" and "${" not in value:
                return value
        return ""

    @property
    def retry_command(self) -> str:
        """Command that switches again."""
        return f"xswitch switch {last_argument(self.denied.hop.profile)}"

    @property
    def edit_step(self) -> str:
        """Instruction for editing the policy."""
        return edit_instruction(self.denied, self.policy_type, self.statement.name)


class _Explanation(NamedTuple):
    clause: str
    """End of the sentence "Statement N of P allows it only …"."""
    side: CauseSide
    edit: statement_edits.StatementEdit
    next_step: str


def cause_code_of(denied: DeniedCall, check: ConditionCheck) -> CauseCode | None:
    """Return the code for a condition that isn't met, None if its key has none."""
    key = check.key.lower()
    code = CauseCode.TAGS if key.startswith(_TAG_PREFIXES) else _CODE_BY_CONDITION_KEY.get(key)
    if code is CauseCode.EXTERNAL_ID_WRONG and denied.hop.call.external_id is None:
        return CauseCode.EXTERNAL_ID_MISSING
    if code is CauseCode.MFA_TOO_OLD and not denied.hop.caller.mfa:
        return CauseCode.MFA_MISSING
    return code


def unmet_causes(
    denied: DeniedCall,
    match: StatementMatch,
    policy_type: PolicyType,
    checks: Sequence[ConditionCheck],
    certainty: Certainty,
) -> list[Cause]:
    """Return a cause per code for conditions of an Allow that aren't met or may not be."""
    checks_by_code: dict[CauseCode | None, list[ConditionCheck]] = {}
    for check in checks:
        checks_by_code.setdefault(cause_code_of(denied, check), []).append(check)
    return [
        _cause(UnmetConditions(denied, match, policy_type, code, tuple(same_code)), certainty)
        for code, same_code in checks_by_code.items()
    ]


def denial_cause(
    denied: DeniedCall, match: StatementMatch, policy_type: PolicyType, certainty: Certainty
) -> Cause:
    """Return the cause for a Deny: its condition that is easiest to avoid, or the Deny itself."""
    checks = (*match.met, *match.unknown)
    for code in _EASIEST_TO_FIX_FIRST:
        same_code = tuple(check for check in checks if cause_code_of(denied, check) is code)
        if same_code:
            return _cause(UnmetConditions(denied, match, policy_type, code, same_code), certainty)
    statement = match.policy_statement
    condition = f", as {_conditions_text(checks)}" if checks else ""
    return denied.cause(
        POLICY_CAUSE_CODES[policy_type][1],
        policy_administrator(denied, policy_type),
        certainty,
        f"Statement {statement.number} of {statement.name} denies it{condition}. "
        "An Allow can't override a Deny.",
        edit=statement_edits.with_exception(match, denied.hop),
        next_step=edit_instruction(denied, policy_type, statement.name),
        where=statement.name,
    )


def policy_administrator(denied: DeniedCall, policy_type: PolicyType) -> CauseSide:
    """Return who can change policies of this kind; xswitch's own session policies are local."""
    if policy_type is PolicyType.SESSION and denied.hop.caller.session_policies:
        return CauseSide.LOCAL
    return administrator_side(policy_type)


def mfa_instruction(denied: DeniedCall) -> str:
    """Return how a user makes the call with MFA."""
    profile = denied.hop.profile
    if denied.hop.call.mfa_serial:
        return command_for("xswitch switch", denied.hop.profile, "--mfa-code CODE")
    serial = next(iter(denied.evidence.serials), "")
    if serial:
        return (
            f"Set mfa_serial = {serial} in the profile {profile}, "
            f"then: xswitch switch {last_argument(denied.hop.profile)}"
        )
    return (
        f"Set mfa_serial in the profile {profile} to your device (aws iam list-mfa-devices "
        f"{option_text('--profile', denied.evidence.base_profile)}), then switch again."
    )


def _conditions_text(checks: Sequence[ConditionCheck]) -> str:
    return " and ".join(
        f"{check.operator} {check.key}: {', '.join(check.condition.values)}" for check in checks
    )


def _cause(unmet: UnmetConditions, certainty: Certainty) -> Cause:
    statement = unmet.statement
    effect = "denies it" if statement.deny else "allows it only"
    explanation = _explanation(unmet, policy_administrator(unmet.denied, unmet.policy_type))
    return unmet.denied.cause(
        unmet.code or POLICY_CAUSE_CODES[unmet.policy_type][1 if statement.deny else 0],
        explanation.side,
        certainty,
        f"Statement {statement.number} of {statement.name} {effect} {explanation.clause}.",
        edit=explanation.edit,
        next_step=explanation.next_step,
        where=statement.name,
    )


def _explanation(  # noqa: C901, PLR0912, PLR0915 -- one case per code, each a few lines
    unmet: UnmetConditions, administrator: CauseSide
) -> _Explanation:
    denied, call, caller = unmet.denied, unmet.denied.hop.call, unmet.denied.hop.caller
    profile, retry, value = denied.hop.profile, unmet.retry_command, unmet.exact_value
    link = "unless" if unmet.statement.deny else "if"
    side, edit = CauseSide.LOCAL, statement_edits.unchanged(unmet.match)
    match unmet.code:
        case CauseCode.EXTERNAL_ID_MISSING | CauseCode.EXTERNAL_ID_WRONG:
            if call.external_id is None:
                clause = f"{link} the external ID is {unmet.expected}, and none was sent"
            else:
                sent = json.dumps(call.external_id)
                clause = f"{link} the external ID matches {unmet.expected}, and {sent} was sent"
            setting = value or "the ID from the role's owner"
            next_step = (
                f"Set external_id = {setting} in the profile {profile}, "
                f"or: {retry} --external-id {value or 'ID'}"
            )
        case CauseCode.MFA_MISSING:
            user = caller.is_user or not caller.arn
            clause = f"{link} the call has MFA, and " + (
                "this call was made without" if user else "sessions of roles never have it"
            )
            if caller.is_user:
                next_step = mfa_instruction(denied)
            else:
                side = administrator
                edit = (
                    statement_edits.with_exception(unmet.match, denied.hop)
                    if unmet.statement.deny
                    else statement_edits.without_conditions(unmet.match, unmet.checks)
                )
                next_step = f"Require MFA at the chain's first hop instead. {unmet.edit_step}"
        case CauseCode.MFA_TOO_OLD:
            age = "long" if caller.mfa_age is None else f"{caller.mfa_age} s"
            clause = f"{link} the MFA code is recent ({unmet.text}), and it was entered {age} ago"
            next_step = (
                f"xswitch forget {last_argument(denied.evidence.base_profile)}, "
                f"then: {retry} (asks for a new code)"
            )
        case CauseCode.IP:
            clause = (
                f"{link} the call comes from an allowed network ({unmet.text}); "
                "the address AWS saw can't be seen from here"
            )
            side = administrator
            next_step = (
                "Connect from an allowed network (VPN?), or ask for your address to be added. "
                + unmet.edit_step
            )
        case CauseCode.DATE:
            now = f"{denied.evidence.now:%Y-%m-%dT%H:%M:%SZ}"
            clause = f"{link} the time is allowed ({unmet.text}), and it is {now}"
            side = administrator
            next_step = f"Ask the policy's owner to change the date. {unmet.edit_step}"
        case CauseCode.SESSION_NAME:
            name = json.dumps(call.session_name)
            clause = f"{link} the session name matches {unmet.expected}, and it is {name}"
            next_step = (
                f"{retry} --session-name {value or 'NAME'}, "
                f"or set role_session_name in the profile {profile}"
            )
        case CauseCode.SOURCE_IDENTITY:
            identity = call.source_identity
            actual = "there is none" if identity is None else f"it is {json.dumps(identity)}"
            clause = f"{link} the source identity matches {unmet.expected}, and {actual}"
            next_step = (
                f"Set xswitch_source_identity = {value or 'NAME'} in the profile {profile}, "
                f"then: {retry}"
            )
        case CauseCode.TAGS:
            tags = ", ".join(f"{key}={tag}" for key, tag in call.tags) or "none"
            clause = f"{link} the tags match ({unmet.text}); session tags of the call: {tags}"
            side, next_step = _tag_step(unmet, administrator)
        case _:
            unknown = [check.key for check in unmet.checks if not denied.context.has(check.key)]
            note = f", and {', '.join(unknown)} can't be seen from here" if unknown else ""
            clause = f"{'as' if unmet.statement.deny else 'if'} {unmet.text}{note}"
            side, edit, next_step = _fix_without_code(unmet, administrator)
    return _Explanation(clause, side, edit, next_step)


def _fix_without_code(
    unmet: UnmetConditions, administrator: CauseSide
) -> tuple[CauseSide, statement_edits.StatementEdit, str]:
    hop = unmet.denied.hop
    if any(check.key.lower() == "aws:requestedregion" for check in unmet.checks):
        region = unmet.exact_value or "REGION"
        next_step = f"Use an allowed region: {unmet.retry_command} --region {region}"
        return CauseSide.LOCAL, statement_edits.unchanged(unmet.match), next_step
    if unmet.statement.deny:
        edit = statement_edits.with_exception(unmet.match, hop)
        return administrator, edit, unmet.edit_step
    added = (
        statement_edits.trust_statement(hop, hop.call.actions)
        if unmet.policy_type is PolicyType.TRUST
        else statement_edits.caller_statement(hop, hop.call.actions)
    )
    return administrator, (added, StatementChange.ADD, ""), unmet.edit_step


def _tag_step(unmet: UnmetConditions, administrator: CauseSide) -> tuple[CauseSide, str]:
    hop, caller = unmet.denied.hop, unmet.denied.hop.caller
    request_tags = _tag_pairs(unmet.checks, "aws:requesttag/")
    principal_tags = _tag_pairs(unmet.checks, "aws:principaltag/")
    if request_tags:
        options = " ".join(f"--tag {key}={value}" for key, value in request_tags)
        setting = f"xswitch_tags in the profile {hop.profile}"
        return CauseSide.LOCAL, f"{unmet.retry_command} {options} (or {setting})"
    if principal_tags and caller.policy_arn:
        kind = "user" if caller.is_user else "role"
        name = caller.policy_arn.rpartition("/")[2]
        tags = " ".join(f"Key={key},Value={value}" for key, value in principal_tags)
        command = f"aws iam tag-{kind} --{kind}-name {name} --tags {tags}"
        return CauseSide.SOURCE, f"An administrator of {caller.account} runs: {command}"
    if any(check.key.lower() in ("aws:tagkeys", "sts:transitivetagkeys") for check in unmet.checks):
        return CauseSide.LOCAL, (
            f"Use allowed tag keys: xswitch_tags in the profile {hop.profile}, or --tag KEY=VALUE"
        )
    return administrator, f"Ask for the tags of {hop.call.role_arn} to match the statement."


def _tag_pairs(checks: Sequence[ConditionCheck], prefix: str) -> list[tuple[str, str]]:
    return [
        (check.key.partition("/")[2], check.condition.values[0])
        for check in checks
        if check.key.lower().startswith(prefix)
    ]
