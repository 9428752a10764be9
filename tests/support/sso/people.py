"""Sign-ins of the real program in each way that one can go, with a person who answers."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from support.aws.identity_center import approve, browser_program
from support.e2e import Ran
from support.sso.corp import Corp

_URL = re.compile(r"http://\S+")


@dataclass(frozen=True)
class Way:
    """A way that a sign-in goes: `answer` is a browser's, `act` what a person does with a URL."""

    name: str
    words: tuple[str, ...] = ()
    answer: str = ""
    act: Callable[[str], object] | None = None
    interrupts: bool = False
    succeeds: bool = True


WAYS = (
    Way("browser", answer="approve"),
    Way("code", ("--device-code",), act=approve),
    Way("browser by hand", ("--no-browser",), act=partial(approve, follow=True)),
    Way("browser that answers twice", answer="twice"),
    Way("browser that fails, then a code", answer="fail", act=approve),
    Way("denied in the browser", answer="deny", succeeds=False),
    Way("wrong state", answer="wrong_state", succeeds=False),
    Way("code that is denied", ("--device-code",), act=partial(approve, deny=True), succeeds=False),
    Way("browser, interrupted", ("--no-browser",), interrupts=True, succeeds=False),
    Way("code, interrupted", ("--device-code",), interrupts=True, succeeds=False),
)


def sign_in_by(corp: Corp, way: Way, *words: str) -> Ran:
    """Run `xswitch WORDS login corp --force` in a way, and return what it printed."""
    env = {}
    if way.answer:
        env["BROWSER"] = str(browser_program(corp.home.folder, way.answer))
    seen: list[str] = []
    login = (*words, "login", "corp", "--force", *way.words)
    with corp.running(*login, **env) as process:
        assert process.stderr is not None
        if way.act is not None or way.interrupts:
            wanted = 2 if way.answer else 1  # that of a browser comes first
            for line in process.stderr:
                seen.append(line)
                wanted -= bool(url := _URL.search(line))
                if url and not wanted:
                    break
            else:
                raise AssertionError(seen)
            if way.interrupts:
                os.kill(process.pid, signal.SIGINT)
            elif way.act is not None:
                way.act(url[0])
        out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out, "".join(seen) + err)
