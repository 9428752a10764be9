from __future__ import annotations

from typing import Any

import pytest

from support.roles import CONFIG, KEYS, arn, chain, codes, error, role, roles, view
from xswitch.core.model import CredentialSourceKind
from xswitch.core.roles.chains import ChainResolver, ResolvedChain

DEV = {"dev": KEYS}


def test_a_role_on_static_keys() -> None:
    resolved = chain(roles(view({"admin": role("dev")}, DEV))["admin"])
    assert (resolved.base.kind, resolved.base.profile, resolved.base.temporary) == (
        CredentialSourceKind.STATIC_KEYS,
        "dev",
        False,
    )
    assert [hop.role_arn for hop in resolved.hops] == [arn("Admin")]
    assert "AKIDDEV" in resolved.base.identity
    assert "secret" not in repr(resolved)


def test_a_chain_of_three_in_the_order_it_is_assumed() -> None:
    config_view = view(
        {"last": role("mid", "Last"), "mid": role("first", "Mid"), "first": role("dev", "First")},
        DEV,
    )
    resolved = chain(roles(config_view)["last"])
    assert [(hop.profile, hop.role_arn) for hop in resolved.hops] == [
        ("first", arn("First")),
        ("mid", arn("Mid")),
        ("last", arn("Last")),
    ]
    assert resolved.target is resolved.hops[-1]


@pytest.mark.parametrize(
    ("properties", "code", "line"),
    [
        ({"role_arn": arn("A")}, "no_source", 2),
        (
            {"role_arn": arn("A"), "source_profile": "dev", "credential_source": "Environment"},
            "both_sources",
            4,
        ),
        ({"role_arn": arn("A"), "source_profile": "nobody"}, "source_missing", 3),
        ({"role_arn": arn("A"), "source_profile": "Dev"}, "source_missing", 3),
        ({"role_arn": arn("A"), "source_profile": ""}, "source_missing", 3),
        ({"role_arn": arn("A"), "source_profile": "bad"}, "source_self", 3),
        (
            {"role_arn": arn("A"), "credential_source": "environment"},
            "credential_source_invalid",
            3,
        ),
        ({"role_arn": "", "source_profile": "dev"}, "role_arn_invalid", 2),
        (
            {"role_arn": "arn:aws:sts::222222222222:assumed-role/A/me", "source_profile": "dev"},
            "role_arn_invalid",
            2,
        ),
    ],
)
def test_an_invalid_profile_is_a_role_with_an_error(
    properties: dict[str, str], code: str, line: int
) -> None:
    resolved = roles(view({"bad": properties, "good": role("dev"), "upon": role("bad")}, DEV))
    problem = error(resolved["bad"])
    assert (problem.code, problem.file, problem.line, problem.profile) == (
        code,
        CONFIG,
        line,
        "bad",
    )
    assert '"bad"' in problem.message
    assert resolved["good"].chain is not None
    assert error(resolved["upon"]) == problem


def test_static_keys_on_the_selected_profile_lose_against_its_role() -> None:
    resolved = roles(view({"both": role("dev") | KEYS | {"aws_access_key_id": "AKIDOWN"}}, DEV))[
        "both"
    ]
    assert chain(resolved).base.profile == "dev"
    assert codes(resolved) == ["keys_ignored"]
    assert resolved.problems[0].severity == "info"


def test_static_keys_on_a_later_profile_win_over_its_role() -> None:
    config_view = view(
        {
            "top": role("mid", "Top"),
            "mid": role("dev", "Mid") | {**KEYS, "aws_access_key_id": "AKIDMID"},
        },
        DEV,
    )
    resolved = roles(config_view)
    assert [hop.profile for hop in chain(resolved["top"]).hops] == ["top"]
    assert "AKIDMID" in chain(resolved["top"]).base.identity
    assert codes(resolved["top"]) == ["source_role_ignored"]
    assert chain(resolved["mid"]).base.profile == "dev"


def test_a_profile_that_is_its_own_source_uses_its_keys() -> None:
    resolved = roles(view({"self": role("self") | KEYS}))["self"]
    assert (chain(resolved).base.profile, len(chain(resolved).hops)) == ("self", 1)
    assert codes(resolved) == ["java_self_reference"]


