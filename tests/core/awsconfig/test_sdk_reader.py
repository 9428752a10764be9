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


def values(found: ConfigView, name: str) -> dict[str, str]:
    return {key: prop.value for key, prop in found.profiles[name].properties.items()}


def codes(found: ConfigView) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.line) for problem in found.problems]


@given(st.data())
@settings(max_examples=300)
def test_every_place_the_cli_reads_otherwise_is_told(
    botocore: Botocore, data: st.DataObject
) -> None:
    file = data.draw(files)
    check_differences(botocore, data.draw(texts(file)), file)


@given(st.data())
def test_a_clean_text_has_no_problem_but_encoding(data: st.DataObject) -> None:
    config, credentials = data.draw(clean_texts("config")), data.draw(clean_texts("credentials"))
    assert {problem.code for problem in view(config, credentials).problems} <= {"not_ascii"}


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_raises(config: str, credentials: str) -> None:
    found = view(config, credentials)
    assert all(problem.line for problem in found.problems)


def test_missing_files_are_empty() -> None:
    assert view() == ConfigView(PATHS, {}, {}, {}, ())


def test_the_credentials_file_wins_key_by_key() -> None:
    found = view(
        "[profile a]\nregion = x\noutput = json\n",
        "[a]\nREGION = y\naws_access_key_id = AKIA\n[b]\nc = d\n",
    )
    assert values(found, "a") == {"region": "y", "output": "json", "aws_access_key_id": "AKIA"}
    region, output = (
        found.profiles["a"].properties["region"],
        found.profiles["a"].properties["output"],
    )
    assert (region.source, region.origin) == ("credentials", Origin(PATHS.credentials, 2))
    assert (output.source, output.origin) == ("config", Origin(PATHS.config, 3))
    assert found.profiles["a"].origin == Origin(PATHS.config, 1)
    assert found.profiles["b"].origin == Origin(PATHS.credentials, 4)
    assert found.profiles["a"].get("region") == "y"
    assert found.profiles["a"].get("nothing") is None
    assert "AKIA" not in repr(view(None, "[a]\naws_access_key_id = AKIA\n").profiles["a"])


# One row of the rules' table each: the text of the config file, what the SDKs read, what is told.
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
        "[services s]\nsts =\n  endpoint_url = u\n[sso-session q]\nsso_region = r\n[plugins]\na = b\n",
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
    found = view(text)
    assert {name: values(found, name) for name in found.profiles} == profiles
    assert codes(found) == problems
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
    found = view(None, text)
    assert {name: values(found, name) for name in found.profiles} == profiles
    assert codes(found) == problems
    check_differences(botocore, text, "credentials")


def test_sessions_and_services_only_count_in_the_config_file() -> None:
    text = "[sso-session q]\nsso_region = r\n[services s]\nsts =\n  endpoint_url = u\n"
    found = view(text, text)
    assert found.sso_sessions["q"].get("sso_region") == "r"
    assert found.services["s"].get("sts") == "\nendpoint_url = u"
    assert view(None, text).sso_sessions == {}


def test_a_profile_only_the_cli_sees_is_marked_and_never_hides_another() -> None:
    found = view(
        '[profile "foo bar"]\nrole_arn = r\n[profile "dev"]\nregion = x\n',
        "[dev]\naws_access_key_id = k\n",
    )
    assert found.profiles["foo bar"].cli_only
    assert found.profiles["foo bar"].properties["role_arn"].origin == Origin(PATHS.config, 2)
    assert not found.profiles["dev"].cli_only
    assert values(found, "dev") == {"aws_access_key_id": "k"}


def test_an_indented_default_section_is_everybodys_to_the_cli(botocore: Botocore) -> None:
    text = "[profile 'foo bar']\nrole_arn = r\n[profile a]\n [DEFAULT]\nregion = x\n[profile b]\n"
    found = view(text)
    assert values(found, "foo bar") == {"role_arn": "r", "region": "x"}
    assert codes(found) == [("cli_only", 1), ("stray_indent", 4), ("cli_only_key", 5)]
    check_differences(botocore, text, "config")


def test_a_profile_only_the_cli_sees_is_listed_though_it_refuses_the_file() -> None:
    found = view('[profile "foo bar"]\nrole_arn = r\n[profile a]\nb = 1\nb = 2\n')
    assert found.profiles["foo bar"].cli_only
    assert values(found, "a") == {"b": "2"}
    assert [code for code, _ in codes(found)] == ["cli_only", "duplicate_key", "cli_refuses"]


def test_no_message_holds_a_value_that_could_be_secret() -> None:
    secret = "wJalrXUtnFEMI"
    text = "".join(
        f"[{name}]\naws_secret_access_key = {secret} # x\nexternal_id = {secret}\n\n  {secret}\n  # {secret}\nb\n{secret}\n= {secret}\n"
        for name in ("a", "profile b", "default")
    )
    found = view(text, text)
    assert found.problems
    assert secret not in repr(found.problems)


def test_a_message_quotes_a_region() -> None:
    (problem,) = view("[profile x]\nregion = eu-west-1 # main\n").problems
    assert 'they read "eu-west-1 # main"' in problem.message
    (problem,) = view("[profile x]\nregion = a\n\n  b\n").problems
    assert problem.message == 'For region the AWS CLI and boto3 read "a\n\nb", the SDKs "a\nb".'
    (problem,) = view(f"[profile x]\nregion = {'y' * 99}\n\n  z\n").problems
    assert len(problem.message) < 300
