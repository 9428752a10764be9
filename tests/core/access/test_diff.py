from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from support.access.iam_model import accounts, calls, full_request, run, wanted
from xswitch.core.access.diff import change_diff, plan_summary
from xswitch.core.access.model import AccountSide, IamCall, IamChange


def _change(before: str, after: str) -> IamChange:
    return IamChange(
        AccountSide.TARGET, "role x", "something", IamCall("UpdateRole", {}), (), before, after
    )


def test_a_new_text_has_only_added_lines() -> None:
    assert change_diff(_change("", "a\nb")) == (("+", "a"), ("+", "b"))
    assert change_diff(_change("a", "")) == (("-", "a"),)
    assert change_diff(_change("a", "a")) == ()
    assert change_diff(_change("", "")) == ()


def test_lines_far_from_a_change_are_counted() -> None:
    before = "\n".join("abcdefghijklmnop")
    assert change_diff(_change(before, before.replace("h", "H"))) == (
        ("@", "… 4 unchanged lines"),
        (" ", "e"),
        (" ", "f"),
        (" ", "g"),
        ("-", "h"),
        ("+", "H"),
        (" ", "i"),
        (" ", "j"),
        (" ", "k"),
        ("@", "… 5 unchanged lines"),
    )
    assert change_diff(_change(before, before + "\nq"))[0] == ("@", "… 13 unchanged lines")
    assert change_diff(_change(before, before.removesuffix("\nm\nn\no\np")))[-1] == ("-", "p")


LINES = st.lists(st.sampled_from("abc"), max_size=12)


@given(LINES, LINES)
def test_every_line_of_either_text_is_shown_or_counted(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    lines = change_diff(_change(before, after))
    if before == after:
        assert lines == ()
        return
    counted = sum(int(text.split()[1]) for mark, text in lines if mark == "@")
    assert counted + sum(mark in " -" for mark, _ in lines) == (len(old) if before else 0)
    assert counted + sum(mark in " +" for mark, _ in lines) == (len(new) if after else 0)


def test_the_summary_counts_both_sides() -> None:
    request = full_request()
    world = accounts(request)
    plan = world.plan(request)
    assert plan_summary(plan) == (
        "1 change in the source account 111111111111, 5 changes in the target account 222222222222."
    )
    assert plan_summary(run(world, calls(plan), request).plan(request)) == "Nothing to change."
    half = run(world, calls(plan)[:1], request)
    assert plan_summary(half.plan(request)).startswith("nothing to change in the source account")


def test_the_new_role_is_shown_with_its_trust_policy_as_json() -> None:
    create = accounts(wanted()).plan(wanted()).target.changes[0]
    shown = [text for _, text in change_diff(create)]
    assert '  "RoleName": "SwitchRole",' in shown
    assert any(text.strip().startswith('"Principal"') for text in shown)
