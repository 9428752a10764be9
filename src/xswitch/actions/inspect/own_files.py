"""The part of `doctor` that checks xswitch's own files: owner, permissions, and leftovers."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterator

from xswitch.actions.ports import Ports
from xswitch.actions.results import DoctorCheck
from xswitch.core.model import FileInfo
from xswitch.core.text import pluralize

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAX_SHOWN = 5


def own_files(ports: Ports) -> Iterator[DoctorCheck]:
    """Check the config's files and everything in xswitch's own folders."""
    inspect = ports.process.file_inspector.inspect
    paths = ports.config.files.paths()
    folders = [inspect(path) for path in ports.state.private_folders]
    files = [inspect(path) for path in ports.state.private_files]
    below = (
        ports.process.file_inspector.inspect_below(folders[0].path)
        if folders and folders[0].mine
        else ()
    )
    named = [inspect(paths.credentials), *folders, *files]
    others = [file for file in below if file.path not in {one.path for one in named}]
    checks = [
        *_foreign(inspect(paths.config), named, others),
        *_misplaced(folders, files),
        *_shut([file for file in (*named, *others) if file.mine]),
        *_exposed([*named, *others]),
    ]
    yield from checks
    if not checks:
        yield DoctorCheck("permissions", "ok", "File permissions are correct.")
    copy = inspect(f"{paths.config}.xswitch-original")
    if copy.exists:
        yield DoctorCheck(
            "leftovers",
            "warning",
            f"{copy.path} is a copy of your config that an earlier xswitch kept; it may hold"
            " secrets.",
            f"rm {shlex.quote(copy.path)}",
        )
    removed = ports.remove_leftovers()
    if removed:
        yield DoctorCheck(
            "leftovers",
            "ok",
            f"Removed {pluralize(len(removed), 'temporary file')} that killed writers had left.",
            details={"removed": ", ".join(removed[:_MAX_SHOWN])},
        )


def _foreign(
    config: FileInfo, named: list[FileInfo], others: list[FileInfo]
) -> Iterator[DoctorCheck]:
    """Check for files of another user; what is in a folder is told with it."""
    told: list[str] = []
    foreign = [file for file in (config, *named, *others) if not file.mine]
    for file in sorted(foreign, key=lambda one: (one.path.count("/"), one.path)):
        if not any(file.path.startswith(f"{path}/") for path in told) and len(told) < _MAX_SHOWN:
            told.append(file.path)
            yield DoctorCheck(
                "permissions", "error", f"{file.path} belongs to another user.", file.repair
            )


def _misplaced(folders: list[FileInfo], files: list[FileInfo]) -> Iterator[DoctorCheck]:
    """Check for a folder in the place of a file, and the other way round."""
    for file in [
        *(file for file in folders if file.exists and not file.folder),
        *(file for file in files if file.folder),
    ]:
        kind = "a folder in the place of a file" if file.folder else "in the place of a folder"
        quoted = shlex.quote(file.path)
        yield DoctorCheck(
            "permissions",
            "error",
            f"{file.path} is {kind}.",
            f"mv {quoted} {shlex.quote(file.path + '.moved')}",
        )


def _shut(files: list[FileInfo]) -> Iterator[DoctorCheck]:
    """Check for files and folders that this user owns and can't use."""
    shut = [file for file in files if file.mode is not None and not _usable(file)]
    for file in shut[:_MAX_SHOWN]:
        yield DoctorCheck(
            "permissions",
            "error",
            f"You can't use {file.path}, which is yours (mode {stat.S_IMODE(file.mode or 0):o}).",
            f"chmod u+rw{'x' if file.folder else ''} {shlex.quote(file.path)}",
        )


def _usable(file: FileInfo) -> bool:
    needed = stat.S_IRWXU if file.folder else stat.S_IRUSR | stat.S_IWUSR
    return (file.mode or 0) & needed == needed


def _exposed(files: list[FileInfo]) -> Iterator[DoctorCheck]:
    """Check for files and folders that other users can read or change."""
    exposed = [file for file in files if file.exists and file.mode and file.mode & _OTHERS]
    for file in exposed[:_MAX_SHOWN]:
        mode = stat.S_IMODE(file.mode or 0)
        yield DoctorCheck(
            "permissions",
            "warning",
            f"Other users can read or change {file.path} (mode {mode:o}).",
            f"chmod {'700' if file.folder else '600'} {shlex.quote(file.path)}",
        )
