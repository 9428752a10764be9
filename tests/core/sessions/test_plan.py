from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.roles import KEYS, MFA, arn, planned, role, roles, view
from xswitch.core.errors import ChainError, UsageError
from xswitch.core.model import Chain, CredentialSourceKind, GuardRule, Role, SessionPlan, Settings
from xswitch.core.profiles.managed import Overrides
from xswitch.core.sessions.plan import mfa_process_for, plan_sessions, with_temporary_source

DEV = {"dev": KEYS}
OTHER = "arn:aws:iam::111111111111:mfa/other"
SSO = {
    "sso_account_id": "222222222222",
    "sso_role_name": "R",
    "sso_start_url": "https://x/start",
    "sso_region": "eu-west-1",
}


def resolve(
    properties: dict[str, str] | None = None, name: str = "r", **config: dict[str, str]
) -> Role:
    return roles(view({**config, "r": role("dev", **(properties or {}))}, DEV))[name]


def serials(made: SessionPlan) -> list[str | None]:
    return [hop.request.mfa_serial for hop in made.hops]


def test_without_mfa_the_base_assumes_the_role() -> None:
    made = planned(resolve())
    assert made.mfa is None
    request = made.hops[0].request
    assert (
        request.role_arn,
        request.session_name,
        request.duration_seconds,
        request.mfa_serial,
    ) == (arn("Admin"), "me@laptop", 3600, None)
    assert made.key == made.hops[-1].key
    assert len(made.key) == 40


def test_one_mfa_session_serves_the_whole_chain() -> None:
    resolved = resolve(
        name="top", hub={**role("r"), "mfa_serial": MFA}, top={**role("hub"), "mfa_serial": MFA}
    )
    made = planned(resolved, Settings(mfa_duration_seconds=7200))
    assert made.mfa is not None
    assert (made.mfa.serial, made.mfa.duration_seconds) == (MFA, 7200)
    assert serials(made) == [None, None, None]


def test_another_serial_later_is_sent_with_its_hop() -> None:
    resolved = resolve(
        {"mfa_serial": MFA},
        "top",
        hub={**role("r"), "mfa_serial": OTHER},
        top={**role("hub"), "mfa_serial": MFA},
    )
    made = planned(resolved)
    assert made.mfa is not None
    assert made.mfa.serial == MFA
    assert serials(made) == [None, OTHER, None]


@pytest.mark.parametrize(("seconds", "asked"), [(1, 900), (43_200, 43_200), (999_999, 129_600)])
def test_the_mfa_session_is_as_long_as_aws_allows(seconds: int, asked: int) -> None:
    made = planned(resolve({"mfa_serial": MFA}), Settings(mfa_duration_seconds=seconds))
    assert made.mfa is not None
    assert made.mfa.duration_seconds == asked


@pytest.mark.parametrize(
    "base",
    [
        SSO,
        {"web_identity_token_file": "/t", "role_arn": arn("W")},
        {"login_session": "x"},
        KEYS | {"aws_session_token": "t"},
    ],
)
def test_a_temporary_base_cant_get_an_mfa_session(base: dict[str, str]) -> None:
    config_view = view(
        {
            "src": base,
            "hub": role("src", mfa_serial=MFA, duration_seconds="7200"),
            "top": role("hub", "Top", mfa_serial=MFA),
        }
    )
    made = planned(roles(config_view)["top"])
    assert made.mfa is None
    assert serials(made) == [MFA, None]
    assert [hop.request.duration_seconds for hop in made.hops] == [3600, 3600]


def test_the_environment_with_a_token_is_temporary() -> None:
    config_view = view(
        {"r": {"role_arn": arn("A"), "credential_source": "Environment", "mfa_serial": MFA}}
    )
    assert planned(roles(config_view, env={"AWS_ACCESS_KEY_ID": "A"})["r"]).mfa is not None
    made = planned(
        roles(config_view, env={"AWS_ACCESS_KEY_ID": "A", "AWS_SESSION_TOKEN": "t"})["r"]
    )
    assert (made.mfa, serials(made)) == (None, [MFA])


