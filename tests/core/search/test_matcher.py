from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.roles import KEYS, MFA, arn, role, roles, targets, view
from xswitch.core.model import Role, RoleUsage, Settings, TargetKind, UsageState
from xswitch.core.search.matcher import (
    FIELDS,
    Matcher,
    Matches,
    field_text,
    find_spans,
    fold,
    spans,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONFIG = {
    "payments-prod": role(
        "dev",
        "Admin",
        region="eu-west-1",
        xswitch_note="PCI, be careful",
        xswitch_tags="team=billing,cost=42",
    ),
    "payments-sandbox": role("dev", "ProdAdmin", region="us-east-1"),
    "data": {
        "role_arn": arn("Reader", "444444444444"),
        "source_profile": "dev",
        "xswitch_account_name": "Data Lake",
    },
    "nonprod-x": role("dev", "Ops"),
    "prod": role("dev", "Ops"),
}
ROLES = list(roles(view(CONFIG, {"dev": KEYS})).values())


def names(matches: Matches) -> list[str]:
    return [match.role.name for match in matches]


def search(
    query: str, memory: UsageState | None = None, chosen: Settings | None = None
) -> list[str]:
    return names(Matcher(ROLES, memory, chosen, NOW).filter(query))


def test_a_kind_is_a_word_of_its_own() -> None:
    config = {
        **CONFIG,
        "dev": {"mfa_serial": MFA},
        "plain": {"region": "eu-west-1"},
        "sso": {
            "sso_start_url": "https://a.awsapps.com/start",
            "sso_region": "eu-west-1",
            "sso_account_id": "2" * 12,
            "sso_role_name": "Admin",
        },
        "job": {"credential_process": "/bin/kind:sso"},
    }
    found = list(targets(view(config, {"dev": KEYS, "plain": KEYS})).values())
    wanted = {
        "kind:sso": ["sso"],
        "kind:s": ["sso", "plain"],
        "KIND:SSO admin": ["sso"],
        "admin kind:sso nothing": [],
        "kind:mfa": ["dev"],
        "kind:mfa_session": ["dev"],
        "kind:keys": ["plain"],
        "kind:static_keys": ["plain"],
        "kind:process": ["job"],
        "kind:role": [entry.name for entry in found if entry.kind is TargetKind.ROLE],
        "kind:": [entry.name for entry in found],
        "kind:nothing": [],
    }
    typed = Matcher(found)
    for query, expected in wanted.items():
        assert sorted(names(Matcher(found).filter(query))) == sorted(expected), query
        for end in range(1, len(query) + 1):
            result = typed.filter(query[:end])
        assert sorted(names(result)) == sorted(expected), query
    assert spans(found[0], "kind:role") == {}


def test_words_in_any_order_across_fields() -> None:
    assert search("pay prod adm") == ["payments-prod", "payments-sandbox"]
    assert search("adm PROD pay") == ["payments-prod", "payments-sandbox"]
    assert search("billing eu-west") == ["payments-prod"]
    assert search("pci") == ["payments-prod"]
    assert search("team=billing") == ["payments-prod"]
    assert search("lake reader") == ["data"]
    assert search("4444") == ["data"]
    assert search("role/Reader") == ["data"]
    assert search("pay lake") == []


def test_a_word_never_spans_two_fields() -> None:
    assert search("prodadmin") == ["payments-sandbox"]
    assert search("x222222222222") == []
    assert search("\n") == [entry.name for entry in ROLES]


def test_whole_names_then_starts_of_words_then_other_fields() -> None:
    assert search("prod") == ["prod", "payments-prod", "payments-sandbox", "nonprod-x"]
    assert search("ops") == ["nonprod-x", "prod"]
    assert search("care") == ["payments-prod"]


def test_punctuation_alone_and_inside_words() -> None:
    assert search("-prod") == ["payments-prod"]
    assert search("s-p") == ["payments-prod"]
    assert search("payments prod") == ["payments-prod", "payments-sandbox"]
    assert search("payments_prod") == []


def test_no_query_lists_every_role_in_file_order() -> None:
    assert search("") == search("   ") == [entry.name for entry in ROLES]


def test_pins_first_then_frecency() -> None:
    memory = UsageState(
        uses={
            "data": RoleUsage(3, NOW - timedelta(days=1)),
            "prod": RoleUsage(3, NOW - timedelta(days=60)),
            "gone": RoleUsage(9, NOW),
        },
        pins=frozenset({"nonprod-x", "gone"}),
    )
    assert search("", memory) == ["nonprod-x", "data", "prod", "payments-prod", "payments-sandbox"]
    assert search("", memory, Settings(frecency=False)) == [
        "nonprod-x",
        "payments-prod",
        "payments-sandbox",
        "data",
        "prod",
    ]


def test_match_quality_takes_precedence_over_use() -> None:
    memory = UsageState(
        uses={"payments-sandbox": RoleUsage(50, NOW), "nonprod-x": RoleUsage(50, NOW)},
        pins=frozenset({"nonprod-x"}),
    )
    assert search("prod", memory) == ["prod", "payments-sandbox", "payments-prod", "nonprod-x"]
    assert search("ops", memory) == ["nonprod-x", "prod"]
    assert search("payments", memory) == ["payments-sandbox", "payments-prod"]


def test_extending_and_shortening_a_query_equals_a_new_search() -> None:
    typed = Matcher(ROLES, None, None, NOW)
    for query in (
        "p",
        "pr",
        "pro",
        "prod",
        "prod ",
        "prod a",
        "prod ad",
        "prod a",
        "prod",
        "x",
        "",
        "prod",
        "PROD",
        "prodx",
        "prod",
    ):
        assert names(typed.filter(query)) == search(query), query


def test_rows_are_a_sequence() -> None:
    matches = Matcher(ROLES).filter("prod")
    assert len(matches) == 4
    assert matches[0].role is ROLES[matches[0].index]
    assert names(matches[1:3]) == names(matches)[1:3]
    assert matches[-1].role.name == names(matches)[-1]
    assert "prod" in repr(matches[0])


def test_spans_have_fields_and_positions() -> None:
    matches = Matcher(ROLES).filter("prod adm")
    assert matches[0].spans == {"name": ((9, 13),), "role_name": ((0, 3),), "role_arn": ((31, 34),)}
    assert Matcher(ROLES).spans(0, "team billing") == {"tags": ((8, 12), (13, 20))}
    assert field_text(ROLES[0], "tags") == "cost=42 team=billing"
    assert spans(ROLES[0], "") == {}


def test_preparing_changes_nothing() -> None:
    ready = Matcher(ROLES)
    ready.prepare()
    assert names(ready.filter("prod")) == search("prod")


def reference(candidate: Role, query: str) -> bool:
    return all(
        any(term in fold(field_text(candidate, field)) for field in FIELDS)
        for term in fold(query).split()
    )


@settings(max_examples=200, deadline=None, derandomize=True)
@given(queries=st.lists(st.text(st.sampled_from("prod-adm 24ySß=/:"), max_size=8), max_size=6))
def test_a_role_is_found_exactly_when_every_word_is_in_some_field(queries: list[str]) -> None:
    typed = Matcher(ROLES)
    for query in queries:
        matches = typed.filter(query)
        assert {match.role.name for match in matches} == {
            row.name for row in ROLES if reference(row, query)
        }
        for match in matches:
            for term in fold(query).split():
                assert any(term in fold(field_text(match.role, field)) for field in match.spans)


@pytest.mark.parametrize(
    ("text", "terms", "spans"),
    [
        ("payments-prod", ["prod", "pay"], ((0, 3), (9, 13))),
        ("Payments-PROD", ["prod"], ((9, 13),)),
        ("aaaa", ["aa"], ((0, 4),)),
        ("abcd", ["ab", "bc"], ((0, 3),)),
        ("abcd", ["ab", "cd"], ((0, 4),)),
        ("abc", ["x"], ()),
        ("", ["x"], ()),
        ("abc", [""], ()),
        ("Straße 1", ["strasse"], ((0, 6),)),
        ("Straße 1", ["1"], ((7, 8),)),
        ("Straße", ["s"], ((0, 1), (4, 5))),
        ("İstanbul x", ["x"], ((9, 10),)),
        ("ﬃx", ["f"], ((0, 1),)),
        ("ΟΔΟΣ", ["οδοσ"], ((0, 4),)),
    ],
)
def test_spans_are_positions_in_the_displayed_text(
    text: str, terms: list[str], spans: tuple[tuple[int, int], ...]
) -> None:
    assert find_spans(text, terms) == spans


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    text=st.text(st.sampled_from("abAB ßİﬃéΣς-1")),
    terms=st.lists(
        st.text(st.sampled_from("abßifés-1"), min_size=1, max_size=3).map(fold), max_size=3
    ),
)
def test_spans_are_ascending_and_cover_every_occurrence(text: str, terms: list[str]) -> None:
    spans = find_spans(text, terms)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))
    assert bool(spans) == any(term in fold(text) for term in terms)
    for start, end in spans:
        assert any(term in fold(text[start:end]) or fold(text[start:end]) in term for term in terms)
