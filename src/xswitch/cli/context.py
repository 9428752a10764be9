"""The context of a command: its arguments, both output streams, and the services."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from xswitch.actions.api import Actions
from xswitch.cli.output.stderr import Stderr
from xswitch.cli.output.stdout import Stdout

if TYPE_CHECKING:  # it imports every adapter, and `--help` needs none
    from xswitch.wiring import Services


@dataclass
class Context:
    """One run of one command."""

    arguments: argparse.Namespace
    stdout: Stdout
    stderr: Stderr
    environ: Mapping[str, str]
    make_services: Callable[[Mapping[str, str]], Services]
    """Builds the services for an environment."""

    @cached_property
    def services(self) -> Services:
        """The services, built on first use: `init` and `--help` never need them."""
        return self.make_services(self.environ)

    @property
    def actions(self) -> Actions:
        """The use cases."""
        return self.services.actions

    def progress(self, text: str) -> None:
        """Show a progress message on stderr, unless XSWITCH_QUIET is set."""
        if self.environ.get("XSWITCH_QUIET") is None:
            self.stderr.hint(f"{text} …")
