"""The docs name only files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")])
SOURCES = re.compile(
    r"`((?:actions|adapters|cli|core|demo|emulator|hot|tui)/[\w./]*|[\w/]+\.py|src/[\w./]+|tests/[\w./]+)`"
)
LINKS = re.compile(r"\]\(([^)#:]+)(?:#[\w-]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    roots = (ROOT, ROOT / "src" / "xswitch", ROOT / "benchmarks", ROOT / "tests")
    missing = [
        name
        for name in SOURCES.findall(text)
        if not any((root / name).exists() for root in roots) and page.name != "CHANGELOG.md"
    ]
    broken = [link for link in LINKS.findall(text) if not (page.parent / link).exists()]
    assert (missing, broken) == ([], [])
