"""A D-Bus client for a few calls to the Secret Service, over a local socket with a deadline.

Imports no other xswitch module, and only what a bare interpreter has loaded, for the hot path.
Source: dbus.freedesktop.org/doc/dbus-specification.html (message format, EXTERNAL authentication,
addresses).
"""
# No `from __future__ import annotations` here: it would load a module.

import _socket
import posix
import time

TYPE_CHECKING = False  # as in typing, without importing it
if TYPE_CHECKING:
    from typing import Literal

    _Order = Literal["big", "little"]

OK = "ok"
MISSING = "missing"
LOCKED = "locked"
NOT_RUNNING = "not_running"
NO_RESPONSE = "no_response"
NO_KEYRING = "no_keyring"
PROTOCOL_ERROR = "protocol_error"

# The statuses of D-Bus errors; any other error is a PROTOCOL_ERROR
_STATUS_BY_ERROR = {
    b"org.freedesktop.Secret.Error.IsLocked": LOCKED,
    b"org.freedesktop.Secret.Error.NoSuchObject": MISSING,
    b"org.freedesktop.DBus.Error.UnknownObject": MISSING,
    b"org.freedesktop.DBus.Error.UnknownMethod": MISSING,
    b"org.freedesktop.DBus.Error.UnknownInterface": MISSING,
    b"org.freedesktop.DBus.Error.ServiceUnknown": NOT_RUNNING,
    b"org.freedesktop.DBus.Error.NameHasNoOwner": NOT_RUNNING,
    b"org.freedesktop.DBus.Error.NoReply": NO_RESPONSE,
    b"org.freedesktop.DBus.Error.TimedOut": NO_RESPONSE,
    b"org.freedesktop.DBus.Error.Timeout": NO_RESPONSE,
}
# The bytes that need no escape in an address
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/.\\*")
_HEX = frozenset(b"0123456789abcdefABCDEF")
# The transports of other buses, with the keys that each one needs
_ELSEWHERE = {
    b"tcp": (b"port",),
    b"nonce-tcp": (b"port", b"noncefile"),
    b"unixexec": (b"path",),
    b"x-machine-unix": (),
    b"autolaunch": (),
}
_NO_ADDRESS = "the session bus's address leads to no bus"
_MAX_PORT = 65535
_POLL_SECONDS = 0.002
_MAX_SOCKET_NAME = 107  # bytes, of the 108 of Linux's sockaddr_un
_TYPE, _SOCKET = 0o170000, 0o140000
_MAX_MESSAGE = 8 * 1024 * 1024
_MAX_LINE = 4096
_FIXED = 16  # bytes of a message up to its header fields
_RETURN, _ERROR = 2, 3
_ERROR_NAME, _REPLY_SERIAL, _SENDER, _SIGNATURE = 4, 5, 7, 8
_BUS_ITSELF = b"org.freedesktop.DBus"


class BusError(Exception):
    """A failure, as one of the statuses above and a reason.

    `doubtful` errors report that something doesn't exist, which gnome-keyring also does while it is
    busy with another client.
    """

    def __init__(self, status: str, why: str, *, doubtful: bool = False) -> None:
        super().__init__(status, why)
        self.status = status
        self.why = why
        self.doubtful = doubtful


def bus_address(environ: dict[bytes, bytes]) -> bytes:
    """Return the session bus's address from its variable, else systemd's user bus, else b""."""
    address = environ.get(b"DBUS_SESSION_BUS_ADDRESS", b"")
    runtime = environ.get(b"XDG_RUNTIME_DIR", b"")
    if address:
        if environ.get(b"DISPLAY"):
            return address
        # An autolaunched bus is found, or started, through the X server
        entries = address.split(b";")
        return b";".join(entry for entry in entries if not entry.startswith(b"autolaunch:"))
    if not runtime.startswith(b"/"):
        return b""
    path = runtime + b"/bus"
    try:
        status = posix.stat(path)
    except OSError:
        return b""
    # As libdbus: anything else, or another user's socket, isn't this user's bus
    if status.st_uid != posix.geteuid() or status.st_mode & _TYPE != _SOCKET:
        return b""
    return b"unix:path=" + b"".join(
        b"%c" % byte if byte in _PLAIN else b"%%%02x" % byte for byte in path
    )


