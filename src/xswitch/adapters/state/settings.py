"""xswitch's own settings file."""

from __future__ import annotations

from pathlib import Path

from xswitch.adapters.ownership import distrust, repair
from xswitch.adapters.state.private_files import UntrustedFileError, read_trusted
from xswitch.core.errors import ErrorCode, SettingsError
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
            raw = read_trusted(self._path, MAX_BYTES, root_too=True)
            text = raw.decode("utf-8-sig")
        except FileNotFoundError:
            return Settings()
        except UntrustedFileError:
            raise self._untrusted() from None
        except OSError as error:
            raise self._unreadable(error) from None
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise self._invalid(f"line {line} is not UTF-8") from None
        if len(raw) > MAX_BYTES:
            raise self._invalid(f"it has more than {MAX_BYTES} bytes")
        from xswitch.core.settings import read_settings  # noqa: PLC0415 -- only with a file

        return read_settings(text, str(self._path))

    def _invalid(self, why: str) -> SettingsError:
        return SettingsError(
            "xswitch's settings can't be read.",
            why=f"{self._path}: {why}.",
            next_step=f"Fix or remove {self._path}.",
        )

    def _unreadable(self, error: OSError) -> SettingsError:
        found = repair(self._path, error)
        return SettingsError(
            "xswitch's settings can't be read.", why=found.why, next_step=found.next_step
        )

    def _untrusted(self) -> SettingsError:
        """Report settings whose guards another user could have taken away."""
        found = distrust(self._path, self._path.stat(), root_too=True)
        return SettingsError(
            "xswitch's settings aren't used: another user could have written them.",
            why="" if found is None else found.why,
            next_step="" if found is None else f"Read them, then: {found.next_step}",
            code=ErrorCode.STATE_UNTRUSTED,
        )
