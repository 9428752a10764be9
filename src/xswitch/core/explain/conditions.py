"""What of a call its conditions are about: the one thing that, were it different, would let the call through."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.explain import statement_edits
from xswitch.core.explain.aws_message import Layer
from xswitch.core.explain.case import CODES, Case, edit_next, side_of
from xswitch.core.explain.evidence import Asked
from xswitch.core.explain.fixes import Mending, conditions_text, mend
from xswitch.core.explain.matching import Test, Weighed
from xswitch.core.explain.model import Cause, CauseCode, CauseSide, Certainty

_TAG_PREFIXES = ("aws:requesttag/", "aws:principaltag/", "aws:resourcetag/", "iam:resourcetag/")
_BY_KEY: Mapping[str, CauseCode] = MappingProxyType(
    {
        "aws:multifactorauthpresent": CauseCode.MFA_MISSING,
        "aws:multifactorauthage": CauseCode.MFA_TOO_OLD,
        "sts:externalid": CauseCode.EXTERNAL_ID_WRONG,
        "sts:rolesessionname": CauseCode.SESSION_NAME,
        **dict.fromkeys(("aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"), CauseCode.IP),
        **dict.fromkeys(("aws:currenttime", "aws:epochtime", "aws:tokenissuetime"), CauseCode.DATE),
        **dict.fromkeys(("sts:sourceidentity", "aws:sourceidentity"), CauseCode.SOURCE_IDENTITY),
        **dict.fromkeys(("aws:tagkeys", "sts:transitivetagkeys"), CauseCode.TAGS),
    }
)
# In this order the parts of a Deny with several conditions are looked at: what the user can change most easily goes first.
_EASIEST = (
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
class Point:
    """What conditions of one kind ask: `link` begins what they say ("if", for a Deny "unless")."""

    case: Case
    tests: tuple[Test, ...]
    link: str

    @property
    def asked(self) -> Asked:
        """The call."""
        return self.case.step.asked

    @property
    def wanted(self) -> str:
        """The values asked for."""
        return " or ".join(json.dumps(value) for test in self.tests for value in test.condition.values)

    @property
    def written(self) -> str:
        """The conditions as they are written."""
        return conditions_text(self.tests)


def code_of(case: Case, test: Test) -> CauseCode | None:
    """The code for a condition that isn't met, None when its key has none of its own."""
    key = test.key.lower()
    code = CauseCode.TAGS if key.startswith(_TAG_PREFIXES) else _BY_KEY.get(key)
    if code is CauseCode.EXTERNAL_ID_WRONG and case.step.asked.external_id is None:
        return CauseCode.EXTERNAL_ID_MISSING
    return CauseCode.MFA_MISSING if code is CauseCode.MFA_TOO_OLD and not case.step.calling.mfa else code


def unmet_causes(case: Case, weighed: Weighed, layer: Layer, tests: Sequence[Test], certainty: Certainty) -> list[Cause]:
    """A cause for every kind of condition of an Allow that isn't met, or can't be seen to be."""
    codes = [code_of(case, test) for test in tests]
    grouped = {code: [test for test, found in zip(tests, codes, strict=True) if found is code] for code in codes}
    return [_cause(Mending(case, weighed, layer, code, tuple(own)), certainty) for code, own in grouped.items()]


def denial_cause(case: Case, weighed: Weighed, layer: Layer, certainty: Certainty) -> Cause:
    """The cause for a Deny: the easiest of its conditions to escape, else the Deny itself."""
    tests = (*weighed.met, *weighed.unknown)
    for code in _EASIEST:
        own = tuple(test for test in tests if code_of(case, test) is code)
        if own:
            return _cause(Mending(case, weighed, layer, code, own), certainty)
    given = weighed.given
    condition = "" if not tests else f", as {conditions_text(tests)}"
    return case.cause(
        CODES[layer][1],
        layer_side(case, layer),
        certainty,
        f"Statement {given.number} of {given.name} denies it{condition}. No Allow helps against a Deny.",
        edit=statement_edits.denial_lifted(weighed, case.step),
        next_step=edit_next(case, layer, given.name),
        where=given.name,
    )


def layer_side(case: Case, layer: Layer) -> CauseSide:
    """Who keeps the policies of this kind; a session policy this machine's config gives is its own."""
    return CauseSide.LOCAL if layer is Layer.SESSION and case.step.calling.session_policies else side_of(layer)


def _cause(mending: Mending, certainty: Certainty) -> Cause:
    case, given, code = mending.case, mending.weighed.given, mending.code
    point = Point(case, mending.tests, "unless" if given.deny else "if")
    told = _TOLD[code](point) if code is not None else _other(point)
    mended = mend(mending, layer_side(case, mending.layer))
    return case.cause(
        code or CODES[mending.layer][1 if given.deny else 0],
        mended.side,
        certainty,
        f"Statement {given.number} of {given.name} {'denies it' if given.deny else 'allows it only'} {told}.",
        edit=mended.edit,
        next_step=mended.next_step,
        where=given.name,
    )


# -- what the conditions ask and what the call has, as the end of a sentence ------------------------------------------


def _external_id_missing(point: Point) -> str:
    return f"{point.link} the external ID is {point.wanted}, and none was sent"


def _external_id_wrong(point: Point) -> str:
    return f"{point.link} the external ID fits {point.wanted}, and {json.dumps(point.asked.external_id)} was sent"


def _mfa_missing(point: Point) -> str:
    calling = point.case.step.calling
    if calling.is_user or not calling.arn:
        return f"{point.link} an MFA code was given, and this call was made without"
    return f"{point.link} an MFA code was given, and a session of a role never says so"


def _mfa_too_old(point: Point) -> str:
    age = point.case.step.calling.mfa_age
    return f"{point.link} the MFA code is recent ({point.written}), and it was given {'long' if age is None else f'{age} s'} ago"


def _ip(point: Point) -> str:
    return f"{point.link} the call comes from the right place ({point.written}); the address AWS saw can't be seen from here"


def _date(point: Point) -> str:
    return f"{point.link} the time is right ({point.written}); it is {point.case.evidence.now:%Y-%m-%dT%H:%M:%SZ}"


def _session_name(point: Point) -> str:
    return f"{point.link} the session's name fits {point.wanted}, and it is {json.dumps(point.asked.session_name)}"


def _source_identity(point: Point) -> str:
    have = "there is none" if point.asked.source_identity is None else f"it is {json.dumps(point.asked.source_identity)}"
    return f"{point.link} the source identity fits {point.wanted}, and {have}"


def _tags(point: Point) -> str:
    have = ", ".join(f"{key}={value}" for key, value in point.asked.tags) or "none"
    return f"{point.link} the tags fit ({point.written}); the session tags asked for are: {have}"


def _other(point: Point) -> str:
    dark = [test.key for test in point.tests if not point.case.known.has(test.key)]
    unseen = f", and {', '.join(dark)} can't be seen from here" if dark else ""
    return f"{'as' if point.link == 'unless' else 'if'} {point.written}{unseen}"


_TOLD: Mapping[CauseCode, Callable[[Point], str]] = MappingProxyType(
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