def test_a_process_is_assumed_to_provide_long_term_keys() -> None:
    config_view = view(
        {
            "src": {"credential_process": "/x"},
            "hub": role("src", mfa_serial=MFA),
            "top": role("hub", "Top", mfa_serial=OTHER),
        }
    )
    made = planned(roles(config_view)["top"])
    assert made.mfa is not None
    assert serials(made) == [None, OTHER]
    learnt = with_temporary_source(made)
    assert (learnt.mfa, serials(learnt), learnt.base.temporary) == (None, [MFA, OTHER], True)
    assert [hop.key for hop in learnt.hops] == [hop.key for hop in made.hops]


def test_a_process_that_turns_out_temporary_shortens_the_role() -> None:
    config_view = view(
        {"src": {"credential_process": "/x"}, "r": role("src", duration_seconds="7200")}
    )
    made = planned(roles(config_view)["r"])
    assert made.hops[0].request.duration_seconds == 7200
    learnt = with_temporary_source(made).hops[0]
    assert (learnt.request.duration_seconds, learnt.duration_reason) == (
        3600,
        "1 h at most: role chaining after temporary credentials, 7200 s configured",
    )


def test_an_mfa_serial_of_the_command_line_stays_on_the_last_hop_when_the_base_is_temporary() -> (
    None
):
    config_view = view(
        {"src": {"credential_process": "/x"}, "hub": role("src"), "top": role("hub", "Top")}
    )
    made = planned(roles(config_view)["top"], overrides=Overrides(mfa_serial=MFA))
    assert made.mfa is not None
    assert serials(with_temporary_source(made)) == [None, MFA]


def test_session_names() -> None:
    assert (
        planned(resolve({"role_session_name": "cfg"}), Settings(session_name="set"))
        .hops[0]
        .request.session_name
        == "cfg"
    )
    assert planned(resolve(), Settings(session_name="set")).hops[0].request.session_name == "set"
    assert (
        planned(resolve({"role_session_name": "cfg"}), overrides=Overrides(session_name="asked"))
        .hops[0]
        .request.session_name
        == "asked"
    )
    odd = (
        plan_sessions(resolve(), Settings(), user_at_host="jörg müller@höst" + "x" * 80)
        .hops[0]
        .request.session_name
    )
    assert odd.startswith("j-rg-m-ller@h-st")
    assert len(odd) == 64
    assert (
        plan_sessions(resolve(), Settings(), user_at_host="").hops[0].request.session_name
        == "xswitch"
    )


def test_the_default_session_name_is_not_in_the_key() -> None:
    assert (
        plan_sessions(resolve(), Settings(), user_at_host="a@b").key
        == plan_sessions(resolve(), Settings(), user_at_host="c@d").key
    )


def test_overrides_are_for_the_last_hop_only() -> None:
    resolved = resolve(
        {"duration_seconds": "1800"}, "top", top={**role("r", "Top"), "xswitch_tags": "a=1,b=2"}
    )
    asked = Overrides(
        "eu-west-3",
        900,
        "me",
        "ext",
        ("arn:aws:iam::aws:policy/X",),
        '{"a": 1}',
        (("b", "3"), ("c", "4")),
    )
    made = planned(resolved, overrides=asked)
    first, last = (hop.request for hop in made.hops)
    assert (
        first.duration_seconds,
        first.session_name,
        first.external_id,
        first.policy_arns,
        first.tags,
    ) == (
        1800,
        "me@laptop",
        None,
        (),
        (),
    )
    assert (last.duration_seconds, last.session_name, last.external_id) == (900, "me", "ext")
    assert (last.policy_arns, last.policy) == (("arn:aws:iam::aws:policy/X",), '{"a":1}')
    assert last.tags == (("a", "1"), ("b", "3"), ("c", "4"))
    assert made.endpoint.region == "eu-west-3"
    assert made.hops[1].duration_reason == "requested"


def test_more_than_an_hour_on_a_chained_role_is_cut() -> None:
    made = planned(resolve({"mfa_serial": MFA}), overrides=Overrides(duration_seconds=7200))
    hop = made.hops[0]
    assert (hop.request.duration_seconds, hop.duration_reason) == (
        3600,
        "1 h at most: role chaining after the MFA session, 7200 s requested",
    )


