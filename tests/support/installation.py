"""Installations of xswitch as pip, pipx and uv make them, in virtual environments of whichever Python there is."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import xswitch
from conftest import REAL_HOME, missing

PACKAGE = Path(xswitch.__file__).parent
_THIS = f"3.{sys.version_info[1]}"
# As pip writes the console script of an entry point where the path of the interpreter has a blank
# in it.
_SCRIPT = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys
from xswitch.__main__ import main
if __name__ == "__main__":
    sys.argv[0] = sys.argv[0].removesuffix(".exe")
    sys.exit(main())
"""


def another_python() -> str:
    """An interpreter of another minor version than this one's, the newest.

    Skips (or fails) without.
    """
    for version in ("3.13", "3.12", "3.11"):
        found = [
            shutil.which(f"python{version}"),
            *sorted(Path(REAL_HOME).glob(f".pyenv/versions/{version}.*/bin/python{version}")),
        ]
        for path in (str(path) for path in found if path):
            asked = subprocess.run(
                [path, "-c", "import venv, sys; print(sys.executable)"],
                capture_output=True,
                text=True,
                check=False,
            )
            if version != _THIS and asked.returncode == 0:
                return asked.stdout.strip()
    return missing(f"no other Python than {_THIS} is installed")


@dataclass
class Installation:
    """A virtual environment at `folder` with xswitch in it.

    The packages xswitch needs are this test's own.
    """

    folder: Path

    def install(self, python: str = sys.executable) -> None:
        """Make it, or make it anew under another Python, as an upgrade does."""
        if self.folder.exists():
            shutil.rmtree(self.folder)
        subprocess.run(
            [python, "-m", "venv", "--without-pip", str(self.folder)], check=True, timeout=120
        )
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE, self.site / "xswitch", ignore=ignore)
        (self.site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self.launcher.parent.mkdir(parents=True)
        shutil.copy(PACKAGE / "credential_process.py", self.launcher)
        self.script.write_text(_SCRIPT.format(python=self.folder / "bin" / "python"))
        self.script.chmod(0o755)

    @property
    def site(self) -> Path:
        """Its only site-packages."""
        (found,) = (self.folder / "lib").glob("python3.*/site-packages")
        return found

    @property
    def launcher(self) -> Path:
        return self.folder / "share" / "xswitch" / "credential_process.py"

    @property
    def script(self) -> Path:
        return self.folder / "bin" / "xswitch"

    def words(self, profile: str) -> list[str]:
        """What a managed profile holds."""
        return [str(self.folder / "bin" / "python3"), "-I", "-S", str(self.launcher), profile]

    def stub(self) -> None:
        """Put a program in the console script's place that says what it was called with."""
        self.script.write_text('#!/bin/sh\necho "FULL $*"\n')
