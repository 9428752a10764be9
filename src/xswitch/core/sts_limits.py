"""Limits of AssumeRole and GetSessionToken parameters, and their one-line form in the config.

Source: the STS API reference, AssumeRole and GetSessionToken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from xswitch.core.arn import is_policy_arn
from xswitch.core.display import quote_value

MIN_DURATION = 900
MAX_DURATION = 43_200
DEFAULT_DURATION = 3_600
MAX_CHAINED_DURATION = 3_600
MAX_MFA_DURATION = 129_600
MFA_CODE_LENGTH = 6
MAX_POLICY_ARNS = 10
MAX_POLICY_LENGTH = 2_048
MAX_TAGS = 50
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256
MAX_SESSION_NAME = 64

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_ILLEGAL_IN_SESSION_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_MFA_SERIAL = re.compile(r"[\w+=/:,.@-]{9,256}", re.ASCII)
_TAG_PUNCTUATION = frozenset("_.:/=+-@")

Tags = tuple[tuple[str, str], ...]


def is_session_name(text: str) -> bool:
    """Whether `text` is a valid RoleSessionName or SourceIdentity."""
    return _SESSION_NAME.fullmatch(text) is not None


def clean_session_name(text: str) -> str:
    """Turn `text` into a valid RoleSessionName.

    Illegal characters become `-`, a long name is cut, and a short one becomes `xswitch`.
    """
    name = _ILLEGAL_IN_SESSION_NAME.sub("-", text)[:MAX_SESSION_NAME]
    return name if is_session_name(name) else "xswitch"


def is_external_id(text: str) -> bool:
    """Whether `text` is a valid ExternalId."""
    return _EXTERNAL_ID.fullmatch(text) is not None


def is_mfa_code(text: str) -> bool:
    """Whether `text` has the form of an MFA code: six ASCII digits."""
    return len(text) == MFA_CODE_LENGTH and text.isascii() and text.isdigit()


def is_mfa_serial(text: str) -> bool:
    """Whether `text` is a valid serial number or ARN of an MFA device."""
    return _MFA_SERIAL.fullmatch(text) is not None


def parse_integer(text: str) -> int | None:
    """Parse a whole number of ASCII digits; return None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004 -- beyond any limit of STS


def parse_tags(text: str) -> Tags:
    """Parse `k=v,k=v` into sorted pairs.

    Raises ValueError if a pair is malformed, repeated, or beyond AWS's limits.
    """
    pairs = []
    for part in split_commas(text):
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"{quote_value(part)} isn't of the form key=value")
        pairs.append((key.strip(), value.strip()))
    return validate_tags(pairs)


def validate_tags(pairs: Iterable[tuple[str, str]]) -> Tags:
    """Sort tags by key.

    Raises ValueError if AWS would reject them or a line of config can't hold them.
    """
    tags = tuple(sorted(pairs))
    if len(tags) > MAX_TAGS:
        raise ValueError(f"{len(tags)} tags exceed AWS's limit of {MAX_TAGS}")
    # AWS ignores case when it compares keys of session tags.
    if len({key.casefold() for key, _ in tags}) < len(tags):
        raise ValueError("a tag key is repeated")
    for key, value in tags:
        if not 1 <= len(key) <= MAX_TAG_KEY or "=" in key or not _is_tag_text(key):
            raise ValueError(f"{quote_value(key)} isn't a valid tag key")
        if len(value) > MAX_TAG_VALUE or not _is_tag_text(value):
            raise ValueError(f"{quote_value(value)} isn't a valid value of tag {quote_value(key)}")
    return tags


def _is_tag_text(text: str) -> bool:
    return text == text.strip() and all(
        char.isalnum() or char == " " or char in _TAG_PUNCTUATION for char in text
    )


def format_tags(tags: Tags) -> str:
    """The inverse of `parse_tags`."""
    return ",".join(f"{key}={value}" for key, value in tags)


def split_commas(text: str) -> tuple[str, ...]:
    """Split a comma-separated value; empty parts are dropped."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def validate_policy_arns(arns: Iterable[str]) -> tuple[str, ...]:
    """Remove repeated policy ARNs.

    Raises ValueError if AWS would reject them.
    """
    result = tuple(dict.fromkeys(arns))
    if len(result) > MAX_POLICY_ARNS:
        raise ValueError(f"{len(result)} session policies exceed AWS's limit of {MAX_POLICY_ARNS}")
    for arn in result:
        if not is_policy_arn(arn) or "," in arn:
            raise ValueError(f"{quote_value(arn)} isn't the ARN of a managed policy")
    return result


def compact_policy(text: str) -> str:
    """Write a session policy as one line of JSON that is safe in a config file.

    A space before `#` or `;` would start a comment there, so it's escaped. Raises ValueError if the
    policy isn't a JSON object or is too long.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("the session policy isn't valid JSON") from None
    if not isinstance(data, dict):
        # Callers catch ValueError
        raise ValueError("the session policy isn't a JSON object")  # noqa: TRY004
    line = (
        json.dumps(data, separators=(",", ":")).replace(" #", "\\u0020#").replace(" ;", "\\u0020;")
    )
    if len(line) > MAX_POLICY_LENGTH:
        raise ValueError(
            f"the session policy has {len(line)} characters; AWS's limit is {MAX_POLICY_LENGTH}"
        )
    return line
