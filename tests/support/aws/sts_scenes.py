"""Every command that calls STS.

In what state of things it is run under a fault, what it then ends with, and what it leaves as it
was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

from support.aws.emulator import DEV_SECRET
from support.aws.sts_faults import SOUND_CODE, Fault
from support.aws.sts_homes import Place, Stand
from support.e2e import Ran
from xswitch.core.errors import ExitCode
from xswitch.core.sessions import session_record

TIME_LIMIT = 40.0
"""Seconds.

Two tries of 10 s, or 25 s in all, and the start of a process among thirty others on a machine that
does other things too.
"""
_PATIENCE = 60.0
_VAULT, _INDEX = "runtime/xswitch/", "home/.local/state/xswitch/index.json"
_SECRETS = (DEV_SECRET, "newsecret", "newtoken", "mfasecret", SOUND_CODE, "123456")


class End(NamedTuple):
    """How a command ends: its exit code, and the code of the error it tells, "" for none."""

    exit_code: int
    code: str = ""


DONE = End(ExitCode.DONE)


def by_base(fault: Fault) -> End:
    """The call that fails is signed with the base's own keys."""
    return End(fault.exit_code, fault.code)


def by_session(fault: Fault) -> End:
    """It is signed with a session that was made only just now: the keys are not the user's."""
    return (
        End(ExitCode.DENIED, fault.code)
        if fault.by_keys and not fault.way.wrong
        else by_base(fault)
    )


def by_kept_mfa(fault: Fault) -> End:
    """It is signed with an MFA session out of the vault.

    Where AWS does not take it, another code is needed, and nobody is there.
    """
    return End(ExitCode.MFA_NEEDED, "mfa_needed") if fault.by_keys else by_base(fault)


def by_identity(fault: Fault) -> End:
    """Only the question whose session this is goes wrong."""
    return DONE if fault.alone and fault.code != "wrong_identity" else by_session(fault)


def by_living(fault: Fault) -> End:
    """A switch to a session that lives; only asking whose it is can fail."""
    return DONE if fault.alone or fault.network else by_base(fault)


def by_admin(fault: Fault) -> End:
    """Whose account this is, asked with an administrator's keys."""
    return DONE if fault.alone else by_base(fault)


def by_probe(fault: Fault) -> End:
    """`doctor`: whether anything answers there, and what time it has."""
    if fault.code == "clock_skew" and not fault.alone:
        return End(ExitCode.CONFIG)
    unreached = fault.way.wrong or fault.code in {"timeout", "reset"}
    return End(ExitCode.CONFIG, fault.code) if unreached else DONE


def served(_: Fault) -> End:
    return DONE


What = Literal["everything", "sessions", "files"]


@dataclass(frozen=True)
class Scene:
    """One run: `words` in a copy of the place `at`, and how it ends.

    `keeps` is what must be byte for byte the same afterwards: everything; config, credentials and
    the sessions there were (new ones may have come); config and credentials. `left` is how long
    reader's session still lives, and `answers` that credential_process gives it. `noted` says that
    the history has what came of it.
    """

    words: tuple[str, ...]
    end: Callable[[Fault], End] = by_base
    at: Literal["cold", "warm", "admin"] = "cold"
    keeps: What = "everything"
    left: timedelta | None = None
    answers: bool = False
    renews_behind: bool = False
    noted: bool = True
    fast: bool = False

    @property
    def json(self) -> bool:
        return "--json" in self.words


_SIDES = ("SwitchRole", "--source", "source-admin", "--target", "target-admin", "--user", "Bob")
_SOUND = (
    "SwitchRole",
    "--source",
    "sound-source",
    "--target",
    "sound-target",
    "--user",
    "Bob",
    "--no-mfa",
    "--switch-from",
    "bob",
)
_SOON, _LATER, _OVER = timedelta(minutes=10), timedelta(minutes=20), timedelta(seconds=-5)

