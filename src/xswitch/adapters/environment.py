"""Facts of this process: its environment, its user, and how this xswitch is started again."""

from __future__ import annotations

import getpass
import os
import socket
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

_SCRIPT = "xswitch.exe" if os.name == "nt" else "xswitch"


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
        return f"{user}@{socket.gethostname() or 'localhost'}"

    def command(self) -> tuple[str, ...]:
        """The console script of the installation this code runs from; else this interpreter with `-m xswitch`.

        A virtual environment's own path is kept, not what its links lead to, as only that one finds the packages: so it is for
        pipx and `uv tool` as well.
        """
        for script in _scripts():
            if script.is_file() and os.access(script, os.X_OK):
                return (str(script),)
        return (str(Path(sys.executable).absolute()), "-m", "xswitch")


def _scripts() -> Iterator[Path]:
    yield Path(sysconfig.get_path("scripts")).absolute() / _SCRIPT
    if sys.prefix == sys.base_prefix:
        yield Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))) / _SCRIPT
    started = Path(sys.argv[0])
    if started.name == _SCRIPT:
        yield started.absolute()
