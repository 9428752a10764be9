"""Private D-Bus daemons, a real gnome-keyring, failing services, and folders in memory."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, KeyringLocked, PasswordDeleteError, PasswordSetError

from conftest import missing
from xswitch.adapters.vault.keyring_process import KeyringTimeouts
from xswitch.hot import dbus

PASSWORD = "correct horse"
# Seconds; docs/vault.md promises 3, but a busy machine may take longer
HANG_GUARD = 20.0
# For keyrings that answer; benchmarks measure how fast
PATIENT = KeyringTimeouts(direct=60.0, load=60.0, probe=60.0)

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  {services}
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

Need = Callable[[str], str]


def key(number: int) -> str:
    """Return a session key."""
    return f"{number:040x}"


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process of this test and wait for it."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """Create a private folder with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="xs-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def memory_folder() -> Iterator[Path]:
    """Create a private folder in /dev/shm; skip or fail if that isn't mounted."""
    if not os.path.ismount("/dev/shm"):
        missing("/dev/shm is not mounted")
    folder = Path(tempfile.mkdtemp(prefix="xs-test-", dir="/dev/shm"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def private_bus(need: Need, folder: Path, service: str = "") -> Iterator[str]:
    """Run a private session bus and yield its address.

    `service` is the command that it starts for org.freedesktop.secrets, "" for none.
    """
    services = ""
    if service:
        (folder / "services").mkdir()
        (folder / "services" / "secrets.service").write_text(
            f"[D-BUS Service]\nName=org.freedesktop.secrets\nExec={service}\n"
        )
        services = f"<servicedir>{folder}/services</servicedir>"
    config = folder / "bus.conf"
    config.write_text(_BUS.format(folder=folder, services=services))
    process = subprocess.Popen(
        [
            need("dbus-daemon"),
            "--nofork",
            "--nosyslog",
            "--nopidfile",
            f"--config-file={config}",
            "--print-address=1",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
    finally:
        end(process)


@dataclass
class SecretService:
    """A running gnome-keyring on a private bus."""

    address: str
    folder: Path
    need: Need
    variables: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, *arguments: str, path: str = "/org/freedesktop/secrets") -> str:
        """Call the service with gdbus."""
        command = [
            self.need("gdbus"),
            "call",
            "--session",
            "-d",
            "org.freedesktop.secrets",
            "-o",
            path,
            "-m",
            method,
            *arguments,
        ]
        done = subprocess.run(
            command, env=self.variables, capture_output=True, text=True, check=True, timeout=20
        )
        return done.stdout

    def lock(self) -> None:
        """Lock the default keyring."""
        self.call(
            "org.freedesktop.Secret.Service.Lock", "['/org/freedesktop/secrets/collection/login']"
        )


def answers(address: str) -> str:
    """Return the status of reading a missing key."""
    from xswitch.hot import secret_service as hot_secret  # noqa: PLC0415 -- Linux only

    return hot_secret.read_secret(address.encode(), b"xswitch:none", b"session", 2.0)[0]


@contextlib.contextmanager
def secret_service(need: Need, *, unlocked: bool = True) -> Iterator[SecretService]:
    """Run gnome-keyring with an unlocked default keyring, or (not `unlocked`) without a keyring."""
    with short_folder() as folder, private_bus(need, folder) as address:
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "DBUS_SESSION_BUS_ADDRESS": address,
            "LC_ALL": "C.UTF-8",
        }
        command = [
            need("gnome-keyring-daemon"),
            "--foreground",
            "--components=secrets",
            *(["--unlock"] if unlocked else []),
        ]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=variables,
            cwd=folder,
        )
        try:
            assert process.stdin is not None
            process.stdin.write(PASSWORD.encode())
            process.stdin.close()
            until = time.monotonic() + 20
            while answers(address) not in {dbus.MISSING, dbus.NO_KEYRING}:
                assert time.monotonic() < until, "gnome-keyring did not come up"
                time.sleep(0.02)
            yield SecretService(address, folder, need, variables)
        finally:
            end(process)


@contextlib.contextmanager
def counting_proxy(address: str) -> Iterator[tuple[str, list[bytes]]]:
    """Run a proxy of a bus for one client; yield its address and the client's batches."""
    path = re.match(r"unix:path=([^,]+)", address)
    assert path is not None
    bursts: list[bytes] = []
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "bus"))
        server.listen(1)

        def serve() -> None:
            client, _ = server.accept()
            with client, socket.socket(socket.AF_UNIX) as bus:
                bus.connect(path[1])
                answered = True
                while True:
                    ready, _, _ = select.select([client, bus], [], [], HANG_GUARD)
                    # The client first: it sent this without waiting for the reply
                    source = client if client in ready else bus
                    data = source.recv(65536) if ready else b""
                    if not data:
                        return
                    if source is bus:
                        client.sendall(data)
                    elif answered:
                        bursts.append(data)
                    else:
                        bursts[-1] += data
                    if source is client:
                        bus.sendall(data)
                    answered = source is bus

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"unix:path={folder}/bus", bursts
        thread.join(HANG_GUARD)


