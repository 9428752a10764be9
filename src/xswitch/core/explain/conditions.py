"""What of a call its conditions are about.

The one thing that, were it different, would let the call through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.explain import statement_edits
from xswitch.core.explain.aws_message import PolicyType
from xswitch.core.explain.case import (
    POLICY_CAUSE_CODES,
    DeniedCall,
    administrator_side,
    edit_instruction,
)
from xswitch.core.explain.evidence import AttemptedCall
from xswitch.core.explain.fixes import FixRequest, conditions_text, suggest_fix
from xswitch.core.explain.matching import ConditionCheck, StatementMatch
from xswitch.core.explain.model import Cause, CauseCode, CauseSide, Certainty

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
# In this order the parts of a Deny with several conditions are looked at: what the user can change
# most easily goes first.
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


@dataclass(frozen=True, slots=True)
class UnmetConditions:
    """What conditions of one kind ask: `link` begins what they say ("if", for a Deny "unless")."""

    case: DeniedCall
    tests: tuple[ConditionCheck, ...]
    link: str

    @property
    def call(self) -> AttemptedCall:
        """The call."""
        return self.case.hop.call

    @property
    def wanted(self) -> str:
        """The values asked for."""
        return " or ".join(
            json.dumps(value) for test in self.tests for value in test.condition.values
        )

    @property
    def written(self) -> str:
        """The conditions as they are written."""
        return conditions_text(self.tests)


def cause_code_of(case: DeniedCall, test: ConditionCheck) -> CauseCode | None:
    """The code for a condition that isn't met, None when its key has none of its own."""
    key = test.key.lower()
    code = CauseCode.TAGS if key.startswith(_TAG_PREFIXES) else _CODE_BY_CONDITION_KEY.get(key)
    if code is CauseCode.EXTERNAL_ID_WRONG and case.hop.call.external_id is None:
        return CauseCode.EXTERNAL_ID_MISSING
    return (
        CauseCode.MFA_MISSING if code is CauseCode.MFA_TOO_OLD and not case.hop.caller.mfa else code
    )


def unmet_causes(
    case: DeniedCall,
    statement_match: StatementMatch,
    policy_type: PolicyType,
    tests: Sequence[ConditionCheck],
    certainty: Certainty,
) -> list[Cause]:
    """A cause for every kind of condition of an Allow that isn't met, or can't be seen to be."""
    codes = [cause_code_of(case, test) for test in tests]
    tests_by_code = {
        code: [test for test, test_code in zip(tests, codes, strict=True) if test_code is code]
        for code in codes
    }
    return [
        _cause(
            FixRequest(case, statement_match, policy_type, code, tuple(tests_of_code)), certainty
        )
        for code, tests_of_code in tests_by_code.items()
    ]


def denial_cause(
    case: DeniedCall, statement_match: StatementMatch, policy_type: PolicyType, certainty: Certainty
) -> Cause:
    """The cause for a Deny: the easiest of its conditions to escape, else the Deny itself."""
    tests = (*statement_match.met, *statement_match.unknown)
    for code in _EASIEST_TO_FIX_FIRST:
        tests_of_code = tuple(test for test in tests if cause_code_of(case, test) is code)
        if tests_of_code:
            return _cause(
                FixRequest(case, statement_match, policy_type, code, tests_of_code), certainty
            )
    statement = statement_match.policy_statement
    condition = "" if not tests else f", as {conditions_text(tests)}"
    return case.cause(
        POLICY_CAUSE_CODES[policy_type][1],
        policy_administrator(case, policy_type),
        certainty,
        f"Statement {statement.number} of {statement.name} denies it{condition}. No Allow helps against a Deny.",
        edit=statement_edits.with_exception(statement_match, case.hop),
        next_step=edit_instruction(case, policy_type, statement.name),
        where=statement.name,
    )


def policy_administrator(case: DeniedCall, policy_type: PolicyType) -> CauseSide:
    """Who keeps the policies of this kind.

    A session policy this machine's config gives is its own.
    """
    return (
        CauseSide.LOCAL
        if policy_type is PolicyType.SESSION and case.hop.caller.session_policies
        else administrator_side(policy_type)
    )