SCENES: Mapping[str, Scene] = {
    # No session yet.
    "switch": Scene(("switch", "reader")),
    "switch --json": Scene(("switch", "reader", "--json"), fast=True),
    "switch for a shell": Scene(("switch", "--emit", "bash", "reader")),
    "switch --static": Scene(("switch", "reader", "--static")),
    "switch by account and role": Scene(("switch", "222222222222:Reader", "--source", "dev")),
    "switch with a code": Scene(("switch", "admin", "--mfa-code", "123456"), keeps="sessions"),
    "switch along a chain": Scene(
        ("switch", "deep", "--mfa-code", "123456", "--json"), keeps="sessions"
    ),
    "switch, second hop": Scene(
        ("switch", "deep", "--mfa-code", SOUND_CODE), by_session, keeps="sessions", fast=True
    ),
    "switch, whose session it is": Scene(
        ("switch", "external", "--json"), by_identity, keeps="sessions", noted=False
    ),
    "renew, nothing there": Scene(("renew", "reader")),
    "renew of several --json": Scene(("renew", "reader", "denied", "forbidden", "--json")),
    "explain": Scene(("explain", "reader"), noted=False),
    "explain --json": Scene(("explain", "reader", "--json"), noted=False, fast=True),
    "explain along a chain": Scene(
        ("explain", "deep", "--json", "--mfa-code", SOUND_CODE), noted=False
    ),
    "credential-process": Scene(("credential-process", "reader"), fast=True),
    "renew-background": Scene(("renew-background", "reader")),
    "doctor": Scene(("doctor", "--json"), by_probe, noted=False),
    # Sessions that live, or are about to end.
    "switch to a living session": Scene(
        ("switch", "xs-reader"), by_living, at="warm", keeps="files", noted=False, fast=True
    ),
    "switch to a living session --json": Scene(
        ("switch", "reader", "--json"), by_living, at="warm", keeps="files", noted=False
    ),
    "switch --force": Scene(("switch", "reader", "--force"), at="warm"),
    "switch --static --force": Scene(
        ("switch", "tagged", "--static", "--force", "--json"), at="warm"
    ),
    "renew": Scene(("renew", "xs-reader"), at="warm"),
    "renew of written keys": Scene(("renew", "xs-tagged"), at="warm"),
    "renew of an MFA role": Scene(("renew", "xs-admin"), by_kept_mfa, at="warm", keeps="files"),
    "renew --all --json": Scene(
        ("renew", "--all", "--json"), by_kept_mfa, at="warm", keeps="files", noted=False
    ),
    "explain of a living session": Scene(("explain", "xs-reader"), at="warm", noted=False),
    "credential-process, living": Scene(
        ("credential-process", "xs-reader"), served, "warm", answers=True, noted=False, fast=True
    ),
    "credential-process, renewed behind": Scene(
        ("credential-process", "xs-reader"),
        served,
        "warm",
        left=_LATER,
        answers=True,
        renews_behind=True,
        noted=False,
    ),
    "credential-process, ending": Scene(
        ("credential-process", "xs-reader"),
        served,
        "warm",
        left=_SOON,
        answers=True,
        noted=False,
        fast=True,
    ),
    "credential-process, over": Scene(("credential-process", "xs-reader"), at="warm", left=_OVER),
    "switch to an ending session": Scene(
        ("switch", "xs-reader"), by_living, "warm", "files", left=_SOON, noted=False
    ),
    "switch to one that is over": Scene(("switch", "xs-reader"), at="warm", left=_OVER),
    "renew-background, due": Scene(("renew-background", "xs-reader"), at="warm", left=_LATER),
    # Setting access up.
    "access plan": Scene(("access", "plan", *_SIDES), by_admin, "admin", noted=False),
    "access apply --json": Scene(
        ("access", "apply", *_SIDES, "--yes", "--no-check", "--json"),
        by_admin,
        "admin",
        noted=False,
    ),
    "access check": Scene(
        ("access", "check", *_SIDES, "--no-mfa", "--json"), by_base, "admin", noted=False
    ),
    "access check as the user": Scene(("access", "check", *_SOUND), by_base, "admin", noted=False),
    "access lint": Scene(
        ("access", "lint", "SwitchRole", "--target", "target-admin"), by_admin, "admin", noted=False
    ),
}


@dataclass(frozen=True)
class Played:
    """A run that is over."""

    ran: Ran
    seconds: float
    place: Place
    before: Mapping[str, bytes]
    answer: str


def play(stand: Stand, scene: Scene) -> Played:
    """Run it in a place of its own."""
    place = stand.copy({"cold": stand.cold, "warm": stand.warm, "admin": stand.admin}[scene.at])
    answer = stand.kept
    if scene.left is not None:
        # The copy is another place: one answer out of the vault, and the hot path knows it.
        assert place.run("credential-process", "xs-reader").out == answer
        place.age("reader", scene.left)
        answer = place.answer("reader")
    before = place.picture()
    began = time.monotonic()
    ran = place.run(*scene.words)
    seconds = time.monotonic() - began
    if scene.renews_behind:
        until = time.monotonic() + _PATIENCE
        while place.results()[-1:] != [stand.fault.code] and time.monotonic() < until:
            time.sleep(0.05)
    return Played(ran, seconds, place, before, answer)