def test_a_guard_shortens_the_session_and_sets_its_policy() -> None:
    rules = (
        GuardRule(
            "prod",
            ("*",),
            duration_seconds=1200,
            policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        ),
    )
    config = {"r": role("dev", xswitch_policy='{"own": 1}')}
    resolved = roles(view(config, DEV), Settings(guards=rules))["r"]
    hop = planned(resolved, overrides=Overrides(duration_seconds=7200)).hops[0]
    assert (hop.request.duration_seconds, hop.duration_reason) == (1200, "guard prod")
    assert (hop.request.policy_arns, hop.request.policy) == (
        ("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        None,
    )


def test_a_role_without_a_chain_explains_why() -> None:
    resolved = roles(view({"r": role("gone")}))["r"]
    with pytest.raises(ChainError) as caught:
        planned(resolved)
    assert 'Source profile "gone" of' in caught.value.why
    assert "/home/u/.aws/config:3" in caught.value.why
    with pytest.raises(ChainError):
        planned(resolved._replace(problems=()))


def test_overrides_are_checked() -> None:
    with pytest.raises(UsageError):
        planned(resolve(), overrides=Overrides(duration_seconds=60))


def test_the_precedence_of_mfa_processes() -> None:
    config_view = view(
        {
            "r": role("dev", mfa_serial=MFA),
            "dev": {"mfa_process": "of-dev"},
            "s": role("dev", mfa_serial=MFA, mfa_process="of-s"),
            "t": role("s"),
        },
        DEV,
    )
    resolved = roles(config_view)
    assert [mfa_process_for(config_view, resolved[name]) for name in "rst"] == [
        "of-dev",
        "of-s",
        "of-s",
    ]
    made = plan_sessions(resolved["s"], Settings(), user_at_host="x@y", mfa_process="of-s")
    assert made.mfa is not None
    assert made.mfa.mfa_process == "of-s"
    nothing = view({"r": role("dev"), "bad": role("gone")}, DEV)
    assert [mfa_process_for(nothing, resolved) for resolved in roles(nothing).values()] == [
        None,
        None,
    ]


# -- keys --

CHANGES: dict[str, dict[str, str]] = {
    "role": {"role_arn": arn("Other")},
    "partition": {"role_arn": arn("Admin").replace(":aws:", ":aws-cn:")},
    "external id": {"external_id": "ext"},
    "mfa": {"mfa_serial": MFA},
    "duration": {"duration_seconds": "900"},
    "session name": {"role_session_name": "me"},
    "tags": {"xswitch_tags": "a=b"},
    "tags moved": {"xswitch_tags": "a=c"},
    "transitive": {"xswitch_tags": "a=b", "xswitch_transitive_tag_keys": "a"},
    "policy arns": {"xswitch_policy_arns": "arn:aws:iam::aws:policy/X"},
    "policy": {"xswitch_policy": "{}"},
    "source identity": {"xswitch_source_identity": "alice"},
    "endpoint": {"endpoint_url": "https://sts.example.com"},
    "source": {"source_profile": "other"},
    "kind": {"source_profile": "process"},
    "longer chain": {"source_profile": "hub"},
}
BASES = {"dev": KEYS, "other": KEYS | {"aws_access_key_id": "AKIDOTHER"}}
AROUND = {"process": {"credential_process": "/x"}, "hub": role("dev", "Hub")}


def key_of(
    properties: dict[str, str], overrides: Overrides | None = None, chosen: Settings | None = None
) -> str:
    resolved = roles(view({**AROUND, "r": role("dev") | properties}, BASES), chosen)["r"]
    return planned(resolved, chosen, overrides or Overrides()).key


def test_every_single_change_of_a_role_changes_its_key() -> None:
    keys = {name: key_of(properties) for name, properties in CHANGES.items()} | {
        "nothing": key_of({})
    }
    assert len(set(keys.values())) == len(keys)
    assert all(len(key) == 40 and set(key) <= set("0123456789abcdef") for key in keys.values())


def test_a_change_anywhere_before_changes_the_key() -> None:
    def top(hub: dict[str, str]) -> str:
        return planned(
            roles(view({"hub": role("dev", "Hub") | hub, "top": role("hub", "Top")}, DEV))["top"]
        ).key

    changes: list[dict[str, str]] = [
        {},
        {"external_id": "ext"},
        {"duration_seconds": "900"},
        {"role_session_name": "me"},
        {"xswitch_tags": "a=b"},
    ]
    assert len({top(change) for change in changes}) == len(changes)


@pytest.mark.parametrize(
    "properties",
    [
        {"region": "eu-west-1"},
        {"use_fips_endpoint": "true"},
        {"ca_bundle": "/x"},
        {"output": "json"},
        {"xswitch_note": "x"},
    ],
)
def test_a_change_that_doesnt_affect_the_session_keeps_the_key(properties: dict[str, str]) -> None:
    assert key_of(properties) == key_of({})


def test_equal_configurations_have_the_same_key() -> None:
    assert key_of({"xswitch_tags": "b=2, a=1"}) == key_of({"xswitch_tags": "a=1,b=2"})
    assert key_of({"xswitch_policy": '{ "a" : 1 }'}) == key_of({"xswitch_policy": '{"a":1}'})
    assert key_of({"external_id": "ext"}) == key_of({}, Overrides(external_id="ext"))
    assert key_of({"role_session_name": "me"}) == key_of({}, chosen=Settings(session_name="me"))


def test_the_mfa_session_is_shared_by_all_roles_and_regions() -> None:
    config = {
        "a": role("dev", "A", mfa_serial=MFA, region="eu-west-1", external_id="x"),
        "b": role("dev", "B", mfa_serial=MFA, region="us-west-2", duration_seconds="900"),
        "c": role("a", "C"),
        "same-keys": role("twin", "D", mfa_serial=MFA),
        "other": role("dev", "E", mfa_serial=OTHER),
        "elsewhere": role("dev", "F", mfa_serial=MFA, endpoint_url="https://sts.example.com"),
    }
    made = {
        name: planned(resolved).mfa
        for name, resolved in roles(view(config, DEV | {"twin": KEYS})).items()
    }
    keys = {name: step.key for name, step in made.items() if step is not None}
    assert keys["a"] == keys["b"] == keys["c"] == keys["same-keys"]
    assert len({keys["a"], keys["other"], keys["elsewhere"]}) == 3
    longer = planned(
        roles(view(config, DEV | {"twin": KEYS}))["a"], Settings(mfa_duration_seconds=900)
    ).mfa
    assert longer is not None
    assert longer.key != keys["a"]


WORDS = st.text("abcXYZ019=,.@-", min_size=2, max_size=8)
OVERRIDES = st.builds(
    Overrides,
    region=st.none(),
    duration_seconds=st.none() | st.integers(900, 3600),
    session_name=st.none() | WORDS,
    external_id=st.none() | WORDS,
    policy_arns=st.lists(
        st.sampled_from(["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"]),
        unique=True,
        max_size=2,
    ).map(lambda arns: tuple(sorted(arns))),
    policy=st.none() | st.sampled_from(['{"a":1}', '{"a":2}']),
    tags=st.dictionaries(st.sampled_from("abc"), st.text("xy=1", max_size=3), max_size=2).map(
        lambda tags: tuple(sorted(tags.items()))
    ),
    mfa_serial=st.none() | st.sampled_from([MFA, OTHER]),
)


def effect(overrides: Overrides) -> Overrides:
    return replace(overrides, duration_seconds=overrides.duration_seconds or 3600)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(one_asks=OVERRIDES, other_asks=OVERRIDES)
def test_two_keys_are_equal_exactly_when_the_requests_are(
    one_asks: Overrides, other_asks: Overrides
) -> None:
    resolved = resolve()
    same = planned(resolved, overrides=one_asks).key == planned(resolved, overrides=other_asks).key
    assert same == (effect(one_asks) == effect(other_asks))


def test_the_same_hops_on_another_kind_of_base_are_another_session() -> None:
    resolved = resolve()
    assert resolved.chain is not None
    other = resolved._replace(
        chain=Chain(
            replace(resolved.chain.base, kind=CredentialSourceKind.LOGIN_SESSION),
            resolved.chain.hops,
        ),
    )
    assert planned(resolved).key != planned(other).key
