"""Faults that strace injects into system calls, and the runs of xswitch that they are put into."""

from __future__ import annotations

import errno
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from support.access.services import state_of, write_home
from support.aws.emulator import aws_server, totp_code
from support.aws.iam import BOB, BOB_TOTP, SOURCE_ADMIN, TARGET_ADMIN, state
from support.e2e import Home, Ran
from support.forked import Forks
from support.surroundings import faults_of
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.model import ConfigPaths

CALLS = (
    *("rename", "renameat", "link", "linkat", "unlink", "unlinkat", "flock", "fcntl", "fsync"),
    *("write", "pwrite64", "openat", "mkdir", "fchmod"),
)
ERRORS = ("EIO", "ENOSPC", "EPERM", "EXDEV", "ENOLCK", "EINTR")
KILL = "SIGKILL"
_MARK = "(INJECTED)"
_TRIES = 5
_WATCH = f"trace={','.join(CALLS)}"
_call = re.compile(r"(\d+) +(\w+)\((.*)").match
_left = re.compile(r"\..*(\.tmp|\.[0-9]+\.[0-9a-f]{8})").fullmatch
_KEYS = {"source-admin": SOURCE_ADMIN, "target-admin": TARGET_ADMIN, "bob": BOB}
_WANTED = (
    *("--source", "source-admin", "--target", "target-admin", "--user", "Bob"),
    *("--policy", "ReadOnlyAccess"),
)


class Fault(NamedTuple):
    """One system call that fails, or at which the process is killed: the `number`th of a thread.

    Of the main thread, unless `in_thread`: then of the first of all that gets so far. A worker that
    lists the AWS services would have every number before a file of xswitch's own.
    """

    call: str
    kind: str
    number: int
    in_thread: bool = False

    def options(self, log: Path) -> list[str]:
        """Return the options of strace, which names the files of the calls in `log`."""
        what = "signal=KILL" if self.kind == KILL else f"error={self.kind}"
        inject = f"inject={self.call}:{what}:when={self.number}"
        threads = ["-f"] if self.in_thread else []
        return [*threads, "-y", "-o", str(log), "-e", f"trace={self.call}", "-e", inject]


def possible(kind: str, call: str) -> bool:
    """Whether a call can fail so, by its manual page, or a network file system's habits."""
    if kind == "EINTR":  # Python retries all of these but close
        return call in ("write", "pwrite64", "openat", "flock", "fsync", "fchmod", "fcntl")
    if kind == "EXDEV":
        return call in ("rename", "renameat", "link", "linkat")
    if kind == "ENOLCK":
        return call in ("flock", "fcntl")
    if kind == "ENOSPC":
        return call not in ("unlink", "unlinkat", "flock", "fcntl", "fchmod")
    return True


def errors_of(kind: str) -> int:
    """Return an error's number."""
    return int(getattr(errno, kind))


@dataclass(frozen=True)
class Scenario:
    """A command, the commands before it, and the check of its effect."""

    before: tuple[tuple[str, ...], ...]
    argv: Callable[[Home], tuple[str, ...]]
    done: Callable[[Home], bool]
    access: bool = False
    """It needs the accounts' administrators."""


def _profile(home: Home) -> bool:
    return "[profile xs-reader]" in home.config.read_text()


def _static(home: Home) -> bool:
    return "[xs-reader-static]" in home.credentials.read_text()


def _always(_: Home) -> bool:
    return True


def _set_up(home: Home) -> bool:
    return state_of(home.endpoint, _KEYS)[0] is not None  # type: ignore[attr-defined]


def _apply(_: Home) -> tuple[str, ...]:
    code = totp_code(BOB_TOTP)
    return ("access", "apply", "SwitchRole", *_WANTED, "--yes", "--mfa-code", code)


def _argv(*words: str) -> Callable[[Home], tuple[str, ...]]:
    return lambda _: words


_SWITCH = ("switch", "reader")
SCENARIOS: dict[str, Scenario] = {
    "switch": Scenario((), _argv(*_SWITCH), _profile),
    "switch --static": Scenario((_SWITCH,), _argv(*_SWITCH, "--static"), _static),
    "renew": Scenario((_SWITCH,), _argv("renew", "reader"), _profile),
    "renew, with static keys": Scenario(
        ((*_SWITCH, "--static"),), _argv("renew", "reader"), _static
    ),
    "forget": Scenario(
        ((*_SWITCH, "--static"),),
        _argv("forget", "reader"),
        lambda home: not _profile(home) and not _static(home),
    ),
    "forget --all": Scenario(
        ((*_SWITCH, "--static"),),
        _argv("forget", "--all", "--yes"),
        lambda home: not _profile(home) and not _static(home),
    ),
    "credential-process": Scenario((), _argv("credential-process", "reader"), _always),
    "config undo": Scenario((_SWITCH,), _argv("config", "undo"), lambda home: not _profile(home)),
    "access apply": Scenario((), _apply, _set_up, access=True),
}


