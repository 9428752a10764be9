from __future__ import annotations

import copy
import pickle

import pytest

from xswitch.core.model import Credentials, Secret


def test_a_secret_is_redacted_in_every_text_form() -> None:
    secret = Secret("canary")
    credentials = Credentials("AKIA", secret, Secret("canary-token"))
    for text in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>20}",
        repr(credentials),
        repr([secret]),
        repr({"a": secret}),
    ):
        assert "canary" not in text
    assert secret.reveal() == "canary"


def test_a_secret_cant_be_pickled_or_copied() -> None:
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(Secret("canary"))
    with pytest.raises(TypeError, match="can't be pickled"):
        copy.copy(Secret("canary"))


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_credentials_with_a_token_are_temporary() -> None:
    assert Credentials("ASIA", Secret("s"), Secret("t")).temporary
    assert not Credentials("AKIA", Secret("s")).temporary
