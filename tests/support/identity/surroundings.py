"""The surroundings of a switch that lead a client to another identity or region, if they can."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

from support.aws.emulator import HUB, PROD
from support.aws.servers import json_reply, serve
from support.e2e import run
from support.identity.routes import Route, Switched
from support.identity.world import (
    INTRUDER_KEY,
    INTRUDER_SECRET,
    OTHER_REGION,
    THIRD_REGION,
    World,
)

ANNOUNCED, SENTENCE = "as announced", "a sentence, no credentials"

Before = Callable[[World], None]
After = Callable[[World, Route, Switched], "list[Switched]"]


def _nothing(_world: World) -> None:
    pass


def _no_more(_world: World, _route: Route, _switched: Switched) -> list[Switched]:
    return []


@dataclass(frozen=True)
class Surroundings:
    """The state before a switch, and the changes between it and the client."""

    name: str
    title: str
    before: Before = _nothing
    after: After = _no_more
    """Returns other shells that must be as they were announced, too."""
    changed: bool = False
    """Whether the profile is for another role by then, so that its session may not be served."""
    unread_by: str = ""
    """The client that doesn't read the config there, and says so."""
    around: Callable[[World], AbstractContextManager[None]] = field(
        default=lambda _world: nullcontext()
    )
    slice: tuple[str, ...] = ()
    """The routes with which `make test` tries it; `make soak` tries it with all."""

    def expected(self, route: Route) -> str:
        """Return what a client must get on a route."""
        return SENTENCE if self.changed and not route.static else ANNOUNCED


# -- before the switch


def _variables(**variables: str) -> Before:
    def before(world: World) -> None:
        world.env |= variables

    return before


def _target(*words: str, **variables: str) -> Before:
    def before(world: World) -> None:
        world.target = words
        world.env |= variables

    return before


def _session_of_ci(world: World) -> None:
    keys = world.aws.intruder()
    world.env |= {
        "AWS_ACCESS_KEY_ID": keys["id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret"],
        "AWS_SESSION_TOKEN": keys["token"],
        "AWS_SECURITY_TOKEN": keys["token"],
        "AWS_CREDENTIAL_EXPIRATION": keys["expires"],
        "AWS_REGION": OTHER_REGION,
        "AWS_DEFAULT_REGION": OTHER_REGION,
    }


def _pod(world: World) -> None:
    token = world.folder / "token"
    token.write_text("ey.ey.ey", encoding="utf-8")
    world.env |= {
        "AWS_ROLE_ARN": f"arn:aws:iam::{HUB}:role/pod",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ROLE_SESSION_NAME": "pod",
        "AWS_REGION": OTHER_REGION,
    }


@contextmanager
def _container(world: World) -> Iterator[None]:
    keys = world.aws.intruder()
    body = {
        "AccessKeyId": keys["id"],
        "SecretAccessKey": keys["secret"],
        "Token": keys["token"],
        "Expiration": keys["expires"],
    }
    with serve(lambda _request: json_reply(200, body)) as server:
        world.env |= {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.url}/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
        }
        yield


_MARKERS = {
    "AWS_VAULT": "intruder",
    "AWSUME_PROFILE": "intruder",
    "AWS_SSO_PROFILE": "intruder",
    "AWS_SESSION_EXPIRATION": "2020-01-01T00:00:00Z",
    "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
    "GRANTED_SSO": "true",
    "AWS_CREDENTIAL_SCOPE": OTHER_REGION,
    "AWS_ACCOUNT_ID": HUB,
}


def _everything(world: World) -> None:
    world.env |= _MARKERS
    world.env |= {"AWS_DEFAULT_PROFILE": "intruder", "AWS_PROFILE": "intruder"}
    world.env |= {"AWS_SDK_LOAD_CONFIG": "0"}
    _session_of_ci(world)
    _pod(world)


def _default_with_keys(world: World) -> None:
    keys = f"aws_access_key_id = {INTRUDER_KEY}\naws_secret_access_key = {INTRUDER_SECRET}\n"
    for file in (world.config, world.credentials):
        text = file.read_text(encoding="utf-8")
        file.write_text(f"[default]\n{keys}region = {OTHER_REGION}\n\n{text}", encoding="utf-8")


