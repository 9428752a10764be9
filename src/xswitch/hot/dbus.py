"""As much of D-Bus as five calls to the Secret Service need.

A local socket with a deadline, calls out, answers in.

Nothing here imports another xswitch module, or anything the interpreter does not have at hand: the
hot path uses it. Source: dbus.freedesktop.org/doc/dbus-specification.html (message format, EXTERNAL
authentication, addresses).
"""
# No `from __future__ import annotations` here: it would load a module.

import _socket
import posix
import time

TYPE_CHECKING = False  # what typing calls so, without loading it
if TYPE_CHECKING:
    from typing import Literal

    _Order = Literal["big", "little"]

OK = "ok"
MISSING = "missing"
LOCKED = "locked"
NOT_RUNNING = "absent"
NO_RESPONSE = "mute"
NO_KEYRING = "no_keyring"
PROTOCOL_ERROR = "odd"

# The error names that say more than "no", and what they say of the object or the service that was
# called.
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
# What an address may hold unescaped.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/.\\*")
_MAX_MESSAGE = 8 * 1024 * 1024
_MAX_LINE = 4096
_FIXED = 16  # bytes of a message up to its header fields
_RETURN, _ERROR = 2, 3
_ERROR_NAME, _REPLY_SERIAL, _SENDER, _SIGNATURE = 4, 5, 7, 8
_BUS_ITSELF = b"org.freedesktop.DBus"


class BusError(Exception):
    """The end of a conversation before there is a value: one of the words above, and why.

    `doubtful`: something was said not to exist, which gnome-keyring also says while it is busy with
    another client.
    """

    def __init__(self, word: str, why: str, *, doubtful: bool = False) -> None:
        super().__init__(word, why)
        self.word = word
        self.why = why
        self.doubtful = doubtful


def bus_address(environ: dict[bytes, bytes]) -> bytes:
    """The session bus's address by the usual rules, b"" when there is none.

    The variable, else the systemd user bus.
    """
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
    """Reads D-Bus values one after another.

    Reading past the end raises ValueError or IndexError.
    """

    def __init__(self, data: bytes, *, big: bool, signature: bytes = b"", at: int = 0) -> None:
        self._data = data
        self._order: _Order = "big" if big else "little"
        self.signature = signature
        self._at = at

    def more(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._data)

    def align(self, to: int) -> None:
        """Go on at the next multiple of `to`."""
        self._at = -(-self._at // to) * to

    def byte(self) -> int:
        """One byte."""
        self._at += 1
        return self._data[self._at - 1]

    def number(self, at: int | None = None) -> int:
        """A 32-bit number (a boolean is one too), here or at an offset."""
        self._at = self._at if at is None else at
        self.align(4)
        return int.from_bytes(self._take(4), self._order)

    def blob(self) -> bytes:
        """An array of bytes."""
        return self._take(self.number())

    def text(self) -> bytes:
        """A string or an object path."""
        return self._take(self.number() + 1)[:-1]

    def name(self) -> bytes:
        """A signature, as a variant begins with one."""
        return self._take(self.byte() + 1)[:-1]

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) != size:
            raise ValueError
        self._at += size
        return taken


