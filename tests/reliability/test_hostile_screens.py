"""Hostile names, notes, ARNs and messages on every screen and in every command's output, in a real terminal."""

from __future__ import annotations

import os
import re

import pytest

from support_aws import DEV_KEY, DEV_SECRET
from support_controls import hostile, mark, theirs
from support_e2e import XSWITCH, Home
from support_soak import chance, chunks, tell
from support_sts import refusal, serve
from support_watched import watched

_ROLE = """
[profile {name}]
role_arn = {arn}
source_profile = dev
region = eu-west-1
xswitch_account_name = {account}
xswitch_note = {note}
endpoint_url = {url}
"""
_MARK = re.compile(rb"hx(\d{4})z")
# What is typed on the picker: down the list with the detail beside it, and through the dialogs.
_WALK = ["\x1b[B"] * 12 + ["\x1b[6~", "\x1b[F", "\x1b[H", "g", "g", "?", "\x1b", "\t", "\t"]


def written_config(home: Home, texts: list[str], url: str) -> None:
    """Role profiles whose account names, notes and (some) ARNs are these texts, five to a profile or so."""
    parts = [f"[profile dev]\nregion = eu-west-1\nendpoint_url = {url}\n"]
    for number in range(0, len(texts), 3):
        account, note, arn = [*texts[number : number + 3], "x", "x"][:3]
        real = f"arn:aws:iam::222222222222:role/{mark(number)}"
        parts.append(_ROLE.format(name=f"p{number:04}", arn=arn if number % 2 else real, account=account, note=note, url=url))
        if not number % 2:
            parts.append(f"[profile q{number:04}{arn}]\nrole_arn = {real}\nsource_profile = dev\n")
    home.config.write_text("\n".join(parts), encoding="utf-8", newline="")
    home.credentials.write_text(f"[dev]\naws_access_key_id = {DEV_KEY}\naws_secret_access_key = {DEV_SECRET}\n")


def commands() -> list[list[str]]:
    return [
        ["list"],
        ["list", "--json"],
        ["config"],
        ["doctor"],
        ["complete", ""],
        ["status"],
        ["history"],
        ["switch", "p0000"],
        ["explain", "p0000"],
        ["renew", "p0000"],
        ["credential-process", "p0000"],
    ]


@pytest.mark.parametrize(("chunk", "how_many"), chunks(30, 500, 50))
def test_nothing_of_theirs_reaches_the_terminal(chunk: int, how_many: int, home: Home) -> None:
    random = chance("screens", chunk)
    texts = [hostile(random, number) for number in range(how_many)]
    said = hostile(random, 9000 + chunk, lines=True).translate({code: f"&#{code};" for code in (10, 13)})
    message = "".join(letter for letter in said if letter.isprintable() or letter in "&#;").replace("<", "&lt;")
    environ = {**home.env, "COLORTERM": "truecolor", "HOME": str(home.folder), "PATH": os.environ["PATH"]}
    wrong: list[str] = []
    written = b""
    with serve(lambda _: refusal("AccessDenied", message)) as server:
        written_config(home, texts, server.url)
        for words in commands():
            with watched([str(XSWITCH), *words], environ) as one:
                while one.read(1.0):
                    pass
                one.child.close()
                wrong += [f"{words[0]}: {found!r}" for found in theirs(one.written)]
                if b"Traceback" in one.written or b"This is a bug" in one.written:
                    wrong.append(f"{words[0]}: {one.written[-300:]!r}")
                written += one.written
        with watched([str(XSWITCH)], environ) as one:
            one.until(b"p0000")
            one.read(1.0)
            for key in [*_WALK, *["\x1b[B"] * (how_many // 3)]:
                one.child.send(key)
                one.read(0.03)
            one.child.send("\r")
            one.read(1.5)
            one.child.send("\x03")
            while one.read(1.0):
                pass
            one.child.close()
            wrong += [f"picker: {found!r}" for found in theirs(one.written)]
            if one.child.exitstatus not in (0, 130) or b"bug" in one.written:
                wrong.append(f"the picker ended with {one.child.exitstatus}: {one.written[-300:]!r}")
            written += one.written
    seen = {int(found) for found in _MARK.findall(written)}
    shown = sum(number in seen for number in range(how_many))
    if shown < how_many * 0.9:
        wrong.append(f"only {shown} of {how_many} texts were shown at all")
    parts = {"shown on some screen or in some output": shown}
    tell("screens", "hostile texts through the picker and eleven commands", how_many, len(wrong), "; ".join(wrong[:5]), parts=parts)
    assert not wrong
