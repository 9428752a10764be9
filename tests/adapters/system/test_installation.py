"""Installations in a cache are recognized; others aren't."""

from __future__ import annotations

from pathlib import Path

import pytest

from xswitch.adapters.system.environment import ProcessEnvironment
from xswitch.adapters.system.installation import cache_of


@pytest.mark.parametrize(
    ("prefix", "cache"),
    [
        (".cache/uv/archive-v0/Xy12", ".cache"),  # uvx, uv tool run
        (".cache/uv/environments-v2/x-1234", ".cache"),  # uv run of a script
        (".cache/uv/builds-v0/.tmpAb12", ".cache"),  # uv run --with
        (".local/share/pipx/.cache/0123456789abcde", ".local/share/pipx/.cache"),  # pipx run
        (".local/pipx/.cache/0123456789abcde", ".local/pipx/.cache"),
        (".cache/pipx/0123456789abcde", ".cache"),
        ("Library/Caches/uv/archive-v0/Xy12", "Library/Caches"),
        ("uv/archive-v0/Xy12", "uv"),  # UV_CACHE_DIR
        ("caches/pipx/0123456789abcde", "caches"),  # XDG_CACHE_HOME
        ("tagged/archive-v0/Xy12", "tagged"),  # a cache by its own tag, as of uv --no-cache
        (".local/share/uv/tools/xswitch", ""),  # uv tool install
        (".local/share/pipx/venvs/xswitch", ""),  # pipx install
        ("work/project/.venv", ""),
        ("a cache/.venv", ""),
        ("tagged", ""),  # uv writes the tag into every environment, too
    ],
)
def test_caches(tmp_path: Path, prefix: str, cache: str) -> None:
    environ = {"UV_CACHE_DIR": str(tmp_path / "uv"), "XDG_CACHE_HOME": str(tmp_path / "caches")}
    (tmp_path / "tagged").mkdir()
    (tmp_path / "tagged" / "CACHEDIR.TAG").write_text(
        "Signature: 8a477f597d28d172789f06886806bc55\n"
    )
    folder = tmp_path / prefix
    folder.mkdir(parents=True, exist_ok=True)
    expected = str(tmp_path / cache) if cache else ""
    assert cache_of(folder, environ) == expected
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert cache_of(link, environ) == expected
    assert cache_of(tmp_path / "work" / "venv", {"XDG_CACHE_HOME": "/", "UV_CACHE_DIR": ""}) == ""


def test_the_environment_of_this_process_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path / ".cache" / "uv" / "archive-v0" / "x"))
    assert ProcessEnvironment().cache_folder() == str(tmp_path / ".cache")
