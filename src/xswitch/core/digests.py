"""SHA-256, its library loaded when first asked for.

OpenSSL costs 10 ms, and most commands hash nothing.
"""

from __future__ import annotations


def sha256(data: bytes) -> str:
    """The digest in 64 hex digits."""
    import hashlib  # noqa: PLC0415 -- see above

    return hashlib.sha256(data).hexdigest()
