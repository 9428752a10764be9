"""`forget --all` leaves no secret of a session in any place, also after losses and beside callers.

The whole program runs; afterwards, every file is searched for the secrets that were stored.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import missing, needs_root
from support.aws.emulator import totp_code
from support.e2e import XSWITCH, Home, run
from support.processes import ending
from support.reliability.soak import count
from support.secrets_left import places_of, secrets_in
from support.vault.keyrings import (
    PASSWORD,
    Need,
    SecretService,
    end,
    memory_folder,
    secret_service,
)
from xswitch.emulator.server import EmbeddedAws


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """Another folder in memory, for another XDG_RUNTIME_DIR."""
    with memory_folder() as folder:
        yield folder


def state(home: Home) -> Path:
    return home.folder / ".local" / "state" / "xswitch"


def fill(home: Home, aws: EmbeddedAws, **env: str) -> set[bytes]:
    """Make an MFA session, role sessions, and a static profile; return their secrets."""
    aws.clock.advance(30)
    for words in (
        ("admin", "--mfa-code", totp_code(now=aws.clock.now())),
        ("deep",),
        ("reader", "--static"),
    ):
        done = home.run("switch", *words, env=env)
        assert done.code == 0, done.err
    runtime = Path(env.get("XDG_RUNTIME_DIR", home.runtime))
    secrets = secrets_in([home.folder, runtime])
    assert len(secrets) >= 2 * 5  # the MFA session, Admin, the two hops to Deep and Deep, Reader
    return secrets


def check_nothing_left(home: Home, secrets: set[bytes], *more: Path) -> None:
    assert places_of(secrets, [home.folder, home.runtime, *more]) == []
    assert "xswitch_role" not in home.config.read_text()
    assert "xswitch_role" not in home.credentials.read_text()
    assert list((state(home) / "hot").glob("*")) == []
    assert list((state(home) / "prompt").glob("*")) == []
    index = state(home) / "index.json"
    content = json.loads(index.read_bytes()) if index.exists() else {}
    assert not content.get("entries")


def lose(path: Path) -> None:
    path.unlink()


def write_over(content: bytes) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        path.write_bytes(content)

    return spoil


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


INDEXES: dict[str, Callable[[Path], None]] = {
    "as it was": lambda _: None,
    "lost": lose,
    "empty": write_over(b""),
    "garbage": write_over(b'{"version": 1, "entries": {"a": 7}}\x00\xff'),
    "another's": write_over(b'{"version": 1, "entries": {}}'),
    "of a newer version": write_over(b'{"version": 2, "sessions": []}'),
}


@pytest.mark.parametrize("kind", list(INDEXES)[1 :: count(4, 1)])
def test_whatever_became_of_the_index(home: Home, aws: EmbeddedAws, kind: str) -> None:
    secrets = fill(home, aws)
    INDEXES[kind](state(home) / "index.json")
    done = home.run("forget", "--all")
    assert done.code == 0, done.err
    assert ("newer xswitch" in done.err) == (kind == "of a newer version")
    check_nothing_left(home, secrets)


def test_the_state_folder_was_lost(home: Home, aws: EmbeddedAws) -> None:
    secrets = fill(home, aws)
    shutil.rmtree(state(home))
    done = home.run("forget", "--all")
    assert done.code == 0, done.err
    check_nothing_left(home, secrets)


@pytest.mark.parametrize("then", ["none", "the first", "the second", "a third"][:: count(4, 1)])
def test_sessions_in_another_runtime_folder(
    home: Home, aws: EmbeddedAws, elsewhere: Path, then: str
) -> None:
    """The first ones are as an earlier version left them: in a folder that isn't recorded."""
    secrets = fill(home, aws)
    (state(home) / "runtime.json").unlink()
    secrets |= fill(home, aws, XDG_RUNTIME_DIR=str(elsewhere))
    assert len(list((elsewhere / "xswitch").iterdir())) >= 5
    runtime = {
        "the first": str(home.runtime),
        "the second": str(elsewhere),
        "none": "",
        "a third": "/nonexistent",
    }[then]
    # Hot pointers name the first folder too, until the second switch replaces them
    done = home.run("forget", "--all", env={"XDG_RUNTIME_DIR": runtime})
    assert done.code == 0, done.err
    if then == "the first":
        check_nothing_left(home, secrets, elsewhere)
    else:
        assert places_of(secrets, [home.folder, elsewhere]) == []