# -- Keyrings with short entries, as in the Windows Credential Manager


class TinyKeyring(KeyringBackend):
    """One file per entry of at most 2,560 bytes of UTF-16, as CredWrite; `mood` makes it fail."""

    priority = -1.0
    folder = ""
    persist = ""
    mood = ""
    LIMIT = 2560

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own

    def get_password(self, service: str, username: str) -> str | None:
        self._apply_mood()
        try:
            return self._path(service, username).read_bytes().decode("utf-16-le")
        except FileNotFoundError:
            return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self._apply_mood()
        blob = password.encode("utf-16-le")
        if len(blob) > self.LIMIT:
            raise PasswordSetError("CredWrite: the stub received bad data")
        path = self._path(service, username)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
        temporary.write_bytes(blob)
        temporary.replace(path)

    def delete_password(self, service: str, username: str) -> None:
        self._apply_mood()
        try:
            self._path(service, username).unlink()
        except FileNotFoundError:
            raise PasswordDeleteError(service) from None

    def _path(self, service: str, username: str) -> Path:
        return Path(self.folder) / f"{service}@{username}".replace(":", "_")

    def _apply_mood(self) -> None:
        if self.mood == "locked":
            raise KeyringLocked("the user said no")
        if self.mood == "noisy":
            os.write(1, b"a library that prints\n")
        if self.mood == "silent":
            time.sleep(60)
        if self.mood == "dying":
            os._exit(3)
        if self.mood == "leaky":
            raise ValueError("do not repeat: " + SECRET)
        if self.mood == "chatty":
            raise KeyringError("the   keychain\nsays no")


SECRET = "wJalrXUtnFEMI-canary"


class TinyEntries:
    """Implements `ShortEntries` with this keyring, in this process."""

    def __init__(self, folder: Path) -> None:
        self.keyring = TinyKeyring()
        self.keyring.folder = str(folder)

    def read(self, name: str) -> str | None:
        return self.keyring.get_password(name, "session")

    def write(self, name: str, value: str) -> None:
        self.keyring.set_password(name, "session", value)

    def erase(self, name: str) -> None:
        with contextlib.suppress(PasswordDeleteError):
            self.keyring.delete_password(name, "session")


class RoomyKeyring(TinyKeyring):
    """A keyring without the limit."""

    LIMIT = 1 << 30


class UndeletableKeyring(RoomyKeyring):
    """A keyring that deletes nothing."""

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError(f"{service} {username}")


# -- Failing Secret Services

_STUB = """
import sys, time
from jeepney import DBusAddress, MessageType, new_error, new_method_call, new_method_return
from jeepney.io.blocking import open_dbus_connection
connection = open_dbus_connection(bus=sys.argv[1])
bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
name = "org.freedesktop.secrets"
connection.send_and_get_reply(new_method_call(bus, "RequestName", "su", (name, 0)))
print("ready", flush=True)
while True:
    message = connection.receive()
    if message.header.message_type is not MessageType.method_call or sys.argv[2] == "mute":
        continue
    if sys.argv[2] == "error":
        text = ("a text that is never shown",)
        connection.send(new_error(message, "org.example.Error.Weird", "s", text))
    else:
        connection.send(new_method_return(message, "a{sv}", ({"x": ("u", 1)},)))
"""


@contextlib.contextmanager
def failing_service(need: Need, manner: str) -> Iterator[str]:
    """Run a bus whose Secret Service is "mute", or answers with an "error" or in an "odd" form."""
    with short_folder() as folder, private_bus(need, folder) as address:
        process = subprocess.Popen(
            [sys.executable, "-c", _STUB, address, manner], stdout=subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield address
        finally:
            end(process)


@contextlib.contextmanager
def listener(answer: bytes | None = None, *, then: bytes = b"") -> Iterator[str]:
    """Run a socket that sends `answer` after the first message and `then` after the second."""
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "bus"))
        server.listen(8)
        connections: list[socket.socket] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    if answer is not None:
                        connection.recv(4096)
                        connection.sendall(answer)
                        if then:
                            connection.recv(4096)
                            connection.sendall(then)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"unix:path={folder}/bus"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in connections:
                connection.close()