def _one_file(world: World) -> None:
    text = world.credentials.read_text(encoding="utf-8")
    for name in ("dev", "intruder"):  # a profile once, with its keys where its settings are
        section = text.partition(f"[{name}]\n")[2].partition("\n\n")[0]
        config = world.config.read_text(encoding="utf-8")
        header = f"[profile {name}]\n"
        world.config.write_text(config.replace(header, f"{header}{section}\n"), encoding="utf-8")
    world.credentials.unlink()
    world.env |= {
        "AWS_CONFIG_FILE": str(world.config),
        "AWS_SHARED_CREDENTIALS_FILE": str(world.config),
    }


def _named(name: str) -> Before:
    """Move the config file to ~/work, and name it in another way than by its absolute path."""

    def before(world: World) -> None:
        world.move_config(world.folder / "work" / "config")
        world.env["AWS_CONFIG_FILE"] = name

    return before


def _linked(world: World) -> None:
    real = world.folder / "dotfiles" / "config"
    real.parent.mkdir()
    world.config.rename(real)
    world.config.symlink_to(real)


# -- between the switch and the client


def _edit(world: World) -> None:
    """Make every role one of the other account, in place and without a change of size."""
    text = world.config.read_text(encoding="utf-8")
    roles = text.replace(f"role_arn = arn:aws:iam::{PROD}:", f"role_arn = arn:aws:iam::{HUB}:")
    assert roles != text
    with world.config.open("r+", encoding="utf-8") as file:
        file.write(roles)


def _edited(world: World, _route: Route, _switched: Switched) -> list[Switched]:
    _edit(world)
    return []


def _edited_within_the_second(world: World, route: Route, switched: Switched) -> list[Switched]:
    """As on a file system with times in seconds: the time is whole, and stays the same."""
    second = world.config.stat().st_mtime_ns // 10**9 * 10**9
    os.utime(world.config, ns=(second, second))
    _serve_once(world, route, switched)
    _edit(world)
    os.utime(world.config, ns=(second, second))
    return []


