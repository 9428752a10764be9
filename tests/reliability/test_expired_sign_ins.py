"""Many callers at the end of a token: one refresh, or one refusal, and never a browser."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from support.aws.identity_center import browser_program, sign_in, write_shared_token
from support.e2e import XSWITCH, Ran
from support.reliability.soak import count, tell
from support.sso.corp import Corp, corp
from support.sso.crowd import forked, started
from xswitch.core.sso.sign_in_record import sign_in_key
from xswitch.wiring import build_services

__all__ = ["corp"]

CALLERS, PROGRAMS = 200, 20
MANAGED = "xs-work-admin"


@pytest.mark.parametrize(
    ("how", "place", "callers"),
    [
        ("managed profile's commands", "vault", count(8, CALLERS)),
        ("forks", "vault", count(24, CALLERS)),
        ("forks without the hot path", "vault", count(24, CALLERS)),
        ("forks without the hot path", "shared cache", count(8, 40)),
        ("programs", "vault", count(3, PROGRAMS)),
    ],
)
@pytest.mark.parametrize("revoked", [False, True], ids=["renewable", "revoked"])
def test_callers_at_the_end_of_a_token_ask_once(
    how: str, place: str, callers: int, revoked: object, corp: Corp
) -> None:
    env = {**corp.home.env, "BROWSER": str(browser_program(corp.home.folder)), "DISPLAY": ":0"}
    sign_in_to(corp, place)
    assert corp.run("switch", "work-admin").code == 0
    if revoked:
        corp.aws.sign_ins.revoke("dana")
    end_all(corp, place)
    before = calls(corp)
    opened = corp.home.folder / "opened"
    opened.unlink(missing_ok=True)
    argv = ("credential-process", MANAGED)
    if how == "programs":
        ran = started([str(XSWITCH), *argv], env, callers)
    elif how == "managed profile's commands":
        ran = started(corp.home.command(MANAGED), env, callers)
    else:
        hot = "without" not in how
        ran = [one.ran for one in forked(argv, env, callers, hot=hot)]
    assert len(ran) == callers
    asked = [now - then for now, then in zip(calls(corp), before, strict=True)]
    faults = [
        f"{one.code}: {one.out[:40]} {one.err}"
        for one in ran
        if not (is_needed(one) if revoked else is_served(one))
    ]
    # Of one refresh and one call for the role's credentials come the same keys for all
    if asked != [1, 0 if revoked else 1]:
        faults.append(f"CreateToken, GetRoleCredentials: {asked}")
    if len({one.out for one in ran}) != 1:
        faults.append("not all got the same")
    if opened.exists():
        faults.append("a browser was started")
    what = "failures with a revoked sign-in" if revoked else "answers after one refresh"
    tell(
        "expired_sign_ins",
        f"{what}, token in the {place}, {how}",
        callers,
        len(faults),
        "; ".join(faults[:3]),
    )


def sign_in_to(corp: Corp, place: str) -> None:
    """Sign in by xswitch, or leave the token file of another program's sign-in."""
    if place == "vault":
        assert corp.run("login", "corp", answer="approve").code == 0
    else:
        write_shared_token(corp.home.folder, "corp", sign_in(corp.aws))


def end_all(corp: Corp, place: str) -> None:
    """Leave the token without a life, as hours later, and no session of a role."""
    services = build_services(corp.home.env)
    storage = services.ports.storage
    for key, entry in storage.index.entries().items():
        if entry.kind != "sso_token":
            storage.vault.delete(key)
    if place == "vault":
        key = sign_in_key(services.actions.sso.labeled("corp"))
        data = json.loads(storage.vault.get(key) or "")
        data["token"]["expiresAt"] = time.time() - 60
        storage.vault.put(key, json.dumps(data))
        return
    [file] = (corp.home.folder / ".aws/sso/cache").iterdir()
    data = json.loads(file.read_text(encoding="utf-8"))
    ended = datetime.now(UTC) - timedelta(minutes=1)
    data["expiresAt"] = ended.strftime("%Y-%m-%dT%H:%M:%SZ")
    file.write_text(json.dumps(data), encoding="utf-8")


def calls(corp: Corp) -> tuple[int, int]:
    """Return how often a token was asked for, and a role's credentials."""
    return corp.aws.count("CreateToken"), corp.aws.count("GetRoleCredentials")


def is_served(ran: Ran) -> bool:
    return ran.code == 0 and json.loads(ran.out)["AccessKeyId"].startswith("ASIA")


def is_needed(ran: Ran) -> bool:
    return (
        ran.code == 6
        and not ran.out
        and "Traceback" not in ran.err
        and ran.err.rstrip().endswith("Next: xswitch login corp")
    )
