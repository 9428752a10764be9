from __future__ import annotations

from xswitch.core.model import CredentialSource, CredentialSourceKind
from xswitch.core.sessions.running_commands import (
    VARIABLE,
    child_environment,
    credential_process_digest,
    mfa_process_digest,
    running_commands,
)

BASE = CredentialSource(CredentialSourceKind.CREDENTIAL_PROCESS, "a", '{"command":"1"}')


def test_a_child_learns_of_all_commands_above_it() -> None:
    environment = child_environment({"A": "b"}, credential_process_digest(BASE), 12)
    environment = child_environment(environment, mfa_process_digest("serial"), 34)
    assert environment["A"] == "b"
    assert list(running_commands(environment)) == [
        (credential_process_digest(BASE), 12),
        (mfa_process_digest("serial"), 34),
    ]


def test_the_list_stays_short() -> None:
    environment: dict[str, str] = {}
    for pid in range(1, 1000):
        environment = child_environment(environment, f"{pid:016d}", pid)
    assert len(list(running_commands(environment))) == 33
    assert len(environment[VARIABLE]) < 1000


def test_rubbish_is_ignored() -> None:
    for text in ("", " ", "x", ":", ":1", "a:", "a:b", "a:-1", "a:\uff11", "a:1:2"):
        assert list(running_commands({VARIABLE: text})) == []
    assert list(running_commands({})) == []


def test_each_purpose_has_its_own_digest() -> None:
    other = CredentialSource(CredentialSourceKind.CREDENTIAL_PROCESS, "b", BASE.identity)
    digests = {credential_process_digest(BASE), credential_process_digest(other)}
    assert len(digests | {mfa_process_digest("a"), mfa_process_digest("b")}) == 4
