from __future__ import annotations

from typing import Any

import pytest

from support.roles import CONFIG, KEYS, arn, codes, role, roles, view
from xswitch.core.model import Chain, CredentialSourceKind, Problem, Role
from xswitch.core.roles.chains import ChainResolver, ResolvedChain

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
    assert (found.base.kind, found.base.profile, found.base.temporary) == (
        CredentialSourceKind.STATIC_KEYS,
        "dev",
        False,
    )
    assert [hop.role_arn for hop in found.hops] == [arn("Admin")]
    assert "AKIDDEV" in found.base.identity
    assert "secret" not in repr(found)


def test_a_chain_of_three_in_the_order_it_is_assumed() -> None:
    seen = view(
        {"last": role("mid", "Last"), "mid": role("first", "Mid"), "first": role("dev", "First")},
        DEV,
    )
    found = chain(roles(seen)["last"])
    assert [(hop.profile, hop.role_arn) for hop in found.hops] == [
        ("first", arn("First")),
        ("mid", arn("Mid")),
        ("last", arn("Last")),
    ]
    assert found.target.profile == "last"


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
def test_a_bad_profile_is_a_row_with_its_error_and_hides_no_other(
    properties: dict[str, str], code: str, line: int
) -> None:
    found = roles(view({"bad": properties, "good": role("dev"), "upon": role("bad")}, DEV))
    problem = error(found["bad"])
    assert (problem.code, problem.file, problem.line, problem.profile) == (
        code,
        CONFIG,
        line,
        "bad",
    )
    assert '"bad"' in problem.message
    assert found["good"].chain is not None
    assert error(found["upon"]) == problem


def test_static_keys_on_the_selected_profile_lose_against_its_role() -> None:
    found = roles(view({"both": role("dev") | KEYS | {"aws_access_key_id": "AKIDOWN"}}, DEV))[
        "both"
    ]
    assert chain(found).base.profile == "dev"
    assert codes(found) == ["keys_ignored"]
    assert found.problems[0].severity == "info"


def test_static_keys_on_a_later_profile_win_over_its_role() -> None:
    seen = view(
        {
            "top": role("mid", "Top"),
            "mid": role("dev", "Mid") | {**KEYS, "aws_access_key_id": "AKIDMID"},
        },
        DEV,
    )
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
    seen = view(
        {"a": role("b"), "b": role("c"), "c": role("a"), "into": role("b"), "good": role("dev")},
        DEV,
    )
    found = roles(seen)
    assert {name: error(found[name]).code for name in ("a", "b", "c", "into")} == dict.fromkeys(
        ("a", "b", "c", "into"), "source_loop"
    )
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
    found = roles(
        view({f"p{i}": role(f"p{i + 1}" if i + 1 < count else "dev") for i in range(count)}, DEV)
    )
    assert len(chain(found["p0"]).hops) == count
    assert len(chain(found[f"p{count - 1}"]).hops) == 1


def test_each_profile_is_walked_once() -> None:
    class Counting(ChainResolver):
        steps = 0

        def _step(self, node: Any) -> Any:
            Counting.steps += 1
            return super()._step(node)

    count = 500
    seen = view({f"p{i}": role(f"p{i - 1}" if i else "dev") for i in range(count)}, DEV)
    chains = Counting(seen, {})
    assert all(isinstance(chains.resolve_role(f"p{i}"), ResolvedChain) for i in range(count))
    assert Counting.steps == count + 1


def test_a_managed_profile_as_source_is_temporary_and_starts_a_process() -> None:
    managed = {
        "credential_process": "/bin/xswitch credential-process xs-hub",
        "xswitch_role": "hub",
    }
    found = chain(
        roles(view({"hub": role("dev"), "xs-hub": managed, "top": role("xs-hub", "Top")}, DEV))[
            "top"
        ]
    )
    assert (found.base.kind, found.base.profile, found.base.temporary) == (
        CredentialSourceKind.CREDENTIAL_PROCESS,
        "xs-hub",
        True,
    )
    assert len(found.hops) == 1


@pytest.mark.parametrize("keys", [{}, KEYS])
def test_a_loop_through_a_managed_profile_would_start_processes_without_end(
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
    kept = {
        "credential_process": "/x y",
        "xswitch_role": arn("Ops"),
        "xswitch_source_profile": "xs-ops",
    }
    assert error(roles(view({"xs-ops": kept}))["222222222222:Ops"]).code == "source_loop"


def test_a_managed_profile_of_a_broken_role_tells_its_error() -> None:
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
