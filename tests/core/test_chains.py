from __future__ import annotations

from typing import Any

import pytest

from support_roles import CONFIG, CREDENTIALS, KEYS, MFA, arn, codes, role, roles, view
from xswitch.core.chains import Chains, Resolved, base_of
from xswitch.core.errors import ChainError
from xswitch.core.model import BaseKind, Chain, ConfigView, Problem, Role

DEV = {"dev": KEYS}


def chain(found: Role) -> Chain:
    assert found.chain is not None, found.problems
    return found.chain


def error(found: Role) -> Problem:
    assert found.chain is None
    first = found.problems[0]
    assert first.severity == "error"
    return first


def test_a_role_on_static_keys() -> None:
    found = chain(roles(view({"admin": role("dev")}, DEV))["admin"])
    assert (found.base.kind, found.base.profile, found.base.temporary) == (BaseKind.STATIC_KEYS, "dev", False)
    assert [hop.role_arn for hop in found.hops] == [arn("Admin")]
    assert "AKIDDEV" in found.base.identity
    assert "secret" not in repr(found)


def test_a_chain_of_three_in_the_order_it_is_assumed() -> None:
    seen = view({"last": role("mid", "Last"), "mid": role("first", "Mid"), "first": role("dev", "First")}, DEV)
    found = chain(roles(seen)["last"])
    assert [(hop.profile, hop.role_arn) for hop in found.hops] == [("first", arn("First")), ("mid", arn("Mid")), ("last", arn("Last"))]
    assert found.target.profile == "last"


def test_everything_of_a_hop_and_where_it_was_written() -> None:
    properties = {
        "external_id": "ext/1",
        "mfa_serial": MFA,
        "duration_seconds": "7200",
        "role_session_name": "me",
        "xswitch_tags": "team=pay, cost=9",
        "xswitch_transitive_tag_keys": "team",
        "xswitch_policy_arns": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "xswitch_policy": '{ "Version": "2012-10-17" }',
        "xswitch_source_identity": "alice",
    }
    hop = chain(roles(view({"admin": role("dev", **properties)}, DEV))["admin"]).target
    assert (hop.external_id, hop.mfa_serial, hop.duration_seconds, hop.session_name) == ("ext/1", MFA, 7200, "me")
    assert hop.tags == (("cost", "9"), ("team", "pay"))
    assert hop.transitive_tag_keys == ("team",)
    assert hop.policy_arns == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    assert hop.policy == '{"Version":"2012-10-17"}'
    assert hop.source_identity == "alice"
    assert {key: place.line for key, place in hop.origins.items()} == {key: line for line, key in enumerate(role("dev", **properties), 2)}


@pytest.mark.parametrize(
    ("properties", "code", "line"),
    [
        ({"role_arn": arn("A")}, "no_source", 2),
        ({"role_arn": arn("A"), "source_profile": "dev", "credential_source": "Environment"}, "both_sources", 4),
        ({"role_arn": arn("A"), "source_profile": "nobody"}, "source_missing", 3),
        ({"role_arn": arn("A"), "source_profile": "Dev"}, "source_missing", 3),
        ({"role_arn": arn("A"), "source_profile": ""}, "source_missing", 3),
        ({"role_arn": arn("A"), "source_profile": "bad"}, "source_self", 3),
        ({"role_arn": arn("A"), "credential_source": "environment"}, "credential_source_invalid", 3),
        ({"role_arn": "", "source_profile": "dev"}, "role_arn_invalid", 2),
        ({"role_arn": "arn:aws:sts::222222222222:assumed-role/A/me", "source_profile": "dev"}, "role_arn_invalid", 2),
    ],
)
def test_a_bad_profile_is_a_row_with_its_error_and_hides_no_other(properties: dict[str, str], code: str, line: int) -> None:
    found = roles(view({"bad": properties, "good": role("dev"), "upon": role("bad")}, DEV))
    problem = error(found["bad"])
    assert (problem.code, problem.file, problem.line, problem.profile) == (code, CONFIG, line, "bad")
    assert '"bad"' in problem.message
    assert found["good"].chain is not None
    assert error(found["upon"]) == problem


def test_static_keys_on_the_selected_profile_lose_against_its_role() -> None:
    found = roles(view({"both": role("dev") | KEYS | {"aws_access_key_id": "AKIDOWN"}}, DEV))["both"]
    assert chain(found).base.profile == "dev"
    assert codes(found) == ["keys_ignored"]
    assert found.problems[0].severity == "info"


