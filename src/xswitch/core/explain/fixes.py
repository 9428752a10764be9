"""Who can mend a condition that isn't met, how its statement changes if at all, and the next step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.explain import statement_edits
from xswitch.core.explain.aws_message import Layer
from xswitch.core.explain.case import Case, edit_next
from xswitch.core.explain.matching import Test, Weighed
from xswitch.core.explain.model import CauseCode, CauseSide, StatementChange


@dataclass(frozen=True, slots=True)
class Mending:
    """Conditions of one statement, all of one kind (`code`, None for a kind that has none)."""

    case: Case
    weighed: Weighed
    layer: Layer
    code: CauseCode | None
    tests: tuple[Test, ...]

    @property
    def again(self) -> str:
        """The command that tries once more."""
        return f"xswitch switch {self.case.profile}"

    @property
    def value(self) -> str:
        """The value that meets the conditions, when they say exactly which; "" for a pattern or a negation."""
        for test in self.tests:
            value = test.condition.values[0]
            exact = test.condition.operator.startswith("stringequals") or not any(mark in value for mark in "*?")
            if exact and "not" not in test.condition.operator and test.condition.operator != "null" and "${" not in value:
                return value
        return ""

    @property
    def stays(self) -> statement_edits.Edit:
        """The statement, to be met as it is."""
        return statement_edits.as_it_stands(self.weighed)

    @property
    def editing(self) -> str:
        """How the policy is edited."""
        return edit_next(self.case, self.layer, self.weighed.given.name)


@dataclass(frozen=True, slots=True)
class Mended:
    """Who, what, and how."""

    side: CauseSide
    edit: statement_edits.Edit
    next_step: str


def mend(mending: Mending, side: CauseSide) -> Mended:
    """The way out; `side` keeps the policy."""
    if mending.code is not None:
        return _WAYS[mending.code](mending, side)
    if any(test.key.lower() == "aws:requestedregion" for test in mending.tests):
        return Mended(CauseSide.LOCAL, mending.stays, f"Use a region it allows: {mending.again} --region {mending.value or 'REGION'}")
    if mending.weighed.given.deny:
        return Mended(side, statement_edits.denial_lifted(mending.weighed, mending.case.step), mending.editing)
    step = mending.case.step
    add = (
        statement_edits.trust(step, step.asked.actions)
        if mending.layer is Layer.TRUST
        else statement_edits.permission(step, step.asked.actions)
    )
    return Mended(side, (add, StatementChange.ADD, ""), mending.editing)


def mfa_step(case: Case) -> str:
    """How a user gets MFA into the call."""
    step = case.step
    if step.asked.mfa_serial:
        return f"xswitch switch {case.profile} --mfa-code CODE"
    serial = next(iter(case.evidence.serials), "")
    if serial:
        return f"Set mfa_serial = {serial} in the profile {step.profile}, then: xswitch switch {case.profile}"
    base = case.evidence.base_profile
    return f"Set mfa_serial in the profile {step.profile} to your device (aws iam list-mfa-devices --profile {base}), then switch again."


def conditions_text(tests: Sequence[Test]) -> str:
    """Conditions as they are written, in one line."""
    return " and ".join(f"{test.operator} {test.key}: {', '.join(test.condition.values)}" for test in tests)


def _external_id(mending: Mending, _side: CauseSide) -> Mended:
    value = mending.value
    words = f"Set external_id = {value or 'what the owner of the role gave you'} in the profile {mending.case.step.profile}"
    return Mended(CauseSide.LOCAL, mending.stays, f"{words}, or: {mending.again} --external-id {value or 'ID'}")


def _mfa(mending: Mending, side: CauseSide) -> Mended:
    if mending.case.step.calling.is_user:
        return Mended(CauseSide.LOCAL, mending.stays, mfa_step(mending.case))
    if mending.weighed.given.deny:
        edit = statement_edits.denial_lifted(mending.weighed, mending.case.step)
    else:
        edit = statement_edits.without_conditions(mending.weighed, mending.tests)
    return Mended(side, edit, f"Ask for MFA at the first hop of the chain, and not here. {mending.editing}")


def _mfa_age(mending: Mending, _side: CauseSide) -> Mended:
    words = f"xswitch forget {mending.case.evidence.base_profile}, then: {mending.again} (it asks for a new code)"
    return Mended(CauseSide.LOCAL, mending.stays, words)


def _session_name(mending: Mending, _side: CauseSide) -> Mended:
    words = f"{mending.again} --session-name {mending.value or 'NAME'}, or role_session_name in the profile {mending.case.step.profile}"
    return Mended(CauseSide.LOCAL, mending.stays, words)


def _source_identity(mending: Mending, _side: CauseSide) -> Mended:
    words = f"Set xswitch_source_identity = {mending.value or 'NAME'} in the profile {mending.case.step.profile}, then: {mending.again}"
    return Mended(CauseSide.LOCAL, mending.stays, words)


def _ip(mending: Mending, side: CauseSide) -> Mended:
    return Mended(side, mending.stays, f"Connect from there (by VPN?), or have your address added. {mending.editing}")


def _date(mending: Mending, side: CauseSide) -> Mended:
    return Mended(side, mending.stays, f"Have the date changed. {mending.editing}")


def _tags(mending: Mending, side: CauseSide) -> Mended:
    step = mending.case.step
    pairs = {prefix: _tag_pairs(mending.tests, prefix) for prefix in ("aws:requesttag/", "aws:principaltag/")}
    if pairs["aws:requesttag/"]:
        tags = " ".join(f"--tag {key}={value}" for key, value in pairs["aws:requesttag/"])
        return Mended(CauseSide.LOCAL, mending.stays, f"{mending.again} {tags} (or xswitch_tags in the profile {step.profile})")
    if pairs["aws:principaltag/"] and step.calling.policy_arn:
        kind, name = ("user" if step.calling.is_user else "role"), step.calling.policy_arn.rpartition("/")[2]
        tags = " ".join(f"Key={key},Value={value}" for key, value in pairs["aws:principaltag/"])
        command = f"aws iam tag-{kind} --{kind}-name {name} --tags {tags}"
        return Mended(CauseSide.SOURCE, mending.stays, f"An administrator of {step.calling.account}: {command}")
    if any(test.key.lower() in ("aws:tagkeys", "sts:transitivetagkeys") for test in mending.tests):
        words = f"Use the tag keys it allows: xswitch_tags in the profile {step.profile}, or --tag KEY=VALUE"
        return Mended(CauseSide.LOCAL, mending.stays, words)
    return Mended(side, mending.stays, f"Have the tags of {step.asked.role_arn} set as the statement asks.")


def _tag_pairs(tests: Sequence[Test], prefix: str) -> list[tuple[str, str]]:
    return [(test.key.partition("/")[2], test.condition.values[0]) for test in tests if test.key.lower().startswith(prefix)]


_WAYS: Mapping[CauseCode, Callable[[Mending, CauseSide], Mended]] = MappingProxyType(
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
