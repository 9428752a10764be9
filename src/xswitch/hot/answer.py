"""The hot path.

Answers `credential-process PROFILE` from the vault without importing what it does not need.

A pointer file, written by the full program, says which session a managed profile has, where it is
kept, and how everything looked that this was worked out from: both config files, xswitch's
settings, and the variables of the environment that count. If they look the same now, and the
session is this one and fresh, the finished answer is printed. Anything else, whatever it is, is
None: the full program starts, and says what there is to say.

This module, `hot.dbus` and `hot.secret_service` import no other xswitch module and nothing the
interpreter doesn't have at hand; `adapters/vault/hot_pointers.py` uses the functions here that both
sides must agree on.
"""
# No `from __future__ import annotations` here: it would load a module.

import sys
import time

if sys.platform != "win32":
    import posix

COMMAND = "credential-process"
MAGIC = b"xswitch-hot1"
USER = b"session"
SERVICE_PREFIX = b"xswitch:"
KEY_LENGTH = 40

# The header of a vault value: see core/sessions/session_record.py, whose constants these are; a
# test holds them together.
HEADER_MAGIC = b"xswitch1"
HEADER_LENGTH = 102
_HEADER_WORDS = 6

# What core/roles/endpoints.py and core/roles/sources.py ask the environment for. Of a secret only
# whether it is set.
_RELEVANT_VARIABLES = (
    b"AWS_ACCESS_KEY_ID",
    b"AWS_CA_BUNDLE",
    b"AWS_CONTAINER_CREDENTIALS_FULL_URI",
    b"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    b"AWS_DEFAULT_REGION",
    b"AWS_ENDPOINT_URL",
    b"AWS_ENDPOINT_URL_STS",
    b"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    b"AWS_REGION",
    b"AWS_USE_DUALSTACK_ENDPOINT",
    b"AWS_USE_FIPS_ENDPOINT",
)
_RELEVANT_IF_SET = (b"AWS_SESSION_TOKEN", b"AWS_SECURITY_TOKEN")
_DEMO_CLOCK = (
    b"XSWITCH_DEMO_CLOCK"  # a clock that is not the machine's: only the full program knows it
)

# Then the full program asks once more, and says what is wrong: both together stay under 3 s
SECRET_SECONDS = 0.6
RENEW_SECONDS = 30
_STUCK_SECONDS = 5
_MAX_BYTES = 1 << 20
_OTHERS_MODE = 0o077
_WRITE_BY_OTHERS = 0o022
_TYPE, _REGULAR = 0o170000, 0o100000
# See core/filenames.py, whose set this is; a test holds them together.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@:+-")


class _UseFullProgram(Exception):  # noqa: N818 -- not an error: the full program's turn
    """Something is not as the hot path knows it."""


def run(argv: list[str], words: list[str]) -> int | None:
    """The exit code, once the answer is on descriptor 1; None when the full program has to do it.

    `argv` is without the program; `words` start the full program again, an interpreter first;
    empty: there is no such command.
    """
    if sys.platform != "linux" or len(argv) != 2 or argv[0] != COMMAND or argv[1].startswith("-"):  # noqa: PLR2004 -- and the profile
        return None
    if _DEMO_CLOCK in posix.environ:
        return None
    try:
        folder = state_folder(posix.environ) + b"/hot"
        name = file_name(argv[1])
        answer, now, soft = _cached_response(folder, name)
    except (_UseFullProgram, OSError, ValueError, IndexError):
        return None
    if not _write(answer):
        return None
    if now >= soft:
        _renew(folder, name, argv[1], words)
    return 0


# -- what both sides agree on
# ------------------------------------------------------------------------------------


def file_name(profile: str) -> bytes:
    """The name of a managed profile's pointer.

    What `core.filenames.profile_file_name` makes, as bytes. Raises ValueError for "".
    """
    raw = profile.encode("utf-8", "surrogateescape")
    if not raw:
        raise ValueError
    plain = b"".join(b"%c" % byte if byte in _PLAIN else b"%%%02X" % byte for byte in raw)
    return plain if plain[:1] != b"." else b"%2E" + plain[1:]