def test_static_keys_on_a_later_profile_win_over_its_role() -> None:
    seen = view({"top": role("mid", "Top"), "mid": role("dev", "Mid") | {**KEYS, "aws_access_key_id": "AKIDMID"}}, DEV)
    found = roles(seen)
    assert [hop.profile for hop in chain(found["top"]).hops] == ["top"]
    assert "AKIDMID" in chain(found["top"]).base.identity
    assert codes(found["top"]) == ["source_role_ignored"]
    assert chain(found["mid"]).base.profile == "dev"


def test_a_profile_that_is_its_own_source_uses_its_keys() -> None:
    found = roles(view({"self": role("self") | KEYS}))["self"]
    assert (chain(found).base.profile, len(chain(found).hops)) == ("self", 1)
    assert codes(found) == ["java_self_reference"]


def test_a_loop_is_named_and_an_error_for_all_that_lead_into_it() -> None:
    seen = view({"a": role("b"), "b": role("c"), "c": role("a"), "into": role("b"), "good": role("dev")}, DEV)
    found = roles(seen)
    assert {name: error(found[name]).code for name in ("a", "b", "c", "into")} == dict.fromkeys(("a", "b", "c", "into"), "source_loop")
    assert "a → b → c → a" in error(found["a"]).message
    assert found["good"].chain is not None


def test_a_loop_stays_one_though_the_selected_profile_has_keys() -> None:
    found = roles(view({"a": role("b") | KEYS, "b": role("a")}))
    assert error(found["a"]).code == "source_loop"
    assert chain(found["b"]).base.profile == "a"


def test_a_loop_of_a_thousand_is_told_in_a_line() -> None:
    count = 1000
    found = roles(view({f"p{i}": role(f"p{(i + 1) % count}") for i in range(count)}))
    assert len(error(found["p0"]).message) < 120


def test_depth_is_no_limit() -> None:
    count = 3000
    found = roles(view({f"p{i}": role(f"p{i + 1}" if i + 1 < count else "dev") for i in range(count)}, DEV))
    assert len(chain(found["p0"]).hops) == count
    assert len(chain(found[f"p{count - 1}"]).hops) == 1


def test_each_profile_is_walked_once() -> None:
    class Counting(Chains):
        steps = 0

        def _step(self, node: Any) -> Any:
            Counting.steps += 1
            return super()._step(node)

    count = 500
    seen = view({f"p{i}": role(f"p{i - 1}" if i else "dev") for i in range(count)}, DEV)
    chains = Counting(seen, {})
    assert all(isinstance(chains.of_role(f"p{i}"), Resolved) for i in range(count))
    assert Counting.steps == count + 1


@pytest.mark.parametrize(
    ("source", "kind", "temporary"),
    [
        ("Environment", BaseKind.ENVIRONMENT, False),
        ("Ec2InstanceMetadata", BaseKind.EC2_METADATA, True),
        ("EcsContainer", BaseKind.ECS_CONTAINER, True),
    ],
)
def test_the_three_credential_sources(source: str, kind: BaseKind, *, temporary: bool) -> None:
    seen = view({"r": {"role_arn": arn("A"), "credential_source": source}})
    base = chain(roles(seen, env={"AWS_ACCESS_KEY_ID": "AKIDENV"})["r"]).base
    assert (base.kind, base.profile, base.temporary) == (kind, None, temporary)
    assert base.origin is not None
    assert base.origin.line == 3


def test_keys_in_the_environment_are_told_apart() -> None:
    seen = view({"r": {"role_arn": arn("A"), "credential_source": "Environment"}})

    def base(env: dict[str, str]) -> tuple[str, bool, list[str]]:
        found = roles(seen, env=env)["r"]
        return chain(found).base.identity, chain(found).base.temporary, codes(found)

    assert base({"AWS_ACCESS_KEY_ID": "AKID1"}) != base({"AWS_ACCESS_KEY_ID": "AKID2"})
    assert base({"AWS_ACCESS_KEY_ID": "ASIA1", "AWS_SESSION_TOKEN": "t"})[1]
    assert base({})[2] == ["environment_empty"]


def test_a_managed_profile_as_source_is_temporary_and_starts_a_process() -> None:
    managed = {"credential_process": "/bin/xswitch credential-process xs-hub", "xswitch_role": "hub"}
    found = chain(roles(view({"hub": role("dev"), "xs-hub": managed, "top": role("xs-hub", "Top")}, DEV))["top"])
    assert (found.base.kind, found.base.profile, found.base.temporary) == (BaseKind.CREDENTIAL_PROCESS, "xs-hub", True)
    assert len(found.hops) == 1