def test_sessions_in_a_store_that_is_no_longer_set(home: Home, aws: EmbeddedAws) -> None:
    settings = home.folder / ".config" / "xswitch" / "config.toml"
    settings.write_text('vault = "file"\nallow_plain_files = true\n')
    secrets = fill(home, aws)
    settings.write_text('vault = "runtime"\n')
    secrets |= fill(home, aws)
    done = home.run("forget", "--all")
    assert done.code == 0, done.err
    check_nothing_left(home, secrets)


@pytest.mark.parametrize(
    "content", [None, 'vault = "file"\n', 'vault = "nonsense"\n', "[[["][:: count(4, 1)]
)
def test_settings_that_allow_no_store(home: Home, aws: EmbeddedAws, content: str | None) -> None:
    secrets = fill(home, aws)
    settings = home.folder / ".config" / "xswitch" / "config.toml"
    settings.unlink()
    if content is None:
        settings.mkdir()
    else:
        settings.write_text(content)
    done = home.run("forget", "--all")
    assert places_of(secrets, [home.runtime]) == []
    assert (done.code == 0) == (content is not None), done.err
    shutil.rmtree(settings) if content is None else settings.unlink()
    assert home.run("forget", "--all").code == 0
    check_nothing_left(home, secrets)


def test_a_state_folder_elsewhere(home: Home, aws: EmbeddedAws, tmp_path: Path) -> None:
    secrets = fill(home, aws, XDG_STATE_HOME=str(tmp_path / "state"))
    done = home.run("forget", "--all")
    assert done.code == 0, done.err
    assert places_of(secrets, [home.folder, home.runtime]) == []


def test_files_of_killed_writers_and_second_names(home: Home, aws: EmbeddedAws) -> None:
    secrets = fill(home, aws)
    folder = home.runtime / "xswitch"
    session = next(path for path in folder.iterdir() if len(path.name) == 40)
    (folder / f".{session.name}.4711.0a0b0c0d").write_bytes(session.read_bytes())
    (home.runtime / "copy").hardlink_to(session)
    unfinished = home.credentials.with_name(f".credentials.xswitch-{'0a' * 8}.tmp")
    unfinished.write_bytes(home.credentials.read_bytes())
    (folder / "a password of the user's own").write_text("x")
    folder.chmod(0o755)
    done = home.run("forget", "--all")
    assert done.code == 0, done.err
    check_nothing_left(home, secrets)
    assert [path.name for path in folder.iterdir()] == ["a password of the user's own"]


def test_the_secret_service_is_searched_and_a_locked_one_named(
    home: Home, aws: EmbeddedAws, need: Need
) -> None:
    (home.folder / ".config" / "xswitch" / "config.toml").unlink()
    with secret_service(need) as service:
        home.env["DBUS_SESSION_BUS_ADDRESS"] = service.address
        aws.clock.advance(30)
        code = totp_code(now=aws.clock.now())
        assert home.run("switch", "admin", "--mfa-code", code).code == 0
        assert home.run("switch", "reader").code == 0
        assert (state(home) / "vault").read_text() == "secret-service\n"
        shutil.rmtree(state(home))
        service.lock()
        locked = home.run("forget", "--all")
        assert locked.code == 7, locked.err
        assert "3 sessions are left in the locked keyring" in locked.err
        assert "xswitch_role" not in home.config.read_text()
        with unlocked(service, home):
            done = home.run("forget", "--all")
            assert done.code == 0, done.err
            assert "forgot 3 sessions" in done.err
            search = "org.freedesktop.Secret.Service.SearchItems"
            assert "/org/" not in service.call(search, "{'username': 'session'}")