def resolution_inputs(environ: dict[bytes, bytes]) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """What a session was worked out from.

    Stamp of the config, stamp of the settings, digest of the variables, both config paths.

    Raises ValueError or OSError where only a closer look could tell.
    """
    config = _config_file(environ, b"AWS_CONFIG_FILE", b"/.aws/config")
    credentials = _config_file(environ, b"AWS_SHARED_CREDENTIALS_FILE", b"/.aws/credentials")
    seen = stamp(config) + b"," + stamp(credentials)
    return seen, stamp(settings_file(environ)), _variables_digest(environ), config, credentials


def stamp(path: bytes) -> bytes:
    """How a file looks: size, mtime in ns and inode, `-` for one that isn't there.

    Raises OSError where it can't be seen.
    """
    try:
        facts = posix.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return b"-"
    return b"%d:%d:%d" % (facts.st_size, facts.st_mtime_ns, facts.st_ino)


def settings_file(environ: dict[bytes, bytes]) -> bytes:
    """The settings file of xswitch, where platformdirs puts it on Linux."""
    return _xdg_folder(environ, b"XDG_CONFIG_HOME", b"/.config") + b"/config.toml"


def state_folder(environ: dict[bytes, bytes]) -> bytes:
    """The state folder of xswitch, where platformdirs puts it on Linux."""
    return _xdg_folder(environ, b"XDG_STATE_HOME", b"/.local/state")


def secret_service_lock(environ: dict[bytes, bytes]) -> bytes:
    """The path of the file by which processes take turns with the Secret Service."""
    return state_folder(environ) + b"/secret-service.turn"


def _xdg_folder(environ: dict[bytes, bytes], variable: bytes, default: bytes) -> bytes:
    given = environ.get(variable, b"")
    return (given.rstrip(b"/") if given[:1] == b"/" else _home(environ) + default) + b"/xswitch"


def _config_file(environ: dict[bytes, bytes], variable: bytes, default: bytes) -> bytes:
    """The rules of core/awsconfig/paths.py; a test holds them together."""
    path = environ.get(variable, b"")
    if not path:
        return _home(environ) + default
    if path[:2] == b"~/":
        return _home(environ) + b"/" + path[2:].lstrip(b"/")
    return path if path[:1] == b"/" else posix.getcwdb().rstrip(b"/") + b"/" + path


def _home(environ: dict[bytes, bytes]) -> bytes:
    home = environ.get(b"HOME", b"")
    if home[:1] != b"/":
        raise ValueError
    return home.rstrip(b"/")


def _variables_digest(environ: dict[bytes, bytes]) -> bytes:
    """A digest of the variables that can change which session a profile means.

    `-` when none is set.
    """
    given = [name + b"=" + environ[name] for name in _RELEVANT_VARIABLES if environ.get(name)]
    given += [name for name in _RELEVANT_IF_SET if environ.get(name)]
    if not given:
        return b"-"
    # Hashlib without its imports, and not needed by most
    from _blake2 import blake2b  # noqa: PLC0415

    return blake2b(b"\0".join(given), digest_size=16).hexdigest().encode()


# -- the answer
# --------------------------------------------------------------------------------------------------


def _cached_response(folder: bytes, name: bytes) -> tuple[bytes, float, int]:
    """The line to print, now, and when to renew behind the caller's back."""
    magic, key, kind, place, *looks, rest = _read(
        folder + b"/" + name, None, _WRITE_BY_OTHERS
    ).split(b"\n")
    if (
        magic != MAGIC
        or len(key) != KEY_LENGTH
        or rest
        or tuple(looks) != resolution_inputs(posix.environ)
    ):
        raise _UseFullProgram
    value = _stored_value(kind, place, key)
    soft, hard = _parse_refresh_times(value[:HEADER_LENGTH], key)
    now = time.time()
    line = value[HEADER_LENGTH:]
    if now >= hard or line[:1] != b"{" or line[-1:] != b"}" or b"\n" in line:
        raise _UseFullProgram
    return line + b"\n", now, soft


def _stored_value(kind: bytes, place: bytes, key: bytes) -> bytes:
    if kind in {b"runtime", b"file"}:
        return _read_private_file(place, key)
    if kind != b"secret-service":
        raise _UseFullProgram
    from xswitch.hot import dbus, secret_service  # noqa: PLC0415 -- a socket is only needed here

    turns = secret_service_lock(posix.environ)
    address = dbus.bus_address(posix.environ)
    until = time.monotonic() + SECRET_SECONDS
    word, value = (
        secret_service.fetch_secret(address, place, SECRET_SECONDS, turns)
        if place
        else (dbus.MISSING, b"")
    )
    if word == dbus.MISSING:
        word, value = secret_service.read_secret(
            address, SERVICE_PREFIX + key, USER, until - time.monotonic(), turns
        )
    if word != dbus.OK:
        raise _UseFullProgram
    return value


