"""Config and credentials files with a canary at every place of every key.

A file has one role profile per key. `SHAPED` canaries look like secrets and may be shown nowhere;
the `PHRASE` doesn't, and may be shown only as the value of a key whose values are shown, or as part
of a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from xswitch.core.display import _HIDDEN_KEYS, SHOWN_KEYS, SHOWN_NESTED_KEYS

SHAPED = (
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYCANARYKEY9",
    "canary0Secret1canary2Secret3canary4Secre",
    "AKIACANARYCANARY2345",
    "IQoJb3JpZ2luX2VjEN3wEaCXVzLWVhc3QtMSJHMEUCIQDcanary+token/AbCdEf0123456789==",
    "9b74c9897bac770ffc029102a200c5de9b74c9897bac770f",
)
PHRASE = "tr0ub4dor horse"

UNKNOWN_KEYS = ("my_password", "azure_client_secret", "s3", "sts", "x.y-z", "toolkit_region")
KEYS = tuple(sorted({*SHOWN_KEYS, *_HIDDEN_KEYS, *SHOWN_NESTED_KEYS, *UNKNOWN_KEYS}))
_VALUES = {
    "region": "eu-west-1",
    "role_arn": "arn:aws:iam::222222222222:role/Reader",
    "source_profile": "dev",
    "duration_seconds": "3600",
    "credential_source": "Environment",
    "mfa_serial": "arn:aws:iam::111111111111:mfa/dev",
    "endpoint_url": "http://127.0.0.1:1",
    "credential_process": "/bin/false",
    "mfa_process": "/bin/false",
    "xswitch_tags": "team=x",
}


class Place(NamedTuple):
    """Where the canary is. `text` gets key, value, and canary; `{name}` is the profile's name."""

    text: Callable[[str, str, str], str]
    shows_value: bool = False
    """The canary is the value of the key, or a part of it."""
    header: str = ""
    """The profile's header, instead of `[profile NAME]`."""
    named: bool = False
    """The canary is part of a name."""


PLACES: dict[str, Place] = {
    "value": Place(lambda k, _, c: f"{k} = {c}\n", shows_value=True),
    "tight value": Place(lambda k, _, c: f"{k}={c}\n", shows_value=True),
    "quoted value": Place(lambda k, _, c: f'{k} = "{c}"\n', shows_value=True),
    "upper case": Place(lambda k, _, c: f"{k.upper()} = {c}\n", shows_value=True),
    "indented": Place(lambda k, _, c: f"  {k} = {c}\n", shows_value=True),
    "after a second =": Place(lambda k, v, c: f"{k} = {v} = {c}\n", shows_value=True),
    "after a colon": Place(lambda k, v, c: f"{k} = {v}:{c}\n", shows_value=True),
    "as a colon's value": Place(lambda k, _, c: f"{k}: {c}\n", shows_value=True),
    "continued by a key": Place(lambda k, v, c: f"{k} = {v}\n  aws_secret_access_key = {c}\n"),
    "continued by a tight key": Place(lambda k, v, c: f"{k}={v}\n\taws_session_token={c}\n"),
    "continued by another's key": Place(lambda k, v, c: f"{k} = {v}\n  my_key: {c}\n"),
    "continued by text": Place(lambda k, v, c: f"{k} = {v}\n    {c}\n"),
    "continued after a blank line": Place(
        lambda k, v, c: f"{k} = {v}\n\n  aws_secret_access_key = {c}\n"
    ),
    "nested": Place(lambda k, _, c: f"{k} =\n  aws_secret_access_key = {c}\n"),
    "nested unknown": Place(lambda k, _, c: f"{k} =\n  password = {c}\n"),
    "nested text": Place(lambda k, _, c: f"{k} =\n  {c}\n"),
    "comment in the line": Place(lambda k, v, c: f"{k} = {v} # {c}\n"),
    "semicolon in the line": Place(lambda k, v, c: f"{k} = {v}\t; {c}\n"),
    "comment line": Place(lambda k, v, c: f"# {k} = {c}\n{k} = {v}\n; {c}\n  # {c}\n"),
    "no =": Place(lambda k, v, c: f"{k} = {v}\n{k} {c}\n"),
    "repeated section": Place(
        lambda k, v, c: f"{k} = {v}\n[profile {{name}}]\n{k} = {c}\n", shows_value=True
    ),
    "rubbish after the header": Place(
        lambda k, v, _: f"{k} = {v}\n", header="[{prefix}{name}] {c}"
    ),
    "no bracket": Place(lambda k, v, _: f"{k} = {v}\n", header="[{prefix}{name} {c}", named=True),
    "two words": Place(lambda k, v, _: f"{k} = {v}\n", header="[{prefix}{name} {c}]", named=True),
    "name": Place(lambda k, v, _: f"{k} = {v}\n", header="[{prefix}{name}.{c}]", named=True),
    "an assignment as header": Place(
        lambda k, v, _: f"{k} = {v}\n", header="[aws_secret_access_key{name} = {c}]"
    ),
    "before the first section": Place(lambda k, v, _: f"{k} = {v}\n"),
}


