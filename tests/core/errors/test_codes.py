from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import xswitch
from xswitch.core.errors import ErrorCode

SOURCES = Path(xswitch.__file__).parent
# Their errors are AWS's and the demo's own, not ErrorCodes.
OTHER_ERRORS = {"emulator", "demo"}
CODES = {str(code) for code in ErrorCode}


def bare_codes(tree: ast.AST) -> Iterator[str]:
    """Yield strings given as `code=`, or compared with an error's code, that name an ErrorCode."""
    for node in ast.walk(tree):
        values: list[ast.expr] = []
        if isinstance(node, ast.keyword) and node.arg == "code":
            values = [node.value]
        elif isinstance(node, ast.Compare) and ast.unparse(node.left).endswith("error.code"):
            values = [inner for side in node.comparators for inner in ast.walk(side)]  # type: ignore[misc]
        yield from (
            value.value
            for value in values
            if isinstance(value, ast.Constant) and value.value in CODES
        )


def test_codes_are_members_of_the_enum_everywhere() -> None:
    found = {
        str(path.relative_to(SOURCES)): codes
        for path in SOURCES.rglob("*.py")
        if path.relative_to(SOURCES).parts[0] not in OTHER_ERRORS
        and (codes := list(bare_codes(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert found == {}


def test_a_member_is_named_after_its_value() -> None:
    assert [code.name.lower() for code in ErrorCode] == [code.value for code in ErrorCode]
