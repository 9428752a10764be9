"""The secrets of sign-ins to Identity Center: nowhere but in the vault, and the cache if asked."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conftest import find_program
from support.aws.identity_center import approve, browser_program
from support.e2e import XSWITCH, Ran
from support.forked import Forks
from support.hostile.canary import Canaries, Watch, report
from support.reliability.soak import SOAK, count
from support.sso.corp import Corp, corp
from support.sso.people import WAYS, Way, sign_in_by
from support.sso.secrets import SignInSecrets
from support.tui.watched import watched
from xswitch.core.sso.sign_in_record import sign_in_key
from xswitch.wiring import build_services

__all__ = ["corp"]

CACHE = ".aws/sso/cache"
AFTERWARDS = (
    ["--debug", "status", "--json"],
    ["--debug", "switch", "reader"],
    ["--debug", "switch", "work-admin", "--json"],
    ["switch", "legacy-admin"],
    ["--debug", "sso", "refresh", "corp", "--json"],
    ["sso", "list", "--json"],
    ["--debug", "sso", "populate", "corp", "--yes", "--cached"],
    ["--debug", "list", "--json"],
    ["--debug", "doctor", "--json"],
    ["config", "--json"],
    ["--debug", "explain", "reader", "--json"],
    ["explain", "work-admin"],
    ["--debug", "renew", "--all", "--json"],
    ["console", "reader"],
    ["history", "--json"],
    ["--debug", "complete", ""],
    ["status"],
    ["config", "undo", "--json"],
)
LIMITED: tuple[list[str], ...] = (["--debug"], ["--json"], [], ["--debug", "--json"])
"""Options of a sign-in, by turns."""
SERVED = "a program"
"""The command whose stdout has the keys of a role."""


def options(number: int) -> tuple[list[str], list[str]]:
    """Return the words before and after the command of a turn."""
    chosen = LIMITED[number % len(LIMITED)]
    return [word for word in chosen if word == "--debug"], [w for w in chosen if w == "--json"]


def let_expire(corp: Corp) -> None:
    """End the life of the tokens in the vault and the cache, and forget the roles' sessions."""
    services = build_services(corp.home.env)
    storage = services.ports.storage
    key = sign_in_key(services.actions.sso.labeled("corp"))
    for other, entry in storage.index.entries().items():
        if entry.kind != "sso_token":
            storage.vault.delete(other)
    data = json.loads(storage.vault.get(key) or "null")
    if data and data["token"]:
        data["token"]["expiresAt"] = time.time() - 60
        storage.vault.put(key, json.dumps(data))
    for file in (corp.home.folder / CACHE).glob("*.json"):
        told = json.loads(file.read_text(encoding="utf-8"))
        told["expiresAt"] = datetime(2026, 1, 1, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        file.write_text(json.dumps(told), encoding="utf-8")


def misplaced(corp: Corp, secrets: SignInSecrets, *, shared: bool) -> list[str]:
    """Return where files have what they mustn't."""
    canaries = Canaries(secrets.all)
    home, runtime = corp.home.folder, corp.home.runtime
    cache = list((home / CACHE).glob("*")) if shared else []
    faults = canaries.in_files(home, [*cache, home / "state.json"])
    vault = [path for path in runtime.rglob("*") if re.fullmatch(r"[0-9a-f]{40}", path.name)]
    faults += canaries.in_files(runtime, vault)
    kinds = secrets.by_kind
    short_lived = Canaries(
        kinds["authorization code"] + kinds["code verifier"] + kinds["device code"]
    )
    for file in (*vault, *cache):
        faults += [f"{file}: {found}" for found in short_lived.in_bytes(file.read_bytes())]
        if stat.S_IMODE(file.stat().st_mode) != 0o600:
            faults.append(f"{file} can be read by others")
    roles = Canaries(kinds["role's key"])
    for file in cache:
        faults += [f"{file}: {found}" for found in roles.in_bytes(file.read_bytes())]
    return faults


@pytest.mark.parametrize("share", ["", "option", "setting"] if SOAK else ["", "option"])
def test_no_sign_in_reveals_a_secret(
    share: str, corp: Corp, warm: Forks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = SignInSecrets.of(corp.aws, monkeypatch)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    corp.home.env["TMPDIR"] = str(temporary)
    if share == "setting":
        settings = corp.home.folder / ".config/xswitch/config.toml"
        settings.write_text('vault = "runtime"\nshare_sso_token = true\n', encoding="utf-8")
    # A sign-in that fails shares nothing
    ways = tuple(way for way in WAYS if way.succeeds or not share)
    ways = ways if SOAK else ways[: 1 if share else 2]
    with Watch(corp.home.folder, Canaries()) as watch:
        ran = signed_in(corp, ways, ("--share",) if share == "option" else ())
    faults = [
        f"{way.name}: {ran[way.name].code} {ran[way.name].err}"
        for way in ways
        if (ran[way.name].code == 0) != way.succeeds or "Traceback" in ran[way.name].err
    ]
    corp.home.warm = warm
    ran |= used(corp)
    faults += misplaced(corp, secrets, shared=bool(share))
    kept = corp.record().token
    assert kept is not None
    assert kept.access_token.reveal() in secrets.by_kind["access token"]
    assert all(secrets.by_kind[kind] for kind in ("authorization code", "code verifier"))
    assert secrets.by_kind["device code"] or len(ways) < 2
    ran |= ended(corp)
    canaries = Canaries(secrets.all)
    of_sign_in = Canaries(
        [one for kind, found in secrets.by_kind.items() if kind != "role's key" for one in found]
    )
    for name, one in ran.items():
        looked_for = of_sign_in if name == SERVED else canaries
        faults += [f"{name}: {found} in {one}" for found in looked_for.in_text(one.out, one.err)]
    faults += watch.seen_late(canaries)
    assert watch.processes > len(ways)
    urls = (corp.home.folder / "opened").read_text(encoding="utf-8").splitlines()
    assert len(urls) >= len([way for way in ways if way.answer])
    assert all("/authorize?" in url and "code_challenge=" in url for url in urls)
    # After the end, nothing is left of it, in the vault and the cache neither
    faults += misplaced(corp, secrets, shared=False)
    faults += of_sign_in.in_files(corp.home.runtime)
    faults += canaries.in_files(tmp_path)
    report("sign-ins to Identity Center, and commands after them", faults, len(ran))


def signed_in(corp: Corp, ways: tuple[Way, ...], more: tuple[str, ...]) -> dict[str, Ran]:
    """Sign in by each way, with other options each time."""
    ran = {}
    for number, way in enumerate(ways):
        before, after = options(number)
        one = replace(way, words=(*way.words, *after, *more))
        ran[way.name] = sign_in_by(corp, one, *before)
    return ran


def used(corp: Corp) -> dict[str, Ran]:
    """Use the sign-in by commands and by a program, and let its token be renewed."""
    afterwards = AFTERWARDS if SOAK else AFTERWARDS[:2]
    ran = {" ".join(words): corp.run(*words) for words in afterwards}
    before = corp.aws.count("CreateToken")
    let_expire(corp)
    ran["renewal"] = corp.run("--debug", "switch", "work-readonly")
    ran[SERVED] = corp.run("--debug", "credential-process", "xs-reader")
    assert (ran["renewal"].code, ran[SERVED].code) == (0, 0), ran["renewal"].err + ran[SERVED].err
    assert corp.aws.count("CreateToken") == before + 1
    return ran


def ended(corp: Corp) -> dict[str, Ran]:
    """End the sign-in at AWS, then here."""
    corp.aws.sign_ins.revoke("dana")
    let_expire(corp)
    ran = {
        "ended": corp.run("--debug", "switch", "work-readonly", "--force"),
        "ended, for a program": corp.run("credential-process", "reader"),
        "logout": corp.run("--debug", "logout", "corp", "--json"),
    }
    assert [one.code for one in ran.values()] == [6, 6, 0], ran
    return ran


@pytest.mark.parametrize("way", [way for way in WAYS if way.name in ("browser", "code")])
def test_no_program_is_started_with_a_secret(
    way: Way, corp: Corp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """strace sees each program, its arguments, and its whole environment, however short it runs."""
    secrets = SignInSecrets.of(corp.aws, monkeypatch)
    log = tmp_path / "started"
    tracing = [find_program("strace"), "-f", "-qq", "-v", "-s", "100000"]
    tracing += ["-e", "trace=execve", "-e", "signal=none", "-o", str(log)]
    env = dict(corp.home.env)
    if way.answer:
        env["BROWSER"] = str(browser_program(corp.home.folder, way.answer))
    with subprocess.Popen(
        [*tracing, str(XSWITCH), "login", "corp", *way.words],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stderr is not None
            if way.act is not None:
                for line in process.stderr:
                    if url := re.search(r"http://\S+user_code=\S+", line):
                        way.act(url[0])
                        break
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, err
    started = log.read_text(encoding="utf-8", errors="replace")
    assert started.count("execve(") >= (2 if way.answer else 1)
    assert ("/authorize?" in started) == bool(way.answer)
    assert corp.record().token is not None
    found = Canaries(secrets.all).in_text(started)
    report("sign-ins whose programs are all looked at", found, 1)


def test_the_screen_reveals_no_secret(
    corp: Corp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = SignInSecrets.of(corp.aws, monkeypatch)
    log = tmp_path / "textual.log"
    env = {
        **corp.home.env,
        "BROWSER": str(browser_program(corp.home.folder)),
        "COLORTERM": "truecolor",
        "TEXTUAL_LOG": str(log),
        "TEXTUAL": "debug",
    }
    faults: list[str] = []
    tried = 0
    for key in (b"s", b"d")[: count(1, 2)]:
        with Watch(corp.home.folder, Canaries()) as watch, watched([str(XSWITCH)], env) as screen:
            screen.until(b"work-readonly")
            screen.read(1.0)
            start = len(screen.written)
            screen.child.send(b"s")
            if key == b"d":
                screen.until(b"authorize", start=start)
                screen.child.send(b"d")
                screen.until(b"user_code", start=start)
                screen.read(0.5)
                text = re.sub(rb"\x1b\[[0-9;:?]*[A-Za-z]", b"", screen.written[start:])
                found = re.search(rb"\b[A-Z]{4}-[A-Z]{4}\b", text)  # the URL takes several lines
                assert found, text[-2000:]
                approve(f"{corp.aws.endpoint}/device?user_code={found[0].decode()}")
            for _ in range(150):
                screen.read(0.2)
                if corp.record().token is not None:
                    break
            screen.read(0.5)
            screen.child.send(b"\x1b[27u")
            screen.child.send(b"\x1b[27u")
            screen.read(0.5)
            tried += 1
        assert corp.record().token is not None
        canaries = Canaries(secrets.all)
        faults += canaries.in_text(screen.written.decode(errors="replace"))
        faults += watch.seen_late(canaries)
        faults += canaries.in_files(tmp_path) + misplaced(corp, secrets, shared=False)
        assert corp.run("logout", "corp").code == 0
    report("sign-ins on the screen", faults, tried)
