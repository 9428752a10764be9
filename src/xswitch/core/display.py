"""Messages, names, and config values for display: secrets in them are hidden.

A config value is shown up to the end of its first line, because a key that is indented by mistake
continues the value above. Everything with the form of a secret is hidden in every text: AWS's
secret access keys (40 characters of base64), session tokens, other long codes, passwords in URLs,
and the values of keys such as `aws_secret_access_key`. Of an access key ID, both ends stay, as
`aws configure list` shows its last four characters.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from xswitch.core.text import sanitize, strip_user_info

HIDDEN = "(hidden)"

SHOWN_KEYS = frozenset(
    (
        "account_id_endpoint_mode",
        "ca_bundle",
        "cli_auto_prompt",
        "cli_binary_format",
        "cli_follow_urlparam",
        "cli_help_output",
        "cli_history",
        "cli_pager",
        "cli_timestamp_format",
        "credential_source",
        "defaults_mode",
        "disable_request_compression",
        "duration_seconds",
        "ec2_metadata_service_endpoint",
        "ec2_metadata_service_endpoint_mode",
        "ec2_metadata_v1_disabled",
        "endpoint_discovery_enabled",
        "endpoint_url",
        "external_id",
        "ignore_configured_endpoint_urls",
        "login_session",
        "max_attempts",
        "metadata_service_num_attempts",
        "metadata_service_timeout",
        "mfa_serial",
        "output",
        "parameter_validation",
        "region",
        "request_checksum_calculation",
        "request_min_compression_size_bytes",
        "response_checksum_validation",
        "retry_mode",
        "role_arn",
        "role_session_name",
        "s3_disable_express_session_auth",
        "s3_disable_multiregion_access_points",
        "s3_us_east_1_regional_endpoint",
        "s3_use_arn_region",
        "sdk_ua_app_id",
        "services",
        "sigv4a_signing_region_set",
        "source_profile",
        "sso_account_id",
        "sso_region",
        "sso_registration_scopes",
        "sso_role_name",
        "sso_session",
        "sso_start_url",
        "sts_regional_endpoints",
        "tcp_keepalive",
        "use_dualstack_endpoint",
        "use_fips_endpoint",
        "user_agent_appid",
        "web_identity_token_file",
        "xswitch_account_name",
        "xswitch_duration_seconds",
        "xswitch_external_id",
        "xswitch_mfa_serial",
        "xswitch_note",
        "xswitch_policy",
        "xswitch_policy_arns",
        "xswitch_populated",
        "xswitch_region",
        "xswitch_role",
        "xswitch_session_name",
        "xswitch_source_identity",
        "xswitch_source_profile",
        "xswitch_tags",
        "xswitch_transitive_tag_keys",
    )
)
"""The keys whose values may be shown: those of the SDKs, the AWS CLI, and xswitch without a secret.

An unknown key can be another program's, and a password.
"""
SHOWN_NESTED_KEYS = frozenset(
    (
        "addressing_style",
        "endpoint_url",
        "max_bandwidth",
        "max_concurrent_requests",
        "max_queue_size",
        "multipart_chunksize",
        "multipart_threshold",
        "payload_signing_enabled",
        "preferred_transfer_client",
        "target_bandwidth",
        "use_accelerate_endpoint",
        "use_dualstack_endpoint",
    )
)
"""The keys in blocks such as `s3 =` and `sts =` whose values may be shown."""

_HIDDEN_KEYS = frozenset(
    (
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_security_token",
        "aws_session_token",
        "credential_process",
        "mfa_process",
    )
)
_KEY_ID_STARTS = ("AKIA", "ASIA", "ABIA", "ACCA")
_SECRET_WORDS = ("secret", "token", "passw", "pwd")
"""One of them is in each key, in lower case, whose value is a secret because of the key's name."""
_MAX_VALUE_LENGTH = 80
SHORTEST_SECRET = 20
"""The characters of the shortest code with the form of a secret: an access key ID."""
_SECRET_KEY_LENGTH = 40
_SHORTEST_RANDOM = 6

_code = re.compile(rf"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{{{SHORTEST_SECRET},}}")
_key_id = re.compile(
    r"(?<![A-Za-z0-9])(A(?:KI|SI|BI|CC)A)[A-Z0-9]{8,120}([A-Z0-9]{4})(?![A-Za-z0-9])"
)
_like_a_key_id = re.compile(r"A[A-Z]{2}[A-Za-z0-9]{0,21}").fullmatch
_assignment = re.compile(
    r"""\b((?:aws_)?(?:secret_?access_?key|session_?token|security_?token)\w*["']?[ \t]*[=:]"""
    r"""|(?:secret|password|passwd|pwd|token)[ \t]*=)([ \t]*["']?)[^\r\n"',;&}]+""",
    re.IGNORECASE,
)
_continuation = re.compile(r"([\r\n]|\\n)[^\S\r\n]*[^\s=]+[^\S\r\n]*=[^\r\n]*")
_comment = re.compile(r"([ \t][#;])")
_separators = re.compile(r"[+/=_-]+").split
_word_parts = re.compile(r"[A-Z]*[a-z]+|[A-Z]+|[0-9]+").findall
_words = re.compile(r"[a-z]*[aeiouy][a-z]*").findall
_plain_code = re.compile(
    r"(?:(?:(?:[A-Z]{0,4}+[a-z]{3,}+)++|[a-z0-9]{0,39}+|[A-Z0-9]{0,25}+)(?:[+/=_-]++|\Z))++"
).fullmatch
_generated_suffix = re.compile(r"(?<=[A-Za-z]{8})[0-9A-F]{8}$")


