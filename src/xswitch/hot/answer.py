"""Answers `credential-process PROFILE …` from the vault, without the full program.

A pointer file, written by the full program, names a managed profile, its role and its session,
where that is stored, and the fingerprints of its inputs: both config files, xswitch's settings, and
the relevant environment variables. If it is for the profile, the role, and the files that the
command names, the inputs are unchanged, and the session is fresh, the stored answer is printed. In
any other case the full program starts, and reports what there is to report. If only the session has
ended, one caller starts it, and the others wait for its result (`hot.turns`).

The modules of `hot` import no others of xswitch, and only what a bare interpreter has loaded.
`adapters/vault/hot_pointers.py` calls the functions here that both sides must agree on.
"""
# No `from __future__ import annotations` here: it would load a module.

import sys
import time

if sys.platform != "win32":
    import posix

COMMAND = "credential-process"
MAGIC = b"xswitch-hot2"
USER = b"session"
SERVICE_PREFIX = b"xswitch:"
KEY_LENGTH = 40

# The header of a vault value; a test compares these with core/sessions/session_record.py
HEADER_MAGIC = b"xswitch1"
HEADER_LENGTH = 102
_HEADER_WORDS = 6

# The variables that core/roles/endpoints.py and core/roles/sources.py read. Secrets only count as
# set or not. Regions don't count: STS gives the same session in each (core/sessions/keys.py), and a
# switch changes them.
_RELEVANT_VARIABLES = (
    b"AWS_ACCESS_KEY_ID",
    b"AWS_CA_BUNDLE",
    b"AWS_CONTAINER_CREDENTIALS_FULL_URI",
    b"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    b"AWS_ENDPOINT_URL",
    b"AWS_ENDPOINT_URL_SSO",
    b"AWS_ENDPOINT_URL_STS",
    b"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    b"AWS_USE_DUALSTACK_ENDPOINT",
    b"AWS_USE_FIPS_ENDPOINT",
)
_RELEVANT_IF_SET = (b"AWS_SESSION_TOKEN", b"AWS_SECURITY_TOKEN")
_CONFIG, _CREDENTIALS = b"/.aws/config", b"/.aws/credentials"
# Set where only the full program knows the time, or where none may be asked for a session
_DEMO_CLOCK, _STORED_ONLY = b"XSWITCH_DEMO_CLOCK", b"XSWITCH_STORED_ONLY"

# After this, the full program asks again and reports the error; both take less than 3 s
SECRET_SECONDS = 0.6
RENEW_SECONDS = 30
_STUCK_SECONDS = 5
_MAX_BYTES = 1 << 20
_OTHERS_MODE = 0o077
_WRITE_BY_OTHERS = 0o022
_TYPE, _REGULAR, _FOLDER = 0o170000, 0o100000, 0o040000
# A test compares these with core/filenames.py
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_.@:+-")
# Of words: the command and a profile; a role ARN; two files. See core/profiles/binding.py
_LENGTHS = (2, 3, 5)
_ARN = 2
_FILES = 3


class _UseFullProgram(Exception):  # noqa: N818 -- not an error
    """The hot path can't answer."""


class _SessionEnded(_UseFullProgram):
    """The session that the pointer names has ended, or isn't stored anymore."""


def run(argv: list[str], command: list[str]) -> int | None:
    """Write the answer to stdout and return the exit code; None if the full program has to answer.

    `argv` is without the program. `command` starts the full program, its first word an interpreter;
    it is empty if there is no such command.
    """
    if sys.platform != "linux" or len(argv) not in _LENGTHS or argv[0] != COMMAND:
        return None
    # The launcher could take a profile named like an ARN for a binding
    if argv[1].startswith(("-", "arn:")) or _DEMO_CLOCK in posix.environ:
        return None
    try:
        environ = posix.environ
        files = _named_files(environ, argv[_FILES:]) if argv[_ARN:] else None
        folder = state_folder(environ) + b"/hot/"
        folder += config_folder_name(environ, (files or config_files(environ))[0])
        name = file_name(argv[1])
        pointer, names = folder + b"/" + name, argv[1 : _ARN + 1]
        try:
            answer, now, renew_at = _cached_response(pointer, names, files)
        except _SessionEnded:
            return _result_of_another(pointer, names, files)
    except (_UseFullProgram, OSError, ValueError, IndexError):
        return None
    if not _write(answer):
        return None
    if now >= renew_at:
        _renew(folder, name, argv[1:], command)
    return 0


