"""Durations as text: the one grammar they are typed in, and the ways they are shown."""

from __future__ import annotations

import re

_DURATION = re.compile(r"([0-9]{1,6})\s*(h|min|m|s|)")
_UNIT_SECONDS = {"h": 3600, "min": 60, "m": 60, "s": 1, "": 1}
_MINUTE, _HOUR = 60, 3600
_SHOW_SECONDS_BELOW = 2 * _MINUTE


def parse_duration(text: str) -> int | None:
    """Return the seconds of "3600", "90s", "45m", "90 min" or "12h"; None for anything else."""
    match = _DURATION.fullmatch(text.strip().lower())
    return int(match[1]) * _UNIT_SECONDS[match[2]] if match else None


def format_duration(seconds: int) -> str:
    """Format a configured duration: "1 h", "15 m", "1 h 30 m", "961 s" if not in whole minutes."""
    if seconds % _MINUTE:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // _MINUTE, 60)
    if hours and minutes:
        return f"{hours} h {minutes} m"
    return f"{hours} h" if hours else f"{minutes} m"


def format_remaining(seconds: float) -> str:
    """Format the time left for a glance: "7 h 42 m", "41 m", "75 s"; "0 s" once it is over."""
    whole = max(0, int(seconds))
    if whole < _SHOW_SECONDS_BELOW:
        return f"{whole} s"
    minutes = whole // _MINUTE
    return f"{minutes} m" if minutes < _MINUTE else f"{minutes // 60} h {minutes % 60:02} m"


def format_remaining_exact(seconds: float) -> str:
    """Format the time left to the second: "7 h 42 m 05 s", "41 m 12 s"."""
    whole = max(0, int(seconds))
    hours, remainder = divmod(whole, _HOUR)
    minutes, remaining_seconds = divmod(remainder, _MINUTE)
    if hours:
        return f"{hours} h {minutes:02} m {remaining_seconds:02} s"
    return f"{minutes} m {remaining_seconds:02} s" if minutes else f"{remaining_seconds} s"
