"""One of the callers at a session's end gets the next one; the others wait, and share its result.

The first caller locks `.turn-PROFILE` beside the profile's pointer, and starts the full program,
which takes a hundred times longer than an answer. The others wait for the lock's end. They then
find the session, or else `.failure-PROFILE`, which the full program has written
(`adapters/vault/hot_pointers.py`), and report what it says. A caller that finds neither is the
first one now: the one before it was killed.
"""
# No `from __future__ import annotations` here: it would load a module.

import sys
import time

from xswitch.hot.answer import open_to_lock

if sys.platform != "win32":
    import posix

MAGIC = b"xswitch-failure1"

MAX_WAIT_SECONDS = 25.0
"""After this the full program starts, and waits or reports by itself."""
_FIRST_POLL_SECONDS, _MAX_POLL_SECONDS = 0.01, 0.05
_MAX_FAILURE_SECONDS = 60
_MAX_DEPTH = 64
_TYPE, _REGULAR = 0o170000, 0o100000

# A failure of the full program depends on these, beside the pointer's inputs
_VARIABLES = frozenset(
    (b"PATH", b"DISPLAY", b"WAYLAND_DISPLAY", b"DBUS_SESSION_BUS_ADDRESS", b"REQUESTS_CA_BUNDLE")
)
_PREFIXES = (b"AWS_", b"XSWITCH_", b"XDG_", b"SSL_CERT_")
_SUFFIX = b"_PROXY"
_FILES = (b"AWS_CONFIG_FILE", b"AWS_SHARED_CREDENTIALS_FILE")  # among the inputs, as paths


def others_turn_ended(file: bytes, until: float) -> bool:
    """Wait for the caller that has the turn; return False if this caller has to act itself.

    That is because it now has the turn, until its process ends, or because it can't wait for one.
    `file` is the lock, `until` a time of the monotonic clock. Raises OSError.
    """
    descriptor = open_to_lock(file)
    status = posix.fstat(descriptor)
    if status.st_uid != posix.geteuid() or status.st_mode & _TYPE != _REGULAR:
        posix.close(descriptor)
        return False
    try:
        posix.lockf(descriptor, posix.F_TLOCK, 0)
    except OSError:
        pass
    else:
        # The lock is this process's, and is lost when any descriptor of the file is closed
        posix.pwrite(descriptor, b"%-20d" % posix.getpid(), 0)
        return False
    try:
        return _wait(descriptor, until)
    finally:
        posix.close(descriptor)


def _wait(descriptor: int, until: float) -> bool:
    holder = posix.pread(descriptor, 20, 0).strip()
    # One whose command started this process waits for it; the full program says so
    if holder.isdigit() and int(holder) in ancestors(posix.getppid()):
        return False
    seconds = _FIRST_POLL_SECONDS
    while time.monotonic() < until:
        time.sleep(seconds)
        seconds = min(1.5 * seconds, _MAX_POLL_SECONDS)
        try:
            posix.lockf(descriptor, posix.F_TEST, 0)
        except OSError:
            continue
        return True
    return False


def ancestors(process: int) -> list[int]:
    """Return a process and those that it descends from, as far as /proc tells."""
    found: list[int] = []
    while process > 1 and len(found) < _MAX_DEPTH:
        found.append(process)
        try:
            descriptor = posix.open(b"/proc/%d/stat" % process, posix.O_RDONLY | posix.O_CLOEXEC)
        except OSError:
            break
        try:
            # The command's name, in parentheses, may hold anything
            words = posix.read(descriptor, 4096).rpartition(b")")[2].split()
        finally:
            posix.close(descriptor)
        process = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return found


def lock_file(pointer: bytes) -> bytes:
    """Return the path of the lock beside a pointer; no profile's file name begins with a dot."""
    return _beside(pointer, b".turn-")


def failure_file(pointer: bytes) -> bytes:
    """Return the path of the failure beside a pointer."""
    return _beside(pointer, b".failure-")


def _beside(pointer: bytes, prefix: bytes) -> bytes:
    folder, slash, name = pointer.rpartition(b"/")
    return folder + slash + prefix + name


def failure_lines(
    environ: dict[bytes, bytes], names: list[bytes], inputs: tuple[bytes, ...]
) -> list[bytes]:
    """Return the lines that say whose failure it is.

    `names` are the profile and the ARN that its command names, `inputs` those of its pointer.
    """
    return [MAGIC, *names, *inputs, _surroundings(environ)]


def _surroundings(environ: dict[bytes, bytes]) -> bytes:
    from _blake2 import blake2b  # noqa: PLC0415 -- hashlib would import more

    relevant = [
        name + b"=" + value
        for name, value in sorted(environ.items())
        if name not in _FILES
        and (name in _VARIABLES or name.startswith(_PREFIXES) or name.upper().endswith(_SUFFIX))
    ]
    return blake2b(b"\0".join(relevant), digest_size=16).hexdigest().encode()


def shared_failure(content: bytes, lines: list[bytes], since: float) -> tuple[int, bytes]:
    """Return the exit code and the line of a failure that is these callers'.

    `content` is the file's, `lines` are those of `failure_lines`, `since` is the time (epoch) from
    which on it counts. Raises ValueError if it's another one.
    """
    *found, nanoseconds, code, text, after_last = content.split(b"\n")
    at, now = int(nanoseconds) / 1e9, time.time()
    if found != lines or after_last or not since <= at <= now < at + _MAX_FAILURE_SECONDS:
        raise ValueError
    return int(code), text + b"\n"
