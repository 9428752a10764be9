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

    `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` replace one default each; an empty one counts as unset, as in the Go, C and
    JavaScript SDKs. A leading `~/` is `home`; a relative path begins at `cwd`. Windows paths are known by `home`'s drive.
    """
    windows = _windows(home) is not None
    flavour = ntpath if windows else posixpath

    def place(variable: str, default: str) -> str:
        given = env.get(variable, "")
        if not given:
            return str(flavour.join(home, ".aws", default))
        if given.startswith("~/") or (windows and given.startswith("~\\")):
            return str(flavour.join(home, given[2:].lstrip("/")))
        return str(flavour.join(cwd, given))

    return ConfigPaths(place("AWS_CONFIG_FILE", "config"), place("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
