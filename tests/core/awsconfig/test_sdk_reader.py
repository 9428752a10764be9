from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.config.checks import PATHS, check_differences, files, view
from support.config.texts import Botocore, clean_texts, texts
from xswitch.core.model import ConfigView, Origin


@pytest.fixture(scope="module")
def botocore(tmp_path_factory: pytest.TempPathFactory) -> Botocore:
    return Botocore(tmp_path_factory.mktemp("botocore"))


def values(config_view: ConfigView, name: str) -> dict[str, str]:
    return {key: prop.value for key, prop in config_view.profiles[name].properties.items()}


def codes(config_view: ConfigView) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.line) for problem in config_view.problems]


@given(st.data())
@settings(max_examples=300)
def test_every_difference_from_the_cli_is_reported(botocore: Botocore, data: st.DataObject) -> None:
    file = data.draw(files)
    check_differences(botocore, data.draw(texts(file)), file)


@given(st.data())
def test_a_clean_text_has_no_problem_but_encoding(data: st.DataObject) -> None:
    config, credentials = data.draw(clean_texts("config")), data.draw(clean_texts("credentials"))
    assert {problem.code for problem in view(config, credentials).problems} <= {"not_ascii"}


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_raises(config: str, credentials: str) -> None:
    config_view = view(config, credentials)
    assert all(problem.line for problem in config_view.problems)


def test_missing_files_are_empty() -> None:
    assert view() == ConfigView(PATHS, {}, {}, {}, ())


def test_the_credentials_file_wins_key_by_key() -> None:
    config_view = view(
        "[profile a]\nregion = x\noutput = json\n",
        "[a]\nREGION = y\naws_access_key_id = AKIA\n[b]\nc = d\n",
    )
    assert values(config_view, "a") == {
        "region": "y",
        "output": "json",
        "aws_access_key_id": "AKIA",
    }
    region, output = (
        config_view.profiles["a"].properties["region"],
        config_view.profiles["a"].properties["output"],
    )
    assert (region.source, region.origin) == ("credentials", Origin(PATHS.credentials, 2))
    assert (output.source, output.origin) == ("config", Origin(PATHS.config, 3))
    assert config_view.profiles["a"].origin == Origin(PATHS.config, 1)
    assert config_view.profiles["b"].origin == Origin(PATHS.credentials, 4)
    assert config_view.profiles["a"].get("region") == "y"
    assert config_view.profiles["a"].get("nothing") is None
    assert "AKIA" not in repr(view(None, "[a]\naws_access_key_id = AKIA\n").profiles["a"])


