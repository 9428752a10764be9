"""This process and its machine: environment, user, clock, files, and how to start xswitch."""

from __future__ import annotations

import contextlib
import getpass
import os
import stat
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from xswitch.adapters.ownership import foreign
from xswitch.adapters.system.installation import cache_of, installation_folders
from xswitch.core.model import FileInfo
from xswitch.core.sessions.running_commands import running_commands
from xswitch.core.sessions.surroundings import WorkingFolder

MAX_INSPECTED = 10_000
_SCRIPT = "xswitch.exe" if os.name == "nt" else "xswitch"
_LAUNCHER = "credential_process.py"
_VERSIONED_FOLDER = f"python{sys.version_info[0]}.{sys.version_info[1]}"


class ProcessEnvironment:
    """Implements `actions.ports.Environment`; each call reads the current values."""

    def variables(self) -> Mapping[str, str]:
        """Return a copy of the environment."""
        return dict(os.environ)

    def running_commands(self) -> frozenset[str]:
        """Return the digests of the commands above this process that an xswitch waits for."""
        return frozenset(digest for digest, pid in running_commands(os.environ) if _is_running(pid))

    def user_at_host(self) -> str:
        """Return `user@host` from local records, without a network lookup."""
        try:
            user = getpass.getuser()
        except (OSError, KeyError, ImportError):  # in many containers the user has no name
            user = f"uid-{os.getuid()}" if hasattr(os, "getuid") else "user"
        return f"{user}@{_host_name() or 'localhost'}"

    def working_folder(self) -> WorkingFolder:
        """Return the working folder."""
        return _ProcessFolder()

    def cache_folder(self) -> str:
        """Return the cache that this xswitch is installed in, "" if it is in none."""
        found = (cache_of(folder, os.environ) for folder in installation_folders())
        return next(filter(None, found), "")

    def command(self) -> tuple[str, ...]:
        """Return the command that starts this xswitch: console script, else `python -P -m xswitch`.

        Symlinks aren't resolved, because only the path inside a virtual environment (also those of
        pipx and `uv tool`) finds the packages.
        """
        for script in _script_candidates():
            if script.is_file() and os.access(script, os.X_OK):
                return (str(script),)
        # -P, because -m alone would take a folder named xswitch where the command is run
        return (str(Path(sys.executable).absolute()), "-P", "-m", "xswitch")

    def credential_process(self) -> tuple[str, ...]:
        """Return the `credential_process` command, without the profile name.

        It starts the launcher if upgrades keep its path, else the console script.
        """
        launcher = (
            _launcher_path(Path(__file__).absolute().parents[3])
            if sys.platform == "linux" and sys.executable
            else None
        )
        if launcher is None:
            return (*self.command(), "credential-process")
        return (_unversioned_interpreter(), "-I", "-S", str(launcher))


class _ProcessFolder:
    """Implements `WorkingFolder` with this process's working folder."""

    def path(self) -> str:
        """Return its path, "" if it's gone."""
        try:
            return os.getcwd()  # noqa: PTH109 -- takes and returns str
        except OSError:
            return ""

    def has(self, path: str, *, folders: bool) -> bool:
        """Whether a file is at `path`; with `folders`, or a folder."""
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116 -- any text
        except (OSError, ValueError):
            return False
        return folders or not stat.S_ISDIR(mode)


class SystemClock:
    """Implements `actions.ports.Clock`."""

    def now(self) -> datetime:
        """Return the current time, timezone-aware, in UTC."""
        return datetime.now(UTC)


class OsFileInspector:
    """Implements `actions.ports.FileInspector`."""

    def inspect(self, path: str) -> FileInfo:
        """Inspect `path`, following links; a path that can't be read doesn't exist.

        Never raises.
        """
        try:
            status = Path(path).stat()
        except (OSError, ValueError):
            return FileInfo(path=path, exists=False)
        return _file_info(path, status)

    def inspect_below(self, path: str) -> tuple[FileInfo, ...]:
        """Inspect everything in a folder and in the folders in it, without following links.

        Stops after `MAX_INSPECTED`, and skips what can't be read. Never raises.
        """
        found: list[FileInfo] = []
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                inner = os.path.join(folder, name)  # noqa: PTH118 -- os.walk has strings
                with contextlib.suppress(OSError, ValueError):
                    found.append(_file_info(inner, os.lstat(inner)))
            if len(found) >= MAX_INSPECTED:
                break
        return tuple(found)


def _file_info(path: str, status: os.stat_result) -> FileInfo:
    folder = stat.S_ISDIR(status.st_mode)
    windows = os.name == "nt"
    mine = windows or status.st_uid == os.geteuid()
    return FileInfo(
        path=path,
        exists=True,
        folder=folder,
        mode=None if windows else stat.S_IMODE(status.st_mode),
        mine=mine,
        repair="" if mine else foreign(Path(path), status.st_uid).next_step,
        executable=not folder and os.access(path, os.X_OK),
    )


def _is_running(pid: int) -> bool:
    if os.name == "nt":  # os.kill would end it
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _host_name() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket  # noqa: PLC0415 -- 4 ms, and only needed without uname

    return socket.gethostname()


def _launcher_path(folder: Path) -> Path | None:
    """Return the copy of `credential_process.py` whose path survives upgrades.

    `folder` contains the package.
    """
    if (
        folder.parent.name == _VERSIONED_FOLDER
        and folder.parents[1].name == "lib"
        and folder.name in {"site-packages", "dist-packages"}
    ):
        launcher = folder.parents[2] / "share" / "xswitch" / _LAUNCHER
    elif folder.name != "share" and not any(part.startswith("python3.") for part in folder.parts):
        launcher = folder / "xswitch" / _LAUNCHER
    else:
        return None
    return launcher if launcher.is_file() else None


def _unversioned_interpreter() -> str:
    """Return this interpreter's path without a version in its name, which survives upgrades."""
    here = Path(sys.executable).absolute()
    for name in ("python3", "python"):
        with contextlib.suppress(OSError):
            if here.with_name(name).samefile(here):
                return str(here.with_name(name))
    return str(here)


def _script_candidates() -> Iterator[Path]:
    yield Path(sysconfig.get_path("scripts")).absolute() / _SCRIPT
    if sys.prefix == sys.base_prefix:
        yield Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))) / _SCRIPT
    started_script = Path(sys.argv[0])
    if started_script.name == _SCRIPT:
        yield started_script.absolute()
