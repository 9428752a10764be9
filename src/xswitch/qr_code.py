"""QR codes as rows of half blocks, for a terminal."""

from __future__ import annotations

_QUIET_ZONE = 2
# The lower half of a character's cell, then the upper: a light module is drawn, a dark one isn't
_BLOCKS = {(False, False): " ", (False, True): "▄", (True, False): "▀", (True, True): "█"}


def qr_rows(text: str) -> tuple[str, ...]:
    """Return the QR code of a text: light modules are blocks, so it is drawn white on black.

    All rows have the same number of characters. Raises ValueError for a text that is too long.
    """
    import segno  # noqa: PLC0415 -- only a sign-in by code needs it

    try:
        code = segno.make_qr(text, error="l")
    except segno.DataOverflowError as error:
        raise ValueError("too long for a QR code") from error
    rows = [[not module for module in row] for row in code.matrix_iter(border=_QUIET_ZONE)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    return tuple(
        "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
