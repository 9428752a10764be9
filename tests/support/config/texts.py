"""Generated config texts, botocore's reading of them, and a simple reader with the SDKs' rules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.configloader
import botocore.exceptions
from hypothesis import strategies as st

from xswitch.core.model import FileKind

Sections = dict[tuple[str, str], dict[str, str]]

NAMES = ("a", "dev", "prod-1", "team/x", "default", "e@f.g:h%i+j")
KEYS = (
    "region",
    "role_arn",
    "source_profile",
    "output",
    "external_id",
    "aws_access_key_id",
    "credential_process",
    "xswitch_role",
    "s3",
)
VALUES = (
    "",
    "eu-west-1",
    "arn:aws:iam::111111111111:role/A",
    "a b",
    "x#y",
    "a=b",
    "p:q",
    "50%",
    "%(x)s",
    "[z]",
    "ünï",
    "a\u2028b",
    "\x0cx",
)
ODD_VALUES = (
    "v # c",
    "v ;c",
    "v\t#c",
    "#c",
    "v\x0c",
    "\u00a0v",
    "v\u2028",
    "v\x85",
    "v\r",
    "a\rb",
    "v \\",
    '"v"',
)
BLANK = ("", " ", "\t", "  ")

names = st.sampled_from(NAMES)
keys = st.sampled_from(KEYS)
eols = st.sampled_from(["\n", "\n", "\n", "\r\n"])


def _header(file: FileKind, name: str) -> str:
    return f"[{name}]" if file == "credentials" or name == "default" else f"[profile {name}]"


@st.composite
def _clean_section(draw: st.DrawFn, file: FileKind, name: str) -> list[str]:
    lines = [f"# {draw(names)}"] if draw(st.booleans()) else []
    lines.append(_header(file, name))
    for key in draw(st.lists(keys, unique=True, max_size=5)):
        lines.append(
            key
            + draw(st.sampled_from([" = ", "=", " =", "\t=  "]))
            + draw(st.sampled_from(VALUES[1:8]))
        )
        if draw(st.integers(0, 9)) == 0:
            lines.append(draw(st.sampled_from(["# note", "; note", ""])))
    if draw(st.integers(0, 3)) == 0:
        lines += ["s3" + "_nested =", "  max_queue = 10", "  use_ssl = true"]
    if draw(st.booleans()):
        lines.append("")
    return lines


@st.composite
def clean_texts(draw: st.DrawFn, file: FileKind = "config") -> str:
    """Texts that all readers read alike.

    Names are unique, lines are plain, comments start at column 0, and all line ends are the same.
    """
    chosen = draw(st.lists(names, unique=True, max_size=4))
    lines = [line for name in chosen for line in draw(_clean_section(file, name))]
    if file == "config" and draw(st.integers(0, 3)) == 0:
        lines += [
            "[sso-session corp]",
            "sso_region = eu-west-1",
            "[services mine]",
            "sts =",
            "  endpoint_url = http://x",
            "[plugins]",
            "a = b",
        ]
    text = draw(eols).join(lines)
    return text + ("\n" if text and draw(st.booleans()) else "")


def _odd_headers(name: str) -> list[str]:
    return [
        f"[profile {name}]",
        f"[profile  {name}]",
        f"[profile\t{name} ]",
        f"[ profile {name}]",
        f"[{name}]",
        f"[profile '{name}']",
        f'[profile "{name} x"]',
        f"[profile {name} x]",
        f"[profiles {name}]",
        f"[profile-x {name}]",
        f"[profile{name}]",
        f"[profile {name}] # note",
        f"[profile {name}]# [x]",
        f"[profile {name}] x",
        f"[profile {name}",
        f"[profile {name}]]",
        f" [profile {name}]",
        f"[Profile {name}]",
        f'[profile "{name}]',
        f"[services {name}]",
        f"[sso-session {name}]",
        f"[sso-session '{name}']",
        f"[profile {name}#x]",
        f"[profile {name}\x0c]",
        f"\u00a0[profile {name}]",
        "[default]",
        "[profile default]",
        "[Default]",
        "[DEFAULT]",
        "[]",
        "[ ]",
        "[profile]",
        "[profile ]",
        "[plugins]",
    ]


@st.composite
def _odd_line(draw: st.DrawFn) -> str:
    key = draw(keys)
    value = draw(st.sampled_from(VALUES + ODD_VALUES))
    return draw(
        st.sampled_from(
            [
                f"{key} = {value}",
                f"{key} = {value}",
                f"{key} = {value}",
                f"{key}={value}",
                f"{key.upper()} = {value}",
                f"{key.title()} = {value}",
                f"{key}: {value}",
                f"{key} x = {value}",
                f"{key}:y = {value}",
                f"é{key} = {value}",
                f"İ{key} = {value}",
                f"{key}",
                f"= {value}",
                f"{key} # = {value}",
                f"{key} =",
                f"{key} = # note",
                f"  {key} = {value}",
                f"\t{value or 'w'}",
                f"  {value or 'w'}",
                f"  # {key} = {value}",
                "  ; note",
                f"# {key} = {value}",
                ";note",
                "",
                "  ",
                "\x0c",
                f"\x0c{key} = {value}",
                f"\u00a0{key} = {value}",
                f"{key}\x1c = {value}",
                f"{key}\u2028x = {value}",
            ]
        )
    )


@st.composite
def _odd_section(draw: st.DrawFn, file: FileKind) -> list[str]:
    name = draw(names)
    header = (
        _header(file, name)
        if draw(st.integers(0, 2))
        else draw(st.sampled_from(_odd_headers(name)))
    )
    lines = [header]
    used: set[str] = set()
    for line in draw(st.lists(_odd_line(), max_size=6)):
        key = re.split("[=:]", line)[0].strip().lower()
        if line[:1].strip() and key in used and draw(st.integers(0, 4)):
            continue  # else nearly every text would repeat a key, which the CLI rejects
        used.add(key)
        lines.append(line)
    return lines


@st.composite
def odd_texts(draw: st.DrawFn, file: FileKind = "config") -> str:
    """Mixtures of special cases, repeated names, any line ends, and some byte order marks."""
    pieces = draw(
        st.lists(
            st.one_of(_odd_section(file), names.flatmap(lambda name: _clean_section(file, name))),
            max_size=4,
        )
    )
    lines = [line for piece in pieces for line in piece]
    if draw(st.integers(0, 19)) == 0:
        lines.insert(0, draw(_odd_line()))
    text = "".join(line + draw(eols) for line in lines[:-1]) + (lines[-1] if lines else "")
    text += draw(st.sampled_from(["\n", "", "\r\n", "\n\n"]))
    return ("\ufeff" if draw(st.integers(0, 29)) == 0 else "") + text


def texts(file: FileKind = "config") -> st.SearchStrategy[str]:
    """Clean texts, texts with special cases, and random characters."""
    rubbish = st.text(alphabet="[]profile ade=#;:\n\r\t '\"\u2028\x0c\ufeff\\é", max_size=60)
    return st.one_of(clean_texts(file), odd_texts(file), odd_texts(file), odd_texts(file), rubbish)


class Botocore:
    """Reads texts with botocore, through a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "text"

    def raw(self, text: str) -> dict[str, dict[str, Any]] | None:
        """Read sections, as of the credentials file; None if botocore rejects the text."""
        self._file.write_bytes(text.encode())
        try:
            return dict(botocore.configloader.raw_config_parse(str(self._file)))
        except botocore.exceptions.ConfigParseError:
            return None

    def load(self, text: str) -> dict[str, Any] | None:
        """Read the profile map, as of the config file; None if botocore rejects the text."""
        self._file.write_bytes(text.encode())
        try:
            return dict(botocore.configloader.load_config(str(self._file)))
        except botocore.exceptions.ConfigParseError:
            return None

    def by_kind(self, text: str, file: FileKind) -> dict[tuple[str, str], dict[str, Any]] | None:
        """Read the named sections, keyed ("profile", name) and so on."""
        if file == "credentials":
            raw = self.raw(text)
            return (
                None if raw is None else {("profile", name): values for name, values in raw.items()}
            )
        loaded = self.load(text)
        if loaded is None:
            return None
        kinds = {"profiles": "profile", "sso_sessions": "sso-session", "services": "services"}
        return {
            (kind, name): values
            for word, kind in kinds.items()
            for name, values in loaded[word].items()
        }