def test_a_loop_is_an_error_of_every_profile_that_leads_into_it() -> None:
    config_view = view(
        {"a": role("b"), "b": role("c"), "c": role("a"), "into": role("b"), "good": role("dev")},
        DEV,
    )
    resolved = roles(config_view)
    assert {name: error(resolved[name]).code for name in ("a", "b", "c", "into")} == dict.fromkeys(
        ("a", "b", "c", "into"), "source_loop"
    )
    assert "a → b → c → a" in error(resolved["a"]).message
    assert resolved["good"].chain is not None


def test_a_loop_stays_one_though_the_selected_profile_has_keys() -> None:
    resolved = roles(view({"a": role("b") | KEYS, "b": role("a")}))
    assert error(resolved["a"]).code == "source_loop"
    assert chain(resolved["b"]).base.profile == "a"


def test_a_loop_of_a_thousand_is_reported_in_one_line() -> None:
    count = 1000
    resolved = roles(view({f"p{i}": role(f"p{(i + 1) % count}") for i in range(count)}))
    assert len(error(resolved["p0"]).message) < 120


def test_chains_can_be_deep() -> None:
    count = 3000
    resolved = roles(
        view({f"p{i}": role(f"p{i + 1}" if i + 1 < count else "dev") for i in range(count)}, DEV)
    )
    assert len(chain(resolved["p0"]).hops) == count
    assert len(chain(resolved[f"p{count - 1}"]).hops) == 1


def test_each_profile_is_resolved_once() -> None:
    class Counting(ChainResolver):
        steps = 0

        def _step(self, node: Any) -> Any:
            Counting.steps += 1
            return super()._step(node)

    count = 500
    config_view = view({f"p{i}": role(f"p{i - 1}" if i else "dev") for i in range(count)}, DEV)
    chains = Counting(config_view, {})
    assert all(isinstance(chains.resolve_role(f"p{i}"), ResolvedChain) for i in range(count))
    assert Counting.steps <= count + 1


def test_a_managed_profile_as_source_is_temporary_and_starts_a_process() -> None:
    managed = {
        "credential_process": "/bin/xswitch credential-process xs-hub",
        "xswitch_role": "hub",
    }
    resolved = chain(
        roles(view({"hub": role("dev"), "xs-hub": managed, "top": role("xs-hub", "Top")}, DEV))[
            "top"
        ]
    )
    assert (resolved.base.kind, resolved.base.profile, resolved.base.temporary) == (
        CredentialSourceKind.CREDENTIAL_PROCESS,
        "xs-hub",
        True,
    )
    assert len(resolved.hops) == 1


@pytest.mark.parametrize("keys", [{}, KEYS])
def test_a_loop_through_a_managed_profile_is_an_error(
    keys: dict[str, str],
) -> None:
    managed = {
        "credential_process": "/bin/xswitch credential-process xs-hub",
        "xswitch_role": "hub",
    }
    assert (
        error(roles(view({"hub": role("xs-hub") | keys, "xs-hub": managed}))["hub"]).code
        == "source_loop"
    )
    managed = {
        "credential_process": "/x y",
        "xswitch_role": arn("Ops"),
        "xswitch_source_profile": "xs-ops",
    }
    assert error(roles(view({"xs-ops": managed}))["222222222222:Ops"]).code == "source_loop"


def test_a_managed_profile_of_an_invalid_role_has_its_error() -> None:
    managed = {
        "credential_process": "/bin/xswitch credential-process xs-hub",
        "xswitch_role": "hub",
    }
    assert (
        error(
            roles(view({"hub": role("gone"), "xs-hub": managed, "top": role("xs-hub", "Top")}))[
                "top"
            ]
        ).code
        == "source_missing"
    )


def test_static_keys_make_a_role_profile_a_source() -> None:
    resolver = ChainResolver(view({"both": role("dev") | KEYS}, DEV), {})
    resolved = resolver.resolve_source("both")
    assert isinstance(resolved, ResolvedChain)
    assert resolved.chain.base.kind is CredentialSourceKind.STATIC_KEYS
