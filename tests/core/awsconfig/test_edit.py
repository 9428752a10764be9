from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.config.checks import check_edit, edits, files, properties
from support.config.texts import NAMES, Botocore, clean_texts, texts
from xswitch.core.awsconfig.edit import (
    apply_edits,
    apply_patches,
    plan_edits,
    reversed_patches,
)
from xswitch.core.awsconfig.verify import verify
from xswitch.core.errors import ConfigError
from xswitch.core.model import FileKind, ProfileEdit, RemoveProfile, SetProfile


@pytest.fixture(scope="module")
def botocore(tmp_path_factory: pytest.TempPathFactory) -> Botocore:
    return Botocore(tmp_path_factory.mktemp("botocore"))


def significant(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n") if line.strip()]


@given(st.data())
@settings(max_examples=300)
def test_an_edit_changes_only_its_target_or_nothing(
    botocore: Botocore, data: st.DataObject
) -> None:
    file = data.draw(files)
    check_edit(botocore, data.draw(texts(file)), file, data.draw(edits(file)))


@given(st.data())
@settings(max_examples=200)
def test_a_clean_text_can_always_be_edited(botocore: Botocore, data: st.DataObject) -> None:
    file = data.draw(files)
    assert check_edit(botocore, data.draw(clean_texts(file)), file, data.draw(edits(file)))


@given(st.data())
@settings(max_examples=200)
def test_a_new_profile_leaves_every_byte_before_it(data: st.DataObject) -> None:
    file = data.draw(files)
    text = data.draw(texts(file))
    new = apply_edits(text, file, [SetProfile(file, "xs-new", data.draw(properties), "xswitch")])
    assert new.startswith(text)


@given(st.data())
def test_setting_and_removing_gives_the_same_lines_again(data: st.DataObject) -> None:
    file = data.draw(files)
    text = data.draw(clean_texts(file))
    new = apply_edits(text, file, [SetProfile(file, "xs-new", data.draw(properties), "mine")])
    again = apply_edits(new, file, [RemoveProfile(file, "xs-new")])
    assert significant(again) == significant(text)
    if not text or text.endswith("\n"):
        assert again == text


@given(st.data())
@settings(max_examples=200)
def test_the_same_edit_twice_changes_nothing_more(data: st.DataObject) -> None:
    file = data.draw(files)
    text = data.draw(texts(file))
    edit = SetProfile(file, data.draw(st.sampled_from(NAMES)), data.draw(properties), "xswitch")
    once = apply_edits(text, file, [edit])
    assert apply_edits(once, file, [edit]) == once


@given(st.data())
def test_the_steps_make_the_edit_and_can_be_reversed(data: st.DataObject) -> None:
    file = data.draw(files)
    text = data.draw(texts(file))
    changes = data.draw(edits(file))
    new = text
    for patches in plan_edits(text, file, changes):
        at = 0
        for patch in patches:
            assert at <= patch.start <= patch.end <= len(new)
            at = patch.end
        new = apply_patches(new, patches)
    assert new == apply_edits(text, file, changes)
    for patches in reversed_patches(text, plan_edits(text, file, changes)):
        new = apply_patches(new, patches)
    assert new == text


def edited(text: str, *changes: ProfileEdit) -> str:
    file = changes[0].file
    new = apply_edits(text, file, changes)
    verify(text, new, file, changes)
    return new


def put(
    name: str,
    exact: bool = False,  # noqa: FBT001, FBT002 -- short calls below
    comment: str = "",
    file: FileKind = "config",
    **values: str,
) -> SetProfile:
    return SetProfile(file, name, values, comment, exact=exact)


@pytest.mark.parametrize(
    ("text", "edit", "new"),
    [
        ("", put("xs-a", region="r"), "[profile xs-a]\nregion = r\n"),
        (
            "",
            put("xs-a", comment="for a", region="r"),
            "# xswitch: for a\n[profile xs-a]\nregion = r\n",
        ),
        (
            "",
            put("xs-a", comment="xswitch: for a", region=""),
            "# xswitch: for a\n[profile xs-a]\nregion =\n",
        ),
        ("", put("xs-a", file="credentials", region="r"), "[xs-a]\nregion = r\n"),
        ("", put("default", region="r"), "[default]\nregion = r\n"),
        ("\ufeff", put("xs-a", region="r"), "\ufeff[profile xs-a]\nregion = r\n"),
        ("# x", put("xs-a"), "# x\n\n[profile xs-a]\n"),
        ("# x\n", put("xs-a"), "# x\n\n[profile xs-a]\n"),
        ("# x\n\n", put("xs-a"), "# x\n\n\n[profile xs-a]\n"),
        ("# x\n  ", put("xs-a"), "# x\n  \n\n[profile xs-a]\n"),
        ("\r\t\n", put("xs-a"), "\r\t\n\n[profile xs-a]\n"),
        ("# x\r\n", put("xs-a", b="c"), "# x\r\n\r\n[profile xs-a]\r\nb = c\r\n"),
        (
            "[profile a]\r\nx = 1",
            put("xs-a", b="c"),
            "[profile a]\r\nx = 1\r\n\r\n[profile xs-a]\r\nb = c\r\n",
        ),
    ],
)
def test_a_new_profile_is_appended(text: str, edit: SetProfile, new: str) -> None:
    assert edited(text, edit) == new


@pytest.mark.parametrize(
    ("text", "edit", "new"),
    [
        ("[profile a]\nx = 1\n", put("a", x="1"), "[profile a]\nx = 1\n"),
        ("[profile a]\nx=1\ny = 2\n", put("a", x="3"), "[profile a]\nx=3\ny = 2\n"),
        ("[profile a]\nx =   1  \ny = 2\n", put("a", x="3"), "[profile a]\nx =   3\ny = 2\n"),
        ("[profile a]\nx =\ny = 2\n", put("a", x="3"), "[profile a]\nx = 3\ny = 2\n"),
        ("[profile a]\nx=\ny = 2\n", put("a", x="3"), "[profile a]\nx=3\ny = 2\n"),
        ("[profile a]\nx = 1\ny = 2\n", put("a", x=""), "[profile a]\nx = \ny = 2\n"),
        ("[profile a]\r\nx = 1\r\n", put("a", x="3", z="4"), "[profile a]\r\nx = 3\r\nz = 4\r\n"),
        ("[profile a]\nx = 1", put("a", x="3"), "[profile a]\nx = 3"),
        ("[profile a]\nx = 1", put("a", y="3"), "[profile a]\nx = 1\ny = 3\n"),
        ("[profile a]", put("a", y="3"), "[profile a]\ny = 3\n"),
        ("[profile a]\nRegion = 1\n", put("a", region="3"), "[profile a]\nRegion = 3\n"),
        (
            "[profile a]\nx = 1\n\n# b\n[profile b]\n",
            put("a", y="2"),
            "[profile a]\nx = 1\ny = 2\n\n# b\n[profile b]\n",
        ),
        (
            "[profile a]\nx = 1 # why\ny = 2\n",
            put("a", x="3"),
            "[profile a]\n# why\nx = 3\ny = 2\n",
        ),
        ("[profile a]\nx = # why\n", put("a", x="3"), "[profile a]\n# why\nx = 3\n"),
        ("[profile a]\nx = 1 # why\n", put("a", y="3"), "[profile a]\nx = 1 # why\ny = 3\n"),
        (
            "[profile a]\nx = 1\n  2\n# c\n  3\ny = 2\n",
            put("a", x="4"),
            "[profile a]\nx = 4\n# c\ny = 2\n",
        ),
        (
            "[profile a]\ns3 =\n  x = 1\ny = 2\n",
            put("a", x="4"),
            "[profile a]\ns3 =\n  x = 1\ny = 2\nx = 4\n",
        ),
        (
            "[profile a]\nx = 1\n[profile a]\nx = 2\n",
            put("a", x="3"),
            "[profile a]\nx = 1\n[profile a]\nx = 3\n",
        ),
        ("[profile a]\nx = 1\nx = 2\n", put("a", x="3"), "[profile a]\nx = 1\nx = 3\n"),
        (
            "[profile a]\nx = 1\n[profile b]\n[profile a]\n",
            put("a", y="3"),
            "[profile a]\nx = 1\n[profile b]\n[profile a]\ny = 3\n",
        ),
        ("[default]\nx = 1\n", put("default", x="2"), "[default]\nx = 2\n"),
        (
            "[default]\nx = 1\n[profile default]\nx = 1\n",
            put("default", x="2"),
            "[default]\nx = 1\n[profile default]\nx = 2\n",
        ),
        ("[a]\nx = 1\n", put("a", file="credentials", x="2"), "[a]\nx = 2\n"),
    ],
)
def test_the_effective_value_is_replaced(text: str, edit: SetProfile, new: str) -> None:
    assert edited(text, edit) == new


@pytest.mark.parametrize(
    ("text", "edit", "new"),
    [
        (
            "[profile a]\nx = 1\n# c\ny = 2\n\nz = 3\n",
            put("a", exact=True, y="4"),
            "[profile a]\n# c\ny = 4\n\n",
        ),
        ("[profile a]\nx = 1", put("a", exact=True, y="4"), "[profile a]\ny = 4\n"),
        (
            "[profile a]\nx = 1\ns3 =\n  b = c\n[profile b]\n",
            put("a", exact=True),
            "[profile a]\n[profile b]\n",
        ),
        (
            "[profile a]\ny: 1\nb c = d\nrubbish\nx = 1\n  2\n",
            put("a", exact=True, x="1\n2"[:1]),
            "[profile a]\nx = 1\n",
        ),
        ("[profile a]\nx = 1\nx = 2\n", put("a", exact=True, x="2"), "[profile a]\nx = 2\n"),
        (
            "[profile a]\nx = 1\n[profile a]\ny = 2\n",
            put("a", exact=True, x="3"),
            "[profile a]\nx = 3\n[profile a]\n",
        ),
        ("[profile a]\n  # indented\nx = 1\n", put("a", exact=True, x="1"), "[profile a]\nx = 1\n"),
    ],
)
def test_an_exact_profile_has_no_other_properties(text: str, edit: SetProfile, new: str) -> None:
    assert edited(text, edit) == new


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("[profile xs-a]\nx = 1\n", ""),
        ("[profile b]\n\n# xswitch: a\n[profile xs-a]\nx = 1\n", "[profile b]\n"),
        ("[profile b]\n\n# mine\n[profile xs-a]\nx = 1\n", "[profile b]\n\n# mine\n"),
        (
            "[profile b]\n\n# xswitch: a\n[profile xs-a]\nx = 1\n\n# c\n[profile c]\n",
            "[profile b]\n\n# c\n[profile c]\n",
        ),
        (
            "[profile b]\n# xswitch\n[profile xs-a]\nx = 1\nrubbish\n  more\n# c\n[profile c]\n",
            "[profile b]\n# c\n[profile c]\n",
        ),
        ("[profile xs-a]\nx = 1\n[profile b]\n[profile xs-a]\ny = 1\n", "[profile b]\n"),
        ("[profile xs-a]\nx = 1\n[profile xs-a]\ny = 1", ""),
        ("\ufeff[profile xs-a]\nx = 1\n", "\ufeff"),
        ("\ufeff# xswitch\n[profile xs-a]\nx = 1\n", "\ufeff"),
        ("[profile b]\r\n\r\n# xswitch\r\n[profile xs-a]\r\nx = 1\r\n", "[profile b]\r\n"),
        ("[profile b]\nx = 1\n", "[profile b]\nx = 1\n"),
        # SDKs don't read a line with a carriage return before its end as blank, so it's preserved.
        ("[profile b]\n\r\t\n# xswitch\n[profile xs-a]\nx = 1\n", "[profile b]\n\r\t\n"),
    ],
)
def test_a_profile_is_removed_with_only_xswitchs_comment(text: str, new: str) -> None:
    assert edited(text, RemoveProfile("config", "xs-a")) == new