# -- Shared with the full program


def file_name(profile: str) -> bytes:
    """Return a managed profile's file name, as `core.filenames.profile_file_name` does, in bytes.

    Raises ValueError for "".
    """
    return _file_name(profile.encode("utf-8", "surrogateescape"))


def _file_name(raw: bytes) -> bytes:
    if not raw:
        raise ValueError
    plain = b"".join(b"%c" % byte if byte in _PLAIN else b"%%%02X" % byte for byte in raw)
    return plain if plain[:1] != b"." else b"%2E" + plain[1:]


def config_folder_name(environ: dict[bytes, bytes], config: bytes) -> bytes:
    """Name the folder of a config file's pointers, as `core.filenames.config_folder_name` does."""
    return b"" if config == _home(environ) + _CONFIG else _file_name(config)


def config_files(environ: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return the paths of config and credentials file. Raises ValueError, OSError."""
    return (
        _config_file(environ, b"AWS_CONFIG_FILE", _CONFIG),
        _config_file(environ, b"AWS_SHARED_CREDENTIALS_FILE", _CREDENTIALS),
    )


def _named_files(environ: dict[bytes, bytes], words: list[str]) -> tuple[bytes, bytes]:
    """Return the files that a bound command names, the default ones if it names none."""
    if not words:
        return _home(environ) + _CONFIG, _home(environ) + _CREDENTIALS
    config, credentials = map(_decode_word, words)
    return config, credentials


def _decode_word(word: str) -> bytes:
    """Return the absolute path that a word of `core.profiles.binding` stands for."""
    first, *parts = word.encode("utf-8", "surrogateescape").split(b"=")
    path = first + b"".join(bytes((int(part[:2], 16),)) + part[2:] for part in parts)
    if path[:1] != b"/":
        raise ValueError
    return path


def resolution_inputs(
    environ: dict[bytes, bytes], files: tuple[bytes, bytes] | None = None
) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Identify everything that a session's plan depends on.

    `files` are config and credentials file; None means those that the environment names. Returns
    the fingerprints of config and settings, the digest of the variables, and both config paths.
    Raises ValueError or OSError where that takes the full program.
    """
    config, credentials = files or config_files(environ)
    return (
        fingerprint(config) + b"," + fingerprint(credentials),
        fingerprint(settings_file(environ)),
        _variables_digest(environ),
        config,
        credentials,
    )


def fingerprint(path: bytes) -> bytes:
    """Return a file's stamp as `adapters.state.stamps` does; `-` for a missing file.

    That is size, mtime and ctime in ns, inode, and device. Raises OSError.
    """
    try:
        status = posix.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return b"-"
    return b"%d:%d:%d:%d:%d" % (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_dev,
    )


def settings_file(environ: dict[bytes, bytes]) -> bytes:
    """Return the path of xswitch's settings file, as platformdirs does on Linux."""
    return _xdg_folder(environ, b"XDG_CONFIG_HOME", b"/.config") + b"/config.toml"


def state_folder(environ: dict[bytes, bytes]) -> bytes:
    """Return the path of xswitch's state folder, as platformdirs does on Linux."""
    return _xdg_folder(environ, b"XDG_STATE_HOME", b"/.local/state")


def secret_service_lock(environ: dict[bytes, bytes]) -> bytes:
    """Return the path of the Secret Service's lock file."""
    return state_folder(environ) + b"/secret-service.turn"


def _xdg_folder(environ: dict[bytes, bytes], variable: bytes, default: bytes) -> bytes:
    base = environ.get(variable, b"")
    return (base.rstrip(b"/") if base[:1] == b"/" else _home(environ) + default) + b"/xswitch"


def _config_file(environ: dict[bytes, bytes], variable: bytes, default: bytes) -> bytes:
    """Apply the rules of core/awsconfig/paths.py; a test compares the two."""
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
    """Return a digest of the variables that affect a profile's session; `-` if none is set."""
    variables = [name + b"=" + environ[name] for name in _RELEVANT_VARIABLES if environ.get(name)]
    variables += [name for name in _RELEVANT_IF_SET if environ.get(name)]
    if not variables:
        return b"-"
    from _blake2 import blake2b  # noqa: PLC0415 -- rarely needed; hashlib would import more

    return blake2b(b"\0".join(variables), digest_size=16).hexdigest().encode()


# -- The answer


def _cached_response(
    pointer: bytes, names: list[str], files: tuple[bytes, bytes] | None
) -> tuple[bytes, float, int]:
    """Return the line to print, the current time, and when to renew in the background.

    `names` are the profile and, in a bound command, the role's ARN as a word.
    """
    magic, profile, role_arn, key, kind, location, absent, *inputs, after_last = _read(
        pointer, None, _WRITE_BY_OTHERS
    ).split(b"\n")
    found = (profile, role_arn)[: len(names)]
    if (
        magic != MAGIC
        or found != tuple([name.encode("utf-8", "surrogateescape") for name in names])
        or len(key) != KEY_LENGTH
        or after_last
        or tuple(inputs) != resolution_inputs(posix.environ, files)
        or (absent and _any_exists(absent.split(b"\0")))
    ):
        raise _UseFullProgram
    try:
        value = _stored_value(kind, location, key)
    except FileNotFoundError:
        raise _SessionEnded from None
    renew_at, expires_at = _parse_refresh_times(value[:HEADER_LENGTH], key)
    now = time.time()
    line = value[HEADER_LENGTH:]
    if line[:1] != b"{" or line[-1:] != b"}" or b"\n" in line:
        raise _UseFullProgram
    if now >= expires_at:
        raise _SessionEnded
    return line + b"\n", now, renew_at


def _result_of_another(
    pointer: bytes, names: list[str], files: tuple[bytes, bytes] | None
) -> int | None:
    """Wait for another caller that gets the session, and write what came of it.

    Returns the exit code; None if this caller is the one that has to get the session.
    """
    environ = posix.environ
    if environ.get(_STORED_ONLY):
        return None
    from xswitch.hot import turns  # noqa: PLC0415 -- only where a session has ended

    since, until = time.time(), time.monotonic() + turns.MAX_WAIT_SECONDS
    inputs = resolution_inputs(environ, files)
    words = [name.encode("utf-8", "surrogateescape") for name in names]
    while turns.others_turn_ended(turns.lock_file(pointer), until):
        try:
            answer, _, _ = _cached_response(pointer, names, files)
        except _SessionEnded:
            pass
        else:
            return 0 if _write(answer) else None
        try:
            content = _read(turns.failure_file(pointer), None, _OTHERS_MODE)
            whose = turns.failure_lines(environ, words, inputs)
            code, line = turns.shared_failure(content, whose, since)
        except (OSError, ValueError):
            continue
        _write(line, 2)
        return code
    return None


def _any_exists(paths: list[bytes]) -> bool:
    """Whether one of these relative paths exists in the working folder.

    A folder counts only where the path has a slash, as in `core.sessions.surroundings`.
    """
    for path in paths:
        try:
            mode = posix.stat(path).st_mode
        except OSError:
            continue
        if b"/" in path or mode & _TYPE != _FOLDER:
            return True
    return False


def _stored_value(kind: bytes, location: bytes, key: bytes) -> bytes:
    if kind in {b"runtime", b"file"}:
        return _read_private_file(location, key)
    if kind != b"secret-service":
        raise _UseFullProgram
    from xswitch.hot import dbus, secret_service  # noqa: PLC0415 -- only this store needs a socket

    lock_path = secret_service_lock(posix.environ)
    address = dbus.bus_address(posix.environ)
    until = time.monotonic() + SECRET_SECONDS
    status, value = (
        secret_service.fetch_secret(address, location, SECRET_SECONDS, lock_path)
        if location
        else (dbus.MISSING, b"")
    )
    if status == dbus.MISSING:
        status, value = secret_service.read_secret(
            address, SERVICE_PREFIX + key, USER, until - time.monotonic(), lock_path
        )
    if status == dbus.MISSING:
        raise _SessionEnded
    if status != dbus.OK:
        raise _UseFullProgram
    return value


def _parse_refresh_times(header: bytes, key: bytes) -> tuple[int, int]:
    """Return the times to renew and to stop answering, in seconds since the epoch."""
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


def _read_private_file(folder: bytes, name: bytes) -> bytes:
    """Read a private file in a private folder of this user."""
    descriptor = posix.open(
        folder, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_NOFOLLOW | posix.O_CLOEXEC
    )
    try:
        status = posix.fstat(descriptor)
        if status.st_uid != posix.geteuid() or status.st_mode & _OTHERS_MODE:
            raise _UseFullProgram
        return _read(name, descriptor, _OTHERS_MODE)
    finally:
        posix.close(descriptor)


def _read(path: bytes, folder: int | None, forbidden_mode: int) -> bytes:
    descriptor = posix.open(
        path, posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK, dir_fd=folder
    )
    try:
        status = posix.fstat(descriptor)
        trusted = (
            status.st_uid == posix.geteuid()
            and status.st_mode & _TYPE == _REGULAR
            and status.st_nlink <= 1
            and not status.st_mode & forbidden_mode
        )
        if not trusted or status.st_size > _MAX_BYTES:
            raise _UseFullProgram
        data = b""
        while chunk := posix.read(descriptor, _MAX_BYTES):
            data += chunk
        return data
    finally:
        posix.close(descriptor)


def _write(answer: bytes, descriptor: int = 1) -> bool:
    """Write the whole answer to stdout; return False if nothing was written.

    A reader that leaves before the end gets no second answer.
    """
    written, until = 0, time.monotonic() + _STUCK_SECONDS
    while written < len(answer):
        try:
            written += posix.write(descriptor, answer[written:])
        except BlockingIOError:
            if time.monotonic() > until:
                return written > 0
            time.sleep(0.001)
        except OSError:
            return written > 0
    return True


# -- Background renewal


def _renew(folder: bytes, name: bytes, words: list[str], command: list[str]) -> None:
    """Start the full program, detached, at most once in `RENEW_SECONDS`.

    `words` are the profile and what the command is bound to. Failures are ignored, as the answer
    has been written.
    """
    # No profile's file name begins with a dot
    if not command or not _claim_renewal(folder + b"/.renewing-" + name):
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
            posix._exit(0)  # noqa: SLF001 -- os._exit, without os
        null = posix.open(b"/dev/null", posix.O_RDWR)
        for descriptor in (0, 1, 2):
            posix.dup2(null, descriptor)
        # The caller may wait until all its pipes are closed; close_range makes this cheap
        posix.closerange(3, 1 << 16)
        posix.execv(sys.executable, [sys.executable, *command[1:], "renew-background", *words])
    finally:
        posix._exit(1)  # noqa: SLF001 -- os._exit, without os


def open_to_lock(path: bytes) -> int:
    """Open a private file that only serves as a lock, and make it if it is missing."""
    return posix.open(
        path,
        posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK,
        0o600,
    )


def _claim_renewal(marker: bytes) -> bool:
    """Return True, to one caller only, if no renewal was started in the last `RENEW_SECONDS`."""
    try:
        descriptor = open_to_lock(marker)
    except OSError:
        return False
    try:
        posix.lockf(descriptor, posix.F_TLOCK, 0)
        status = posix.fstat(descriptor)
        # A new file has a recent mtime, but is empty
        if status.st_size and -RENEW_SECONDS < time.time() - status.st_mtime < RENEW_SECONDS:
            return False
        return posix.pwrite(descriptor, b".", 0) == 1
    except OSError:
        return False
    finally:
        posix.close(descriptor)