# The text of the config file, the values that SDKs read, and the reported problems.
ROWS = [
    ("[default]\na = 1\n", {"default": {"a": "1"}}, []),
    ("[profile default]\na = 1\n", {"default": {"a": "1"}}, []),
    (
        "[default]\na = 1\n[profile default]\na = 1\nb = 2\n",
        {"default": {"a": "1", "b": "2"}},
        [("default_ignored", 1)],
    ),
    (
        "[profile default]\na = 1\nb = 2\n[default]\na = 1\n",
        {"default": {"a": "1", "b": "2"}},
        [("cli_misses_key", 3), ("default_ignored", 4)],
    ),
    ("[foo]\na = 1\n", {}, [("not_a_profile", 1)]),
    ("[  profile foo  ]\na = 1\n", {"foo": {"a": "1"}}, [("cli_misses", 1)]),
    ("[profile \t foo]\na = 1\n", {"foo": {"a": "1"}}, []),
    ("[profilefoo]\na = 1\n", {}, [("not_a_profile", 1)]),
    ("[profiles y]\na = 1\n", {"y": {"a": "1"}}, [("cli_only", 1)]),
    ("[profile-x y]\na = 1\n", {"y": {"a": "1"}}, [("cli_only", 1)]),
    ("[profile 'foo bar']\na = 1\n", {"foo bar": {"a": "1"}}, [("cli_only", 1)]),
    ('[profile "foo"]\ns3 =\n  a = 1\n', {"foo": {"s3": "\na = 1"}}, [("cli_only", 1)]),
    ("[profile a]\n[profile A]\n", {"a": {}, "A": {}}, []),
    ("[Default]\na = 1\n", {}, [("not_a_profile", 1)]),
    ("[DEFAULT]\na = 1\n[profile x]\nb = 2\n", {"x": {"b": "2"}}, [("default_leaks", 1)]),
    (
        "[profile x]\na = 1\nb = 1\n[profile x]\na = 2\n",
        {"x": {"a": "2", "b": "1"}},
        [("duplicate_section", 4), ("cli_refuses", 4)],
    ),
    ("[profile x]\na = 1\na = 2\n", {"x": {"a": "2"}}, [("duplicate_key", 3), ("cli_refuses", 3)]),
    ("[profile x]\nRegion = 1\n", {"x": {"region": "1"}}, []),
    (
        "[profile x]\nRegion = 1\nregion = 2\n",
        {"x": {"region": "2"}},
        [("duplicate_key", 3), ("cli_refuses", 3)],
    ),
    ("[profile x]\nregion = eu # main\n", {"x": {"region": "eu"}}, [("inline_comment", 2)]),
    ("[profile x]\nregion = eu\t; main\n", {"x": {"region": "eu"}}, [("inline_comment", 2)]),
    ("[profile x]\nregion = eu#main\n", {"x": {"region": "eu#main"}}, []),
    ("[profile x]# a\na = 1\n[profile y] ; b\nb = 1\n", {"x": {"a": "1"}, "y": {"b": "1"}}, []),
    ("[profile x] # [y]\na = 1\n", {"x": {"a": "1"}}, [("cli_misses", 1)]),
    ("[profile x] y\na = 1\n", {"x": {"a": "1"}}, [("text_after_header", 1), ("cli_only", 1)]),
    ("# a\n; b\n[profile x]\n# c\na = 1\n", {"x": {"a": "1"}}, []),
    ("[profile x]\na = 1\n  # b\n", {"x": {"a": "1\n# b"}}, [("indented_comment", 3)]),
    ("[profile x]\ns3 =\n  # b\n  c = d\n", {"x": {"s3": "\nc = d"}}, [("nested_no_equals", 3)]),
    ("[profile x]\na: 1\nb = 1\n", {"x": {"b": "1"}}, [("no_equals", 2)]),
    ("[profile x]\na\n", {"x": {}}, [("no_equals", 2), ("cli_refuses", 2)]),
    ("[profile x]\na =\nb=\n", {"x": {"a": "", "b": ""}}, []),
    ("[profile x]\na = 1\n  2\n\t3\n", {"x": {"a": "1\n2\n3"}}, []),
    ("[profile x]\na = 1\n\n  2\n", {"x": {"a": "1\n2"}}, [("cli_value", 2)]),
    ("[profile x]\ns3 =\n  a = b\n\n  c = d\n", {"x": {"s3": "\na = b\nc = d"}}, []),
    ("a = 1\n[profile x]\n", {"x": {}}, [("property_outside_section", 1), ("cli_refuses", 1)]),
    (
        "[profile x\na = 1\n[profile y]\nb = 1\n",
        {"y": {"b": "1"}},
        [("unclosed_header", 1), ("cli_refuses", 1)],
    ),
    ("\ufeff[profile x]\na = 1\n", {"x": {"a": "1"}}, [("bom", 1), ("cli_refuses", 1)]),
    ("[profile x]\r\na = 1\r\n", {"x": {"a": "1"}}, []),
    ("[profile x]\na = 50%\nb = %(c)s\n", {"x": {"a": "50%", "b": "%(c)s"}}, []),
    ("[profile x]\na = b\u2028c\x0cd\n", {"x": {"a": "b\u2028c\x0cd"}}, [("not_ascii", 2)]),
    (
        "[profile x]\ns3 =\n  a = b\x0cc = d\n",
        {"x": {"s3": "\na = b\x0cc = d"}},
        [("cli_value", 2)],
    ),
    ("[profile x]\na = b\x0c\n", {"x": {"a": "b\x0c"}}, [("cli_value", 2)]),
    ("[profile x]\na = b\rc = d\n", {"x": {"a": "b\rc = d"}}, [("lone_cr", 2)]),
    ("[profile x]\na b = c\n", {"x": {}}, [("illegal_key", 2)]),
    (
        (
            "[services s]\nsts =\n  endpoint_url = u\n"
            "[sso-session q]\nsso_region = r\n[plugins]\na = b\n"
        ),
        {},
        [],
    ),
    ("[sso-session 'a b']\nc = d\n", {}, [("cli_only", 1)]),
    ("[profile a b]\nc = d\n", {}, [("illegal_name", 1)]),
]


@pytest.mark.parametrize(
    ("text", "profiles", "problems"), ROWS, ids=[repr(row[0])[:60] for row in ROWS]
)
def test_a_row_of_the_table(
    botocore: Botocore,
    text: str,
    profiles: dict[str, dict[str, str]],
    problems: list[tuple[str, int | None]],
) -> None:
    config_view = view(text)
    assert {name: values(config_view, name) for name in config_view.profiles} == profiles
    assert codes(config_view) == problems
    check_differences(botocore, text, "config")