def test_edits_of_the_other_file_are_left_out() -> None:
    assert (
        apply_edits(
            "x", "config", [put("a", file="credentials"), RemoveProfile("credentials", "b")]
        )
        == "x"
    )


def test_several_edits_are_made_one_after_another() -> None:
    text = "[profile a]\nx = 1\n"
    new = edited(text, put("xs-b", y="1"), put("xs-b", z="2"), RemoveProfile("config", "a"))
    assert new == "\n[profile xs-b]\ny = 1\nz = 2\n"


@pytest.mark.parametrize(
    "value",
    [
        "k3y\nb",
        "k3y\rb",
        "k3y\0b",
        "k3y\n[profile evil]\nx = 1",
        " k3y",
        "k3y ",
        "k3y #b",
        "k3y\t;b",
        "#k3y",
        "; k3y",
        "\x1b[0mk3y",
        "\u00a0k3y",
        "k3y\x85",
        "k3y\udc80",
    ],
)
def test_an_ambiguous_value_is_rejected(value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        apply_edits(
            "[profile a]\n", "config", [SetProfile("config", "a", {"aws_secret_access_key": value})]
        )
    assert refused.value.code == "unsafe_value"
    assert "k3y" not in f"{refused.value} {refused.value.next_step}"


@pytest.mark.parametrize("key", ["", "A", "a b", "a=b", "a:b", "a\nb", "[a]", "#a", "ä"])
def test_an_ambiguous_key_is_rejected(key: str) -> None:
    with pytest.raises(ConfigError):
        apply_edits("", "config", [SetProfile("config", "a", {key: "x"})])


@pytest.mark.parametrize("name", ["", "a b", "a]", "a]\n[b", "a\n", "a'b", "ä", "a#b", "a;b"])
@pytest.mark.parametrize("file", ["config", "credentials"])
def test_an_illegal_name_is_rejected(name: str, file: FileKind) -> None:
    for edit in (SetProfile(file, name, {}), RemoveProfile(file, name)):
        with pytest.raises(ConfigError) as refused:
            apply_edits("", file, [edit])
        assert refused.value.code == "illegal_profile_name"


def test_default_section_keys_are_never_written() -> None:
    with pytest.raises(ConfigError):
        apply_edits("", "credentials", [SetProfile("credentials", "DEFAULT", {"a": "b"})])
    assert edited("", put("DEFAULT", a="b")) == "[profile DEFAULT]\na = b\n"


@pytest.mark.parametrize("comment", ["x\n[profile evil]", "x\udc80"])
def test_a_comment_can_inject_nothing(comment: str) -> None:
    with pytest.raises(ConfigError) as refused:
        apply_edits("", "config", [SetProfile("config", "a", {}, comment)])
    assert refused.value.code == "unsafe_comment"


@pytest.mark.parametrize(
    ("text", "edit", "why"),
    [
        ("[profile a]\nx: 1\n", put("a", x="2"), "AWS CLI would reject"),
        ("[profile 'a']\nx = 1\n", RemoveProfile("config", "a"), "still see"),
        ("[profile a]\n[profile 'a']\nx = 1\n", put("a", y="2"), "misread profile a"),
        # The AWS CLI reads an indented header if no setting precedes it. The keys of [DEFAULT] go
        # to all sections.
        (
            "[profile a]\n [DEFAULT]\nx = 1\n[profile b]\n",
            RemoveProfile("config", "a"),
            "AWS CLI reads in [b]",
        ),
        ("[profile a\n[profile b]\n", put("c"), None),
        ("[profile  a]\n[profile a]\nx = 1\n", put("a", y="2"), None),
    ],
)
def test_an_edit_that_one_reader_misreads_is_rejected(
    text: str, edit: ProfileEdit, why: str | None
) -> None:
    new = apply_edits(text, "config", [edit])
    if why is None:
        verify(text, new, "config", [edit])
        return
    with pytest.raises(ConfigError) as refused:
        verify(text, new, "config", [edit])
    assert why in refused.value.why


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("[profile a]\nx = 2\n[profile b]\ny = 1\n", "[a]"),
        ("[profile a]\nx = 1\n[profile b]\n", "[b]"),
        ("[profile a]\nx = 1\n[profile b]\ny = 2\n[profile c]\n", "[c]"),
        ("[profile a]\nx = 1\n[profile b]\ny = 2\nrubbish\n", "no_equals"),
        ("[profile a]\nx = 1\n[profile b]\ny = 2\n[foo]\n", "[foo]"),
        ("[profile a]\nx = 1\n[profile b]\ny = 2\n[DEFAULT]\n[DEFAULT]\n", "DEFAULT"),
    ],
)
def test_verify_reports_unintended_changes(new: str, why: str) -> None:
    old = "[profile a]\nx = 1\n[profile b]\ny = 1\n"
    with pytest.raises(ConfigError) as refused:
        verify(old, new, "config", [put("b", y="2")])
    assert refused.value.code == "edit_unsafe"
    assert why in refused.value.why