def read_simply_as_sdk(text: str, file: FileKind) -> Sections:
    """Read a text by the SDKs' rules, line by line; invalid lines and continuations are skipped."""
    sections: dict[tuple[str, str, bool], dict[str, str]] = {}
    section: dict[str, str] | None = None
    key = ""
    for raw in text.removeprefix("\ufeff").split("\n"):
        line = raw.removesuffix("\r")
        if not line.strip(" \t") or line[0] in "#;":
            continue
        if line[0] == "[":
            key = ""
            named = _second_header(line, file)
            section = sections.setdefault(named, {}) if named else {}
        elif section is not None and line[0] in " \t":
            inner = re.split("[ \t][#;]", line, maxsplit=1)[0].strip(" \t")
            if key and (section[key].partition("\n")[0] or ("=" in inner and inner[0] != "=")):
                section[key] += "\n" + line.strip(" \t")
        elif section is not None:
            key, equals, value = re.split("[ \t][#;]", line, maxsplit=1)[0].partition("=")
            key = key.strip(" \t").lower() if equals and _LEGAL.fullmatch(key.strip(" \t")) else ""
            if key:
                section[key] = value.strip(" \t")
    if ("profile", "default", True) in sections:
        sections.pop(("profile", "default", False), None)
    return {(kind, name): values for (kind, name, _), values in sections.items()}


_LEGAL = re.compile(r"[A-Za-z0-9_\-/.%@:+]+")


def _second_header(line: str, file: FileKind) -> tuple[str, str, bool] | None:
    head = re.split("[#;]", line, maxsplit=1)[0].strip(" \t")
    words = re.split("[ \t]+", head[1:-1].strip(" \t"), maxsplit=1) if head.endswith("]") else []
    if not all(_LEGAL.fullmatch(word) for word in words):
        return None
    if file == "credentials":
        return ("profile", words[0], True) if len(words) == 1 else None
    if words == ["default"]:
        return ("profile", "default", False)
    return (
        (words[0], words[1], True)
        if len(words) == 2 and words[0] in ("profile", "sso-session", "services")
        else None
    )
