"""Obstacles on disk: a full disk, no permission, links, pipes, and worse.

Every command reports an error message, and nothing is lost.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import missing, needs_root
from support.e2e import XSWITCH, Home, Ran, run
from support.forked import Forks
from support.reliability.soak import count, tell
from xswitch.core.errors import ExitCode

Plant = Callable[[Home], object]
NOBODY = 65534
# The commands a user may run after a failed switch.
OTHERS = (
    ("list",),
    ("status",),
    ("config",),
    ("doctor",),
    ("history",),
    ("credential-process", "xs-reader"),
    ("renew", "reader"),
    ("pin", "reader"),
    ("config", "undo"),
    ("forget", "reader"),
)


def config(home: Home) -> Path:
    return home.config


def credentials(home: Home) -> Path:
    return home.credentials


def settings(home: Home) -> Path:
    return home.folder / ".config" / "xswitch" / "config.toml"


def state(name: str) -> Callable[[Home], Path]:
    def place(home: Home) -> Path:
        folder = home.folder / ".local" / "state" / "xswitch"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / name

    return place


def gone(path: Path) -> Path:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    return path


def folder(at: Callable[[Home], Path]) -> Plant:
    return lambda home: gone(at(home)).mkdir()


def fifo(at: Callable[[Home], Path]) -> Plant:
    return lambda home: os.mkfifo(gone(at(home)))


def a_socket(at: Callable[[Home], Path]) -> Plant:
    def plant(home: Home) -> None:
        path = gone(at(home))
        with socket.socket(socket.AF_UNIX) as listener:
            before = Path.cwd()
            os.chdir(path.parent)
            try:
                listener.bind(path.name)
            finally:
                os.chdir(before)

    return plant


def text(at: Callable[[Home], Path], content: bytes) -> Plant:
    return lambda home: gone(at(home)).write_bytes(content)


def link(at: Callable[[Home], Path], target: str) -> Plant:
    return lambda home: gone(at(home)).symlink_to(target)


def mode(at: Callable[[Home], Path], bits: int) -> Plant:
    return lambda home: at(home).chmod(bits)


def elsewhere(home: Home) -> None:
    target = home.folder / "dotfiles" / "aws"
    target.parent.mkdir()
    home.config.rename(target)
    home.config.symlink_to(target)


def second_name(home: Home) -> None:
    (home.folder / "second").hardlink_to(home.config)


def owned_by_another(home: Home) -> None:
    home.config.chmod(0o644)
    os.chown(home.config, NOBODY, NOBODY)


def lock_is_a_pipe(home: Home) -> None:
    locks = state("locks")(home)
    locks.mkdir(0o700)
    os.mkfifo(locks / "index.lock")


def huge(home: Home) -> None:
    with home.config.open("ab") as file:
        file.truncate(1 << 31)


def read_only_home(home: Home) -> None:
    for path in (
        home.folder / ".aws",
        home.folder / ".config" / "xswitch",
        home.folder / ".config",
        home.folder,
    ):
        path.chmod(0o500)


C, T, V, D = ExitCode.CONFIG, ExitCode.TARGET, ExitCode.VAULT, ExitCode.DONE
KINDS: dict[str, tuple[Plant, ExitCode]] = {
    "the config is a folder": (folder(config), C),
    "the config is a pipe": (fifo(config), C),
    "the config is a socket": (a_socket(config), C),
    "the config is a loop of links": (link(config, "config"), C),
    "the config is a link to nothing": (link(config, "nowhere"), T),
    "the config is a link to a file elsewhere": (elsewhere, D),
    "the config is a device": (link(config, "/dev/zero"), C),
    "the config is empty": (text(config, b""), T),
    "the config is huge": (huge, C),
    "the config is no UTF-8": (text(config, b"[profile reader]\nrole_arn = \xff\xfe\n"), C),
    "the config has a second name": (second_name, C),
    "the config is another user's": (owned_by_another, C),
    "the config can't be read": (mode(config, 0o000), C),
    "the config is read-only": (mode(config, 0o400), C),
    "the config's folder is read-only": (mode(lambda home: home.config.parent, 0o500), C),
    "the credentials file is a pipe": (fifo(credentials), C),
    "the credentials file is a folder": (folder(credentials), C),
    "HOME is read-only": (read_only_home, C),
    "the state folder is a file": (text(lambda home: gone(state("x")(home).parent), b"mine"), C),
    "the state folder can't be entered": (mode(lambda home: state("x")(home).parent, 0o000), C),
    "the state folder is a link to nothing": (
        link(lambda home: gone(state("x")(home).parent), "nowhere"),
        C,
    ),
    "the index is a folder": (folder(state("index.json")), D),
    "the index is garbage": (
        text(state("index.json"), b'{"version": 1, "entries": {"a": 7}}\x00\xff'),
        D,
    ),
    "the index is a pipe": (fifo(state("index.json")), D),
    "the memory is a pipe": (fifo(state("memory.json")), D),
    "the folder of locks is a file": (text(state("locks"), b"mine"), C),
    "a lock is a folder": (
        lambda home: (state("locks")(home) / "index.lock").mkdir(parents=True),
        D,
    ),
    "a lock is a pipe": (lock_is_a_pipe, D),
    "the folder of backups is a file": (text(state("backups"), b"mine"), C),
    "the memory is a socket": (a_socket(state("memory.json")), D),
    "the history is a pipe": (fifo(state("history.jsonl")), D),
    "the hot pointers are a file": (text(state("hot"), b"mine"), D),
    "the settings are a folder": (folder(settings), C),
    "the settings are a pipe": (fifo(settings), C),
    "the settings can't be read": (mode(settings, 0o000), C),
    "the settings are garbage": (text(settings, b"\x00\x01 = ["), C),
    "the runtime keyring's folder is a link": (
        lambda home: (home.runtime / "xswitch").symlink_to("/tmp"),
        V,
    ),
    "the runtime keyring's folder is everybody's": (
        lambda home: (home.runtime / "xswitch").mkdir(mode=0o755),
        V,
    ),
}


def snapshot(home: Home) -> dict[Path, bytes | str]:
    """Return the contents of all files and the targets of all links."""
    found: dict[Path, bytes | str] = {}
    record_path(home.folder, found)
    return found


def record_path(path: Path, found: dict[Path, bytes | str]) -> None:
    """Add the content at a path, even if only root can read it; its mode is restored."""
    if path.is_symlink():
        found[path] = str(path.readlink())
        return
    before = path.stat().st_mode
    shut = not os.access(path, os.R_OK | os.X_OK if path.is_dir() else os.R_OK)
    if shut:
        path.chmod(0o700)
    if path.is_dir():
        for inner in sorted(path.iterdir()):
            record_path(inner, found)
    elif path.is_file():
        found[path] = b"huge" if path.stat().st_size > 1 << 20 else path.read_bytes()
    if shut:
        path.chmod(stat.S_IMODE(before))


def bytes_of(content: bytes | str) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def check_result(ran: Ran, code: ExitCode | None) -> list[str]:
    """Return the faults of a result; without `code`, any exit code but a bug's is accepted."""
    faults = []
    if ran.code == ExitCode.BUG or (code is not None and ran.code != code):
        faults.append(f"exit code {ran.code}, not {'another' if code is None else int(code)}")
    if "Traceback" in ran.err or "This is a bug" in ran.err:
        faults.append("a traceback or a bug")
    message = next((line for line in ran.err.splitlines() if line.startswith("xswitch: ")), "")
    if (
        (ran.code if code is None else code)
        and len(message) < len("xswitch: A sentence.")
        and not ran.out
    ):
        faults.append("no sentence")
    return faults


