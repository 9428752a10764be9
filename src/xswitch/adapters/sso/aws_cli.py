"""The AWS CLI's own sign-in, `aws login`, which needs keys that only it makes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping

from xswitch import core_dumps


class InstalledAwsCli:
    """Implements `actions.sso.sign_in_ports.AwsCli` with the `aws` on the path."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def login(self, profile: str) -> int | None:
        """Run `aws login --profile PROFILE` on the terminal; None if there is no AWS CLI."""
        program = shutil.which("aws", path=self._environment.get("PATH"))
        if program is None:
            return None
        with core_dumps.allowed_in_children():
            finished = subprocess.run(
                [program, "login", "--profile", profile], env=dict(self._environment), check=False
            )
        return finished.returncode
