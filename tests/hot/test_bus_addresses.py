"""Every form of a session bus's address: no bus can be there, one may be, or it's a local socket.

Source: dbus.freedesktop.org/doc/dbus-specification.html#addresses, and sd-bus(3).
"""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.vault.keyrings import listener, short_folder
from xswitch.hot import dbus

ABSENT = {
    "nothing": "",
    "only separators": ";;;",
    "the word for none": "disabled:",
    "a path without a transport": "/dev/null",
    "a word": "none",
    "a transport that nobody has": "pigeon:path=/x",
    "a server's transport": "systemd:",
    "another system's transport": "launchd:env=DBUS_LAUNCHD_SESSION_BUS_SOCKET",
    "a path that is empty": "unix:path=",
    "an abstract name that is empty": "unix:abstract=",
    "no key": "unix:",
    "an unknown key": "unix:file=/x",
    "a server's folder": "unix:dir=/tmp",
    "a server's temporary folder": "unix:tmpdir=/tmp",
    "a server's runtime folder": "unix:runtime=yes",
    "a path and an abstract name": "unix:path=/x,abstract=/x",
    "an escape that is none": "unix:path=/x%zz",
    "an escape that is cut": "unix:path=/x%2",
    "a path with a NUL": "unix:path=/x%00y",
    "a path that is too long": "unix:path=/" + "x" * 300,
    "an abstract name that is too long": "unix:abstract=" + "x" * 300,
    "TCP without a port": "tcp:host=127.0.0.1",
    "TCP with a port that is none": "tcp:host=127.0.0.1,port=ssh",
    "TCP with a port of 0": "tcp:host=127.0.0.1,port=0",
    "TCP with a port beyond the last": "tcp:host=127.0.0.1,port=65536",
    "TCP with a nonce, without its file": "nonce-tcp:host=127.0.0.1,port=1",
    "a program without its path": "unixexec:argv1=x",
    "autolaunch without a display": "autolaunch:",
    "autolaunch with a scope": "autolaunch:scope=*user",
    "a line break": "\n",
}
ELSEWHERE = {
    "TCP": "tcp:host=127.0.0.1,port=1",
    "TCP of a family": "tcp:host=localhost,port=12434,family=ipv4",
    "TCP with a nonce": "nonce-tcp:host=127.0.0.1,port=1,noncefile=/x",
    "a program": "unixexec:path=ssh,argv1=host",
    "a container": "x-machine-unix:machine=box",
}


def status_of(address: str, seconds: float = 5, **variables: str) -> str:
    """Return the status that connecting to an address ends with."""
    environ = {"DBUS_SESSION_BUS_ADDRESS": address, **variables}
    found = dbus.bus_address({os.fsencode(name): os.fsencode(environ[name]) for name in environ})
    try:
        dbus.BusConnection(found, time.monotonic() + seconds).close()
    except dbus.BusError as error:
        return error.status if error.why else "no reason"
    return dbus.OK


@pytest.mark.parametrize("what", list(ABSENT))
def test_where_no_bus_can_be_it_is_absent(what: str) -> None:
    assert status_of(ABSENT[what]) == dbus.NOT_RUNNING


@pytest.mark.parametrize("what", list(ELSEWHERE))
def test_where_a_bus_may_be_it_is_not_absent(what: str) -> None:
    assert status_of(ELSEWHERE[what]) == dbus.PROTOCOL_ERROR


def test_autolaunch_may_find_a_bus_where_there_is_a_display() -> None:
    assert status_of("autolaunch:", DISPLAY=":0") == dbus.PROTOCOL_ERROR


@contextmanager
def in_the_way(folder: Path, what: str) -> Iterator[Path]:
    """Make something at a path that isn't a bus's socket."""
    path = folder / "bus"
    if what == "a file":
        path.touch()
    elif what == "a folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)
    elif what == "a loop of links":
        path.symlink_to(path)
    elif what == "a link to nothing":
        path.symlink_to(folder / "none")
    elif what == "a device":
        path.symlink_to("/dev/null")
    elif what == "below a file":
        path.touch()
        path = path / "bus"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        if what == "a socket of another kind":
            other.bind(str(path))
        yield path


@pytest.mark.parametrize(
    "what",
    [
        "nothing",
        "a file",
        "a folder",
        "a pipe",
        "a loop of links",
        "a link to nothing",
        "a device",
        "below a file",
        "a socket of another kind",
    ],
)
def test_what_is_no_socket_is_absent(what: str) -> None:
    with short_folder() as folder, in_the_way(folder, what) as path:
        assert status_of(f"unix:path={path}") == dbus.NOT_RUNNING
        # The systemd user bus is looked for at the same kind of path
        assert status_of("", XDG_RUNTIME_DIR=str(path.parent)) == dbus.NOT_RUNNING


def test_a_bus_is_found_behind_addresses_that_lead_nowhere() -> None:
    with listener() as good:
        for before in (*ABSENT.values(), *ELSEWHERE.values()):
            assert status_of(f"{before};{good}") == dbus.OK
            assert status_of(f"{good};{before}") == dbus.OK


def test_one_address_where_a_bus_may_be_is_enough_not_to_be_absent() -> None:
    for none, other in itertools.product(("disabled:", "/dev/null", ""), ELSEWHERE.values()):
        assert status_of(f"{none};{other}") == dbus.PROTOCOL_ERROR
        assert status_of(f"{other};{none}") == dbus.PROTOCOL_ERROR


def test_keys_that_say_nothing_about_the_place_change_nothing() -> None:
    with listener() as good:
        assert status_of(f"{good},guid=0123456789abcdef") == dbus.OK
        assert status_of(good.replace("/", "%2f")) == dbus.OK


def test_a_bus_of_another_user_at_the_runtime_folder_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(folder / "bus"))
        environ = {b"XDG_RUNTIME_DIR": os.fsencode(folder)}
        assert dbus.bus_address(environ) != b""
        theirs = os.geteuid() + 1
        monkeypatch.setattr("posix.geteuid", lambda: theirs)
        assert dbus.bus_address(environ) == b""
