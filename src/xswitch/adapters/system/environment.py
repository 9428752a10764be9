"""Facts of this process: its environment, its user, and how this xswitch is started again."""

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

from xswitch.core.model import FileInfo

_SCRIPT = "xswitch.exe" if os.name == "nt" else "xswitch"
_LAUNCHER = "credential_process.py"
_VERSIONED_FOLDER = f"python{sys.version_info[0]}.{sys.version_info[1]}"


class ProcessEnvironment:
    """Fits the port `Environment`; everything is read when asked."""

    def variables(self) -> Mapping[str, str]:
        """A copy of the environment."""
        return dict(os.environ)

    def user_at_host(self) -> str:
        """`user@host`, from the system's own records: nothing is looked up in a network."""
        try:
            user = getpass.getuser()
        except (OSError, KeyError, ImportError):  # a user id without a name, as in many containers
            user = f"uid-{os.getuid()}" if hasattr(os, "getuid") else "user"
        return f"{user}@{_host_name() or 'localhost'}"

    def command(self) -> tuple[str, ...]:
        """The console script of the installation this code runs from.

        Else this interpreter with `-m xswitch`.

        A virtual environment's own path is kept, not what its links lead to, as only that one finds
        the packages: so it is for pipx and `uv tool` as well.
        """
        for script in _script_candidates():
            if script.is_file() and os.access(script, os.X_OK):
                return (str(script),)
        return (str(Path(sys.executable).absolute()), "-m", "xswitch")

    def credential_process(self) -> tuple[str, ...]:
        """The words before the profile's name in a `credential_process`.

        The launcher, where it stays at its path; else the command.
        """
        launcher = (
            _launcher_path(Path(__file__).absolute().parents[3])
            if sys.platform == "linux" and sys.executable
            else None
        )
        if launcher is None:
            return (*self.command(), "credential-process")
        return (_unversioned_interpreter(), "-I", "-S", str(launcher))


class SystemClock:
    """Fits the port `Clock`."""

    def now(self) -> datetime:
        """Now, timezone-aware, UTC."""
        return datetime.now(UTC)


class OsFileInspector:
    """Fulfils `actions.ports.FileInspector` by the operating system."""

    def look(self, path: str) -> FileInfo:
        """What is at `path`, links followed; what can't be looked at doesn't exist.

        Never raises.
        """
        try:
            found = Path(path).stat()
            folder = stat.S_ISDIR(found.st_mode)
            return FileInfo(
                path=path,
                exists=True,
                folder=folder,
                mode=None if os.name == "nt" else stat.S_IMODE(found.st_mode),
                mine=os.name == "nt" or found.st_uid == os.geteuid(),
                executable=not folder and os.access(path, os.X_OK),
            )
        except (OSError, ValueError):
            return FileInfo(path=path, exists=False)


def _host_name() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket  # noqa: PLC0415 -- 4 ms, where the system can't be asked

    return socket.gethostname()


def _launcher_path(place: Path) -> Path | None:
    """The copy of `credential_process.py` whose path an upgrade keeps, for a package in the folder `place`."""
    if (
        place.parent.name == _VERSIONED_FOLDER
        and place.parents[1].name == "lib"
        and place.name in {"site-packages", "dist-packages"}
    ):
        launcher = place.parents[2] / "share" / "xswitch" / _LAUNCHER
    elif place.name != "share" and not any(part.startswith("python3.") for part in place.parts):
        launcher = place / "xswitch" / _LAUNCHER
    else:
        return None
    return launcher if launcher.is_file() else None


def _unversioned_interpreter() -> str:
    """This interpreter under a name without a version beside it, as that one outlives an upgrade."""
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
    started = Path(sys.argv[0])
    if started.name == _SCRIPT:
        yield started.absolute()
