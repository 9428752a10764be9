"""Every command that calls STS: its start under a fault, its expected end, and what it keeps."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

from support.aws.emulator import DEV_SECRET
from support.aws.sts_faults import SOUND_CODE, Fault
from support.aws.sts_homes import FaultHome, FaultySetup
from support.e2e import Ran
from xswitch.core.errors import ExitCode
from xswitch.core.sessions import session_record

TIME_LIMIT = 40.0
"""Two attempts of 10 s, at most 25 s in all, and the start of a process on a busy machine."""
_BACKGROUND_SECONDS = 60.0
_VAULT, _INDEX = "runtime/xswitch/", "home/.local/state/xswitch/index.json"
_SECRETS = (DEV_SECRET, "newsecret", "newtoken", "mfasecret", SOUND_CODE, "123456")


class ExpectedEnd(NamedTuple):
    """The expected exit code, and the code of the reported error, "" for none."""

    exit_code: int
    code: str = ""


DONE = ExpectedEnd(ExitCode.DONE)


def by_base(fault: Fault) -> ExpectedEnd:
    """Expect a failed call that the source credentials signed."""
    return ExpectedEnd(fault.exit_code, fault.code)


def by_session(fault: Fault) -> ExpectedEnd:
    """Expect a failed call that a new session signed, so the user's keys aren't the cause."""
    return (
        ExpectedEnd(ExitCode.DENIED, fault.code)
        if fault.by_keys and not fault.way.wrong
        else by_base(fault)
    )


def by_kept_mfa(fault: Fault) -> ExpectedEnd:
    """Expect a failed call that an MFA session from the vault signed.

    If AWS rejects that session, a code is needed, which takes a terminal.
    """
    return ExpectedEnd(ExitCode.MFA_NEEDED, "mfa_needed") if fault.by_keys else by_base(fault)


def by_identity(fault: Fault) -> ExpectedEnd:
    """Expect a failed GetCallerIdentity."""
    return DONE if fault.alone and fault.code != "wrong_identity" else by_session(fault)


def by_living(fault: Fault) -> ExpectedEnd:
    """Expect a switch to a valid session, where only GetCallerIdentity can fail."""
    return DONE if fault.alone or fault.network else by_base(fault)


def by_admin(fault: Fault) -> ExpectedEnd:
    """Expect a GetCallerIdentity with an administrator's keys."""
    return DONE if fault.alone else by_base(fault)


def by_probe(fault: Fault) -> ExpectedEnd:
    """Expect the probe of `doctor`."""
    if fault.code == "clock_skew" and not fault.alone:
        return ExpectedEnd(ExitCode.CONFIG)
    unreached = fault.way.wrong or fault.code in {"timeout", "reset"}
    return ExpectedEnd(ExitCode.CONFIG, fault.code) if unreached else DONE


def served(_: Fault) -> ExpectedEnd:
    return DONE


What = Literal["everything", "sessions", "files"]


@dataclass(frozen=True)
class FaultCase:
    """One command in a copy of the home `at`, and its expected end."""

    words: tuple[str, ...]
    end: Callable[[Fault], ExpectedEnd] = by_base
    at: Literal["cold", "warm", "admin"] = "cold"
    keeps: What = "everything"
    """The files that must not change: "sessions" are config, credentials and previous sessions."""
    left: timedelta | None = None
    """The remaining lifetime of reader's session."""
    answers: bool = False
    """Whether credential_process returns that session."""
    renews_behind: bool = False
    noted: bool = True
    """Whether the history records the result."""
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

