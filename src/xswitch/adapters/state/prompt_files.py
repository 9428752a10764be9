"""The small files that the shells' prompts read with builtins, one per managed profile."""

from __future__ import annotations

import errno
from datetime import datetime
from pathlib import Path

from xswitch.adapters.ownership import repair
from xswitch.adapters.state.private_files import remove_files, replace_private
from xswitch.core.display import hide_secrets
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.filenames import profile_file_name
from xswitch.core.model import PromptState

MAX_LENGTH = 80


class PromptFileStore:
    """Implements the port `PromptFiles` with five lines per managed profile of one config file.

    `folder` is the config file's own: profiles of two config files can have the same name. It is
    `all_folders`, or in it. The lines are account, role, color ("" for none), expiration, and the
    time until which the session renews without MFA ("" for always); times in seconds since the
    epoch. Names are cut at `MAX_LENGTH` characters and lose unprintable ones, because a prompt
    shows them as they are.
    """

    def __init__(self, folder: Path, all_folders: Path | None = None) -> None:
        self._folder = folder
        self._all_folders = all_folders or folder

    def write(self, state: PromptState) -> None:
        """Replace a managed profile's file. Raises ConfigError when it can't be written.

        If the system takes no name that long, there is no file, and prompts show the profile.
        """
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
            if error.errno == errno.ENAMETOOLONG:
                return
            raise self._error("written", error) from None

    def remove(self, managed_profile: str) -> None:
        """Remove the file, if it exists. Raises ConfigError when it can't be removed."""
        try:
            (self._folder / profile_file_name(managed_profile)).unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return
            raise self._error("removed", error) from None

    def clear(self) -> None:
        """Remove the files of every config file. Raises ConfigError when one can't be removed."""
        try:
            remove_files(self._all_folders)
        except OSError as error:
            raise self._error("removed", error) from None

    def _error(self, action: str, error: OSError) -> ConfigError:
        found = repair(Path(error.filename) if error.filename else self._folder, error)
        return ConfigError(
            f"A file for the shell's prompt can't be {action} in {self._folder}.",
            why=found.why,
            next_step=found.next_step,
            code=ErrorCode.STATE_FOLDER,
        )


def _printable(text: str) -> str:
    return "".join(character for character in hide_secrets(text) if character.isprintable())[
        :MAX_LENGTH
    ]


def _epoch_seconds(time: datetime | None) -> str:
    return "" if time is None else str(max(0, int(time.timestamp())))
