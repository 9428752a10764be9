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
    if address or not runtime.startswith(b"/"):
        return address
    path = runtime + b"/bus"
    try:
        posix.stat(path)
    except OSError:
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
        why = "no session bus is set"
        for choice in address.split(b";"):
            if not choice:
                continue
            transport, _, options = choice.partition(b":")
            values = {
                name: value
                for name, _, value in (pair.partition(b"=") for pair in options.split(b","))
            }
            path = (
                b"\0" + _unescape(values[b"abstract"])
                if b"abstract" in values
                else _unescape(values.get(b"path", b""))
            )
            if transport != b"unix" or not path:
                raise BusError(PROTOCOL_ERROR, "the session bus isn't on a local socket")
            connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            try:
                connection.settimeout(self._left())
                connection.connect(path)
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                why = "the session bus isn't running"
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise BusError(NOT_RUNNING, why)

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


def _unescape(escaped: bytes) -> bytes:
    first, *parts = escaped.split(b"%")
    return first + b"".join(bytes((int(part[:2], 16),)) + part[2:] for part in parts)