SCENES: Mapping[str, FaultCase] = {
    # Without sessions.
    "switch": FaultCase(("switch", "reader")),
    "switch --json": FaultCase(("switch", "reader", "--json"), fast=True),
    "switch for a shell": FaultCase(("switch", "--emit", "bash", "reader")),
    "switch --static": FaultCase(("switch", "reader", "--static")),
    "switch by account and role": FaultCase(("switch", "222222222222:Reader", "--source", "dev")),
    "switch with a code": FaultCase(("switch", "admin", "--mfa-code", "123456"), keeps="sessions"),
    "switch along a chain": FaultCase(
        ("switch", "deep", "--mfa-code", "123456", "--json"), keeps="sessions"
    ),
    "switch, second hop": FaultCase(
        ("switch", "deep", "--mfa-code", SOUND_CODE), by_session, keeps="sessions", fast=True
    ),
    "switch, whose session it is": FaultCase(
        ("switch", "external", "--json"), by_identity, keeps="sessions", noted=False
    ),
    "renew, nothing there": FaultCase(("renew", "reader")),
    "renew of several --json": FaultCase(("renew", "reader", "denied", "forbidden", "--json")),
    "explain": FaultCase(("explain", "reader"), noted=False),
    "explain --json": FaultCase(("explain", "reader", "--json"), noted=False, fast=True),
    "explain along a chain": FaultCase(
        ("explain", "deep", "--json", "--mfa-code", SOUND_CODE), noted=False
    ),
    "credential-process": FaultCase(("credential-process", "reader"), fast=True),
    "renew-background": FaultCase(("renew-background", "reader")),
    "doctor": FaultCase(("doctor", "--json"), by_probe, noted=False),
    # With sessions that are valid or about to expire.
    "switch to a living session": FaultCase(
        ("switch", "xs-reader"), by_living, at="warm", keeps="files", noted=False, fast=True
    ),
    "switch to a living session --json": FaultCase(
        ("switch", "reader", "--json"), by_living, at="warm", keeps="files", noted=False
    ),
    "switch --force": FaultCase(("switch", "reader", "--force"), at="warm"),
    "switch --static --force": FaultCase(
        ("switch", "tagged", "--static", "--force", "--json"), at="warm"
    ),
    "renew": FaultCase(("renew", "xs-reader"), at="warm"),
    "renew of written keys": FaultCase(("renew", "xs-tagged"), at="warm"),
    "renew of an MFA role": FaultCase(("renew", "xs-admin"), by_kept_mfa, at="warm", keeps="files"),
    "renew --all --json": FaultCase(
        ("renew", "--all", "--json"), by_kept_mfa, at="warm", keeps="files", noted=False
    ),
    "explain of a living session": FaultCase(("explain", "xs-reader"), at="warm", noted=False),
    "credential-process, living": FaultCase(
        ("credential-process", "xs-reader"), served, "warm", answers=True, noted=False, fast=True
    ),
    "credential-process, renewed behind": FaultCase(
        ("credential-process", "xs-reader"),
        served,
        "warm",
        left=_LATER,
        answers=True,
        renews_behind=True,
        noted=False,
    ),
    "credential-process, ending": FaultCase(
        ("credential-process", "xs-reader"),
        served,
        "warm",
        left=_SOON,
        answers=True,
        noted=False,
        fast=True,
    ),
    "credential-process, over": FaultCase(
        ("credential-process", "xs-reader"), at="warm", left=_OVER
    ),
    "switch to an ending session": FaultCase(
        ("switch", "xs-reader"), by_living, "warm", "files", left=_SOON, noted=False
    ),
    "switch to one that is over": FaultCase(("switch", "xs-reader"), at="warm", left=_OVER),
    "renew-background, due": FaultCase(("renew-background", "xs-reader"), at="warm", left=_LATER),
    # Setting up access.
    "access plan": FaultCase(("access", "plan", *_SIDES), by_admin, "admin", noted=False),
    "access apply --json": FaultCase(
        ("access", "apply", *_SIDES, "--yes", "--no-check", "--json"),
        by_admin,
        "admin",
        noted=False,
    ),
    "access check": FaultCase(
        ("access", "check", *_SIDES, "--no-mfa", "--json"), by_base, "admin", noted=False
    ),
    "access check as the user": FaultCase(
        ("access", "check", *_SOUND), by_base, "admin", noted=False
    ),
    "access lint": FaultCase(
        ("access", "lint", "SwitchRole", "--target", "target-admin"), by_admin, "admin", noted=False
    ),
}


