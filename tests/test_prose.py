"""Plain American English: no pattern of this list is in docstrings, comments, texts, or docs."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PATTERNS = {
    "opens with a free relative": r"\A(What|Whoever|Whatever|Whether or)\b",
    "negates a noun instead of the verb": (
        r"(?<![Tt]here )\b(is|are|was|were) no (?!longer\b|more\b|less\b)[a-z]"
    ),
    "has an impersonal subject": r"\b([Nn]obody|[Ss]omebody|[Aa]nybody)\b",
    "has a free relative as a noun": r"\b([Ww]hoever|[Ww]hatever)\b",
    "uses an outdated word": r"\b(anew|lately|shall|whilst|thereof|hence)\b",
    "says stand for be": (
        r"\bstands? (in|for itself|alone|there|here|beside|above|below|behind)\b"
    ),
    "calls a wish a state": r"\b(as|is|was|are|were) wanted\b",
    "says mend for fix": r"\bmend(s|ed|ing)?\b",
    "is British": (
        r"\b([Bb]ehaviours?|[Gg]rey|[Ll]icence|[Ss]pelt|[Cc]entre|[Aa]uthoris|[Oo]rganis)"
    ),
    "is British, outside the public names": r"\bcolou(r|rs|red)\b",
}
"""Why a pattern is banned, and the pattern."""

ALLOWED = re.compile(
    r"`[^`]*`"  # names and code
    r'|"[^"\n]*"'  # quoted texts, such as AWS's own messages
    r"|<!-- prose: off -->.*?<!-- prose: on -->",
    re.DOTALL,
)
MIN_WORDS = 2


def python_prose(path: Path) -> Iterator[tuple[int, str]]:
    """Docstrings, comments, and string literals with at least three words, with their lines."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        # A test's other texts are its data
        data = path.is_relative_to(ROOT / "tests") and id(node) not in docstrings
        if not data and len(node.value.split()) > MIN_WORDS:
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comment = token.string.lstrip("# ")
            yield token.start[0], re.sub(r"^noqa: [A-Z0-9, ]+( -- )?|^type: .*", "", comment)


def markdown_prose(path: Path) -> Iterator[tuple[int, str]]:
    """Lines outside of code blocks."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def prose_files() -> list[Path]:
    """Every file with prose of ours."""
    code = [
        path
        for room in ("src", "benchmarks", "screenshots")
        for path in (ROOT / room).rglob("*.py")
    ]
    pages = [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]
    return sorted([*code, *(ROOT / "tests").rglob("*.py"), *pages])


def problems(path: Path) -> list[str]:
    """Each banned pattern in a file, with its line."""
    prose = python_prose(path) if path.suffix == ".py" else markdown_prose(path)
    return [
        f"{path.relative_to(ROOT)}:{line}: {why}: {match[0]!r}"
        for line, text in prose
        for why, pattern in PATTERNS.items()
        if (match := re.search(pattern, ALLOWED.sub("", text)))
    ]


def test_prose_is_plain_american_english() -> None:
    found = [
        problem
        for path in prose_files()
        # This page lists the patterns, the others are written by `make soak` and `make generated`
        if path != Path(__file__) and path.name not in {"reliability.md", "generated.md"}
        for problem in problems(path)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "What became of it.",
        "a is no role",
        "Nobody asks.",
        "the colour",
        "as it shall be",
        "mend it",
    ],
)
def test_the_patterns_match(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.md"
    path.write_text(text)
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    assert problems(path)