@pytest.mark.parametrize("keys", [{}, KEYS])
def test_a_loop_through_a_managed_profile_would_start_processes_without_end(keys: dict[str, str]) -> None:
    managed = {"credential_process": "/bin/xswitch credential-process xs-hub", "xswitch_role": "hub"}
    assert error(roles(view({"hub": role("xs-hub") | keys, "xs-hub": managed}))["hub"]).code == "source_loop"
    kept = {"credential_process": "/x y", "xswitch_role": arn("Ops"), "xswitch_source_profile": "xs-ops"}
    assert error(roles(view({"xs-ops": kept}))["222222222222:Ops"]).code == "source_loop"


def test_a_managed_profile_of_a_broken_role_tells_its_error() -> None:
    managed = {"credential_process": "/bin/xswitch credential-process xs-hub", "xswitch_role": "hub"}
    assert error(roles(view({"hub": role("gone"), "xs-hub": managed, "top": role("xs-hub", "Top")}))["top"]).code == "source_missing"


def base(seen: ConfigView, name: str = "src") -> tuple[BaseKind, bool]:
    found = base_of(seen, name)
    assert found.profile == name
    return found.kind, found.temporary


PROCESS = {"credential_process": "/opt/tool --password hunter2"}
LOGIN = {"login_session": "arn:aws:iam::111111111111:user/me"}
SSO = {"sso_account_id": "222222222222", "sso_role_name": "R", "sso_start_url": "https://x/start", "sso_region": "eu-west-1"}
WEB = {"role_arn": arn("Web"), "web_identity_token_file": "/token"}


@pytest.mark.parametrize(
    ("config", "credentials", "kind"),
    [
        (WEB | SSO | LOGIN | PROCESS | KEYS, KEYS, BaseKind.WEB_IDENTITY),
        (SSO | LOGIN | PROCESS | KEYS, KEYS, BaseKind.SSO),
        (LOGIN | PROCESS | KEYS, KEYS, BaseKind.STATIC_KEYS),
        (LOGIN | PROCESS | KEYS, {}, BaseKind.LOGIN_SESSION),
        (PROCESS | KEYS, {}, BaseKind.CREDENTIAL_PROCESS),
        (KEYS, {}, BaseKind.STATIC_KEYS),
    ],
)
def test_the_order_inside_one_profile(config: dict[str, str], credentials: dict[str, str], kind: BaseKind) -> None:
    assert base(view({"src": config}, {"src": credentials} if credentials else None))[0] is kind


def test_static_keys_with_a_token_are_temporary() -> None:
    assert base(view({"src": KEYS | {"aws_session_token": "t"}})) == (BaseKind.STATIC_KEYS, True)
    assert base(view({"src": KEYS})) == (BaseKind.STATIC_KEYS, False)


def test_a_process_is_known_by_a_digest_and_shown_by_its_name() -> None:
    found = base_of(view({"src": PROCESS, "other": {"credential_process": "/opt/tool --password other"}}), "src")
    assert found.detail == "tool"
    assert "hunter2" not in repr(found)
    assert found.identity != base_of(view({"src": {"credential_process": "/opt/tool"}}), "src").identity
    assert base_of(view({"src": {"credential_process": "/My\\ Tools/tool -x"}}), "src").detail == "tool"
    assert base_of(view({"src": {"credential_process": "PW=hunter2 tool"}}), "src").detail == ""


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"region": "eu-west-1"}, "no_credentials"),
        ({"aws_access_key_id": "AKID"}, "partial_keys"),
        ({"aws_secret_access_key": "s"}, "partial_keys"),
        ({"aws_secret_access_key": "s", "role_arn": arn("A"), "source_profile": "dev"}, "partial_keys"),
        ({"sso_account_id": "222222222222"}, "sso_incomplete"),
        ({"sso_role_name": "R", "sso_start_url": "u", "sso_region": "r"}, "sso_incomplete"),
        (SSO | {"sso_session": "nope"}, "sso_session_missing"),
        (SSO | {"sso_session": "corp"}, "sso_conflict"),
        ({"web_identity_token_file": "/t"}, "web_identity_no_role"),
        ({"role_arn": arn("A"), "web_identity_token_file": ""}, "no_credentials"),
    ],
)
def test_a_source_that_is_none_is_named(properties: dict[str, str], code: str) -> None:
    sessions = {"corp": {"sso_start_url": "https://other/start", "sso_region": "eu-west-1"}}
    found = roles(view({"top": role("src"), "src": properties}, DEV, sso_sessions=sessions))["top"]
    problem = error(found)
    assert (problem.code, problem.profile) == (code, "src")
    assert '"src"' in problem.message


