"""Starts the demo, or the embedded AWS alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from xswitch.core.errors import NetworkError, SettingsError
from xswitch.demo.home import write_home
from xswitch.demo.inside import advance, current_code, demo_clock, is_demo, notice
from xswitch.demo.process import FOLDER_PREFIX, load_state
from xswitch.demo.shells import shell_command
from xswitch.emulator.clock import ShiftedClock
from xswitch.emulator.server import EmbeddedAws

__all__ = [
    "Demo",
    "advance",
    "current_code",
    "demo_clock",
    "is_demo",
    "notice",
    "serve",
    "shell_command",
    "start",
]

_SHUTDOWN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo: `env` is its whole environment, `banner` three lines that introduce it."""

    env: Mapping[str, str]
    endpoint: str
    home: Path
    banner: str
    _child: subprocess.Popen[str]
    _folders: tuple[Path, ...]

    def close(self) -> None:
        """End the embedded AWS and remove the demo's files; idempotent."""
        if self._child.stdin is not None and not self._child.stdin.closed:
            self._child.stdin.close()
        try:
            self._child.wait(_SHUTDOWN_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def start(environ: Mapping[str, str], command: Sequence[str]) -> Demo:
    """Start the embedded AWS in a child process and write a throw-away HOME for it.

    `environ` is the user's environment, passed on without what leads to their own AWS; `command` is
    the argv that starts this xswitch, an absolute path first. The child ends with this process,
    however that ends, and removes the folders. Raises SettingsError if nothing can be written,
    NetworkError if the child doesn't start.
    """
    try:
        home = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        memory = _memory_folder()
    except OSError as problem:
        raise SettingsError(
            "The demo needs a folder for temporary files.", why=str(problem), code="demo_folder"
        ) from None
    folders = (home, memory) if memory is not None else (home,)
    clock_file = home / "demo" / "clock"
    child = _start_child(clock_file, folders)
    endpoint = child.stdout.readline().strip() if child.stdout is not None else ""
    demo = Demo(
        env={},
        endpoint=endpoint,
        home=home,
        banner=_banner(endpoint),
        _child=child,
        _folders=folders,
    )
    if not endpoint:
        demo.close()
        raise NetworkError(
            "The embedded AWS did not start.",
            why="Its process ended before it listened on 127.0.0.1.",
            code="demo_server",
        )
    try:
        written = write_home(home, endpoint, environ=environ, command=command, memory=memory)
    except OSError as problem:
        demo.close()
        raise SettingsError(
            "The demo's folder can't be written.", why=str(problem), code="demo_folder"
        ) from None
    return Demo(written.env, endpoint, home, demo.banner, child, folders)


def _start_child(clock_file: Path, folders: Sequence[Path]) -> subprocess.Popen[str]:
    # A separate session: Ctrl-C is for the picker or the shell, not for the AWS behind them.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "xswitch.demo.process", str(clock_file), *map(str, folders)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _memory_folder() -> Path | None:
    """A private folder on Linux's shared memory file system, or None."""
    # Checked below to be a memory file system; the name is random and the mode 0700
    shared_memory = Path("/dev/shm")  # noqa: S108
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    kinds = [
        fields[2]
        for fields in map(str.split, mounts.splitlines())
        if len(fields) > 2 and fields[1] == str(shared_memory)  # noqa: PLR2004 -- fstab(5)
    ]
    if not kinds or kinds[-1] not in ("tmpfs", "ramfs") or not os.access(shared_memory, os.W_OK):
        return None
    return Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=shared_memory))


def _banner(endpoint: str) -> str:
    return (
        f"xswitch demo: an embedded AWS answers on {endpoint}, in a throw-away HOME.\nFive made-up"
        " accounts and an organization; nothing of yours is read or written, and all of it is gone"
        " when you leave.\nMFA codes: the dialog shows the current one, and so does: xswitch demo"
        " --code"
    )


def _drop(_line: str) -> None:
    """Say nothing."""


def serve(
    state_file: Path | None = None,
    *,
    port: int = 0,
    announce: Callable[[str], None] | None = None,
    hint: Callable[[str], None] | None = None,
) -> None:
    """Run only the embedded AWS, in the foreground, until interrupted.

    `announce` gets the endpoint once it listens (default: print it), `hint` then a line on how to
    sign in to each instance of Identity Center (default: dropped). Without `state_file`, the
    state is the demo's. Raises SettingsError for an unreadable state, NetworkError if the port
    isn't available.
    """
    world = load_state(state_file)
    try:
        aws = EmbeddedAws(world, clock=ShiftedClock(offset_seconds=world.clock_offset), port=port)
    except OSError as problem:
        raise NetworkError(
            f"Port {port} of 127.0.0.1 can't be had.",
            why=str(problem),
            next_step="xswitch demo --serve",
            code="demo_port",
        ) from None
    try:
        if announce is None:
            sys.stdout.write(f"{aws.endpoint}\n")
            sys.stdout.flush()
        else:
            announce(aws.endpoint)
        for instance in world.identity_centers:
            (hint or _drop)(
                f"sso_start_url = {instance.start_url}, sso_region = {instance.region}; set"
                " AWS_ENDPOINT_URL_SSO and AWS_ENDPOINT_URL_SSO_OIDC, or AWS_ENDPOINT_URL"
            )
        aws.serve()
    except KeyboardInterrupt:
        pass
    finally:
        aws.close()
