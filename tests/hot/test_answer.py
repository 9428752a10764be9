from __future__ import annotations

import ast
import json
import os
import posix
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.hot import PROFILE, ROLE, RUNTIME, SECRET, HotWorld, as_bytes
from support.vault.keyrings import (
    Need,
    counting_proxy,
    failing_service,
    memory_folder,
    secret_service,
)
from xswitch.adapters.state.paths import user_paths
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.secret_service import SecretServiceStore, item_path
from xswitch.core.awsconfig.paths import config_paths
from xswitch.core.errors import UsageError
from xswitch.core.filenames import profile_file_name
from xswitch.core.model import VaultInfo
from xswitch.core.sessions import keys, session_record
from xswitch.core.variables import REGION_VARIABLES
from xswitch.hot import answer as hot
from xswitch.hot import dbus

COMMAND = ["credential-process", PROFILE]
LINES, LOCATION = 13, 5  # of a pointer; the line with the place of the session


@pytest.fixture
def world(clean_world: Path) -> Iterator[HotWorld]:
    with memory_folder() as memory:
        yield HotWorld(clean_world, memory)


@pytest.fixture
def answer(
    world: HotWorld, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., str | None]:
    """Run the hot path in this process; return its output, None if it leaves the answer."""

    def run(*argv: str) -> str | None:
        monkeypatch.setattr(posix, "environ", world.bytes_environ())
        monkeypatch.setattr(hot, "_renew", lambda *_: world.marker.write_text("renewed"))
        code = hot.run(list(argv or COMMAND), ["python", "xswitch"])
        out, err = capfd.readouterr()
        assert err == ""
        assert code in {None, 0}
        assert (code is None) == (out == "")
        return out or None

    return run


# -- the answer


def test_prints_exactly_the_answer_and_nothing_else(world: HotWorld) -> None:
    expected = world.ready()
    done = world.run()
    assert (done.stdout, done.stderr, done.returncode) == (expected, "", 0)
    assert json.loads(done.stdout)["SecretAccessKey"] == SECRET


SECRET_SERVICE = RUNTIME | {"xswitch.hot.secret_service", "xswitch.hot.dbus", "_socket"}


def test_a_warm_read_imports_only_the_hot_path(world: HotWorld) -> None:
    expected = world.ready()
    assert world.loaded() == (expected, RUNTIME)


def test_a_warm_read_with_relevant_variables_also_imports_a_digest(world: HotWorld) -> None:
    world.extra["AWS_USE_FIPS_ENDPOINT"] = "false"
    expected = world.ready()
    assert world.loaded() == (expected, RUNTIME | {"_blake2"})


def test_a_warm_read_of_the_secret_service_also_imports_a_socket(
    world: HotWorld, need: Need
) -> None:
    with secret_service(need) as service:
        world.extra.update(service.variables)
        world.extra["HOME"] = str(world.home)
        expected = in_secret_service(world)
        assert world.loaded() == (expected, SECRET_SERVICE)


@pytest.mark.parametrize("flags", [("-I", "-S"), ("-I",)])
def test_by_the_console_script_too(world: HotWorld, flags: tuple[str, ...]) -> None:
    world.ready()
    command = [sys.executable, *flags, "-c", "import sys; print(' '.join(sys.modules))"]
    bare = set(
        subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60
        ).stdout.split()
    )
    after = "sys.stderr.write(' '.join(sys.modules))"
    done = world.run(after=after, flags=flags)
    assert done.returncode == 0
    stub = {"xswitch.cli", "xswitch.cli.main"}
    extra = set(done.stderr.split()) - bare - stub
    assert extra == RUNTIME | {"xswitch.__main__"}


def test_an_item_that_is_known_takes_two_round_trips(
    world: HotWorld, need: Need, answer: Callable[..., str | None]
) -> None:
    """The handshake takes two more: SASL, then Hello together with a ReadAlias."""
    with secret_service(need) as service, counting_proxy(service.address) as (address, bursts):
        world.extra.update(service.variables)
        world.extra["HOME"] = str(world.home)
        expected = in_secret_service(world)
        assert (
            world.pointer.read_bytes()
            .split(b"\n")[LOCATION]
            .startswith(b"/org/freedesktop/secrets/collection/")
        )
        world.extra["DBUS_SESSION_BUS_ADDRESS"] = address
        assert answer() == expected
        handshake, calls = bursts[:2], bursts[2:]
        assert [
            b"AUTH EXTERNAL" in handshake[0],
            b"Hello" in handshake[1],
            b"ReadAlias" in handshake[1],
        ] == [True] * 3
        assert len(calls) == 2
        assert b"OpenSession" in calls[0]
        assert b"GetSecret" in calls[1]