def test_verify_names_at_most_three_sections() -> None:
    old = "".join(f"[profile p{n}]\n" for n in range(9))
    with pytest.raises(ConfigError, match="and 6 more"):
        verify(old, "", "config", [])


@given(st.data())
@settings(max_examples=150)
def test_many_edits_at_once_are_those_edits_one_after_another(data: st.DataObject) -> None:
    file = data.draw(files)
    text = data.draw(texts(file))
    changes = [edit for _ in range(3) for edit in data.draw(edits(file))]
    one_by_one = text
    for edit in changes:
        one_by_one = apply_edits(one_by_one, file, [edit])
    assert apply_edits(text, file, changes) == one_by_one


@given(st.data())
@settings(max_examples=150)
def test_an_sso_session_is_set_and_its_profiles_are_left(
    botocore: Botocore, data: st.DataObject
) -> None:
    text = data.draw(clean_texts("config"))
    name = data.draw(st.sampled_from(["corp", "default", "a"]))
    values = {"sso_start_url": "https://corp.awsapps.com/start", "sso_region": "eu-west-1"}
    edit = SetProfile("config", name, values, section="sso-session")
    new = apply_edits(text, "config", [edit])
    verify(text, new, "config", [edit])
    before, after = botocore.load(text), botocore.load(new)
    assert before is not None
    assert after is not None
    assert after["sso_sessions"] == {**before["sso_sessions"], name: values}
    assert after["profiles"] == before["profiles"]
    removal = RemoveProfile("config", name, "sso-session")
    again = apply_edits(new, "config", [removal])
    verify(new, again, "config", [removal])
    assert f"[sso-session {name}]" not in again
