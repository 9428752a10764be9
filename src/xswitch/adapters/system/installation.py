"""Where this xswitch is installed, and whether it stays there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_CACHE_NAMES = frozenset({".cache", "Caches"})
_CACHE_VARIABLES = ("UV_CACHE_DIR", "XDG_CACHE_HOME")
_CACHE_TAG = "CACHEDIR.TAG"  # bford.info/cachedir; uv writes it into its cache


def cache_of(folder: Path, environ: Mapping[str, str]) -> str:
    """Return the cache that `folder` is in, "" if it is in none.

    `uvx`, `uv run --with`, and `pipx run` install a program in a cache, which they and the user
    empty without notice. A tag in the folder itself doesn't count: every environment of uv has one.
    """
    caches = {
        Path(value).absolute()
        for name in _CACHE_VARIABLES
        if (value := environ.get(name, "")) and Path(value).absolute() != Path(Path(value).anchor)
    }
    return next(
        (
            str(parent)
            for parent in _parents(folder)
            if parent.name in _CACHE_NAMES or parent in caches or (parent / _CACHE_TAG).is_file()
        ),
        "",
    )


def installation_folders() -> tuple[Path, ...]:
    """Return the folders of the interpreter's environment and of the package."""
    return Path(sys.prefix), Path(__file__).parents[2]


def _parents(folder: Path) -> Iterator[Path]:
    yield from folder.absolute().parents
    yield from folder.resolve().parents
