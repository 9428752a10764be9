"""A secret in an exception of the screen, or behind it: it is on no terminal and in no file afterwards."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from support_soak import tell

TESTS = Path(__file__).parents[1]
CANARY = "canary-secret-value"
MODES = {"screen-bug": "a crash of the screen", "crash": "a crash of a switch behind the screen"}


@pytest.mark.parametrize("mode", MODES)
def test_no_crash_report_has_it(mode: str, tmp_path: Path, clean_world: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "TEXTUAL", "COLUMNS", "LINES"))}
    environ |= {"TERM": "xterm-256color", "PYTHONPATH": str(TESTS), "LANG": "C.UTF-8"}
    program = [str(TESTS / "support_tui_program.py"), str(tmp_path / "result"), mode]
    child: Any = pexpect.spawn(sys.executable, program, env=environ, dimensions=(30, 110), timeout=30, encoding="utf-8", cwd=str(tmp_path))
    try:
        if mode == "crash":
            child.expect_exact("14 roles")
            written = child.before
            child.send("lake\r")
            child.expect("bug|unexpected|went wrong|failed")
            written += child.before + child.after
            child.send("\x03")
        else:
            written = ""
        child.expect(pexpect.EOF)
        written += child.before
    finally:
        child.close(force=True)
    files = [path for folder in (tmp_path, clean_world) for path in folder.rglob("*") if path.is_file()]
    sightings = written.count(CANARY) + sum(CANARY.encode() in path.read_bytes() for path in files)
    assert "bug" in written or "✗" in written
    tell("canary", MODES[mode], 1, sightings, f"seen {sightings} times" if sightings else "0 sightings on the terminal and in files")
