"""A form's fields and their values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Values = Mapping[str, str]
"""Values by field key."""


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form.

    With `choices` (value, label) the user picks one; else the user types, and `hint` fills the
    empty field.
    """

    key: str
    label: str
    group: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
