"""What AWS accepts in the parameters of AssumeRole and GetSessionToken, and how such values are written in one line of config.

Source: the STS API reference, AssumeRole and GetSessionToken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from xswitch.core.arn import is_policy_arn

MIN_DURATION = 900
MAX_DURATION = 43_200
DEFAULT_DURATION = 3_600
MAX_CHAINED_DURATION = 3_600
MAX_MFA_DURATION = 129_600
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
    """Whether `text` may be a RoleSessionName or a SourceIdentity."""
    return _SESSION_NAME.fullmatch(text) is not None


def clean_session_name(text: str) -> str:
    """`text` made a legal RoleSessionName.

    Other characters become `-`, too long is cut, too short is `xswitch`.
    """
    name = _ILLEGAL_IN_SESSION_NAME.sub("-", text)[:MAX_SESSION_NAME]
    return name if is_session_name(name) else "xswitch"


def is_external_id(text: str) -> bool:
    """Whether `text` may be an ExternalId."""
    return _EXTERNAL_ID.fullmatch(text) is not None


def is_mfa_serial(text: str) -> bool:
    """Whether `text` may be the serial number or ARN of an MFA device."""
    return _MFA_SERIAL.fullmatch(text) is not None


def parse_integer(text: str) -> int | None:
    """A whole number written in ASCII digits, None when it is anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004 -- beyond any limit of STS


def parse_tags(text: str) -> Tags:
    """`k=v,k=v` as sorted pairs.

    Raises ValueError with the reason when a pair is malformed, doubled or beyond AWS's limits.
    """
    pairs = []
    for part in text.split(","):
        if not part.strip():
            continue
        key, mark, value = part.partition("=")
        if not mark:
            raise ValueError(f"{part.strip()!r} is not of the form key=value")
        pairs.append((key.strip(), value.strip()))
    return validate_tags(pairs)


def validate_tags(pairs: Iterable[tuple[str, str]]) -> Tags:
    """Tags in the order of their keys.

    Raises ValueError with the reason when AWS, or one line of config, can't take them.
    """
    tags = tuple(sorted(pairs))
    if len(tags) > MAX_TAGS:
        raise ValueError(f"{len(tags)} tags are more than the {MAX_TAGS} AWS takes")
    # AWS compares the keys of session tags without regard to case.
    if len({key.casefold() for key, _ in tags}) < len(tags):
        raise ValueError("a tag key is given twice")
    for key, value in tags:
        if not 1 <= len(key) <= MAX_TAG_KEY or "=" in key or not _is_tag_text(key):
            raise ValueError(f"{key!r} can't be a tag key")
        if len(value) > MAX_TAG_VALUE or not _is_tag_text(value):
            raise ValueError(f"{value!r} can't be the value of tag {key!r}")
    return tags


def _is_tag_text(text: str) -> bool:
    return text == text.strip() and all(
        char.isalnum() or char == " " or char in _TAG_PUNCTUATION for char in text
    )


def format_tags(tags: Tags) -> str:
    """The inverse of `parse_tags`."""
    return ",".join(f"{key}={value}" for key, value in tags)


def split_commas(text: str) -> tuple[str, ...]:
    """The comma separated words of a value, empty ones left out."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def validate_policy_arns(arns: Iterable[str]) -> tuple[str, ...]:
    """Policy ARNs without repetition.

    Raises ValueError with the reason when AWS wouldn't take them.
    """
    result = tuple(dict.fromkeys(arns))
    if len(result) > MAX_POLICY_ARNS:
        raise ValueError(
            f"{len(result)} session policies are more than the {MAX_POLICY_ARNS} AWS takes"
        )
    for arn in result:
        if not is_policy_arn(arn) or "," in arn:
            raise ValueError(f"{arn!r} is not the ARN of a managed policy")
    return result


def compact_policy(text: str) -> str:
    """A session policy as one line of JSON that a config file keeps whole.

    Raises ValueError when it isn't a JSON object, or too long.

    A blank before `#` or `;` would begin a comment there, so that blank is written as an escape.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("the session policy is not JSON") from None
    if not isinstance(data, dict):
        # Callers catch one kind
        raise ValueError("the session policy is not a JSON object")  # noqa: TRY004
    line = (
        json.dumps(data, separators=(",", ":")).replace(" #", "\\u0020#").replace(" ;", "\\u0020;")
    )
    if len(line) > MAX_POLICY_LENGTH:
        raise ValueError(
            f"the session policy has {len(line)} characters, more than the {MAX_POLICY_LENGTH} AWS takes"
        )
    return line
