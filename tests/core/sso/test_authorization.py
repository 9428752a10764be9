"""PKCE: the URL, and every kind of answer."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.model import Secret, SsoRegistration
from xswitch.core.sso.authorization import (
    AnswerKind,
    authorization_url,
    challenge,
    parse_answer,
    redirect_uri,
    verifier,
)

STATE = Secret("ab" * 32)
REGISTRATION = SsoRegistration(
    "authorization_code",
    "a client+id/=",
    Secret("secret"),
    datetime(2027, 1, 1, tzinfo=UTC),
    "https://corp.awsapps.com/start",
    ("sso:account:access", "codewhisperer:completions"),
)


def test_the_challenge_is_that_of_rfc_7636() -> None:
    # Appendix B
    assert challenge(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")) == (
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )
    assert len(verifier(bytes(48)).reveal()) == 64


def test_the_url_is_the_aws_clis() -> None:
    url = authorization_url(
        "https://oidc.eu-west-1.amazonaws.com/", REGISTRATION, redirect_uri(4711), STATE, "chall"
    )
    parts = urlsplit(url)
    assert (parts.netloc, parts.path) == ("oidc.eu-west-1.amazonaws.com", "/authorize")
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": "a client+id/=",
        "redirect_uri": "http://127.0.0.1:4711/oauth/callback",
        "state": STATE.reveal(),
        "code_challenge_method": "S256",
        "scopes": "sso:account:access codewhisperer:completions",
        "code_challenge": "chall",
    }


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        (f"code=c&state={STATE.reveal()}", AnswerKind.CODE),
        (f"code=c&state={STATE.reveal()}x", AnswerKind.WRONG_STATE),
        ("code=c&state=", AnswerKind.WRONG_STATE),
        ("code=c", AnswerKind.WRONG_STATE),
        ("code=c&state=%ff%00", AnswerKind.WRONG_STATE),
        (f"code=c&code=d&state={STATE.reveal()}", AnswerKind.WRONG_STATE),
        (f"code=&state={STATE.reveal()}", AnswerKind.WRONG_STATE),
        (f"code=c&state=x&state={STATE.reveal()}", AnswerKind.WRONG_STATE),
        (f"error=access_denied&state={STATE.reveal()}", AnswerKind.ERROR),
        ("error=access_denied", AnswerKind.ERROR),
        ("error=access_denied&state=x", AnswerKind.WRONG_STATE),
        (f"error=e&code=c&state={STATE.reveal()}", AnswerKind.ERROR),
        ("", AnswerKind.NONE),
        ("state=x", AnswerKind.NONE),
        ("&".join(f"a{number}=1" for number in range(60)), AnswerKind.NONE),
    ],
)
def test_answers(query: str, kind: AnswerKind) -> None:
    answer = parse_answer(query, STATE)
    assert answer.kind is kind
    assert (answer.code == Secret("c")) == (kind is AnswerKind.CODE)


def test_an_errors_description_is_told() -> None:
    answer = parse_answer("error=e&error_description=not+you.", STATE)
    assert answer.error == "e: not you"


@given(st.text(), st.text())
def test_only_the_state_lets_a_code_through(code: str, state: str) -> None:
    answer = parse_answer(urlencode({"code": code, "state": state}, errors="replace"), STATE)
    assert answer.kind is not AnswerKind.CODE