def test_sso_by_session() -> None:
    sessions = {"corp": {"sso_start_url": "https://x/start", "sso_region": "eu-west-1", "sso_registration_scopes": "all"}}
    profile = {"sso_session": "corp", "sso_account_id": "222222222222", "sso_role_name": "R"}
    seen = view({"src": profile, "same": profile | {"sso_region": "eu-west-1"}, "legacy": SSO}, sso_sessions=sessions)
    assert base(seen) == (BaseKind.SSO, True)
    assert base_of(seen, "src").identity == base_of(seen, "same").identity
    assert base_of(seen, "src").identity != base_of(seen, "legacy").identity
    assert base_of(seen, "src").detail == "222222222222/R at corp"


def test_sso_starts_by_account_or_role_and_not_by_session_alone() -> None:
    sessions = {"corp": {"sso_start_url": "https://x/start", "sso_region": "eu-west-1"}}
    assert base(view({"src": {"sso_session": "corp", **PROCESS}}, sso_sessions=sessions))[0] is BaseKind.CREDENTIAL_PROCESS


def test_base_of_refuses_what_is_no_base() -> None:
    seen = view({"src": {}, "admin": role("dev")}, DEV)
    for name in ("src", "admin", "nobody"):
        with pytest.raises(ChainError):
            base_of(seen, name)
    assert base_of(view({"both": role("dev") | KEYS}, DEV), "both").kind is BaseKind.STATIC_KEYS


def test_where_keys_of_the_credentials_file_stand() -> None:
    origin = base_of(view({}, {"x": {}, "dev": KEYS}), "dev").origin
    assert origin is not None
    assert (origin.file, origin.line) == (CREDENTIALS, 3)


@pytest.mark.parametrize(
    ("properties", "code", "severity"),
    [
        ({"credential_process": "/x"}, "go_process_and_source", "warning"),
        ({"sso_account_id": "1"}, "java_sso_before_role", "warning"),
        ({"sso_role_name": "R"}, "java_sso_before_role", "warning"),
        ({"duration_seconds": "an hour"}, "duration_not_number", "warning"),
        ({"duration_seconds": "600"}, "duration_range", "warning"),
        ({"duration_seconds": "43201"}, "duration_range", "warning"),
        ({"role_session_name": "not a name"}, "session_name_invalid", "warning"),
        ({"role_session_name": ""}, "session_name_invalid", "warning"),
        ({"external_id": "x"}, "external_id_invalid", "warning"),
        ({"mfa_serial": ""}, "mfa_serial_invalid", "warning"),
    ],
)
def test_what_is_odd_but_no_error(properties: dict[str, str], code: str, severity: str) -> None:
    found = roles(view({"r": role("dev", **properties)}, DEV))["r"]
    assert found.chain is not None
    assert [(problem.code, problem.severity, problem.line) for problem in found.problems] == [(code, severity, 4)]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"xswitch_tags": "novalue"}, "tags_invalid"),
        ({"xswitch_tags": "a=1,A=2"}, "tags_invalid"),
        ({"xswitch_policy": "{"}, "policy_invalid"),
        ({"xswitch_policy": "[]"}, "policy_invalid"),
        ({"xswitch_policy_arns": "ReadOnlyAccess"}, "policy_arns_invalid"),
        ({"xswitch_source_identity": "x"}, "source_identity_invalid"),
        ({"xswitch_transitive_tag_keys": "team"}, "transitive_tag_keys_invalid"),
    ],
)
def test_a_restriction_that_cant_be_read_is_never_dropped(properties: dict[str, str], code: str) -> None:
    assert error(roles(view({"r": role("dev", **properties)}, DEV))["r"]).code == code


def test_durations_out_of_range_are_brought_into_it() -> None:
    seen = view({"low": role("dev", duration_seconds="1"), "high": role("dev", duration_seconds="99999")}, DEV)
    assert {name: found.duration_seconds for name, found in roles(seen).items()} == {"low": 900, "high": 43200}
