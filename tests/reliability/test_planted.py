"""What may lie in the way: full disks, no permission, links, pipes and worse. Always a sentence, never a loss."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import missing
from support_e2e import XSWITCH, Home, Ran, run
from support_soak import tell
from xswitch.core.errors import ExitCode

Plant = Callable[[Home], object]
NOBODY = 65534
# Root without its powers: permissions count as for anybody else.
PLAIN_USER = ("setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")


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


def read_only_home(home: Home) -> None:
    for path in (home.folder / ".aws", home.folder / ".config" / "xswitch", home.folder / ".config", home.folder):
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
    "the state folder is a link to nothing": (link(lambda home: gone(state("x")(home).parent), "nowhere"), C),
    "the index is a folder": (folder(state("index.json")), D),
    "the index is garbage": (text(state("index.json"), b'{"version": 1, "entries": {"a": 7}}\x00\xff'), D),
    "the index is a pipe": (fifo(state("index.json")), D),
    "the memory is a pipe": (fifo(state("memory.json")), D),
    "the folder of locks is a file": (text(state("locks"), b"mine"), C),
    "the folder of backups is a file": (text(state("backups"), b"mine"), C),
    "the memory is a socket": (a_socket(state("memory.json")), D),
    "the history is a pipe": (fifo(state("history.jsonl")), D),
    "the hot pointers are a file": (text(state("hot"), b"mine"), D),
    "the settings are a folder": (folder(settings), C),
    "the settings are a pipe": (fifo(settings), C),
    "the settings are garbage": (text(settings, b"\x00\x01 = ["), C),
    "the runtime keyring's folder is a link": (lambda home: (home.runtime / "xswitch").symlink_to("/tmp"), V),
    "the runtime keyring's folder is everybody's": (lambda home: (home.runtime / "xswitch").mkdir(mode=0o755), V),
}


def picture(home: Home) -> dict[str, bytes | str]:
    """What of the user's own is there: contents of files, targets of links."""
    found: dict[str, bytes | str] = {}
    for path in sorted([*(home.folder / ".aws").glob("*"), *(home.folder / "dotfiles").glob("*"), home.folder / "second"]):
        if path.is_symlink():
            found[str(path)] = str(path.readlink())
        elif path.is_file():
            found[str(path)] = path.read_bytes()
    return found


def bytes_of(content: bytes | str) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def judged(ran: Ran, code: ExitCode) -> list[str]:
    """What is wrong with an answer."""
    wrong = []
    if ran.code != code:
        wrong.append(f"exit code {ran.code}, not {int(code)}")
    if "Traceback" in ran.err or "This is a bug" in ran.err:
        wrong.append("a traceback or a bug")
    told = next((line for line in ran.err.splitlines() if line.startswith("xswitch: ")), "")
    if code and len(told) < len("xswitch: A sentence."):
        wrong.append("no sentence")
    return wrong


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_told_in_a_sentence_and_nothing_is_lost(home: Home, kind: str, need: Callable[[str], str]) -> None:
    plant, code = KINDS[kind]
    plant(home)
    before = picture(home)
    ran = run([need("setpriv"), *PLAIN_USER[1:], str(XSWITCH), "switch", "reader"], home.env)
    wrong = judged(ran, code)
    after = picture(home)
    if code:
        wrong += [f"{path} is not as it was" for path in {*before, *after} if before.get(path) != after.get(path)]
    else:
        wrong += [f"{path} was lost" for path in before if path not in after]
        mark = b"[profile reader]"
        lost = [path for path, old in before.items() if mark in bytes_of(old) and mark not in bytes_of(after[path])]
        wrong += [f"{path} has lost profiles" for path in lost]
    tell("planted", kind, 1, bool(wrong), f"exit code {ran.code}" if not wrong else f"{wrong} {ran.err}")


_FULL = """
mount -t tmpfs -o size=32k,mode=0700 tmpfs "$1" || exit 77
cp -a "$2"/. "$1"/
head -c 32768 /dev/zero >"$1/ballast" 2>/dev/null
shift 2
exec "$@"
"""


@pytest.mark.parametrize("which", ["the config's", "xswitch's own state's", "the runtime keyring's"])
def test_a_full_disk_is_told_in_a_sentence(home: Home, which: str, tmp_path: Path, need: Callable[[str], str]) -> None:
    places = {"the config's": home.folder / ".aws", "xswitch's own state's": state("x")(home).parent, "the runtime keyring's": home.runtime}
    place = places[which]
    keep = tmp_path / "keep"
    keep.mkdir()
    if which == "the config's":
        for path in place.iterdir():
            (keep / path.name).write_bytes(path.read_bytes())
    words = [need("unshare"), "-m", "/bin/sh", "-c", _FULL, "sh", str(place), str(keep), str(XSWITCH), "switch", "reader"]
    ran = run(words, home.env)
    if ran.code == 77:
        missing("this machine lets nobody mount")
    wrong = judged(ran, V if which.startswith("the runtime") else C)
    tell("planted", f"{which} disk is full", 1, bool(wrong), f"exit code {ran.code}" if not wrong else f"{wrong} {ran.err}")