def test_an_item_that_is_missing_or_another_sessions_is_searched_for(
    world: HotWorld, need: Need, answer: Callable[..., str | None]
) -> None:
    with secret_service(need) as service:
        world.extra.update(service.variables)
        world.extra["HOME"] = str(world.home)
        expected = in_secret_service(world)
        lines = world.pointer.read_bytes().split(b"\n")
        for item in (lines[LOCATION] + b"0", b""):
            world.pointer.write_bytes(b"\n".join([*lines[:LOCATION], item, *lines[LOCATION + 1 :]]))
            assert answer() == expected
        other = "cd" * 20
        store = SecretServiceStore(
            world.environ(),
            VaultErrors(""),
            lambda: False,
            world.paths.secret_service_lock,
        )
        store.put(other, world.session().replace(world.key, other))
        store.close()
        lock = hot.secret_service_lock(world.bytes_environ())
        other_item = item_path(world.bytes_environ(), other, lock, 2.0)
        assert other_item not in {b"", lines[LOCATION]}
        world.pointer.write_bytes(
            b"\n".join([*lines[:LOCATION], other_item, *lines[LOCATION + 1 :]])
        )
        assert answer() is None


def test_many_who_know_the_item_do_not_end_the_service(world: HotWorld, need: Need) -> None:
    """The readers don't use the lock, as other programs don't either."""
    with secret_service(need) as service:
        world.extra.update(service.variables)
        world.extra["HOME"] = str(world.home)
        in_secret_service(world)
        item = world.pointer.read_bytes().split(b"\n")[LOCATION]
        program = (
            f"import sys\nsys.path.insert(0, {str(Path(hot.__file__).parents[2])!r})\n"
            "from xswitch.hot.secret_service import fetch_secret\n"
            f"fetch = lambda: fetch_secret({service.address.encode()!r}, {item!r}, 10.0)\n"
            "print({fetch()[0] for _ in range(40)})"
        )
        readers = [
            subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", program], stdout=subprocess.PIPE, text=True
            )
            for _ in range(6)
        ]
        assert [reader.communicate(timeout=60)[0] for reader in readers] == ["{'ok'}\n"] * 6


def in_secret_service(world: HotWorld) -> str:
    """Store a session and write its pointer; return the expected answer."""
    value = world.session()
    store = SecretServiceStore(
        world.environ(), VaultErrors(""), lambda: False, world.paths.secret_service_lock
    )
    store.put(world.key, value)
    store.close()
    world.point(VaultInfo("secret-service", "Secret Service"))
    return value[session_record.HEADER_LENGTH :] + "\n"


def test_a_failing_secret_service_is_left_to_the_full_program(
    world: HotWorld, need: Need, answer: Callable[..., str | None]
) -> None:
    with secret_service(need) as service:
        world.extra.update(service.variables)
        world.extra["HOME"] = str(world.home)
        expected = in_secret_service(world)
        assert answer() == expected
        service.lock()
        assert answer() is None
    assert answer() is None
    with failing_service(need, "mute") as address:
        world.extra["DBUS_SESSION_BUS_ADDRESS"] = address
        assert answer() is None
    del world.extra["DBUS_SESSION_BUS_ADDRESS"]
    world.extra["XDG_RUNTIME_DIR"] = str(world.home / "no bus")
    assert answer() is None


def test_the_secret_service_is_found_at_the_systemd_bus_too(
    world: HotWorld, need: Need, answer: Callable[..., str | None]
) -> None:
    with secret_service(need) as service:
        world.extra.update(service.variables)
        world.extra["HOME"] = str(world.home)
        expected = in_secret_service(world)
        runtime = service.folder / "a runtime, 100% odd"
        runtime.mkdir()
        path = re.match(r"unix:path=([^,]+)", service.address)
        assert path is not None
        (runtime / "bus").symlink_to(path[1])
        del world.extra["DBUS_SESSION_BUS_ADDRESS"]
        world.extra["XDG_RUNTIME_DIR"] = str(runtime)
        assert answer() == expected


# -- cases for the full program


