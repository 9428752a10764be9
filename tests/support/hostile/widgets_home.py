"""A HOME whose config, settings, and STS contain hostile texts, for the whole program."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

from support.aws.emulator import DEV_KEY, DEV_SECRET
from support.aws.servers import Received, Response, refusal
from support.e2e import Home

_WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code."
CONFIRM = "yes"
A_PROFILE = 4
"""Number of texts in a role profile."""
_ROLE = """
[profile "{number:03} {name}"]
role_arn = arn:aws:iam::222222222222:role/{role}
source_profile = dev

[profile p{number:03}]
role_arn = arn:aws:iam::222222222222:role/Role{number}
source_profile = dev
mfa_serial = arn:aws:iam::111111111111:mfa/dev{number}
region = eu-west-1
xswitch_account_name = {account}
xswitch_note = {note}
endpoint_url = {url}
"""
_GUARD = """
[[guards]]
name = {name}
colour = {colour}
match = ["*"]
confirm = "{confirm}"
"""


def write_hostile_home(home: Home, texts: Sequence[str], url: str) -> None:
    """Write role profiles, one line per text, also under hostile names; a guard matches all."""
    parts = [f"[profile dev]\nregion = eu-west-1\nendpoint_url = {url}\n"]
    for number in range(0, len(texts), A_PROFILE):
        name, role, account, note = [*texts[number : number + A_PROFILE], *["x"] * A_PROFILE][
            :A_PROFILE
        ]
        values = {"name": name, "role": role, "account": account, "note": note}
        parts.append(_ROLE.format(number=number // A_PROFILE, url=url, **values))
    home.config.write_text("\n".join(parts), encoding="utf-8", newline="")
    home.credentials.write_text(
        f"[dev]\naws_access_key_id = {DEV_KEY}\naws_secret_access_key = {DEV_SECRET}\n"
    )
    guard = _GUARD.format(name=_toml(texts[0]), colour=_toml(texts[1]), confirm=CONFIRM)
    settings = home.folder / ".config" / "xswitch" / "config.toml"
    settings.write_text(
        f'vault = "runtime"\n{guard}\n[account_names]\n333333333333 = {_toml(texts[2])}\n',
        encoding="utf-8",
    )


def sts_of(texts: Sequence[str]) -> Callable[[Received], Response]:
    """Return an STS that rejects every code with these messages."""

    def answer(request: Received) -> Response:
        text = texts[len(request.body) % len(texts)]
        said = escape("".join(letter for letter in text if letter >= " "))
        return refusal(
            "AccessDenied", f"{_WRONG_CODE if 'TokenCode' in request.body else ''} {said}"
        )

    return answer


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