class Files(NamedTuple):
    """A pair of files, their canary, and the profiles with it."""

    what: str
    config: str
    credentials: str
    canary: str
    profiles: tuple[str, ...]


def all_files(base: str, base_credentials: str) -> Iterator[Files]:
    """Yield every place in each file and in each of its forms, with the canaries not to show."""
    for what, place in PLACES.items():
        for in_credentials in (False, True):
            for number, canary in enumerate((*SHAPED, PHRASE)):
                keys = tuple(
                    key
                    for key in KEYS
                    if canary != PHRASE
                    or not (place.named or (place.shows_value and key not in _UNSHOWN))
                )
                if not keys:
                    continue
                made = _file(what, place, keys, canary, in_credentials=in_credentials)
                for form in ("plain", "CRLF", "BOM") if number == 0 else ("plain",):
                    text = made.replace("\n", "\r\n") if form == "CRLF" else made
                    text = "\ufeff" + text if form == "BOM" else text
                    names = tuple(f"p{number}" for number in range(len(keys)))
                    place_name = f"{what}, {'credentials' if in_credentials else 'config'}, {form}"
                    if in_credentials:
                        roles = "".join(_role(name) for name in names)
                        yield Files(
                            place_name, base + roles, text + base_credentials, canary, names
                        )
                    else:
                        yield Files(place_name, text + base, base_credentials, canary, names)


_UNSHOWN = frozenset(KEYS) - SHOWN_KEYS - SHOWN_NESTED_KEYS | SHOWN_NESTED_KEYS - SHOWN_KEYS


def _role(name: str) -> str:
    return (
        f"[profile {name}]\nrole_arn = {_VALUES['role_arn']}\nsource_profile = dev\n"
        "region = eu-west-1\n"
    )


def _file(
    what: str, place: Place, keys: tuple[str, ...], canary: str, *, in_credentials: bool
) -> str:
    prefix = "" if in_credentials else "profile "
    sections = [f"aws_secret_access_key = {canary}\n" if what == "before the first section" else ""]
    for number, key in enumerate(keys):
        name = f"p{number}"
        header = (place.header or "[{prefix}{name}]").format(prefix=prefix, name=name, c=canary)
        others = "" if in_credentials else _role(name).partition("\n")[2]
        others = "".join(
            line for line in others.splitlines(keepends=True) if not line.startswith(f"{key} =")
        )
        text = place.text(key, _VALUES.get(key, "x1"), canary).replace(
            "[profile {name}]", f"[{prefix}{name}]"
        )
        # An indented line must not continue one of the others
        sections.append(f"{header}\n{text}{others}")
    return "".join(sections)