class World:
    """A home that is as it was before each run."""

    def __init__(self, home: Home, warm: Forks, name: str) -> None:
        self.home, self.warm, self.scenario = home, warm, SCENARIOS[name]
        self.kept = home.folder.with_name(f"{home.folder.name}-kept")
        for argv in self.scenario.before:
            ran = warm.run(argv, home.env)
            assert ran.code == 0, ran.err
        shutil.copytree(home.folder, self.kept)
        self.memory = {
            path.relative_to(home.runtime): path.read_bytes()
            for path in home.runtime.rglob("*")
            if path.is_file()
        }
        self.config, self.credentials = home.config.read_text(), home.credentials.read_text()

    def reset(self) -> None:
        shutil.rmtree(self.home.folder)
        shutil.copytree(self.kept, self.home.folder)
        for path in sorted(self.home.runtime.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        for name, content in self.memory.items():
            path = self.home.runtime / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o600)

    def faults(self, log: Path) -> list[Fault]:
        """Trace one run, and return every fault that its calls on its own files can have."""
        self.reset()
        options = ["-f", "-y", "-s", "300", "-o", str(log), "-e", _WATCH]
        with self.server():
            ran = self.warm.run(self.scenario.argv(self.home), self.home.env, strace=options)
        assert ran.code == 0, ran.err
        counts: Counter[tuple[str, str]] = Counter()
        found: dict[tuple[str, int, bool], None] = {}
        main = ""
        for line in log.read_text(errors="replace").splitlines():
            match = _call(line)
            if match is None:
                continue
            thread, call, rest = match.groups()
            main = main or thread
            counts[thread, call] += 1
            created = call != "openat" or "O_CREAT" in rest
            if self._is_own(rest) and created:
                found[call, counts[thread, call], thread != main] = None
        return [
            Fault(call, kind, number, in_thread)
            for call, number, in_thread in found
            for kind in (*ERRORS, KILL)
            if possible(kind, call)
        ]

    @contextmanager
    def server(self) -> Iterator[None]:
        """Run new accounts for a scenario that changes them."""
        if not self.scenario.access:
            yield
            return
        with aws_server(state(), admin=True) as aws:
            write_home(self.home.folder, aws.endpoint, _KEYS)
            self.home.endpoint = aws.endpoint  # type: ignore[attr-defined]
            self.config = self.home.config.read_text()
            self.credentials = self.home.credentials.read_text()
            yield

    def wrong(self, fault: Fault) -> list[str] | None:
        """Run with a fault, and return what must not be; None if it never was in an own call.

        Which call has the number varies between runs: a file that has just changed gets no pointer,
        for example. The run is made again if the fault was in a call on something else.
        """
        for _ in range(_TRIES):
            found = self._wrong_once(fault)
            if found is not None:
                return found
        return None

    def _wrong_once(self, fault: Fault) -> list[str] | None:
        self.reset()
        log = self.kept.with_name("injected.log")
        with self.server():
            options = fault.options(log)
            ran = self.warm.run(self.scenario.argv(self.home), self.home.env, strace=options)
            if self._is_elsewhere(log):
                return None
            killed = ran.code == -9
            if killed != (fault.kind == KILL) and not (fault.kind == KILL and ran.code >= 0):
                return [f"killed by itself: {ran}"]
            found = [] if killed else faults_of(ran)
            if ran.code == 0 and not self.scenario.done(self.home):
                found.append("exit code 0, and not done")
            found += self._lost() + self._leaked(ran)
            then = self.warm.run(
                ("pin", "reader" if not self.scenario.access else "bob"), self.home.env
            )
            if not self.scenario.access and then.code:
                found.append(f"the next change: {then.err}")
            found += self._left_behind() if then.code == 0 else []
            if not self.scenario.access:
                again = self.warm.run(_SWITCH, self.home.env)
                found += [f"the next switch: {again.err}"] if again.code else []
                found += self._left_behind()
        return [f"{fault}: {one}" for one in found]

    def _is_elsewhere(self, log: Path) -> bool:
        """Whether an error was in a call on no own file, such as the write of the answer."""
        injected = [line for line in log.read_text(errors="replace").splitlines() if _MARK in line]
        return bool(injected) and not any(map(self._is_own, injected))

    def _is_own(self, text: str) -> bool:
        return str(self.home.folder) in text or str(self.home.runtime) in text

    def _lost(self) -> list[str]:
        """Whether a byte of the user's is lost, or a file can't be read."""
        home = self.home
        found = []
        config, credentials = home.config.read_text(), home.credentials.read_text()
        theirs = self.config.partition("\n# xswitch")[0].rstrip("\n")
        if not config.startswith(theirs):
            found.append(f"the config has lost something: {config}")
        if not credentials.startswith(self.credentials.partition("\n# xswitch")[0].rstrip("\n")):
            found.append("the credentials file has lost something")
        view = read_view(ConfigPaths("c", "k"), config, credentials)
        found += [f"{one.message}" for one in view.problems if one.severity == "error"]
        return found

    def _leaked(self, ran: Ran) -> list[str]:
        """Whether a session's secret is anywhere but in the vault and the static profile."""
        secrets = set()
        for path in self.home.runtime.rglob("*"):
            if path.is_file():
                for value in re.findall(
                    rb'"(?:SecretAccessKey|SessionToken)": ?"([^"]+)"', path.read_bytes()
                ):
                    secrets.add(value)
        places = [
            path
            for path in self.home.folder.rglob("*")
            if path.is_file() and path.parent != self.home.credentials.parent
        ]
        found = [
            f"a secret in {path}"
            for path in places
            if any(secret in path.read_bytes() for secret in secrets)
        ]
        found += [
            f"{path} can be read by others"
            for path in self.home.credentials.parent.glob(".credentials*")
            if path.stat().st_mode & 0o077
        ]
        if any(secret.decode() in ran.err for secret in secrets):
            found.append("a secret in the message")
        return found

    def _left_behind(self) -> list[str]:
        return [
            f"{path} is left"
            for top in (self.home.folder, self.home.runtime)
            for path in top.rglob(".*")
            if path.is_file() and _left(path.name)
        ]