def display(text: str, *, limit: int | None = None) -> str:
    """Return `text` as one line without secrets and control characters, at most `limit` long."""
    return sanitize(hide_secrets(text), limit=limit)


def show_value(value: str, limit: int = _MAX_VALUE_LENGTH) -> str:
    """Return a config value as it may be shown, with "…" if something is cut.

    It ends with its first line, before a comment, and after `limit` characters.
    """
    first, *others = value.split("\n")
    text, comment, _ = _comment.split(first, 1) if _comment.search(first) else (first, "", "")
    text = display(text.strip("\r"), limit=limit)
    return f"{text}{comment}…" if (others or comment) and not text.endswith("…") else text


def quote_value(value: str) -> str:
    """Return `show_value` in quotes."""
    return repr(show_value(value))


def is_known_key(text: str) -> bool:
    """Whether a text is a key of a profile that the SDKs, the AWS CLI, or xswitch know."""
    key = text.strip().lower()
    return key in SHOWN_KEYS or key in _HIDDEN_KEYS


def show_setting(key: str, value: str) -> str:
    """Return the value of a key in double quotes, or "another value" if it could be a secret."""
    return f'"{show_value(value)}"' if key in SHOWN_KEYS else "another value"


def names_secret(key: str) -> bool:
    """Whether the value of a key is a secret in any form, because of the key's name."""
    return _assignment.fullmatch(f"{key}=x") is not None


def first_line(value: str) -> str:
    """Return a value, or `show_value` of one that continues on further lines."""
    return show_value(value) if "\n" in value else value


def show_key_id(value: str) -> str:
    """Return an access key ID without its middle; anything else is hidden."""
    return hide_secrets(value) if _like_a_key_id(value) else HIDDEN


def show_header(raw: str) -> str:
    """Return the text of a section header up to what could be an assignment."""
    name, equals, _ = raw.partition("=")
    return show_value(name if not equals else f"{name.rstrip()}= …")


def hide_secrets(text: str) -> str:
    """Replace everything in `text` that has the form of a secret."""
    if len(text) >= SHORTEST_SECRET and (codes := _code.findall(text)):
        if any(start in text for start in _KEY_ID_STARTS):
            text = _key_id.sub(r"\1****\2", text)
        if any(map(_is_secret, codes)):
            text = _code.sub(_without_secret, text)
    if "@" in text and "//" in text:
        text = strip_user_info(text)
    if "=" in text or ":" in text:
        lowered = text.lower()
        if any(word in lowered for word in _SECRET_WORDS):
            text = _assignment.sub(rf"\1\2{HIDDEN}", text)
        if "\n" in text or "\r" in text or r"\n" in text:
            text = _continuation.sub(rf"\1{HIDDEN}", text)
    return text


def holds_secrets(texts: Collection[str]) -> bool:
    """Whether `hide_secrets` would change one of the texts.

    Fast for thousands of short ones: each is looked at only if all together could hold a secret.
    """
    together = "\n".join(texts)
    lowered = together.lower()
    if (
        not any(start in together for start in _KEY_ID_STARTS)
        and not ("@" in together and "//" in together)
        and not any(word in lowered for word in _SECRET_WORDS)
        and together.count("\n") == max(0, len(texts) - 1)
        and "\r" not in together
        and r"\n" not in together
        and not any(map(_is_secret, _code.findall(together)))
    ):
        return False
    return any(hide_secrets(text) != text for text in texts)


def _without_secret(match: re.Match[str]) -> str:
    return HIDDEN if _is_secret(match[0]) else match[0]


def _is_secret(code: str) -> bool:
    """Whether a run of base64 characters isn't a name or path, which are made of words.

    Generated names of AWS and its tools pass: role names with hashes, UUIDs, unique IDs, and
    external IDs of 32 hexadecimal digits.
    """
    if _plain_code(code):
        return False  # most names; the rest takes ten times as long
    parts = _separators(code)
    # Of a secret access key's length, or with characters that names don't have
    is_base64 = len(code) == _SECRET_KEY_LENGTH or (
        len(code) >= 32 and ("+" in code or code.endswith("="))  # noqa: PLR2004 -- 24 bytes
    )
    random = sum(len(part) for part in parts if _is_random(part, strict=is_base64))
    if random >= (_SHORTEST_RANDOM if is_base64 else 24):
        return True
    return any(_is_long_code(part) for part in parts) and not code.startswith("/")


def _is_random(part: str, *, strict: bool) -> bool:
    """Whether mixed-case text isn't made of words, as `PaymentsAdmin` and `EC2ForDevOps` are.

    `strict` allows less of what is odd in words, such as single lowercase letters.
    """
    if len(part) < _SHORTEST_RANDOM or part.isupper() or part.islower() or part.isdigit():
        return False
    text = part if strict else _generated_suffix.sub("", part)
    pieces: list[str] = _word_parts(text)
    numbers = sum(1 for piece in pieces if piece.isdigit())
    odd = max(0, numbers - 2) + sum(
        1 for piece in pieces if piece[-1].islower() and not piece[-2:-1].islower()
    )
    words: list[str] = _words(text)
    in_words = sum(len(word) for word in words if len(word) >= 3)  # noqa: PLR2004
    allowed = len(text) // (_SECRET_KEY_LENGTH if strict else 16)
    return odd > allowed or in_words < 0.4 * len(text)


def _is_long_code(part: str) -> bool:
    """Whether text in one case is a key: hexadecimal, base32, or base36."""
    if part.isdigit() or not (part.isupper() or part.islower()):
        return False
    digits = sum(1 for character in part if character.isdigit())
    return len(part) >= (26 if part.isupper() and digits >= 2 else 40)  # noqa: PLR2004
