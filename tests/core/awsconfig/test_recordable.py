"""No line that could hold a secret is recorded for `config undo`."""

from __future__ import annotations

import pytest

from xswitch.core.awsconfig.edit import TextPatch, plan_edits
from xswitch.core.awsconfig.recordable import is_recordable
from xswitch.core.model import RemoveProfile, SetProfile

CANARY = "wJalrXUtnFEMIK7MDENGbPxRfiCYCANARYKEY"
OURS = (
    "# xswitch wrote this profile; `xswitch forget` removes it\n"
    "[profile xs-a]\n"
    "credential_process = /usr/bin/python3 -I -S /opt/my\\ tools/share/xswitch/"
    "credential_process.py xs-a\n"
    "xswitch_role = team/a\n"
    "region = eu-west-1\n"
    "output = json\n"
    "endpoint_url = http://127.0.0.1:4566\n"
)
KEYS = (
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "ca_bundle",
    "cli_pager",
    "credential_process",
    "credential_source",
    "endpoint_url",
    "external_id",
    "mfa_process",
    "mfa_serial",
    "output",
    "proxy",
    "region",
    "role_arn",
    "role_session_name",
    "s3",
    "services",
    "source_profile",
    "sso_start_url",
    "web_identity_token_file",
    "x",
    "xswitch_account_name",
    "xswitch_external_id",
    "xswitch_note",
    "xswitch_policy",
    "xswitch_role",
    "xswitch_source_profile",
)
FORMS = (
    "{key} = {canary}",
    "{key}={canary}",
    "{key} = x {canary}",
    "{key} = https://me:{canary}@host/",
    "{key} = /bin/tool --token {canary}",
    "{key} = /opt/xswitch/bin/tool --token {canary}",
    "{key} = eu-west-1\n  {canary}",
    "{key} =\n  nested = {canary}",
    "{key} = eu-west-1 # {canary}",
    "# {key} {canary}",
    "# xswitch {canary}",
    "{key}: {canary}",
    "{key} {canary}",
    "[profile {canary}]\n{key} = x",
)


def removal(text: str) -> list[list[TextPatch]]:
    return plan_edits(text, "config", [RemoveProfile("config", "xs-a")])


def test_a_managed_profile_is_recorded() -> None:
    text = f"[default]\nregion = x\n\n{OURS}"
    assert is_recordable(text, removal(text))


def test_new_text_replaces_nothing() -> None:
    text = f"[default]\naws_secret_access_key = {CANARY}\n"
    edit = SetProfile("config", "xs-a", {"xswitch_role": "a"}, "xswitch")
    assert is_recordable(text, plan_edits(text, "config", [edit]))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("form", FORMS)
def test_a_canary_anywhere_is_not_recorded(key: str, form: str) -> None:
    line = form.format(key=key, canary=CANARY)
    text = f"{OURS}{line}\n"
    whole = [[TextPatch(0, len(text), "")]]
    assert not is_recordable(text, whole)
    value = [[TextPatch(text.index(CANARY), text.index(CANARY) + len(CANARY), "")]]
    assert not is_recordable(text, value)
    assert is_recordable(OURS, [[TextPatch(0, len(OURS), "")]])


@pytest.mark.parametrize(
    "key", ["credential_process", "mfa_process", "external_id", "xswitch_external_id", "proxy"]
)
def test_a_short_value_of_a_key_that_can_hold_a_secret_is_not_recorded(key: str) -> None:
    text = f"{OURS}{key} = /bin/tool hunter2\n"
    assert not is_recordable(text, removal(text))


def test_offsets_are_those_of_the_text_between_the_steps() -> None:
    text = f"x = {CANARY}\nregion = eu-west-1\n"
    start = text.index("region")
    first = [TextPatch(start, start + len("region = eu-west-1\n"), "output = json\n")]
    second = [TextPatch(start, start + len("output = json\n"), "")]
    assert is_recordable(text, [first, second])
    assert not is_recordable(text, [first, [TextPatch(0, 3, "")]])
