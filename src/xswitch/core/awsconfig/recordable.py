"""Tells which text of the shared config may be recorded, so that a change of it can be undone.

A config file can hold a secret anywhere: in the arguments of a `credential_process`, in a URL, in
a comment, under any key. So nothing is recorded but lines whose form shows that they hold none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from xswitch.core.awsconfig.edit import TextPatch, apply_patches

_NAME = r"[A-Za-z0-9_./%@:+-]{1,200}"
_WORD = r"(?:[^\\ ]|\\ )+"
_ARN = r"arn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:[0-9]*:[A-Za-z0-9+=,.@_/-]{1,600}"
_START_URL = r"https://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:/[A-Za-z0-9._#/-]{0,100})?"
_plain_values = {
    key: re.compile(value).fullmatch
    for key, value in {
        # The launcher, or the console script; neither takes a secret
        "credential_process": rf"(?:/{_WORD} -I -S )?/(?:{_WORD}/)?"
        rf"(?:xswitch/credential_process\.py|xswitch)(?: {_WORD})*",
        "duration_seconds": r"[0-9]{1,6}",
        "endpoint_url": r"https?://[A-Za-z0-9.:\[\]-]+/?",
        "mfa_serial": _ARN,
        "output": r"[a-z-]{1,20}",
        "region": r"[a-z0-9-]{1,30}",
        "role_arn": _ARN,
        "source_profile": _NAME,
        "sso_account_id": r"[0-9]{12}",
        "sso_region": r"[a-z0-9-]{1,30}",
        "sso_registration_scopes": r"[a-z_:,]{1,200}",
        "sso_role_name": r"[A-Za-z0-9_+=,.@-]{1,64}",
        "sso_session": _NAME,
        "sso_start_url": _START_URL,
        "xswitch_duration_seconds": r"[0-9]{1,6}",
        "xswitch_mfa_serial": _ARN,
        "xswitch_populated": rf"[0-9a-f]{{12}} {_START_URL}",
        "xswitch_role": _NAME,
        "xswitch_source_profile": _NAME,
    }.items()
}
_plain_comment = re.compile(r"# xswitch[a-z ,.;:`-]*").fullmatch
_header = re.compile(rf"\[\s*(?:(?:profile|sso-session)\s+)?{_NAME}\s*\]").fullmatch
_long_run = re.compile(r"[A-Za-z0-9+=]{20,}").finditer


def is_recordable(text: str, steps: Sequence[Sequence[TextPatch]]) -> bool:
    """Whether every line of `text` that the steps replace may be recorded.

    The offsets of each step are those of the text after the previous one.
    """
    for patches in steps:
        for patch in patches:
            if patch.end > patch.start and not all(
                _is_plain(line) for line in _whole_lines(text, patch).splitlines()
            ):
                return False
        text = apply_patches(text, patches)
    return True


def _whole_lines(text: str, patch: TextPatch) -> str:
    """Return the lines that a patch replaces, or parts of which it replaces."""
    end = text.find("\n", max(patch.start, patch.end - 1))
    return text[text.rfind("\n", 0, patch.start) + 1 : len(text) if end < 0 else end]


def _is_plain(line: str) -> bool:
    line = line.removeprefix("\ufeff").rstrip()
    if not line or _plain_comment(line) or _header(line):
        return not _looks_secret(line)
    key, equals, value = line.partition("=")
    matches = _plain_values.get(key.rstrip().lower())
    value = value.strip()
    return bool(equals and matches and matches(value)) and not _looks_secret(value)


def _looks_secret(text: str) -> bool:
    """Whether a text has a long run of digits and of letters in both cases, as keys have."""
    return any(
        any(one.isdigit() for one in run[0])
        and any(one.isupper() for one in run[0])
        and (any(one.islower() for one in run[0]) or run[0].startswith(("AKIA", "ASIA")))
        for run in _long_run(text)
    )