@contextmanager
def unlocked(service: SecretService, home: Home) -> Iterator[None]:
    """Replace the daemon by one with the keyring unlocked, as docs/vault.md says."""
    command = "gnome-keyring-daemon --replace --unlock --components=secrets --foreground"
    daemon = subprocess.Popen(
        command.split(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=service.variables,
    )
    try:
        assert daemon.stdin is not None
        daemon.stdin.write(PASSWORD.encode())
        daemon.stdin.close()
        until = time.monotonic() + 30
        while '"ok"' not in home.run("doctor", "--json").out.partition('"vault"')[2][:20]:
            assert time.monotonic() < until, "the keyring was not unlocked"
        yield
    finally:
        end(daemon)


# -- callers at the same time


@pytest.mark.parametrize("words", [("--all",), ("reader",)])
def test_a_cold_caller_answers_and_puts_nothing_back(
    home: Home, aws: EmbeddedAws, words: tuple[str, ...]
) -> None:
    assert home.run("switch", "reader").code == 0
    command = home.command("xs-reader")
    for path in (home.runtime / "xswitch").iterdir():
        path.unlink()
    with waiting_for_sts(home, aws, command) as caller:
        done = home.run("forget", *words)
        assert done.code == 0, done.err
        aws.faults.released.set()
        out, err = caller.communicate(timeout=60)
    assert caller.returncode == 0, err
    secret = json.loads(out)["SecretAccessKey"].encode()
    check_nothing_left(home, {secret})


@pytest.mark.parametrize("static", [(), ("--static",)])
def test_a_switch_at_the_same_time_keeps_nothing(
    home: Home, aws: EmbeddedAws, static: tuple[str, ...]
) -> None:
    with waiting_for_sts(home, aws, [str(XSWITCH), "switch", "reader", *static]) as caller:
        assert home.run("forget", "--all").code == 0
        aws.faults.released.set()
        _, err = caller.communicate(timeout=60)
    assert caller.returncode == 7, err
    assert "was forgotten while its session was made" in err
    assert "next: xswitch switch reader" in err
    check_nothing_left(home, set())
    assert list((home.runtime / "xswitch").glob("*")) == []
    again = home.run("switch", "reader")
    assert again.code == 0, again.err


def test_a_renewal_at_the_same_time_keeps_nothing(home: Home, aws: EmbeddedAws) -> None:
    assert home.run("switch", "reader", "--static").code == 0
    with waiting_for_sts(home, aws, [str(XSWITCH), "renew", "reader"]) as caller:
        assert home.run("forget", "--all").code == 0
        aws.faults.released.set()
        _, err = caller.communicate(timeout=60)
    assert caller.returncode == 7, err
    check_nothing_left(home, set())
    assert list((home.runtime / "xswitch").glob("*")) == []


def test_another_role_that_is_switched_to_at_the_same_time_is_kept(
    home: Home, aws: EmbeddedAws
) -> None:
    assert home.run("switch", "external").code == 0
    with waiting_for_sts(home, aws, [str(XSWITCH), "switch", "reader"]) as caller:
        assert home.run("forget", "external").code == 0
        aws.faults.released.set()
        _, err = caller.communicate(timeout=60)
    assert caller.returncode == 0, err


@contextmanager
def waiting_for_sts(
    home: Home, aws: EmbeddedAws, command: Sequence[str]
) -> Iterator[subprocess.Popen[str]]:
    """Run a command that waits for the answer of AssumeRole until `released` is set."""
    aws.faults.add("delay", "AssumeRole", seconds=60)
    process = subprocess.Popen(
        command,
        env=home.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with ending(process):
        until = time.monotonic() + 30
        while aws.faults.pending:
            assert time.monotonic() < until, "the command never called AssumeRole"
            time.sleep(0.01)
        yield process


# -- obstacles: named, and finished by the next run


def test_a_config_that_can_not_be_written_is_named_and_the_rest_goes_on(
    home: Home, aws: EmbeddedAws, need: Callable[[str], str]
) -> None:
    secrets = fill(home, aws)
    elsewhere = home.folder / "elsewhere"
    elsewhere.mkdir()
    shutil.move(home.config, elsewhere / "config")
    home.env["AWS_CONFIG_FILE"] = str(elsewhere / "config")
    elsewhere.chmod(0o500)
    words = (
        []
        if os.geteuid()
        else [need("setpriv"), "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    )
    done = run([*words, str(XSWITCH), "forget", "--all"], home.env)
    assert done.code == 8, done.err
    assert "4 profiles are left in the config file: xs-" in done.err
    assert "xswitch forget --all" in done.err
    # The keys of the static profile were in the other file
    assert places_of(secrets, [home.folder, home.runtime]) == []
    elsewhere.chmod(0o700)
    assert run([*words, str(XSWITCH), "forget", "--all"], home.env).code == 0
    assert "xswitch_role" not in (elsewhere / "config").read_text()


_FULL = """
mount -t tmpfs -o size=64k,mode=0700 tmpfs "$1" || exit 77
cp -a "$2"/. "$1"/
head -c 65536 /dev/zero >"$1/ballast" 2>/dev/null
"$3" forget --all
code=$?
rm -r "$2" && mkdir "$2"
rm "$1/ballast"
cp -a "$1"/. "$2"/
exit $code
"""


@pytest.mark.parametrize("which", ["state", "config"][:: count(2, 1)])
def test_a_full_disk_stops_no_deletion(
    home: Home, aws: EmbeddedAws, which: str, tmp_path: Path, need: Callable[[str], str]
) -> None:
    secrets = fill(home, aws)
    place = state(home) if which == "state" else home.config.parent
    keep = tmp_path / "keep"
    shutil.copytree(place, keep)
    mounting = [need("unshare"), "-Urm" if os.geteuid() else "-m"]
    words = [*mounting, "/bin/sh", "-c", _FULL, "sh", str(place), str(keep), str(XSWITCH)]
    done = run(words, home.env)
    if done.code == 77 or "unshare: " in done.err:
        needs_root("only root can mount here")
        missing("this machine lets nobody mount")
    shutil.rmtree(place)
    shutil.copytree(keep, place)
    assert places_of(secrets, [home.runtime]) == []
    assert done.code == 8, done.err  # no room for a backup, or for the config itself
    assert "4 profiles are left in the config file: xs-" in done.err
    assert home.run("forget", "--all").code == 0
    check_nothing_left(home, secrets)


# -- the question


def on_a_terminal(home: Home, answer: str, *words: str) -> tuple[int, str]:
    """Run xswitch on a terminal, type an answer, and return the exit code and the output."""
    controller, terminal = pty.openpty()

    def adopt() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [str(XSWITCH), *words],
        env=home.env,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=adopt,  # noqa: PLW1509 -- it makes the terminal the controlling one
    )
    os.close(terminal)
    shown = b""
    typed = False
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if not typed and b"Type yes: " in shown:
            os.write(controller, answer.encode())
            typed = True
        try:
            chunk = os.read(controller, 4096)
        except OSError:  # the program has ended
            break
        if not chunk:
            break
        shown += chunk
    os.close(controller)
    return process.wait(10), shown.decode()


def test_on_a_terminal_it_names_what_goes_and_asks(home: Home, aws: EmbeddedAws) -> None:
    secrets = fill(home, aws)
    code, shown = on_a_terminal(home, "no\n", "forget", "--all")
    assert code == 130
    assert "Nothing was forgotten." in shown
    text = " ".join(shown.split())
    assert "5 sessions, 1 MFA session, 4 profiles (xs-admin, xs-deep, xs-reader" in text
    assert places_of(secrets, [home.runtime]) != []
    code, shown = on_a_terminal(home, "\x03", "forget", "--all", "--json")
    assert code == 130
    assert places_of(secrets, [home.runtime]) != []
    code, shown = on_a_terminal(home, "yes\n", "forget", "--all")
    assert code == 0, shown
    check_nothing_left(home, secrets)


def test_yes_skips_the_question_and_so_does_a_script(home: Home, aws: EmbeddedAws) -> None:
    for words in (("forget", "--all", "--yes"), ("forget", "reader")):
        assert home.run("switch", "reader").code == 0
        code, shown = on_a_terminal(home, "", *words)
        assert code == 0, shown
        assert "Type yes" not in shown
    secrets = fill(home, aws)
    assert home.run("forget", "--all", stdin="").code == 0
    check_nothing_left(home, secrets)
