from __future__ import annotations

import re
from pathlib import Path

import xswitch.core.access
from xswitch.core.access.render import FORMATS

ROOT = Path(__file__).parents[3]
SOURCES = Path(xswitch.core.access.__file__).parent
# A code is the first argument of a function that makes a finding, or assigned to `code` before.
CODE = re.compile(
    r'(?:(?:[Ff]inding|_warning)\(\s*|code = )"([a-z_]+)"(?: if [a-z_ ]+ else "([a-z_]+)")?'
)


def _codes() -> set[str]:
    codes = {
        code
        for path in SOURCES.rglob("*.py")
        for pair in CODE.findall(path.read_text(encoding="utf-8"))
        for code in pair
        if code
    }
    assert {"principal_anyone", "external_id_pattern", "account_trusted", "not_json"} <= codes
    return codes


def test_every_code_and_every_format_is_in_the_document_and_nothing_else() -> None:
    text = (ROOT / "docs" / "access-formats.md").read_text(encoding="utf-8")
    findings = text.partition("### Warnings of a plan")[2]
    named = {
        code
        for line in findings.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`([a-z_]+)`", line.split("|")[1])
    }
    assert named == _codes()
    for fmt in FORMATS:
        assert f"| `{fmt}` |" in text