def test_only_its_own_command_with_one_profile(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    expected = world.ready()
    assert answer() == expected
    for argv in (
        [],
        ["credential-process"],
        ["credential-process", "-h"],
        ["credential-process", PROFILE, "x", "y"],
        ["credential-process", PROFILE, ROLE, "/a", "/b", "/c"],
        ["credential-process", "arn:x"],
        ["list", PROFILE],
        ["credential-process", ""],
    ):
        assert hot.run(argv, []) is None
    assert answer("credential-process", "xs-other") is None
    assert answer("credential-process", f"../hot/{PROFILE}") is None


def test_a_change_of_the_settings_ends_it(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    world.ready()
    world.settings.parent.mkdir(parents=True)
    world.settings.write_text('[guard.prod]\nmatch = ["*"]\n')
    assert answer() is None


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_other_config_files_end_it_even_with_the_same_fingerprint(
    world: HotWorld, answer: Callable[..., str | None], variable: str
) -> None:
    default = world.config if variable == "AWS_CONFIG_FILE" else world.credentials
    elsewhere = world.home / "elsewhere"
    if default.exists():
        elsewhere.hardlink_to(default)
        world.age(default)
    expected = world.ready()
    for same in (str(default), f"~/.aws/{default.name}", ""):
        world.extra[variable] = same
        assert answer() == expected
    world.extra[variable] = str(elsewhere)
    assert answer() is None


@pytest.mark.parametrize(
    "variable",
    [
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "AWS_USE_FIPS_ENDPOINT",
        "XSWITCH_DEMO_CLOCK",
    ],
)
def test_a_variable_that_changes_which_session_is_meant_ends_it(
    world: HotWorld, answer: Callable[..., str | None], variable: str
) -> None:
    expected = world.ready()
    world.extra[variable] = "something"
    assert answer() is None
    world.extra.pop(variable)
    world.extra["AWS_PROFILE"] = "whatever"
    assert answer() == expected


def test_the_same_variables_as_before_do_not_end_it(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    world.extra |= {
        "AWS_CA_BUNDLE": "/one.pem",
        "AWS_ACCESS_KEY_ID": "AKIACANARY",
        "AWS_SESSION_TOKEN": "canary",
    }
    expected = world.ready()
    assert answer() == expected
    assert b"canary" not in world.pointer.read_bytes().lower()
    world.extra["AWS_CA_BUNDLE"] = "/two.pem"
    assert answer() is None


@pytest.mark.parametrize("variable", REGION_VARIABLES)
def test_a_region_does_not_end_it_because_a_switch_sets_one(
    world: HotWorld, answer: Callable[..., str | None], variable: str
) -> None:
    expected = world.ready()
    for region in ("eu-west-1", "us-gov-west-1", ""):
        world.extra[variable] = region
        assert answer() == expected


def test_a_session_is_served_until_its_mandatory_refresh_and_renewed_after_its_advisory_one(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    for left, served, renewed in (
        (3000, True, False),
        (1600, True, False),
        (1400, True, True),
        (1000, True, True),
        (900, False, False),
        (-5, False, False),
    ):
        world.marker.unlink(missing_ok=True)
        expected = world.ready(left=left)
        assert answer() == (expected if served else None)
        assert world.marker.exists() is renewed


def test_another_sessions_value_is_never_served(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    world.ready()
    other = HotWorld.session(world).replace(world.key, "cd" * 20)
    world.store.put(world.key, other)
    assert answer() is None
    world.store.delete(world.key)
    assert answer() is None


@settings(max_examples=150, derandomize=True, deadline=None)
@given(data=st.data())
def test_it_serves_only_values_that_the_full_program_reads(data: st.DataObject) -> None:
    key = "ab" * 20
    good = f"xswitch1 {key} 000000000010 000000000020 000000000030 000000000001\n"
    at = data.draw(st.integers(0, len(good) - 1))
    header = good[:at] + data.draw(st.text(max_size=2)) + good[at + data.draw(st.integers(0, 2)) :]
    line = '{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "B", "SessionToken": "C"}'
    try:
        times = hot._parse_refresh_times(header.encode()[: hot.HEADER_LENGTH], key.encode())
    except hot._UseFullProgram:
        return
    record = session_record.decode(header + line, key)
    assert record is not None
    assert times == (
        int(record.advisory_refresh_at.timestamp()),
        int(record.mandatory_refresh_at.timestamp()),
    )


@pytest.mark.parametrize("cut", ["", "x", "{", '{"Version": 1', "\n{}", "{}\n", "{\n}", "[]"])
def test_a_damaged_answer_is_not_printed(
    world: HotWorld, answer: Callable[..., str | None], cut: str
) -> None:
    world.ready()
    world.store.put(world.key, world.session()[: session_record.HEADER_LENGTH] + cut)
    assert answer() is None


@pytest.mark.parametrize("line", range(LINES))
def test_a_pointer_with_any_line_changed_is_not_believed(
    world: HotWorld,
    answer: Callable[..., str | None],
    line: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world.ready()
    (world.home / "x").write_text("")  # a file that is absent, according to a changed line
    monkeypatch.chdir(world.home)
    lines = world.pointer.read_bytes().split(b"\n")
    assert len(lines) == LINES
    for changed in (lines[line] + b"x", b"", None):
        new = [*lines[:line], *([] if changed is None else [changed]), *lines[line + 1 :]]
        world.pointer.write_bytes(b"\n".join(new))
        if new != lines:
            assert answer(*COMMAND, ROLE) is None


def test_files_and_folders_that_are_not_as_we_made_them_are_not_believed(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    expected = world.ready()
    for path, mode in (
        (world.pointer, 0o602),
        (world.pointer, 0o620),
        (world.value, 0o640),
        (world.value.parent, 0o710),
    ):
        before = path.stat().st_mode
        path.chmod(mode)
        assert answer() is None
        path.chmod(before)
        assert answer() == expected
    for path in (world.pointer, world.value):
        second = path.with_name("second")
        second.hardlink_to(path)
        assert answer() is None
        second.unlink()
        moved = path.with_name("moved")
        path.rename(moved)
        path.symlink_to(moved)
        assert answer() is None
        path.unlink()
        os.mkfifo(path, 0o600)
        assert answer() is None
        path.unlink()
        path.mkdir(0o700)
        assert answer() is None
        path.rmdir()
        moved.rename(path)
        assert answer() == expected
    elsewhere = world.value.parent.with_name("elsewhere")
    world.value.parent.rename(elsewhere)
    world.value.parent.symlink_to(elsewhere)
    assert answer() is None


def test_another_users_files_are_not_believed(
    world: HotWorld, answer: Callable[..., str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ready()
    mine = posix.geteuid()
    monkeypatch.setattr(posix, "geteuid", lambda: mine + 1)
    assert answer() is None


def test_a_value_too_large_to_be_a_session_is_not_believed(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    world.ready()
    world.store.put(world.key, world.session()[:-1] + " " * (1 << 20) + "}")
    assert answer() is None


def test_without_a_home_it_does_not_guess(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    world.ready()
    world.extra["HOME"] = ""
    assert answer() is None
    world.extra["HOME"] = "relative"
    assert answer() is None


def test_off_linux_the_full_program_answers(
    world: HotWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ready()
    monkeypatch.setattr(posix, "environ", world.bytes_environ())
    monkeypatch.setattr(sys, "platform", "darwin")
    assert hot.run(list(COMMAND), []) is None


# -- writing the answer


def test_a_closed_stdout_is_reported_by_the_full_program(world: HotWorld) -> None:
    world.ready()
    script = "import os\nos.close(1)\n"
    done = world.run(before=script)
    assert done.returncode != 0
    assert done.stdout == ""


def test_a_slow_reader_gets_the_whole_of_an_answer_larger_than_a_pipe() -> None:
    program = (
        "import os, sys\nsys.path.insert(0, sys.argv[1])\nfrom xswitch.hot import answer as hot\n"
        "os.set_blocking(1, False)\nsys.exit(0 if hot._write(b'x' * 300000) else 3)"
    )
    source = str(Path(hot.__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-I", "-c", program, source], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        total = 0
        while part := os.read(process.stdout.fileno(), 20_000):
            total += len(part)
            time.sleep(0.002)
    assert (total, process.returncode) == (300_000, 0)


def test_a_reader_may_leave_in_the_middle() -> None:
    program = (
        "import sys\nsys.path.insert(0, sys.argv[1])\nfrom xswitch.hot import answer as hot\n"
        "sys.exit(0 if hot._write(b'x' * 300000) else 3)"
    )
    source = str(Path(hot.__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-I", "-c", program, source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


# -- background renewal


def test_between_the_refresh_times_it_answers_and_starts_one_detached_renewal(
    world: HotWorld,
) -> None:
    expected = world.ready(left=1200)
    # Waits until both pipes are closed, which a renewal must not delay
    done = world.run()
    assert (done.stdout, done.stderr, done.returncode) == (expected, "", 0)
    assert len(world.renewals()) == 1
    argv, detached, descriptors = ast.literal_eval(world.renewals()[0])
    assert argv == ["renew-background", PROFILE]
    assert detached
    assert set(descriptors) <= {"0", "1", "2", "3", "4"}
    assert world.run().stdout == expected
    assert world.run().stdout == expected
    assert len(world.renewals()) == 1


def test_a_renewal_is_started_again_after_a_while(
    world: HotWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ready(left=1200)
    started: list[int] = []

    def fork() -> int:
        started.append(1)
        return 12345

    monkeypatch.setattr(posix, "fork", fork)
    monkeypatch.setattr(posix, "waitpid", lambda *_: (12345, 0))
    folder, name = os.fsencode(world.paths.hot), os.fsencode(world.pointer.name)
    words = ["python", "xswitch"]
    hot._renew(folder, name, [PROFILE], words)
    hot._renew(folder, name, [PROFILE], words)
    assert len(started) == 1
    world.age(world.paths.hot / f".renewing-{world.pointer.name}", hot.RENEW_SECONDS + 1)
    hot._renew(folder, name, [PROFILE], words)
    assert len(started) == 2
    world.age(world.paths.hot / f".renewing-{world.pointer.name}", hot.RENEW_SECONDS + 1)
    hot._renew(folder, name, [PROFILE], [])
    assert len(started) == 2


def test_a_renewal_that_another_reader_is_about_to_start_is_left_to_it(world: HotWorld) -> None:
    world.ready(left=1200)
    marker = os.fsencode(world.paths.hot / f".renewing-{world.pointer.name}")
    program = (
        "import fcntl, sys\nfile = open(sys.argv[1], 'wb')\nfcntl.lockf(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, marker], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert not hot._claim_renewal(marker)
        other.communicate()
    assert hot._claim_renewal(marker)
    assert not hot._claim_renewal(marker)


def test_a_renewal_that_cannot_be_started_is_ignored(world: HotWorld) -> None:
    expected = world.ready(left=1200)
    hot._renew(b"/no/such/folder", b"x", [PROFILE], ["python", "xswitch"])
    world.paths.hot.chmod(0o500)
    assert world.run().stdout == expected
    world.paths.hot.chmod(0o700)


# -- shared with the full program


def test_the_constants_are_those_of_the_vault_value() -> None:
    assert hot.HEADER_MAGIC.decode() == session_record.MAGIC
    assert hot.HEADER_LENGTH == session_record.HEADER_LENGTH
    assert hot.KEY_LENGTH == keys.KEY_LENGTH


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_categories=()), max_size=20)
    | st.sampled_from([".x", "..", "a/b", "\udcff"])
)
def test_file_names_are_those_of_the_full_program(profile: str) -> None:
    try:
        expected = profile_file_name(profile)
    except (UsageError, UnicodeEncodeError):
        with pytest.raises(ValueError):  # noqa: PT011 -- without a message
            hot.file_name(profile)
    else:
        assert hot.file_name(profile) == expected.encode()


PATHS = st.sampled_from(
    ["", "/x/config", "~/a", "~//a", "rel", "./rel/b", "~", "~user/x", "/x y", "/\u00e9"]
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(config=PATHS | st.none(), credentials=PATHS | st.none())
def test_config_files_are_found_as_the_full_program_finds_them(
    config: str | None, credentials: str | None
) -> None:
    env = {"HOME": "/home/user"}
    env |= {"AWS_CONFIG_FILE": config} if config is not None else {}
    env |= {"AWS_SHARED_CREDENTIALS_FILE": credentials} if credentials is not None else {}
    expected = config_paths(env, "/home/user", str(Path.cwd()))
    *_, config_path, credentials_path = hot.resolution_inputs(as_bytes(env))
    assert (os.fsdecode(config_path), os.fsdecode(credentials_path)) == (
        expected.config,
        expected.credentials,
    )


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c"},
        {"XDG_STATE_HOME": "rel", "XDG_CONFIG_HOME": ""},
        {"XDG_STATE_HOME": "/s/"},
    ],
)
def test_own_files_are_found_where_the_full_program_keeps_them(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    paths = user_paths(os.environ)
    environ = as_bytes(dict(os.environ))
    assert Path(os.fsdecode(hot.state_folder(environ))) == paths.state
    assert Path(os.fsdecode(hot.settings_file(environ))) == paths.settings
    assert Path(os.fsdecode(hot.secret_service_lock(environ))) == paths.secret_service_lock


def test_the_bus_is_where_the_variables_say() -> None:
    assert dbus.bus_address({}) == b""
    assert dbus.bus_address({b"XDG_RUNTIME_DIR": b"relative"}) == b""
    assert dbus.bus_address({b"XDG_RUNTIME_DIR": b"/no/such"}) == b""
    assert (
        dbus.bus_address({b"DBUS_SESSION_BUS_ADDRESS": b"unix:path=/x", b"XDG_RUNTIME_DIR": b"/"})
        == b"unix:path=/x"
    )
