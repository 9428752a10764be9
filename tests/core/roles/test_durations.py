from __future__ import annotations

import pytest

from xswitch.core.model import CredentialSource, CredentialSourceKind, Guard
from xswitch.core.roles.durations import chaining_reason, effective_duration, is_temporary

KEYS = CredentialSource(CredentialSourceKind.STATIC_KEYS, "dev", "x")
GUARD = Guard("prod", duration_seconds=1200)


@pytest.mark.parametrize(
    ("configured", "override", "guard", "before", "expected"),
    [
        (None, None, None, "", (3600, "default")),
        (7200, None, None, "", (7200, "configured")),
        (7200, 1800, None, "", (1800, "requested")),
        (7200, 43_200, None, "", (43_200, "requested")),
        (7200, None, GUARD, "", (1200, "guard prod")),
        (None, 7200, GUARD, "", (1200, "guard prod")),
        (900, None, GUARD, "", (900, "configured")),
        (7200, None, Guard("only color"), "", (7200, "configured")),
        (None, None, None, "another role", (3600, "1 h: role chaining after another role")),
        (3600, None, None, "another role", (3600, "configured")),
        (900, None, None, "another role", (900, "configured")),
        (
            7200,
            None,
            None,
            "another role",
            (3600, "1 h at most: role chaining after another role, 7200 s configured"),
        ),
        (
            None,
            7200,
            None,
            "another role",
            (3600, "1 h at most: role chaining after another role, 7200 s requested"),
        ),
        (
            7200,
            None,
            Guard("g", duration_seconds=5400),
            "x",
            (3600, "1 h at most: role chaining after x, 5400 s guard g"),
        ),
    ],
)
def test_the_effective_duration(
    configured: int | None,
    override: int | None,
    guard: Guard | None,
    before: str,
    expected: tuple[int, str],
) -> None:
    assert effective_duration(configured, override, guard, before) == expected


def test_the_reason_for_role_chaining() -> None:
    assert chaining_reason(KEYS, first_hop=True, mfa=False) == ""
    assert chaining_reason(KEYS, first_hop=True, mfa=True) == "the MFA session"
    assert chaining_reason(KEYS, first_hop=False, mfa=True) == "another role"
    assert (
        chaining_reason(
            CredentialSource(CredentialSourceKind.SSO, "s", "x"), first_hop=True, mfa=False
        )
        == "SSO credentials"
    )
    assert (
        chaining_reason(
            CredentialSource(CredentialSourceKind.STATIC_KEYS, "s", "x", temporary=True),
            first_hop=True,
            mfa=False,
        )
        == "temporary credentials"
    )


@pytest.mark.parametrize("kind", list(CredentialSourceKind))
def test_which_kinds_are_temporary(kind: CredentialSourceKind) -> None:
    long_term = {
        CredentialSourceKind.STATIC_KEYS,
        CredentialSourceKind.ENVIRONMENT,
        CredentialSourceKind.CREDENTIAL_PROCESS,
    }
    assert is_temporary(CredentialSource(kind, None, "x")) is (kind not in long_term)
    assert is_temporary(CredentialSource(kind, None, "x", temporary=True))