def _parse_refresh_times(header: bytes, key: bytes) -> tuple[int, int]:
    """The header's soft and hard limits, seconds since the epoch."""
    words = header.split(b" ")
    if (
        len(header) != HEADER_LENGTH
        or len(words) != _HEADER_WORDS
        or words[:2] != [HEADER_MAGIC, key]
        or header[-1:] != b"\n"
    ):
        raise _UseFullProgram
    if not all(word.isdigit() for word in (*words[2:5], words[5][:-1])):
        raise _UseFullProgram
    return int(words[2]), int(words[3])


def _read_private_file(place: bytes, name: bytes) -> bytes:
    """A file of ours in a folder of ours; nobody else may have had a hand in either."""
    descriptor = posix.open(
        place, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_NOFOLLOW | posix.O_CLOEXEC
    )
    try:
        facts = posix.fstat(descriptor)
        if facts.st_uid != posix.geteuid() or facts.st_mode & _OTHERS_MODE:
            raise _UseFullProgram
        return _read(name, descriptor, _OTHERS_MODE)
    finally:
        posix.close(descriptor)


def _read(path: bytes, folder: int | None, forbidden: int) -> bytes:
    descriptor = posix.open(
        path, posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK, dir_fd=folder
    )
    try:
        facts = posix.fstat(descriptor)
        ours = (
            facts.st_uid == posix.geteuid()
            and facts.st_mode & _TYPE == _REGULAR
            and facts.st_nlink <= 1
        )
        if not ours or facts.st_mode & forbidden or facts.st_size > _MAX_BYTES:
            raise _UseFullProgram
        data = b""
        while part := posix.read(descriptor, _MAX_BYTES):
            data += part
        return data
    finally:
        posix.close(descriptor)


def _write(answer: bytes) -> bool:
    """Print it, whole; False when not a byte went out.

    A reader that left in the middle got what it wanted.
    """
    done, until = 0, time.monotonic() + _STUCK_SECONDS
    while done < len(answer):
        try:
            done += posix.write(1, answer[done:])
        except BlockingIOError:
            if time.monotonic() > until:
                return done > 0
            time.sleep(0.001)
        except OSError:
            return done > 0
    return True


# -- the renewal behind the caller's back
# ------------------------------------------------------------------------


def _renew(folder: bytes, name: bytes, profile: str, words: list[str]) -> None:
    """Start the full program on it, detached.

    At most one in `RENEW_SECONDS`, and whatever fails is dropped: the answer is out.
    """
    # No profile's file begins with a dot.
    if not words or not _claim_renewal(folder + b"/.renewing-" + name):
        return
    try:
        child = posix.fork()
    except OSError:
        return
    if child:
        posix.waitpid(child, 0)
        return
    try:
        posix.setsid()
        if posix.fork():
            posix._exit(0)  # noqa: SLF001 -- its name, outside os
        nothing = posix.open(b"/dev/null", posix.O_RDWR)
        for descriptor in (0, 1, 2):
            posix.dup2(nothing, descriptor)
        # The caller may wait for every end of its pipes; close_range makes a large number cheap.
        posix.closerange(3, 1 << 16)
        posix.execv(sys.executable, [sys.executable, *words[1:], "renew-background", profile])
    finally:
        posix._exit(1)  # noqa: SLF001 -- its name, outside os


def _claim_renewal(marker: bytes) -> bool:
    """Whether nobody started a renewal in the last `RENEW_SECONDS`.

    Of many who ask at once, one is told so.
    """
    try:
        descriptor = posix.open(
            marker,
            posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK,
            0o600,
        )
    except OSError:
        return False
    try:
        posix.lockf(descriptor, posix.F_TLOCK, 0)
        facts = posix.fstat(descriptor)
        # A new file has its time from being made, but nothing in it.
        if facts.st_size and -RENEW_SECONDS < time.time() - facts.st_mtime < RENEW_SECONDS:
            return False
        return posix.pwrite(descriptor, b".", 0) == 1
    except OSError:
        return False
    finally:
        posix.close(descriptor)