def complaints(stand: Stand, name: str, scene: Scene) -> list[str]:
    """What is wrong with what a command did."""
    played, fault, end = play(stand, scene), stand.fault, scene.end(stand.fault)
    ran = played.ran
    wrong = []
    if ran.code != end.exit_code:
        wrong.append(f"exit code {ran.code}, not {int(end.exit_code)}: {ran.err or ran.out}")
    elif scene.answers:
        wrong += _answered(played)
    elif end.code:
        wrong += _told(scene, ran, fault, end)
    if "Traceback" in ran.out + ran.err or "This is a bug" in ran.out + ran.err:
        wrong.append(ran.err)
    if played.seconds > TIME_LIMIT:
        wrong.append(f"it took {played.seconds:.0f} s")
    if end != DONE or scene.answers or scene.at == "warm":
        wrong += [
            f"{path} is not as it was"
            for path in changed(scene.keeps, played.before, played.place.picture())
        ]
    wrong += _history(played, end.code or fault.code, wanted=scene.noted or scene.renews_behind)
    return [f"{name}: {one}" for one in wrong]


def changed(keeps: What, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """The files that had to stay and did not, with those that came and had no business to."""
    if keeps == "files":
        before, after = (
            {path: data for path, data in one.items() if path.startswith("home/.aws/")}
            for one in (before, after)
        )
    if keeps == "sessions":
        came = {path for path in after if path.startswith(_VAULT) and path not in before}
        whole = {
            path
            for path in came
            if session_record.decode(after[path].decode(), path.removeprefix(_VAULT)) is not None
        }
        known = json.loads(after.get(_INDEX, b'{"entries": {}}'))["entries"]
        if all(_VAULT + key in after for key in known):
            whole.add(_INDEX)
        before, after = (
            {path: data for path, data in one.items() if path not in whole}
            for one in (before, after)
        )
    return sorted(path for path in {**before, **after} if before.get(path) != after.get(path))


def _answered(played: Played) -> list[str]:
    if played.ran.out != played.answer or played.ran.err:
        return [f"the living session is not served: {played.ran.out} {played.ran.err}"]
    return []


def _told(scene: Scene, ran: Ran, fault: Fault, end: End) -> list[str]:
    says = fault.says if end.code == fault.code else ""
    if scene.words[0] == "renew-background":
        return [f"it spoke: {ran.out}{ran.err}"] if ran.out + ran.err else []
    if scene.json:
        codes = _codes(scene.words[0], json.loads(ran.out))
        return (
            []
            if codes and all(code in {end.code, fault.code} for code in codes)
            else [f"{codes}, not {end.code}"]
        )
    words = " ".join((ran.out if scene.words[0] == "explain" else ran.err).split())
    if scene.words[0] == "explain":
        return [] if says in words or fault.words in words else [f"{says!r} is not said: {words}"]
    wrong = [] if says in words else [f"{says!r} is not said: {words}"]
    if ran.out:
        wrong.append(f"on stdout: {ran.out}")
    if ran.err.count("xswitch: ") != 1:
        wrong.append(f"not one sentence: {ran.err}")
    if scene.words[0] == "credential-process" and len(ran.err.splitlines()) != 1:
        wrong.append(f"not one line: {ran.err}")
    return wrong


def _codes(command: str, envelope: dict[str, object]) -> list[str]:
    data: object = envelope["data"]
    if command == "renew" and isinstance(data, dict):
        return [one["error"]["code"] if one["error"] else "" for one in data["renewed"]]
    if command == "explain" and isinstance(data, dict):
        return [data["error_code"]]
    if command == "doctor" and isinstance(data, dict):
        return [check["details"]["code"] for check in data["checks"] if check["name"] == "sts"]
    problems: object = envelope["problems"]
    return [problem["code"] for problem in problems] if isinstance(problems, list) else []


def _history(played: Played, code: str, *, wanted: bool) -> list[str]:
    wrong = []
    path = played.place.state / "history.jsonl"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if any(secret in text for secret in _SECRETS):
        wrong.append("a secret is in the history")
    if wanted and played.place.results()[-1:] != [code]:
        wrong.append(f"the history says {played.place.results()[-1:]}, not {code}")
    return wrong