CREDENTIALS_ROWS = [
    ("[a]\nb = 1\n", {"a": {"b": "1"}}, []),
    (
        "[profile a]\nb = 1\n",
        {"profile a": {"b": "1"}},
        [("profile_in_credentials", 1), ("cli_only", 1)],
    ),
    (
        "[sso-session a]\nb = 1\n",
        {"sso-session a": {"b": "1"}},
        [("section_in_credentials", 1), ("cli_only", 1)],
    ),
    ("[a b]\nb = 1\n", {"a b": {"b": "1"}}, [("cli_only", 1)]),
    ("['a']\nb = 1\n", {"'a'": {"b": "1"}}, [("cli_only", 1)]),
    ("[ a ]\nb = 1\n", {"a": {"b": "1"}, " a ": {"b": "1"}}, [("cli_misses", 1), ("cli_only", 1)]),
    (
        "[DEFAULT]\nb = 1\n[c]\n",
        {"DEFAULT": {"b": "1"}, "c": {}},
        [("default_leaks", 1), ("cli_misses", 1)],
    ),
    (
        "[a]\naws_secret_access_key = SECRET # x\n",
        {"a": {"aws_secret_access_key": "SECRET"}},
        [("inline_comment", 2)],
    ),
]


@pytest.mark.parametrize(
    ("text", "profiles", "problems"),
    CREDENTIALS_ROWS,
    ids=[repr(row[0])[:60] for row in CREDENTIALS_ROWS],
)
def test_a_row_of_the_table_in_the_credentials_file(
    botocore: Botocore,
    text: str,
    profiles: dict[str, dict[str, str]],
    problems: list[tuple[str, int | None]],
) -> None:
    config_view = view(None, text)
    assert {name: values(config_view, name) for name in config_view.profiles} == profiles
    assert codes(config_view) == problems
    check_differences(botocore, text, "credentials")


def test_sessions_and_services_belong_in_the_config_file() -> None:
    text = "[sso-session q]\nsso_region = r\n[services s]\nsts =\n  endpoint_url = u\n"
    config_view = view(text, text)
    assert config_view.sso_sessions["q"].get("sso_region") == "r"
    assert config_view.services["s"].get("sts") == "\nendpoint_url = u"
    assert view(None, text).sso_sessions == {}


def test_a_profile_only_the_cli_sees_is_marked_and_never_hides_another() -> None:
    config_view = view(
        '[profile "foo bar"]\nrole_arn = r\n[profile "dev"]\nregion = x\n',
        "[dev]\naws_access_key_id = k\n",
    )
    assert config_view.profiles["foo bar"].cli_only
    assert config_view.profiles["foo bar"].properties["role_arn"].origin == Origin(PATHS.config, 2)
    assert not config_view.profiles["dev"].cli_only
    assert values(config_view, "dev") == {"aws_access_key_id": "k"}


def test_an_indented_default_section_leaks_for_the_cli(botocore: Botocore) -> None:
    text = "[profile 'foo bar']\nrole_arn = r\n[profile a]\n [DEFAULT]\nregion = x\n[profile b]\n"
    config_view = view(text)
    assert values(config_view, "foo bar") == {"role_arn": "r", "region": "x"}
    assert codes(config_view) == [("cli_only", 1), ("stray_indent", 4), ("cli_only_key", 5)]
    check_differences(botocore, text, "config")


def test_a_profile_only_the_cli_sees_is_listed_even_if_it_rejects_the_file() -> None:
    config_view = view('[profile "foo bar"]\nrole_arn = r\n[profile a]\nb = 1\nb = 2\n')
    assert config_view.profiles["foo bar"].cli_only
    assert values(config_view, "a") == {"b": "2"}
    assert [code for code, _ in codes(config_view)] == ["cli_only", "duplicate_key", "cli_refuses"]


def test_no_message_contains_a_value_that_could_be_secret() -> None:
    secret = "wJalrXUtnFEMI"
    text = "".join(
        f"[{name}]\naws_secret_access_key = {secret} # x\nexternal_id = {secret}\n\n"
        f"  {secret}\n  # {secret}\nb\n{secret}\n= {secret}\n"
        for name in ("a", "profile b", "default")
    )
    config_view = view(text, text)
    assert config_view.problems
    assert secret not in repr(config_view.problems)


def test_a_message_quotes_a_region() -> None:
    (problem,) = view("[profile x]\nregion = eu-west-1 # main\n").problems
    assert 'they read "eu-west-1 #…"' in problem.message
    (problem,) = view("[profile x]\nregion = a\n\n  b\n").problems
    assert problem.message == (
        "After the first line of region, the AWS CLI and boto3 read other lines than the SDKs."
    )
    (problem,) = view(f"[profile x]\nregion = {'y' * 99}\n\n  z\n").problems
    assert len(problem.message) < 300
