"""Parse rendered files with PyYAML and python-hcl2, in one process for many texts."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from conftest import missing
from support.aws.peers import BIN

_READERS = """
import json, sys
wanted = json.load(sys.stdin)
if sys.argv[1] == "yaml":
    import yaml
    read = yaml.safe_load
else:
    import hcl2
    def expand(value):
        if isinstance(value, dict):
            return {key: expand(item) for key, item in value.items()}
        if isinstance(value, list):
            return [expand(item) for item in value]
        if isinstance(value, str) and value.startswith("${jsonencode(") and value.endswith(")}"):
            return {"jsonencode": expand(hcl2.loads("value = " + value[13:-2] + "\\n")["value"])}
        return value
    read = lambda text: expand(hcl2.loads(text))
json.dump([read(text) for text in wanted], sys.stdout)
"""
_HCL_ESCAPE = re.compile(r"\\U([0-9a-f]{8})|\\u([0-9a-f]{4})|\\(.)|\$\$\{|%%\{", re.DOTALL)
_SHORT = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def peer(program: str) -> str:
    """Return the path of a test tool; without it the test skips or fails."""
    path = BIN / program
    return str(path) if path.exists() else missing(f"{path} is missing: make test-tools")


def parsed(kind: str, texts: list[str]) -> list[Any]:
    """Parse each text; `kind` is yaml or hcl."""
    answer = subprocess.run(
        [peer("python"), "-c", _READERS, kind],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    read: list[Any] = json.loads(answer.stdout)
    return [_plain(item) for item in read] if kind == "hcl" else read


def _plain(value: Any) -> Any:
    """Decode quoted strings in python-hcl2's result; expressions stay as they are."""
    if isinstance(value, dict):
        return {
            _plain(key): _plain(item) for key, item in value.items() if not key.startswith("__")
        }
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return _HCL_ESCAPE.sub(_decoded, value[1:-1])
    return value


def _decoded(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code is not None:
        return chr(int(code, 16))
    return _SHORT[found[3]] if found[3] is not None else found[0][1:]