@dataclass(frozen=True)
class FinishedRun:
    """A finished run."""

    ran: Ran
    seconds: float
    place: FaultHome
    before: Mapping[str, bytes]
    answer: str


def play(setup: FaultySetup, scene: FaultCase) -> FinishedRun:
    """Run the command in a copy of its home."""
    place = setup.copy({"cold": setup.cold, "warm": setup.warm, "admin": setup.admin}[scene.at])
    answer = setup.kept
    if scene.left is not None:
        # Lets the hot path of the copy write its pointer.
        assert place.run("credential-process", "xs-reader").out == answer
        place.age("reader", scene.left)
        answer = place.answer("reader")
    before = place.snapshot()
    began = time.monotonic()
    ran = place.run(*scene.words)
    seconds = time.monotonic() - began
    if scene.renews_behind:
        until = time.monotonic() + _BACKGROUND_SECONDS
        while place.results()[-1:] != [setup.fault.code] and time.monotonic() < until:
            time.sleep(0.05)
    return FinishedRun(ran, seconds, place, before, answer)


def differences(setup: FaultySetup, name: str, scene: FaultCase) -> list[str]:
    """Return the differences from the expected end."""
    run, fault, end = play(setup, scene), setup.fault, scene.end(setup.fault)
    ran = run.ran
    wrong = []
    if ran.code != end.exit_code:
        wrong.append(f"exit code {ran.code}, not {int(end.exit_code)}: {ran.err or ran.out}")
    elif scene.answers:
        wrong += _answered(run)
    elif end.code:
        wrong += _told(scene, ran, fault, end)
    if "Traceback" in ran.out + ran.err or "This is a bug" in ran.out + ran.err:
        wrong.append(ran.err)
    if run.seconds > TIME_LIMIT:
        wrong.append(f"it took {run.seconds:.0f} s")
    if end != DONE or scene.answers or scene.at == "warm":
        wrong += [
            f"{path} has changed" for path in changed(scene.keeps, run.before, run.place.snapshot())
        ]
    wrong += _history(run, end.code or fault.code, wanted=scene.noted or scene.renews_behind)
    return [f"{name}: {one}" for one in wrong]


def changed(keeps: What, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """Return the files that changed although they must not, including new ones."""
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


def _answered(run: FinishedRun) -> list[str]:
    if run.ran.out != run.answer or run.ran.err:
        return [f"the valid session isn't used: {run.ran.out} {run.ran.err}"]
    return []


def _told(scene: FaultCase, ran: Ran, fault: Fault, end: ExpectedEnd) -> list[str]:
    says = fault.says if end.code == fault.code else ""
    if scene.words[0] == "renew-background":
        return [f"unexpected output: {ran.out}{ran.err}"] if ran.out + ran.err else []
    if scene.json:
        codes = _codes(scene.words[0], json.loads(ran.out))
        return (
            []
            if codes and all(code in {end.code, fault.code} for code in codes)
            else [f"{codes}, not {end.code}"]
        )
    words = " ".join((ran.out if scene.words[0] == "explain" else ran.err).split())
    if scene.words[0] == "explain":
        return [] if says in words or fault.words in words else [f"{says!r} is missing: {words}"]
    wrong = [] if says in words else [f"{says!r} is missing: {words}"]
    if ran.out:
        wrong.append(f"on stdout: {ran.out}")
    if ran.err.count("xswitch: ") != 1:
        wrong.append(f"not one message: {ran.err}")
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


def _history(run: FinishedRun, code: str, *, wanted: bool) -> list[str]:
    wrong = []
    path = run.place.state / "history.jsonl"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if any(secret in text for secret in _SECRETS):
        wrong.append("a secret is in the history")
    if wanted and run.place.results()[-1:] != [code]:
        wrong.append(f"the history says {run.place.results()[-1:]}, not {code}")
    return wrong
