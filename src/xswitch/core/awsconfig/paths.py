"""The paths of the config and the credentials file."""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Mapping

from xswitch.core.model import ConfigPaths

_windows = re.compile(r"[A-Za-z]:|\\\\").match


def default_paths(home: str) -> ConfigPaths:
    """Return the absolute paths of both files where no variable names another one."""
    return config_paths({}, home, home)


def config_paths(env: Mapping[str, str], home: str, cwd: str) -> ConfigPaths:
    """Return the absolute paths of both files, which need not exist.

    `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` override the defaults; an empty one counts
    as unset, as in the Go, C, and JavaScript SDKs. A leading `~/` means `home`, and a relative path
    starts at `cwd`. On Windows, `home` has a drive letter.
    """
    windows = _windows(home) is not None
    path_module = ntpath if windows else posixpath

    def path(variable: str, default: str) -> str:
        value = env.get(variable, "")
        if not value:
            return str(path_module.join(home, ".aws", default))
        if value.startswith("~/") or (windows and value.startswith("~\\")):
            return str(path_module.join(home, value[2:].lstrip("/")))
        return str(path_module.join(cwd, value))

    return ConfigPaths(
        path("AWS_CONFIG_FILE", "config"), path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    )