def plain_user(need: Callable[[str], str]) -> list[str]:
    """Return the words before a command.

    They drop root's capabilities, so that permissions apply.
    """
    if os.geteuid():
        return []
    return [need("setpriv"), "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


def file_faults(home: Home, before: dict[Path, bytes | str], code: ExitCode) -> list[str]:
    """Return the faults of the files after a switch with this exit code."""
    after = snapshot(home)
    aws = home.config.parent
    if code:
        faults = [f"{path} is not as it was" for path in before if before[path] != after.get(path)]
        return faults + [
            f"{path} is new" for path in after if path.parent == aws and path not in before
        ]
    faults = [f"{path} was lost" for path in before if path not in after]
    mark = b"[profile reader]"
    return faults + [
        f"{path} has lost profiles"
        for path, old in before.items()
        if mark in bytes_of(old) and mark not in bytes_of(after.get(path, b""))
    ]


@pytest.mark.parametrize("kind", list(KINDS)[:: count(4, 1)])
def test_the_obstacle_is_reported_and_nothing_is_lost(
    home: Home, kind: str, need: Callable[[str], str], warm: Forks
) -> None:
    plant, code = KINDS[kind]
    if plant is owned_by_another:
        needs_root("only root can give a file away")
    plant(home)
    before = snapshot(home)
    ran = run([*plain_user(need), str(XSWITCH), "switch", "reader"], home.env)
    faults = check_result(ran, code) + file_faults(home, before, code)
    for other in OTHERS[: count(0, len(OTHERS))]:
        then = warm.run(other, home.env, capabilities=False)
        faults += [f"{other[0]}: {fault}" for fault in check_result(then, None)]
        faults += [f"{other[0]}: {fault}" for fault in file_faults(home, before, ExitCode.DONE)]
    runs = 1 + count(0, len(OTHERS))
    message = next(
        (line for line in ran.err.splitlines() if code and line.startswith("xswitch: ")), ""
    )
    tell(
        "planted",
        kind,
        runs,
        bool(faults),
        f"exit code {ran.code}" if not faults else f"{faults} {message} {ran.err}",
    )
    assert not faults


# Fills a file system, runs the command in it, and checks that no file is lost.
_FULL = """
place=$1 keep=$2
mount -t tmpfs -o size=32k,mode=0700 tmpfs "$place" || exit 77
cp -a "$keep"/. "$place"/
head -c 32768 /dev/zero >"$place/ballast" 2>/dev/null
shift 2
"$@"
code=$?
cd "$keep" || exit 78
for file in *; do
    test "$file" = "*" || cmp -s "$file" "$place/$file" || { echo "$file is lost" >&2; exit 79; }
done
exit $code
"""


@pytest.mark.parametrize(
    "which", ["the config's", "xswitch's own state's", "the runtime keyring's"][:: count(2, 1)]
)
def test_a_full_disk_is_reported(
    home: Home, which: str, tmp_path: Path, need: Callable[[str], str]
) -> None:
    places = {
        "the config's": home.folder / ".aws",
        "xswitch's own state's": state("x")(home).parent,
        "the runtime keyring's": home.runtime,
    }
    place = places[which]
    keep = tmp_path / "keep"
    keep.mkdir()
    for path in place.iterdir():
        (keep / path.name).write_bytes(path.read_bytes())
    # In its own user namespace, an ordinary user can mount as root.
    mounting = [need("unshare"), "-Urm" if os.geteuid() else "-m"]
    words = [
        *mounting,
        "/bin/sh",
        "-c",
        _FULL,
        "sh",
        str(place),
        str(keep),
        str(XSWITCH),
        "switch",
        "reader",
    ]
    ran = run(words, home.env)
    if ran.code == 77 or "unshare: " in ran.err:
        needs_root("only root can mount here")
        missing("this machine lets nobody mount")
    faults = check_result(ran, V if which.startswith("the runtime") else C)
    tell(
        "planted",
        f"{which} disk is full",
        1,
        bool(faults),
        f"exit code {ran.code}" if not faults else f"{faults} {ran.err}",
    )
    assert not faults
