"""A HOME full of hostile text: config, settings, index, history, pins, and two IAM accounts."""

from __future__ import annotations

import json
import time
from typing import Any

from support.aws.emulator import DEV_KEY, DEV_SECRET, role, trust
from support.aws.iam import ROOT, SOURCE_ADMIN, TARGET_ADMIN, state
from support.e2e import Home
from support.hostile.controls import in_xml, mark

MFA = "m"
"""Prefix of profiles with a hostile MFA device."""
PLAIN = "plain"
"""A harmless profile without a guard, for hostile AWS responses."""
_UNGUARDED = "arn:aws:iam::333333333333:role/"
"""Start of the ARNs of roles in an account that no guard matches by name."""
ROLES = 4
"""Number of roles in IAM that share the texts."""
_ROLE = """
[profile {name}]
role_arn = {arn}
source_profile = dev
region = eu-west-1
xswitch_account_name = {account}
xswitch_note = {note}
endpoint_url = {url}
"""
_WITH_MFA = """
[profile {name}]
role_arn = {unguarded}
source_profile = dev
mfa_serial = arn:aws:iam::111111111111:mfa/{device}
endpoint_url = {url}
"""


def written_config(home: Home, texts: list[str], url: str) -> list[str]:
    """Write role profiles with these texts as account names, notes, ARNs, and MFA devices.

    Returns the profiles' names as they are read.
    """
    plain = (
        f"[profile {PLAIN}]\nrole_arn = {_UNGUARDED}Plain\n"
        f"source_profile = dev\nendpoint_url = {url}\n"
    )
    parts = [f"[profile dev]\nregion = eu-west-1\nendpoint_url = {url}\n", plain]
    names = []
    for number in range(0, len(texts), 3):
        account, note, arn = [*texts[number : number + 3], "x", "x"][:3]
        real = f"arn:aws:iam::222222222222:role/{mark(number)}"
        parts.append(
            _ROLE.format(
                name=f"p{number:04}",
                arn=arn if number % 2 else real,
                account=account,
                note=note,
                url=url,
            )
        )
        names.append(f"p{number:04}")
        if not number % 2:
            names.append(f"q{number:04}{arn}")
            parts.append(
                f"[profile {names[-1]}]\nrole_arn = {real}\nsource_profile = dev\n"
                f"endpoint_url = {url}\n"
            )
        parts.append(
            _WITH_MFA.format(
                name=f"{MFA}{number:04}",
                device=f"{note} {arn} {account}",
                unguarded=f"{_UNGUARDED}{mark(number)}",
                url=url,
            )
        )
    home.config.write_text("\n".join(parts), encoding="utf-8", newline="")
    home.credentials.write_text(
        f"[dev]\naws_access_key_id = {DEV_KEY}\naws_secret_access_key = {DEV_SECRET}\n"
    )
    return names


def written_settings(home: Home, texts: list[str]) -> None:
    """Write account names and guards with hostile values; the last guard matches every role."""
    lines = [
        'vault = "runtime"',
        f"theme = {toml(texts[0])}",
        f"{toml(texts[1])} = 1",
        "[account_names]",
    ]
    lines += [f'"{number:012}" = {toml(text)}' for number, text in enumerate(texts)]
    for number, text in enumerate(texts):
        others = [toml(texts[(number + step) % len(texts)]) for step in range(1, 4)]
        lines += [
            "[[guards]]",
            f"name = {toml(text)}",
            f"match = [{others[0]}]",
            f"colour = {others[1]}",
            f"confirm = {others[2]}",
        ]
    place = home.folder / ".config" / "xswitch" / "config.toml"
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")


def written_state(home: Home, texts: list[str]) -> None:
    """Write sessions, a history, and pins with these names."""
    folder = home.folder / ".local" / "state" / "xswitch"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = int(time.time())
    entries: dict[str, Any] = {}
    history = []
    for number, text in enumerate(texts):
        other, third = texts[number - 1], texts[number - 2]
        times = {"issued_at": now, "expires_at": now + 3000 - number, "last_used": now}
        entries[f"{number:040x}"] = {
            "kind": "role",
            "profile": text,
            "principal": other,
            "managed_profile": third,
            "static": False,
            **times,
        }
        history.append(
            json.dumps(
                {
                    "at": now,
                    "profile": text,
                    "role_arn": other,
                    "session_name": third,
                    "result": texts[number - 3],
                }
            )
        )
    (folder / "index.json").write_text(json.dumps({"version": 1, "entries": entries}))
    (folder / "history.jsonl").write_text("\n".join(history) + "\n")
    (folder / "memory.json").write_text(
        json.dumps({"version": 1, "uses": {text: [3, now] for text in texts}, "pins": texts})
    )


def with_administrators(home: Home, url: str) -> None:
    """Add profiles that can change IAM in the accounts of `hostile_accounts`."""
    text = home.config.read_text(encoding="utf-8")
    keys = home.credentials.read_text(encoding="utf-8")
    for name, (key, secret) in (("source-admin", SOURCE_ADMIN), ("target-admin", TARGET_ADMIN)):
        text += f"\n[profile {name}]\nregion = eu-west-1\nendpoint_url = {url}\n"
        keys += f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
    home.config.write_text(text, encoding="utf-8", newline="")
    home.credentials.write_text(keys, encoding="utf-8")


def hostile_accounts(texts: list[str]) -> dict[str, Any]:
    """Return two accounts with hostile policies, descriptions, and tags.

    The roles `Role0` … exist already, and the user Bob has such a policy. IAM rejects hostile
    names, but its policy documents may contain any character.
    """
    accounts = state()
    source, target = accounts["accounts"]
    bob = next(user for user in source["users"] if user["name"] == "Bob")
    bob["policies"] = {"XswitchAssumeRoles": document(texts)}
    target["roles"] = [
        role(
            f"Role{number}",
            trust(
                ROOT, Condition={"StringEquals": {"aws:PrincipalTag/team": texts[number::ROLES]}}
            ),
            policies={f"policy-{number}": document(texts[number::ROLES])},
            description=in_xml_plain(texts[number]),
            tags={"team": in_xml_plain(texts[-number])},
        )
        for number in range(ROLES)
    ]
    return accounts


def document(texts: list[str]) -> dict[str, Any]:
    """Return a policy whose condition has these values."""
    condition = {"StringEquals": {"aws:PrincipalTag/team": texts}}
    allowed = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": "*",
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": [allowed]}


def in_xml_plain(text: str) -> str:
    """Return the characters of a text that XML allows."""
    return "".join(one for one in text if in_xml(one))


def toml(text: str) -> str:
    """Return a text as a TOML string, control characters included."""
    escaped = "".join(
        f"\\u{ord(one):04x}"
        if one < " " or one in '"\\\x7f'
        else one  # TOML has no shorter escape for all of them
        for one in text
    )
    return f'"{escaped}"'
