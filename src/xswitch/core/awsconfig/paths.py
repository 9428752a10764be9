"""Which two files are in force."""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Mapping

from xswitch.core.model import ConfigPaths

_windows = re.compile(r"[A-Za-z]:|\\\\").match


def config_paths(env: Mapping[str, str], home: str, cwd: str) -> ConfigPaths:
    """The paths of the config and the credentials file, absolute; neither needs to exist.

    `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` replace one default each; an empty one
    counts as unset, as in the Go, C and JavaScript SDKs. A leading `~/` is `home`; a relative path
    begins at `cwd`. Windows paths are known by `home`'s drive.
    """
    windows = _windows(home) is not None
    path_module = ntpath if windows else posixpath

    def place(variable: str, default: str) -> str:
        value = env.get(variable, "")
        if not value:
            return str(path_module.join(home, ".aws", default))
        if value.startswith("~/") or (windows and value.startswith("~\\")):
            return str(path_module.join(home, value[2:].lstrip("/")))
        return str(path_module.join(cwd, value))

    return ConfigPaths(
        place("AWS_CONFIG_FILE", "config"), place("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    )