class BusConnection:
    """A connection to the session bus.

    Everything raises Answer, TimeoutError after `until` (of time.monotonic), or OSError.
    """

    def __init__(self, address: bytes, until: float) -> None:
        self._until = until
        self._buffer = b""
        self._answers: dict[int, BodyReader | BusError] = {}
        self._met = False
        self._socket = self._connect(address)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def authenticate(self, first: bytes) -> None:
        """Say who we are, as the kernel will confirm, and send the first messages (Hello before all else) without waiting in between."""
        self.send(b"\0AUTH EXTERNAL " + str(posix.geteuid()).encode().hex().encode() + b"\r\n")
        line = b""
        while not line.endswith(b"\r\n"):
            line += self._receive(_MAX_LINE)
            if len(line) >= _MAX_LINE:
                raise BusError(PROTOCOL_ERROR, "the session bus speaks something else")
        if not line.startswith(b"OK "):
            raise BusError(PROTOCOL_ERROR, "the session bus is another user's")
        self.send(b"BEGIN\r\n" + first)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def ask(self, serial: int, message: bytes, gone: str = PROTOCOL_ERROR) -> BodyReader:
        """Send a call and wait for its answer.

        `serial` is the call's, `gone` the word for an object that isn't there.
        """
        self.send(message)
        return self.wait(serial, gone)

    def wait(self, serial: int, gone: str = PROTOCOL_ERROR) -> BodyReader:
        """The answer to a call that was sent."""
        while serial not in self._answers:
            self._take_message()
        found = self._answers.pop(serial)
        if isinstance(found, BodyReader):
            return found
        raise BusError(gone, found.why, doubtful=True) if found.word == MISSING else found

    def _connect(self, address: bytes) -> _socket.socket:
        refused = "no session bus is set"
        for choice in address.split(b";"):
            kind, _, rest = choice.partition(b":")
            facts = {
                name: value
                for name, _, value in (pair.partition(b"=") for pair in rest.split(b","))
            }
            path = (
                b"\0" + _unescape(facts[b"abstract"])
                if b"abstract" in facts
                else _unescape(facts.get(b"path", b""))
            )
            if choice and (kind != b"unix" or not path):
                raise BusError(PROTOCOL_ERROR, "the session bus is not reached over a local socket")
            if not choice:
                continue
            connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            try:
                connection.settimeout(self._left())
                connection.connect(path)
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                refused = "the session bus is gone"
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise BusError(NOT_RUNNING, refused)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _receive(self, size: int) -> bytes:
        self._socket.settimeout(self._left())
        data = self._socket.recv(size)
        if not data:
            raise BusError(PROTOCOL_ERROR, "the session bus hung up")
        return data

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._buffer += self._receive(65536)
        return self._buffer[:size]

    def _take_message(self) -> None:
        """Keep the next message if it is an answer; signals and calls to us are dropped."""
        start = self._exactly(_FIXED)
        if start[:1] not in {b"l", b"B"}:
            raise BusError(PROTOCOL_ERROR, "the session bus speaks something else")
        big = start[:1] == b"B"
        sizes = BodyReader(start, big=big)
        body_size, fields_end = sizes.number(4), _FIXED + sizes.number(12)
        header = -(-fields_end // 8) * 8
        if header + body_size > _MAX_MESSAGE:
            raise BusError(PROTOCOL_ERROR, "the session bus sent too much")
        message = self._exactly(header + body_size)
        self._buffer = self._buffer[header + body_size :]
        reply, texts = _parse_header_fields(BodyReader(message[:fields_end], big=big, at=_FIXED))
        self._met |= texts.get(_SENDER) != _BUS_ITSELF
        if message[1] == _RETURN:
            self._answers[reply] = BodyReader(
                message[header:], big=big, signature=texts.get(_SIGNATURE, b"")
            )
        elif message[1] == _ERROR:
            name = texts.get(_ERROR_NAME, b"")
            word = _STATUS_BY_ERROR.get(name, PROTOCOL_ERROR)
            # Only the bus knows that nobody is there, and somebody who has just answered is not
            # absent but gone wrong.
            self._answers[reply] = BusError(
                PROTOCOL_ERROR if word == NOT_RUNNING and self._met else word,
                name.decode("ascii", "replace"),
            )


def _parse_header_fields(fields: BodyReader) -> tuple[int, dict[int, bytes]]:
    """The serial replied to (0: none), and the header fields that are text, by their code."""
    reply, texts = 0, {}
    while fields.more():
        fields.align(8)
        code, kind = fields.byte(), fields.name()
        if kind == b"u":
            number = fields.number()
            reply = number if code == _REPLY_SERIAL else reply
        elif kind in {b"s", b"o"}:
            texts[code] = fields.text()
        elif kind == b"g":
            texts[code] = fields.name()
        else:
            raise ValueError
    return reply, texts


def method_call(
    serial: int,
    address: tuple[bytes, bytes, bytes],
    member: bytes,
    signature: bytes = b"",
    body: bytes = b"",
) -> bytes:
    """A method call as it goes over the wire.

    `address` is (bus name, object path, interface), all of it ASCII.
    """
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
    """A string or an object path."""
    return _encode_uint32(len(value)) + value + b"\0"


def padded(data: bytes, to: int) -> bytes:
    """`data`, filled up to a multiple of `to` for what follows."""
    return data + bytes(-len(data) % to)


def encode_dict(pairs: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """An `a{ss}`."""
    entries = b""
    for name, value in pairs:
        entries = padded(padded(entries, 8) + text(name), 4) + text(value)
    return padded(_encode_uint32(len(entries)), 8) + entries


def _encode_uint32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _unescape(escaped: bytes) -> bytes:
    head, *rest = escaped.split(b"%")
    return head + b"".join(bytes((int(part[:2], 16),)) + part[2:] for part in rest)