class BodyReader:
    """Reads D-Bus values in order. Raises ValueError or IndexError past the end."""

    def __init__(self, data: bytes, *, big: bool, signature: bytes = b"", at: int = 0) -> None:
        self._data = data
        self._order: _Order = "big" if big else "little"
        self.signature = signature
        self._at = at

    def more(self) -> bool:
        """Check for unread data."""
        return self._at < len(self._data)

    def align(self, to: int) -> None:
        """Skip to the next multiple of `to`."""
        self._at = -(-self._at // to) * to

    def byte(self) -> int:
        """Read one byte."""
        self._at += 1
        return self._data[self._at - 1]

    def number(self, at: int | None = None) -> int:
        """Read a 32-bit number or boolean, here or at an offset."""
        self._at = self._at if at is None else at
        self.align(4)
        return int.from_bytes(self._take(4), self._order)

    def blob(self) -> bytes:
        """Read an array of bytes."""
        return self._take(self.number())

    def text(self) -> bytes:
        """Read a string or an object path."""
        return self._take(self.number() + 1)[:-1]

    def name(self) -> bytes:
        """Read a signature, which also starts a variant."""
        return self._take(self.byte() + 1)[:-1]

    def _take(self, size: int) -> bytes:
        data = self._data[self._at : self._at + size]
        if len(data) != size:
            raise ValueError
        self._at += size
        return data


class BusConnection:
    """A connection to the session bus.

    Methods raise BusError, OSError, or TimeoutError after `until` (in terms of time.monotonic).
    """

    def __init__(self, address: bytes, until: float) -> None:
        self._until = until
        self._buffer = b""
        self._replies: dict[int, BodyReader | BusError] = {}
        self._peer_seen = False
        self._socket = self._connect(address)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def authenticate(self, first: bytes) -> None:
        """Authenticate by user id, and send the first messages without waiting for replies.

        The first message must be Hello.
        """
        self.send(b"\0AUTH EXTERNAL " + str(posix.geteuid()).encode().hex().encode() + b"\r\n")
        line = b""
        while not line.endswith(b"\r\n"):
            line += self._receive(_MAX_LINE)
            if len(line) >= _MAX_LINE:
                raise BusError(PROTOCOL_ERROR, "the session bus doesn't speak D-Bus")
        if not line.startswith(b"OK "):
            raise BusError(PROTOCOL_ERROR, "the session bus is another user's")
        self.send(b"BEGIN\r\n" + first)

    def send(self, data: bytes) -> None:
        """Send bytes before the deadline."""
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def ask(self, serial: int, message: bytes, gone: str = PROTOCOL_ERROR) -> BodyReader:
        """Send a call and wait for its reply.

        `serial` is the call's; `gone` is the status for a missing object.
        """
        self.send(message)
        return self.wait(serial, gone)

    def wait(self, serial: int, gone: str = PROTOCOL_ERROR) -> BodyReader:
        """Wait for the reply to a call."""
        while serial not in self._replies:
            self._take_message()
        reply = self._replies.pop(serial)
        if isinstance(reply, BodyReader):
            return reply
        raise BusError(gone, reply.why, doubtful=True) if reply.status == MISSING else reply

    def _connect(self, address: bytes) -> _socket.socket:
        absent, doubt = BusError(NOT_RUNNING, "no session bus is set"), None
        for entry in address.split(b";"):
            if not entry:
                continue
            try:
                return self._connect_to(socket_name(entry))
            except BusError as error:
                if error.status == NOT_RUNNING:
                    absent = error
                else:
                    doubt = doubt or error
        raise doubt or absent

    def _connect_to(self, name: bytes) -> _socket.socket:
        if len(name) > _MAX_SOCKET_NAME:
            raise BusError(NOT_RUNNING, _NO_ADDRESS)
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            self._wait_to_connect(connection, name)
        except TimeoutError:
            connection.close()
            raise
        except OSError as error:
            connection.close()
            import errno  # noqa: PLC0415 -- only for this failure

            if error.errno in {
                errno.ENOENT,
                errno.ECONNREFUSED,
                errno.ENOTDIR,
                errno.ELOOP,
                errno.ENAMETOOLONG,
                errno.EPROTOTYPE,
            }:
                raise BusError(NOT_RUNNING, "the session bus isn't running") from None
            why = posix.strerror(error.errno or 0)
            raise BusError(PROTOCOL_ERROR, f"the session bus can't be used: {why}") from None
        except BaseException:
            connection.close()
            raise
        return connection

    def _wait_to_connect(self, connection: _socket.socket, name: bytes) -> None:
        while True:
            connection.settimeout(self._left())
            try:
                return connection.connect(name)
            except BlockingIOError:  # its queue is full
                time.sleep(_POLL_SECONDS)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _receive(self, size: int) -> bytes:
        self._socket.settimeout(self._left())
        data = self._socket.recv(size)
        if not data:
            raise BusError(PROTOCOL_ERROR, "the session bus closed the connection")
        return data

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._buffer += self._receive(65536)
        return self._buffer[:size]

    def _take_message(self) -> None:
        """Read the next message and keep it if it's a reply; drop signals and incoming calls."""
        start = self._exactly(_FIXED)
        if start[:1] not in {b"l", b"B"}:
            raise BusError(PROTOCOL_ERROR, "the session bus doesn't speak D-Bus")
        big = start[:1] == b"B"
        sizes = BodyReader(start, big=big)
        body_size, fields_end = sizes.number(4), _FIXED + sizes.number(12)
        header = -(-fields_end // 8) * 8
        if header + body_size > _MAX_MESSAGE:
            raise BusError(PROTOCOL_ERROR, "the session bus sent an oversized message")
        message = self._exactly(header + body_size)
        self._buffer = self._buffer[header + body_size :]
        serial, texts = _parse_header_fields(BodyReader(message[:fields_end], big=big, at=_FIXED))
        self._peer_seen |= texts.get(_SENDER) != _BUS_ITSELF
        if message[1] == _RETURN:
            self._replies[serial] = BodyReader(
                message[header:], big=big, signature=texts.get(_SIGNATURE, b"")
            )
        elif message[1] == _ERROR:
            name = texts.get(_ERROR_NAME, b"")
            status = _STATUS_BY_ERROR.get(name, PROTOCOL_ERROR)
            # A service that has replied before isn't absent: it has failed
            self._replies[serial] = BusError(
                PROTOCOL_ERROR if status == NOT_RUNNING and self._peer_seen else status,
                name.decode("ascii", "replace"),
            )


def _parse_header_fields(fields: BodyReader) -> tuple[int, dict[int, bytes]]:
    """Return the serial of the call replied to, or 0, and the text fields by code."""
    serial, texts = 0, {}
    while fields.more():
        fields.align(8)
        code, kind = fields.byte(), fields.name()
        if kind == b"u":
            number = fields.number()
            serial = number if code == _REPLY_SERIAL else serial
        elif kind in {b"s", b"o"}:
            texts[code] = fields.text()
        elif kind == b"g":
            texts[code] = fields.name()
        else:
            raise ValueError
    return serial, texts


def method_call(
    serial: int,
    address: tuple[bytes, bytes, bytes],
    member: bytes,
    signature: bytes = b"",
    body: bytes = b"",
) -> bytes:
    """Encode a method call; `address` is (bus name, object path, interface)."""
    to, path, interface = address
    fields = b""
    for code, kind, value in (
        (1, b"o", path),
        (2, b"s", interface),
        (3, b"s", member),
        (6, b"s", to),
    ):
        fields = padded(fields, 8) + bytes((code, 1)) + kind + b"\0" + text(value)
    if signature:
        fields = padded(fields, 8) + b"\x08\x01g\0" + bytes((len(signature),)) + signature + b"\0"
    return (
        padded(
            b"l\x01\0\x01"
            + _encode_uint32(len(body))
            + _encode_uint32(serial)
            + _encode_uint32(len(fields))
            + fields,
            8,
        )
        + body
    )


def text(value: bytes) -> bytes:
    """Encode a string or an object path."""
    return _encode_uint32(len(value)) + value + b"\0"


def padded(data: bytes, to: int) -> bytes:
    """Pad `data` to a multiple of `to`."""
    return data + bytes(-len(data) % to)


def encode_dict(pairs: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Encode an `a{ss}`."""
    entries = b""
    for name, value in pairs:
        entries = padded(padded(entries, 8) + text(name), 4) + text(value)
    return padded(_encode_uint32(len(entries)), 8) + entries


def _encode_uint32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def socket_name(entry: bytes) -> bytes:
    """Return the local socket of one address: its path, or NUL and its abstract name.

    Raises BusError: NOT_RUNNING where no bus can be (no address at all, as `disabled:` and
    `/dev/null`, or one that only a server listens on), PROTOCOL_ERROR where one may be, but not on
    a local socket.
    """
    transport, _, options = entry.partition(b":")
    values: dict[bytes, bytes] = {}
    for pair in options.split(b","):
        name, _, escaped = pair.partition(b"=")
        value = _unescape(escaped)
        if value is None:
            raise BusError(NOT_RUNNING, _NO_ADDRESS)
        values.setdefault(name, value)
    if transport == b"unix":
        names = [
            prefix + values[key]
            for key, prefix in ((b"path", b""), (b"abstract", b"\0"))
            if values.get(key)
        ]
        if len(names) == 1 and b"\0" not in names[0][1:] and names[0] != b"\0":
            return names[0]
    elif transport in _ELSEWHERE and all(values.get(key) for key in _ELSEWHERE[transport]):
        port = values.get(b"port", b"1")
        if port.isdigit() and 0 < int(port) <= _MAX_PORT:
            raise BusError(PROTOCOL_ERROR, "the session bus isn't on a local socket")
    raise BusError(NOT_RUNNING, _NO_ADDRESS)


def _unescape(escaped: bytes) -> bytes | None:
    """Decode a value of an address; None if an escape is malformed."""
    first, *parts = escaped.split(b"%")
    if any(len(part) < 2 or not _HEX.issuperset(part[:2]) for part in parts):  # noqa: PLR2004
        return None
    return first + b"".join(bytes((int(part[:2], 16),)) + part[2:] for part in parts)
