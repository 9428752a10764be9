"""SHA-256 and SHA-1, with hashlib imported on first use.

Importing hashlib loads OpenSSL, which takes 10 ms, and most commands hash nothing.
"""

from __future__ import annotations


def sha256(data: bytes) -> str:
    """Return the digest as 64 hex digits."""
    import hashlib  # noqa: PLC0415 -- see above

    return hashlib.sha256(data).hexdigest()


def sha1(data: bytes) -> str:
    """Return the SHA-1 digest as 40 hex digits, which the AWS CLI's cache has as file names."""
    import hashlib  # noqa: PLC0415 -- see above

    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
