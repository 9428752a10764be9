"""What every command gets.

Where to write, whom to ask, and the use cases, made when first needed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from xswitch.actions.api import Actions
from xswitch.actions.ports import Clock, MfaPrompt
from xswitch.cli.output.stderr import Stderr
from xswitch.cli.output.stdout import Stdout


class World(Protocol):
    """What `wiring` offers the command line."""

    @property
    def actions(self) -> Actions:
        """The use cases."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    def ask(self, code: str | None, next_step: str) -> MfaPrompt:
        """Who answers for MFA codes: the code given, else the terminal, else nobody."""
        ...

    def nobody(self, next_step: str) -> MfaPrompt:
        """Asks nobody, whatever terminal there is."""
        ...

    @property
    def notice(self) -> str:
        """A line the screen always shows (the demo says that it is one), or ""."""
        ...

    @property
    def totp_hint(self) -> Callable[[str], str] | None:
        """The current MFA code of a device, by its serial number, where it is no secret.

        In the demo.
        """
        ...

    @property
    def command_words(self) -> tuple[str, ...]:
        """The words that start this xswitch from any folder."""
        ...

    @property
    def state_folder(self) -> str:
        """Where the prompt files are."""
        ...


@dataclass
class Context:
    """One run of one command."""

    arguments: argparse.Namespace
    data: Stdout
    words: Stderr
    environ: Mapping[str, str]
    make_world: Callable[[], World]

    @cached_property
    def world(self) -> World:
        """The world; reading `init` or `--help` never makes one."""
        return self.make_world()

    @property
    def actions(self) -> Actions:
        """The use cases."""
        return self.world.actions

    def progress(self, text: str) -> None:
        """Say what is going on, where a person watches."""
        if self.environ.get("XSWITCH_QUIET") is None:
            self.words.hint(f"{text} …")
