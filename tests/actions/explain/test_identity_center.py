"""Each failure of Identity Center has its own sentence, cause, and next step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.actions import CONFIG, CREDENTIALS, GOOD_CODE, FakePrompt, World
from xswitch.actions.api import Actions
from xswitch.actions.ports import no_progress, replace_ports
from xswitch.actions.results import SwitchOptions
from xswitch.core.errors import ErrorCode, SourceCredentialsError
from xswitch.core.errors.source_credentials import SOURCE_MESSAGES
from xswitch.core.explain.identity_center import SSO_CODES
from xswitch.core.explain.model import CauseCode, Certainty, Explanation, ExplanationVerdict
from xswitch.core.model import PortalRole

URL = "https://corp.awsapps.com/start"
SSO = f"""
[sso-session corp]
sso_start_url = {URL}
sso_region = eu-west-1
[profile admin]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = Admin
[profile of-admin]
role_arn = arn:aws:iam::333333333333:role/Of
source_profile = admin
"""
LISTED = PortalRole("corp", f"{URL}/", "222222222222", "payments", "Admin")
OTHER = replace(LISTED, role_name="Reader")
DENIED, NOT_REACHED = ExplanationVerdict.DENIED, ExplanationVerdict.NOT_REACHED
C = CauseCode


class Lists:
    def __init__(self, *roles: PortalRole) -> None:
        self.roles = roles

    def load(self) -> tuple[PortalRole, ...]:
        return self.roles


def explained(code: str, *listed: PortalRole, name: str = "admin", later: bool) -> Explanation:
    world = World(config=CONFIG + SSO, credentials=CREDENTIALS)
    actions = Actions(replace_ports(world.ports, portal_lists=Lists(*listed)))
    error = SourceCredentialsError("No.", next_step="xswitch login corp", code=code)
    world.base.fail = error
    role = actions.resolve(name, SwitchOptions())
    if later:
        return actions.explain_failure(role, error)
    return actions.explain(role, SwitchOptions(), FakePrompt(GOOD_CODE), no_progress)


CASES = [
    (
        ErrorCode.SSO_DENIED,
        (),
        DENIED,
        [C.SSO_NOT_ASSIGNED, C.SSO_ASSIGNMENT_REMOVED, C.SSO_NOT_PROVISIONED],
    ),
    (ErrorCode.SSO_DENIED, (OTHER,), DENIED, [C.SSO_NOT_ASSIGNED]),
    (ErrorCode.SSO_DENIED, (replace(LISTED, is_gone=True),), DENIED, [C.SSO_ASSIGNMENT_REMOVED]),
    (
        ErrorCode.SSO_DENIED,
        (LISTED, OTHER),
        DENIED,
        [C.SSO_NOT_PROVISIONED, C.SSO_ASSIGNMENT_REMOVED],
    ),
    (ErrorCode.SSO_NOT_FOUND, (LISTED,), DENIED, [C.SSO_NOT_ASSIGNED]),
    (ErrorCode.SSO_REQUEST, (), NOT_REACHED, [C.SSO_PORTAL]),
    (ErrorCode.SSO_CONFIG, (), NOT_REACHED, [C.SSO_PORTAL]),
    (ErrorCode.SSO_LOGIN, (), NOT_REACHED, [C.SSO_SIGN_IN_ENDED, C.SSO_PORTAL]),
    (ErrorCode.SSO_CACHE, (), NOT_REACHED, [C.SSO_SIGN_IN_ENDED, C.SSO_PORTAL]),
    (ErrorCode.THROTTLED, (), NOT_REACHED, [C.NETWORK]),
]


@pytest.mark.parametrize("name", ["admin", "of-admin"])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(("code", "listed", "verdict", "causes"), CASES)
def test_each_failure_has_its_cause(
    code: ErrorCode,
    listed: tuple[PortalRole, ...],
    verdict: ExplanationVerdict,
    causes: list[CauseCode],
    name: str,
    *,
    later: bool,
) -> None:
    found = explained(code, *listed, name=name, later=later)
    assert (found.verdict, [cause.code for cause in found.causes]) == (verdict, causes)
    assert all(cause.evidence.endswith(".") and cause.next_step for cause in found.causes)
    assert [cause.certainty for cause in found.causes[1:]] == [Certainty.UNSEEN] * (len(causes) - 1)


@pytest.mark.parametrize(("code", "listed", "verdict", "causes"), CASES)
def test_a_role_that_only_the_portal_lists_has_no_line_to_correct(
    code: ErrorCode,
    listed: tuple[PortalRole, ...],
    verdict: ExplanationVerdict,
    causes: list[CauseCode],
) -> None:
    own = replace(LISTED, role_name="Own")
    found = explained(code, *listed, own, name="payments/Own", later=True)
    assert found.verdict is verdict
    assert found.causes[0].next_step
    text = " ".join(cause.evidence + cause.next_step for cause in found.causes)
    assert "Correct sso_account_id" not in text
    assert "the environment" not in text
    assert causes


def test_the_line_to_correct_is_that_of_the_key() -> None:
    found = explained(ErrorCode.SSO_NOT_FOUND, later=True)
    line = (CONFIG + SSO).splitlines().index("sso_account_id = 222222222222") + 1
    assert found.causes[0].next_step.endswith(f":{line}.")


def test_all_codes_of_the_portal_are_tried_and_no_two_cases_read_alike() -> None:
    assert {case[0] for case in CASES} == set(SSO_CODES)
    assert {code for code in SOURCE_MESSAGES if code.startswith("sso_")} <= set(SSO_CODES)
    first = [explained(code, *listed, later=True).causes[0].evidence for code, listed, *_ in CASES]
    same = {ErrorCode.SSO_REQUEST: ErrorCode.SSO_CONFIG, ErrorCode.SSO_LOGIN: ErrorCode.SSO_CACHE}
    assert len(set(first)) == len(first) - len(same) - 1  # not assigned: with and without a list
