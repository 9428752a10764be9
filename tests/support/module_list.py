"""The list of modules at the end of docs/architecture.md; run as a program, it writes the list."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
HEADING = "## Every module"
_SOURCES = ROOT / "src" / "xswitch"


def module_list() -> str:
    """Return a line for each module: its path, and the first sentence of its docstring."""
    lines = []
    for path in sorted(_SOURCES.rglob("*.py"), key=lambda path: (path.parent, path.name)):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if path.name != "__init__.py":
            sentence = " ".join(docstring.split("\n\n")[0].split())
            lines.append(f"- `{path.relative_to(_SOURCES)}`: {sentence}\n")
    return "".join(lines)


def page_with_list(text: str) -> str:
    """Return the page with the list of today."""
    before = text.partition(f"\n{HEADING}\n")[0]
    return (
        f"{before}\n{HEADING}\n\nThe first sentence of each module's docstring"
        " (`python tests/support/module_list.py` writes this list).\n\n"
        f"{module_list()}"
    )


if __name__ == "__main__":
    PAGE.write_text(page_with_list(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
