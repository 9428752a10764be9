"""Hostile names, keys, values, and comments in edits of the shared config.

The exact text is written, or nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from conftest import FixedClock
from support.config.checks import check_change
from support.config.store import names, store_at
from support.config.texts import Botocore
from support.hostile.texts import hostile, one_line
from support.reliability.generated import Tally
from support.reliability.soak import chance, chunks
from xswitch.core.awsconfig.document import is_legal_name
from xswitch.core.errors import ConfigError
from xswitch.core.model import FileKind, ProfileEdit, RemoveProfile, SetProfile

CONFIGS = (
    "",
    (
        "# mine\n[default]\nregion = eu-west-1\n\n[profile dev]\n"
        "role_arn = arn:aws:iam::111111111111:role/A\nsource_profile = default\n"
    ),
    (
        "[default]\r\nregion = eu-west-1\r\n\r\n# xswitch\r\n[profile xs-a]\r\n"
        "region = x # why\r\nxswitch_role = a"
    ),
    (
        "[profile xs-a]\ns3 =\n  max_queue = 10\n\n[sso-session corp]\nsso_region = eu-west-1\n"
        "[services mine]\nsts =\n  endpoint_url = u\n"
    ),
    "[profile xs-a]\nregion = x\nregion = y\n[profile 'xs-a']\nregion = z\n  [profile dev]\n",
)
CREDENTIALS = (
    "",
    "[default]\naws_access_key_id = AKIA\naws_secret_access_key = k3y\n",
    (
        "[xs-a]\r\nxswitch_role = xs-a\r\naws_access_key_id = AKIA\r\n\r\n[mine]\r\n"
        "aws_access_key_id = AKIB"
    ),
)
KEYS = ("region", "credential_process", "aws_session_token", "xswitch_role", "s3")
# Valid names that a reader may misinterpret.
ODD_NAMES = (
    "default",
    "DEFAULT",
    "Default",
    "profile",
    "profiles",
    "sso-session",
    "services",
    "plugins",
    "preview",
    "..",
    "/",
    "--",
    "-n",
    "%",
    "@",
    "+",
    ":",
)
ODD_KEYS = (
    "default",
    "__name__",
    "profile",
    "-",
    "..",
    "%",
    "@",
    "s3",
    "rem",
    "xswitch_role",
    "aws_access_key_id",
)
LETTERS = "abzAZ09_-/.%@:+"


def name_of(random: Random) -> str:
    """Return a name: two of three are hostile, the others valid but unusual."""
    if random.randrange(3):
        return hostile(random, as_bytes=True)
    odd = random.choice(ODD_NAMES)
    return random.choice(
        (
            odd,
            f"xs-{odd}",
            odd * random.randint(1, 40),
            "".join(random.choices(LETTERS, k=random.randint(1, 30))),
        )
    )


def key_of(random: Random) -> str:
    if random.randrange(3):
        return hostile(random, as_bytes=True)
    return random.choice(
        (random.choice(ODD_KEYS), "".join(random.choices(LETTERS.lower(), k=random.randint(1, 30))))
    )


def text_of(random: Random) -> str:
    """Return a value or a comment.

    Three of four have no control characters; otherwise nearly all would be rejected for them.
    """
    text = hostile(random, as_bytes=not random.randrange(4))
    if random.randrange(4):
        text = one_line(text)
    # A blank before one of these is always rejected, which would hide the text's other effects.
    return text if random.randrange(2) else text.replace(" #", "#").replace(" ;", ";")


def edit_names(random: Random, file: FileKind) -> list[ProfileEdit]:
    name = name_of(random)
    if not random.randrange(4):
        return [RemoveProfile(file, name)]
    made: list[ProfileEdit] = [
        SetProfile(
            file,
            name,
            {"region": "eu-west-1", "xswitch_role": "a"},
            "xswitch",
            exact=bool(random.randrange(2)),
        )
    ]
    return [*made, RemoveProfile(file, name)] if not random.randrange(4) else made


def edit_keys(random: Random, file: FileKind) -> list[ProfileEdit]:
    properties = {key_of(random): "eu-west-1", "xswitch_role": "a"}
    return [
        SetProfile(
            file, random.choice(("xs-a", "xs-new")), properties, exact=bool(random.randrange(2))
        )
    ]


def edit_values(random: Random, file: FileKind) -> list[ProfileEdit]:
    properties = {random.choice(KEYS): text_of(random), "xswitch_role": "a"}
    if not random.randrange(3):
        properties["xswitch_role"] = text_of(random)
    return [
        SetProfile(
            file, random.choice(("xs-a", "xs-new")), properties, exact=bool(random.randrange(2))
        )
    ]


def edit_comments(random: Random, file: FileKind) -> list[ProfileEdit]:
    comment = random.choice(("", "xswitch ", "xswitch: ")) + text_of(random)
    made: list[ProfileEdit] = [
        SetProfile(file, "xs-new", {"region": "eu-west-1", "xswitch_role": "a"}, comment)
    ]
    return (
        [*made, SetProfile(file, "xs-next", {"region": "x"}, comment)]
        if random.randrange(2)
        else made
    )


EDITS: dict[str, Callable[[Random, FileKind], list[ProfileEdit]]] = {
    "profile names": edit_names,
    "keys": edit_keys,
    "values": edit_values,
    "comments": edit_comments,
}


@pytest.mark.parametrize(("chunk", "how_many"), chunks(60, 2_000, 1_000))
@pytest.mark.parametrize("what", EDITS)
def test_nothing_is_injected(
    what: str, chunk: int, how_many: int, folder_for_edits: Path, clock: FixedClock
) -> None:
    random = chance(f"writer {what}", chunk)
    botocore, store, tally = Botocore(folder_for_edits), store_at(folder_for_edits, clock), Tally()
    folder = folder_for_edits / ".aws"
    folder.mkdir()
    for number in range(how_many):
        file: FileKind = "credentials" if number % 4 == 3 else "config"
        path, other = folder / file, folder / ("config" if file == "credentials" else "credentials")
        texts = {
            path: random.choice(CREDENTIALS if file == "credentials" else CONFIGS),
            other: "[default]\nregion = x\n",
        }
        changes = EDITS[what](random, file)
        with tally.case(file, texts[path], changes):
            for one, text in texts.items():
                one.write_bytes(text.encode())
            try:
                store.apply(changes)
            except ConfigError as refused:
                assert path.read_bytes() == texts[path].encode()
                tally.parts[
                    "refused" if refused.code != "not_ours" else "not xswitch's to change"
                ] += 1
            else:
                check_change(botocore, texts[path], path.read_bytes().decode(), file, changes)
                assert all(is_legal_name(change.name) for change in changes)
                tally.parts["exact"] += 1
            assert other.read_bytes() == texts[other].encode()
            assert set(names(folder)) <= {"config", "credentials"}
    assert tally.parts["exact"] > how_many // 10
    assert tally.parts["refused"] > how_many // 20
    tally.tell("writer", what)
