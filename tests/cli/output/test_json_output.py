"""`config --json` hides secret values, also where users misplace them."""

from __future__ import annotations

import pytest

from support.config.checks import view
from xswitch.cli.output.json_output import config_json

_SECRET = "canaryCanaryCanary"


@pytest.mark.parametrize(
    ("line", "key", "shown"),
    [
        (f"aws_secret_access_key = {_SECRET}", "aws_secret_access_key", "(hidden)"),
        (f"AWS_Session_Token = {_SECRET}", "aws_session_token", "(hidden)"),
        (
            f"region = eu-west-1\n  aws_secret_access_key = {_SECRET}",
            "region",
            "eu-west-1\naws_secret_access_key = (hidden)",
        ),
        ("s3 =\n  max_queue_size = 5", "s3", "\nmax_queue_size = 5"),
        (
            f"credential_process = /opt/helper --password {_SECRET}",
            "credential_process",
            "/opt/helper (hidden)",
        ),
        ("credential_process = /opt/helper", "credential_process", "/opt/helper"),
        ("mfa_process =", "mfa_process", ""),
        (
            f"endpoint_url = http://me:{_SECRET}@proxy.example:1/x",
            "endpoint_url",
            "http://***@proxy.example:1/x",
        ),
        (
            "role_arn = arn:aws:iam::222222222222:role/a@b",
            "role_arn",
            "arn:aws:iam::222222222222:role/a@b",
        ),
    ],
)
def test_values_are_as_written_except_for_secrets(line: str, key: str, shown: str) -> None:
    value = config_json(view(f"[profile odd]\n{line}\n"))["profiles"]["odd"][key]
    assert value.replace("\n  ", "\n") == shown
    assert _SECRET not in value
