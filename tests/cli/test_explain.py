"""What a failed switch says when explaining it fails too."""

from __future__ import annotations

import io
import json
from argparse import Namespace
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from support_tui import make_role
from xswitch.actions.api import SwitchOptions
from xswitch.cli.commands.explain import explain_failed_switch
from xswitch.cli.data import Data
from xswitch.cli.words import Words
from xswitch.core.errors import AwsDeniedError


@pytest.mark.parametrize("as_json", [False, True])
def test_a_bug_in_explaining_hides_neither_the_error_nor_its_exit_code(*, as_json: bool) -> None:
    def bug(*_: object) -> NoReturn:
        raise ValueError("a secret")

    out, err = io.StringIO(), io.StringIO()
    context: Any = SimpleNamespace(
        arguments=Namespace(json=as_json), data=Data(out), words=Words(err), actions=SimpleNamespace(explain_failure=bug)
    )
    error = AwsDeniedError("AWS does not allow it.", code="not_authorized", aws_code="AccessDenied")
    role = make_role("reader", "1" * 12, "Reader")
    assert explain_failed_switch(context, role, SwitchOptions(), error) == 4
    assert "a secret" not in out.getvalue() + err.getvalue()
    if as_json:
        assert json.loads(out.getvalue())["problems"][0]["code"] == "not_authorized"
    else:
        assert "AWS does not allow it." in err.getvalue()
