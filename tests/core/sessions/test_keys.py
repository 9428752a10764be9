from __future__ import annotations

from dataclasses import fields, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.model import AssumeRoleRequest, CredentialSource, CredentialSourceKind, Secret
from xswitch.core.sessions.keys import (
    KEY_LENGTH,
    key_digest,
    mfa_session_key,
    role_session_key,
    source_key,
)

REQUEST = AssumeRoleRequest(role_arn="arn", session_name="me@laptop", duration_seconds=3600)
CHANGED = AssumeRoleRequest(
    "arn2", "you", 900, "ext", "mfa", Secret("123456"), (("a", "b"),), ("a",), ("p",), "{}", "alice"
)
# A configured session name is passed separately, and an MFA code isn't part of a session.
NOT_KEYED = {"session_name", "mfa_code"}


def test_every_field_of_a_request_changes_the_key() -> None:
    for entry in fields(AssumeRoleRequest):
        changed = replace(REQUEST, **{entry.name: getattr(CHANGED, entry.name)})
        same = role_session_key("s", changed, session_name=None) == role_session_key(
            "s", REQUEST, session_name=None
        )
        assert same == (entry.name in NOT_KEYED), entry.name


def test_sources_and_names_change_the_key() -> None:
    keys = [
        role_session_key("s", REQUEST, session_name=None),
        role_session_key("t", REQUEST, session_name=None),
        role_session_key("s", REQUEST, session_name="me"),
    ]
    assert len(set(keys)) == 3


def test_base_and_mfa_keys() -> None:
    base = CredentialSource(CredentialSourceKind.STATIC_KEYS, "dev", "AKID", detail="x")
    one = source_key(base, partition="aws", url=None)
    assert one == source_key(
        replace(base, profile="other", detail="y", temporary=True), partition="aws", url=None
    )
    others = [
        source_key(replace(base, identity="AKID2"), partition="aws", url=None),
        source_key(replace(base, kind=CredentialSourceKind.SSO), partition="aws", url=None),
        source_key(base, partition="aws-cn", url=None),
        source_key(base, partition="aws", url="https://x"),
    ]
    assert len({one, *others}) == 5
    keys = {
        mfa_session_key(one, serial="a", duration_seconds=900),
        mfa_session_key(one, serial="b", duration_seconds=900),
        mfa_session_key(one, serial="a", duration_seconds=901),
    }
    assert len(keys) == 3


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    facts=st.dictionaries(
        st.text(min_size=1), st.text() | st.integers() | st.none() | st.lists(st.text())
    )
)
def test_a_digest_is_40_hex_digits_in_any_order(facts: dict[str, object]) -> None:
    key = key_digest(**facts)
    assert len(key) == KEY_LENGTH == 40
    assert set(key) <= set("0123456789abcdef")
    assert key == key_digest(**dict(reversed(facts.items())))