def _edited_with_the_time_set_back(
    world: World, route: Route, switched: Switched
) -> list[Switched]:
    _serve_once(world, route, switched)
    stat = world.config.stat()
    _edit(world)
    os.utime(world.config, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return []


def _replaced_with_the_time_set_back(
    world: World, route: Route, switched: Switched
) -> list[Switched]:
    """As an editor or a synchronizer writes: another file under the name, with the old times."""
    _serve_once(world, route, switched)
    stat = world.config.stat()
    copy = world.config.with_name("copy")
    shutil.copy2(world.config, copy)
    _edit(world)
    edited = world.config.read_bytes()
    copy.write_bytes(edited)
    os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    copy.replace(world.config)
    return []


def _serve_once(world: World, _route: Route, switched: Switched) -> None:
    """Have the session served, so that a pointer to it exists."""
    from support.identity.clients import CLIENTS  # noqa: PLC0415 -- only with these surroundings

    go = next(client for client in CLIENTS if client.name == "Go")
    go.ask(switched.env, world.aws, switched.cwd, switched.config)


def _switch_to_tagged(world: World) -> None:
    """Switch to another role first, whose files are then copied."""
    done = run(["xswitch", "switch", "tagged"], world.env)
    assert done.code == 0, done.err


def _pointer_copied(world: World, route: Route, switched: Switched) -> list[Switched]:
    """Copy every pointer and prompt file of the other role over the one of this."""
    _serve_once(world, route, switched)
    copied = 0
    for file in world.state.rglob("xs-tagged*"):
        kind = world.state / file.relative_to(world.state).parts[0]
        for target in kind.rglob(file.name.replace("xs-tagged", "xs-reader")):
            if file.is_file():
                shutil.copy2(file, target)
                copied += 1
    assert copied, sorted(map(str, world.state.rglob("*")))
    return []


def _records_exchanged(world: World, route: Route, switched: Switched) -> list[Switched]:
    """Copy the stored sessions over each other."""
    _serve_once(world, route, switched)
    records = [
        file
        for file in world.memory.rglob("*")
        if file.is_file() and file.read_bytes().startswith(b"xswitch")
    ]
    contents = [file.read_bytes() for file in records]
    assert len(contents) > 1
    for file, content in zip(records, contents[1:] + contents[:1], strict=True):
        file.write_bytes(content)
    return []


def _another_folder_and_no_runtime_folder(
    _world: World, _route: Route, switched: Switched
) -> list[Switched]:
    switched.env.pop("XDG_RUNTIME_DIR")
    return []


def _second_shell(world: World, route: Route, _switched: Switched) -> list[Switched]:
    """Switch to the same name in a second shell, whose config file has it in another account."""
    config = world.folder / "second" / "config"
    folder = world.folder.parent / "second"
    folder.mkdir()
    second = world.second_shell(config, HUB)
    if route.static:  # both shells have one credentials file
        refused = run(["xswitch", "switch", *second.target, "--static"], second.env)
        assert "in another config file" in refused.err, refused.err
        followed = run(["xswitch", "switch", *second.target, "--force"], second.env)
        assert followed.code == 0, followed.err
        return []
    return [route.switch(second, folder)]


SURROUNDINGS = (
    Surroundings("plain", "nothing hostile"),
    Surroundings(
        "ci", "another account's keys, token, and region in the environment (CI)", _session_of_ci
    ),
    Surroundings("pod", "a pod's web identity variables, and a role for them", _pod),
    Surroundings("container", "a container's credentials URI that answers", around=_container),
    Surroundings(
        "default-profile",
        "`AWS_DEFAULT_PROFILE` and `AWS_PROFILE` of other accounts",
        _variables(AWS_DEFAULT_PROFILE="intruder", AWS_PROFILE="intruder"),
    ),
    Surroundings("markers", "other tools' markers", _variables(**_MARKERS)),
    Surroundings("load-config", "`AWS_SDK_LOAD_CONFIG=0`", _variables(AWS_SDK_LOAD_CONFIG="0")),
    Surroundings(
        "everything",
        "all of the above at once",
        _everything,
        around=_container,
        slice=("bash", "nu"),
    ),
    Surroundings(
        "regions",
        "`AWS_REGION` and `AWS_DEFAULT_REGION` of two other regions",
        _variables(AWS_REGION=OTHER_REGION, AWS_DEFAULT_REGION=THIRD_REGION),
    ),
    Surroundings(
        "region-option",
        "the same, and `--region`",
        _target(
            "reader",
            "--region",
            "eu-north-1",
            AWS_REGION=OTHER_REGION,
            AWS_DEFAULT_REGION=THIRD_REGION,
        ),
        slice=("fish",),
    ),
    Surroundings(
        "no-region",
        "the same, and a role without a region",
        _target("nowhere", AWS_REGION=OTHER_REGION, AWS_DEFAULT_REGION=THIRD_REGION),
        slice=("by hand", "zsh"),
    ),
    Surroundings(
        "one-region",
        "only `AWS_REGION`, and a role without a region",
        _target("nowhere", AWS_REGION=OTHER_REGION),
        slice=("sh",),
    ),
    Surroundings(
        "default-region",
        "only `AWS_DEFAULT_REGION`, and a role without a region",
        _target("nowhere", AWS_DEFAULT_REGION=OTHER_REGION),
        slice=("nu",),
    ),
    Surroundings(
        "default-keys",
        "a `[default]` with keys and a region in both files",
        _default_with_keys,
        slice=("static",),
    ),
    Surroundings("one-file", "both file variables name one file", _one_file, slice=("zsh",)),
    Surroundings(
        "tilde", "`AWS_CONFIG_FILE=~/…`", _named("~/work/config"), unread_by="Go", slice=("fish",)
    ),
    Surroundings(
        "relative", "`AWS_CONFIG_FILE` as a relative path", _named("work/config"), slice=("sh",)
    ),
    Surroundings("link", "the config is a symbolic link", _linked),
    Surroundings(
        "two-shells",
        "a second shell with another `AWS_CONFIG_FILE`, where the name is another account's",
        after=_second_shell,
        slice=("in code", "bash", "static"),
    ),
    Surroundings(
        "cron",
        "a client without `XDG_RUNTIME_DIR`",
        after=_another_folder_and_no_runtime_folder,
    ),
    Surroundings(
        "pointer",
        "another role's pointer copied",
        _switch_to_tagged,
        _pointer_copied,
        slice=("nu",),
    ),
    Surroundings("records", "the stored sessions exchanged", _switch_to_tagged, _records_exchanged),
    Surroundings("edit", "the config edited: another account", after=_edited, changed=True),
    Surroundings(
        "edit-second",
        "the same within a second, where file times are whole seconds",
        after=_edited_within_the_second,
        changed=True,
        slice=("static",),
    ),
    Surroundings(
        "edit-back",
        "the same, and the file's time set back",
        after=_edited_with_the_time_set_back,
        changed=True,
        slice=("by hand", "in code"),
    ),
    Surroundings(
        "replaced-back",
        "the config replaced by an edited copy with the old time",
        after=_replaced_with_the_time_set_back,
        changed=True,
    ),
)
