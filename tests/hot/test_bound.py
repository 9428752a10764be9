"""A pointer is served only to the command it was written for: profile, role, and files."""

from __future__ import annotations

import posix
import shutil
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

from support.hot import PROFILE, ROLE, HotWorld
from support.vault.keyrings import memory_folder
from xswitch.core.awsconfig.paths import default_paths
from xswitch.core.filenames import config_folder_name
from xswitch.core.profiles.binding import encode_word
from xswitch.hot import answer as hot

OTHER_ROLE = "arn:aws:iam::333333333333:role/Admin"
COMMAND = ("credential-process", PROFILE, ROLE)


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
        code = hot.run(list(argv), [])
        out, err = capfd.readouterr()
        assert (err, code is None) == ("", out == "")
        return out or None

    return run


def other_files(world: HotWorld, folder: str = "work (ü) x=41") -> tuple[str, str]:
    """Make other files, and let the environment name them; return their words."""
    place = world.home / folder
    place.mkdir()
    for name in ("config", "credentials"):
        (place / name).write_text("[profile a]\n")
        world.age(place / name)
    world.extra["AWS_CONFIG_FILE"] = str(place / "config")
    world.extra["AWS_SHARED_CREDENTIALS_FILE"] = str(place / "credentials")
    return encode_word(str(place / "config")), encode_word(str(place / "credentials"))


def test_the_role_that_the_command_names(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    expected = world.ready()
    assert answer(*COMMAND) == expected
    assert answer("credential-process", PROFILE) == expected  # of an earlier version
    for other in (OTHER_ROLE, f"{ROLE}x", ROLE[:-1], ROLE.lower(), "", "arn:"):
        assert answer("credential-process", PROFILE, other) is None


def test_the_files_that_the_command_names_whatever_the_environment_does(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    default = world.ready()
    words = other_files(world)
    assert answer(*COMMAND) == default
    assert answer(*COMMAND, *words) is None
    world.key = "cd" * 20
    world.store.put(world.key, world.session(left=2900))
    world.point()
    of_other_files = answer(*COMMAND, *words)
    assert of_other_files not in {None, default}
    for name, value in (
        ("LANG", "C"),
        ("AWS_CONFIG_FILE", "/no/such"),
        ("AWS_SHARED_CREDENTIALS_FILE", "rel"),
    ):
        world.extra = {name: value}
        assert answer(*COMMAND) == default
        assert answer(*COMMAND, *words) == of_other_files
    for swapped in (words[::-1], (words[0], words[0]), (words[1], words[1])):
        assert answer(*COMMAND, *swapped) is None


@pytest.mark.parametrize("word", ["", "rel", "=2Fx=", "/x=", "/x=4", "/x=zz", "~/x"])
def test_words_that_are_no_absolute_path(
    world: HotWorld, answer: Callable[..., str | None], word: str
) -> None:
    expected = world.ready()
    files = (str(world.config), str(world.credentials))
    assert answer(*COMMAND, *files) == expected
    assert answer(*COMMAND, word, files[1]) is None
    assert answer(*COMMAND, files[0], word) is None


def test_a_pointer_under_another_name_is_not_believed(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    """Copied, renamed, or found by a file system that ignores case."""
    world.ready()
    text = world.pointer.read_bytes()
    names = ("xs-other", PROFILE.upper(), f"{PROFILE}-static", f"{PROFILE}.", f".{PROFILE}")
    for name, role in product(names, ((), (ROLE,))):
        world.profile = name
        world.pointer.write_bytes(text)
        world.pointer.chmod(0o600)
        assert answer("credential-process", name, *role) is None
    assert len({hot.file_name(name).lower() for name in (PROFILE, *names)}) == len(names) + 1


def test_a_pointer_in_the_folder_of_another_config_file_is_not_believed(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    world.ready()
    default = world.paths.hot / PROFILE
    words = other_files(world)
    folder = config_folder_name(
        world.extra["AWS_CONFIG_FILE"], default_paths(str(world.home)).config
    )
    (world.paths.hot / folder).mkdir(0o700)
    shutil.copy(default, world.paths.hot / folder / PROFILE)
    assert answer(*COMMAND, *words) is None
    assert answer("credential-process", PROFILE) is None
    world.point()
    assert answer(*COMMAND, *words) is not None
    shutil.copy(world.paths.hot / folder / PROFILE, default)
    assert answer(*COMMAND) is None
    world.extra = {}
    assert answer("credential-process", PROFILE) is None


def test_a_session_under_another_key_is_not_believed(
    world: HotWorld, answer: Callable[..., str | None]
) -> None:
    expected = world.ready()
    other = "cd" * 20
    shutil.copy(world.value, world.value.with_name(other))
    lines = world.pointer.read_bytes()
    world.pointer.write_bytes(lines.replace(world.key.encode(), other.encode()))
    assert answer(*COMMAND) is None
    world.pointer.write_bytes(lines)
    assert answer(*COMMAND) == expected
    world.value.with_name(other).replace(world.value)
    assert answer(*COMMAND) == expected


def test_a_file_that_would_be_the_sources_own_ends_it(
    world: HotWorld, answer: Callable[..., str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.home / "here").mkdir()
    monkeypatch.chdir(world.home / "here")
    world.absent = ("key.json", "prod", "conf/aws")
    expected = world.ready()
    assert answer(*COMMAND) == expected
    Path("prod").mkdir()  # a word is rarely a folder
    assert answer(*COMMAND) == expected
    for name in ("key.json", "conf/aws"):
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
        assert answer(*COMMAND) is None
        path.unlink()
        assert answer(*COMMAND) == expected
    Path("conf/aws").mkdir()
    assert answer(*COMMAND) is None
    monkeypatch.chdir(world.home)
    assert answer(*COMMAND) == expected


def test_a_renewal_gets_the_same_words(world: HotWorld) -> None:
    words = other_files(world)
    world.store.put(world.key, world.session(left=1200))
    world.point()
    done = world.run(*COMMAND, *words)
    assert (done.stderr, done.returncode) == ("", 0)
    assert repr(["renew-background", PROFILE, ROLE, *words]) in world.renewals()[0]
