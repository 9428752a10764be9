"""Time-based one-time passwords as AWS's virtual MFA devices make them.

RFC 6238 with SHA-1, six digits, 30-second steps.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

STEP_SECONDS = 30
DIGITS = 6


def step_of(now: datetime) -> int:
    """The 30-second step of `now` (timezone-aware), counted from the epoch."""
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    """The six digits of a step; `secret` is base32, blanks and case don't matter.

    Raises ValueError if it isn't base32 (RFC 4226, 5.3).
    """
    text = secret.replace(" ", "").upper()
    key = base64.b32decode(text + "=" * (-len(text) % 8))
    digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def code(secret: str, now: datetime) -> str:
    """The code that a device with this base32 secret shows at `now` (timezone-aware)."""
    return code_at(secret, step_of(now))


def seconds_left(now: datetime) -> int:
    """The seconds that the code at `now` remains valid: 1..30."""
    return STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS


def matching_step(secret: str, candidate: str, now: datetime) -> int | None:
    """The step of a code, one step before or after `now` allowed; else None (RFC 6238, 5.2)."""
    middle = step_of(now)
    for step in (middle, middle - 1, middle + 1):
        if hmac.compare_digest(
            code_at(secret, step).encode(), candidate.encode("utf-8", "replace")
        ):
            return step
    return None
