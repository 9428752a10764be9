"""The docs name only files, commands, and numbers that exist."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from pathlib import Path

import pytest

from support.module_list import PAGE, page_with_list
from xswitch.actions.sso.sign_in import APPROVAL_SECONDS
from xswitch.cli.commands import COMMANDS
from xswitch.cli.parser import parse_arguments
from xswitch.core.errors import UsageError
from xswitch.core.sso import pacing
from xswitch.core.sso.portal_list import MARKED_FOR, RESUMABLE_FOR, STALE_AFTER
from xswitch.tui.picker.keys import KEYS

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


COMMAND_PAGES = [
    page for page in PAGES if page.name not in {"CHANGELOG.md", "reliability.md", "generated.md"}
]
_INLINE = re.compile(r"`(xs(?:witch)? [^`]+)`")
_LINE = re.compile(r"^ *(xs(?:witch)? .+)$", re.MULTILINE)
_FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# Of several commands at once, of syntax, or of a part that is left out
_ABRIDGED = re.compile(r"[…·\[\]<>]|\.\.\.")


def commands(page: Path) -> set[str]:
    """Return the commands of xswitch that a page shows, up to the next one of the shell."""
    text = page.read_text(encoding="utf-8")
    found = [*_INLINE.findall(_FENCED.sub("", text))]
    found += [line for block in _FENCED.findall(text) for line in _LINE.findall(block)]
    return {
        re.split(r" \\?\||; | && |  +#| \\$", one)[0] for one in found if not _ABRIDGED.search(one)
    }


@pytest.mark.parametrize("page", COMMAND_PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_shows_is_understood(page: Path) -> None:
    known = {command.name for command in COMMANDS}
    wrong = {}
    for shown in commands(page):
        program, *words = shlex.split(shown, comments=True)
        if program == "xs" and words[0] not in known:
            words.insert(0, "switch")
        try:
            parse_arguments(words)
        except SystemExit as ended:  # --help
            if ended.code:
                wrong[shown] = f"exit code {ended.code}"
        except UsageError as error:
            wrong[shown] = error.what
    assert wrong == {}


def test_the_numbers_of_the_page_about_identity_center() -> None:
    text = " ".join((ROOT / "docs/identity-center.md").read_text(encoding="utf-8").split())
    hours = round(STALE_AFTER.total_seconds() / 3600)
    assert (hours, MARKED_FOR, RESUMABLE_FOR) == (4, timedelta(days=7), timedelta(hours=1))
    for said in (
        "older than four hours is refreshed",
        "for a week at most",
        "goes on where it was, within an hour",
        f"starts at {pacing.FIRST_RATE:g} requests a second",
        f"to {pacing.MOST_RATE:g} at most",
        f"may take {APPROVAL_SECONDS / 60:g} minutes",
    ):
        assert said in text, said
    letters = {key.action: key.letter for key in KEYS}
    for action, claim in (
        ("sign_in", "`{}` signs in to the session of the selected role"),
        ("sign_out", "`{}` signs out"),
        ("add_session", "on the screen, `{}` does the same"),
    ):
        assert claim.format(letters[action]) in text, action


def test_the_list_of_modules_is_that_of_the_docstrings() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page_with_list(text) == text, "python tests/support/module_list.py"
