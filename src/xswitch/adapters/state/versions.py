"""The versions of xswitch's own files: what a newer program wrote is never overwritten.

Every file says its version, or is version 1: the JSON files by `"version"`, the history by a line
of its own, the record of the vault by being one known word. Prompt files and hot pointers hold
nothing of their own. They are always replaced whole, because an old one would show, or serve, the
wrong session.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from xswitch.core.errors import ConfigError, ErrorCode

VERSION = 1
_HEAD = re.compile(rb'\s*\{\s*"version"\s*:\s*([0-9A-Za-z."+-]{1,20})')


def other_version(content: bytes) -> str:
    """Return the version that JSON text names, "" for this program's, and for damaged text.

    Text that is cut or isn't JSON is judged by its beginning, where every xswitch puts the version.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        found = _HEAD.match(content)
        version = "" if found is None else found[1].decode("ascii")
        return "" if version == str(VERSION) else version
    if not isinstance(data, dict) or "version" not in data or data["version"] == VERSION:
        return ""
    return str(data["version"])[:20]


def newer_file_error(path: Path, what: str, version: str) -> ConfigError:
    """Report a file of a newer xswitch; `what` names it, and begins a sentence."""
    return ConfigError(
        f"{what} was written by a newer xswitch, and this one leaves it as it is.",
        why=f"{path} has version {version}, and this xswitch knows version {VERSION}.",
        next_step=f"Upgrade xswitch, or start over without the file: rm {shlex.quote(str(path))}",
        code=ErrorCode.STATE_NEWER,
    )
