"""The ways in which programs change a file, those that keep its size and time among them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def change(text: bytes) -> bytes:
    """Return another text of the same size."""
    return text.swapcase()


def _new_file(path: Path) -> Path:
    """Return `path` without the file that an earlier edit left there, which may have two names."""
    path.unlink(missing_ok=True)
    return path


def in_place(path: Path, _: os.stat_result) -> None:
    with path.open("r+b") as file:
        text = file.read()
        file.seek(0)
        file.write(change(text))


def truncate_and_write(path: Path, _: os.stat_result) -> None:
    path.write_bytes(change(path.read_bytes()))


def rename_over(path: Path, _: os.stat_result) -> None:
    other = _new_file(path.with_name("other"))
    other.write_bytes(change(path.read_bytes()))
    other.replace(path)


def in_place_with_the_time_set_back(path: Path, before: os.stat_result) -> None:
    in_place(path, before)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def copy_over_with_its_time(path: Path, before: os.stat_result) -> None:
    """`cp -p`."""
    other = _new_file(path.with_name("other"))
    other.write_bytes(change(path.read_bytes()))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    shutil.copy2(other, path)
    other.unlink()


def rename_over_with_its_time(path: Path, before: os.stat_result) -> None:
    """`mv` of a copy of that time, as `rsync -t` ends."""
    other = _new_file(path.with_name("other"))
    other.write_bytes(change(path.read_bytes()))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def link_retargeted(path: Path, before: os.stat_result) -> None:
    """The file was a link to one of two."""
    other = _new_file(path.resolve().with_name("other"))
    other.write_bytes(change(path.read_bytes()))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    path.unlink()
    path.symlink_to(other)


def hard_link_swapped(path: Path, before: os.stat_result) -> None:
    """The name is given to another file that has been there all along."""
    other = _new_file(path.with_name("other"))
    other.write_bytes(change(path.read_bytes()))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    path.unlink()
    path.hardlink_to(other)


def folder_replaced(path: Path, before: os.stat_result) -> None:
    """Every file of the folder is another one, as after a checkout of a repository of dotfiles."""
    folder, text = path.parent, change(path.read_bytes())
    twin = folder.with_name("twin")
    shutil.copytree(folder, twin, symlinks=True)
    (twin / path.name).unlink()
    (twin / path.name).write_bytes(text)
    os.utime(twin / path.name, ns=(before.st_atime_ns, before.st_mtime_ns))
    folder.rename(folder.with_name("before"))
    twin.rename(folder)


def removed(path: Path, _: os.stat_result) -> None:
    path.unlink()


EDITS = (
    in_place,
    truncate_and_write,
    rename_over,
    in_place_with_the_time_set_back,
    copy_over_with_its_time,
    rename_over_with_its_time,
    link_retargeted,
    hard_link_swapped,
    folder_replaced,
    removed,
)
