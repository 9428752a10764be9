"""Installations of xswitch in virtual environments, as pip, pipx and uv create them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import xswitch
from conftest import REAL_HOME, missing, needs_root

PACKAGE = Path(xswitch.__file__).parent
_THIS = f"3.{sys.version_info[1]}"
# The console script that pip writes if the interpreter's path contains a blank
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
    """Return the newest interpreter of another minor version; skip or fail without one."""
    for version in ("3.13", "3.12", "3.11"):
        candidates = [
            shutil.which(f"python{version}"),
            *sorted(Path(REAL_HOME).glob(f".pyenv/versions/{version}.*/bin/python{version}")),
        ]
        for path in (str(path) for path in candidates if path):
            done = subprocess.run(
                [path, "-c", "import venv, sys; print(sys.executable)"],
                capture_output=True,
                text=True,
                check=False,
            )
            if version != _THIS and done.returncode == 0:
                return done.stdout.strip()
    needs_root(f"no other Python than {_THIS} is where anybody else can run it")
    return missing(f"no other Python than {_THIS} is installed")


@dataclass
class Installation:
    """A virtual environment at `folder` with xswitch, which uses this test's own dependencies."""

    folder: Path

    def install(self, python: str = sys.executable) -> None:
        """Create it, or replace it with one of another Python, as an upgrade does."""
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
        """The site-packages folder."""
        (site,) = (self.folder / "lib").glob("python3.*/site-packages")
        return site

    @property
    def launcher(self) -> Path:
        return self.folder / "share" / "xswitch" / "credential_process.py"

    @property
    def script(self) -> Path:
        return self.folder / "bin" / "xswitch"

    def words(self, *bound_profile: str) -> list[str]:
        """Return the command of a managed profile, and what it is bound to."""
        python = str(self.folder / "bin" / "python3")
        return [python, "-I", "-S", str(self.launcher), *bound_profile]

    def stub(self) -> None:
        """Replace the console script by a program that prints its arguments."""
        self.script.write_text('#!/bin/sh\necho "FULL $*"\n')
