"""A failed switch whose explanation fails too, or isn't about access."""

from __future__ import annotations

import io
import json
from argparse import Namespace
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from support.actions import World
from support.tui.fake_actions import make_role
from xswitch.actions.results import SwitchOptions
from xswitch.cli.commands.explain import explain_failed_switch
from xswitch.cli.output.stderr import Stderr
from xswitch.cli.output.stdout import Stdout
from xswitch.core.errors import AwsDeniedError, NetworkError, XswitchError

DENIED = AwsDeniedError(
    "AWS does not allow sts:AssumeRole.",
    why="User: x is not authorized",
    code="not_authorized",
    aws_code="AccessDenied",
)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_bug_in_explaining_hides_neither_the_error_nor_its_exit_code(*, as_json: bool) -> None:
    def bug(*_: object) -> NoReturn:
        raise ValueError("a secret")

    out, err = io.StringIO(), io.StringIO()
    context: Any = SimpleNamespace(
        arguments=Namespace(json=as_json),
        stdout=Stdout(out),
        stderr=Stderr(err),
        actions=SimpleNamespace(explain_failure=bug),
    )
    error = AwsDeniedError("AWS does not allow it.", code="not_authorized", aws_code="AccessDenied")
    role = make_role("reader", "1" * 12, "Reader")
    assert explain_failed_switch(context, role, SwitchOptions(), error) == 4
    assert "a secret" not in out.getvalue() + err.getvalue()
    if as_json:
        assert json.loads(out.getvalue())["problems"][0]["code"] == "not_authorized"
    else:
        assert "AWS does not allow it." in err.getvalue()


@pytest.mark.parametrize(
    ("fault", "explained"),
    [(NetworkError("The name can't be resolved.", code="dns"), False), (DENIED, True)],
)
def test_explain_is_offered_only_if_an_account_is_at_fault(
    fault: XswitchError, *, explained: bool
) -> None:
    world = World()
    world.sts.refuse["AKIADEV"] = fault
    role = world.actions.resolve("open", SwitchOptions())
    out, err = io.StringIO(), io.StringIO()
    context: Any = SimpleNamespace(
        arguments=Namespace(json=False),
        stdout=Stdout(out),
        stderr=Stderr(err),
        actions=world.actions,
    )
    assert explain_failed_switch(context, role, SwitchOptions(), fault) == fault.exit_code
    assert fault.what in err.getvalue()
    assert ("xswitch explain open" in err.getvalue()) == explained
    assert explained or err.getvalue().count("\n") == 1
