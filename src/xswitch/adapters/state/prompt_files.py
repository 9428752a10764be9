"""The small files the shells' prompt helpers read with their builtins, one per managed profile."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from xswitch.adapters.state.private_files import replace_private
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.filenames import profile_file_name
from xswitch.core.model import PromptState

MAX_LENGTH = 80


class PromptFileStore:
    """Fits the port `PromptFiles`: five lines in `folder/file_name(managed profile)`, mode 0600.

    account, role, colour ("" for none), expiry, and the end of silent renewal ("" for always
    silent); times as seconds since the epoch. Whatever isn't printable is left out and names are
    cut at `MAX_LENGTH` characters: a prompt shows them as they are. Written by rename, so that a
    shell reads the old five lines or the new.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, state: PromptState) -> None:
        """Write the file of this managed profile. Raises ConfigError when it can't be written."""
        lines = (
            _printable(state.account),
            _printable(state.role),
            _printable(state.color),
            _epoch_seconds(state.expires_at),
            _epoch_seconds(state.renewable_until),
        )
        try:
            replace_private(
                self._folder / profile_file_name(state.managed_profile),
                "".join(f"{line}\n" for line in lines).encode(),
            )
        except OSError as error:
            raise self._failed("written", error) from None

    def remove(self, managed_profile: str) -> None:
        """Drop the file; none is no error. Raises ConfigError when it can't be removed."""
        try:
            (self._folder / profile_file_name(managed_profile)).unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise self._failed("removed", error) from None

    def _failed(self, what: str, error: OSError) -> ConfigError:
        return ConfigError(
            f"A file for the shell's prompt can't be {what} in {self._folder}.",
            why=error.strerror or type(error).__name__,
            next_step="xswitch doctor",
            code=ErrorCode.STATE_FOLDER,
        )


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:MAX_LENGTH]


def _epoch_seconds(moment: datetime | None) -> str:
    return "" if moment is None else str(max(0, int(moment.timestamp())))