def _cause(request: FixRequest, certainty: Certainty) -> Cause:
    case, statement, code = request.case, request.match.policy_statement, request.code
    unmet = UnmetConditions(case, request.tests, "unless" if statement.deny else "if")
    clause = _EXPLAINERS[code](unmet) if code is not None else _other_conditions(unmet)
    fix = suggest_fix(request, policy_administrator(case, request.policy_type))
    return case.cause(
        code or POLICY_CAUSE_CODES[request.policy_type][1 if statement.deny else 0],
        fix.side,
        certainty,
        f"Statement {statement.number} of {statement.name} {'denies it' if statement.deny else 'allows it only'} {clause}.",
        edit=fix.edit,
        next_step=fix.next_step,
        where=statement.name,
    )


# -- what the conditions ask and what the call has, as the end of a sentence
# ------------------------------------------


def _external_id_missing(unmet: UnmetConditions) -> str:
    return f"{unmet.link} the external ID is {unmet.wanted}, and none was sent"


def _external_id_wrong(unmet: UnmetConditions) -> str:
    return f"{unmet.link} the external ID fits {unmet.wanted}, and {json.dumps(unmet.call.external_id)} was sent"


def _mfa_missing(unmet: UnmetConditions) -> str:
    calling = unmet.case.hop.caller
    if calling.is_user or not calling.arn:
        return f"{unmet.link} an MFA code was policy_statement, and this call was made without"
    return f"{unmet.link} an MFA code was policy_statement, and a session of a role never says so"


def _mfa_too_old(unmet: UnmetConditions) -> str:
    age = unmet.case.hop.caller.mfa_age
    return f"{unmet.link} the MFA code is recent ({unmet.written}), and it was given {'long' if age is None else f'{age} s'} ago"


def _ip(unmet: UnmetConditions) -> str:
    return f"{unmet.link} the call comes from the right place ({unmet.written}); the address AWS saw can't be seen from here"


def _date(unmet: UnmetConditions) -> str:
    return f"{unmet.link} the time is right ({unmet.written}); it is {unmet.case.evidence.now:%Y-%m-%dT%H:%M:%SZ}"


def _session_name(unmet: UnmetConditions) -> str:
    return f"{unmet.link} the session's name fits {unmet.wanted}, and it is {json.dumps(unmet.call.session_name)}"


def _source_identity(unmet: UnmetConditions) -> str:
    actual = (
        "there is none"
        if unmet.call.source_identity is None
        else f"it is {json.dumps(unmet.call.source_identity)}"
    )
    return f"{unmet.link} the source identity fits {unmet.wanted}, and {actual}"


def _tags(unmet: UnmetConditions) -> str:
    actual = ", ".join(f"{key}={value}" for key, value in unmet.call.tags) or "none"
    return f"{unmet.link} the tags applicability ({unmet.written}); the session tags asked for are: {actual}"


def _other_conditions(unmet: UnmetConditions) -> str:
    unknown = [test.key for test in unmet.tests if not unmet.case.context.has(test.key)]
    unknown_note = f", and {', '.join(unknown)} can't be seen from here" if unknown else ""
    return f"{'as' if unmet.link == 'unless' else 'if'} {unmet.written}{unknown_note}"


_EXPLAINERS: Mapping[CauseCode, Callable[[UnmetConditions], str]] = MappingProxyType(
    {
        CauseCode.EXTERNAL_ID_MISSING: _external_id_missing,
        CauseCode.EXTERNAL_ID_WRONG: _external_id_wrong,
        CauseCode.MFA_MISSING: _mfa_missing,
        CauseCode.MFA_TOO_OLD: _mfa_too_old,
        CauseCode.IP: _ip,
        CauseCode.DATE: _date,
        CauseCode.SESSION_NAME: _session_name,
        CauseCode.SOURCE_IDENTITY: _source_identity,
        CauseCode.TAGS: _tags,
    }
)
