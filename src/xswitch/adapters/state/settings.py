"""xswitch's own settings file."""

from __future__ import annotations

from pathlib import Path

from xswitch.adapters.state.private_files import read_file
from xswitch.core.errors import SettingsError
from xswitch.core.model import Settings

MAX_BYTES = 1024 * 1024


class TomlSettings:
    """Implements the port `SettingsStore`; a missing file means all defaults.

    Format: docs/reference-settings.md.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Settings:
        """Read the settings. Raises SettingsError when the file can't be read as text."""
        try:
            raw = read_file(self._path, MAX_BYTES)
            text = raw.decode("utf-8-sig")
        except FileNotFoundError:
            return Settings()
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from None
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise self._unreadable(f"line {line} is not UTF-8") from None
        if len(raw) > MAX_BYTES:
            raise self._unreadable(f"it has more than {MAX_BYTES} bytes")
        from xswitch.core.settings import read_settings  # noqa: PLC0415 -- only with a file

        return read_settings(text, str(self._path))

    def _unreadable(self, why: str) -> SettingsError:
        return SettingsError(
            "xswitch's settings can't be read.",
            why=f"{self._path}: {why}.",
            next_step=f"Fix or remove {self._path}.",
        )
