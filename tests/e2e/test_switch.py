"""`switch` and related commands, from the command line to the profile an SDK reads."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.session
import pytest

from support.aws.emulator import MFA_SERIAL, PROD, READER_ARN, totp_code
from support.e2e import Home
from xswitch.emulator.server import EmbeddedAws


def test_a_switch_writes_a_profile_boto3_uses(
    home: Home, aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = home.run("switch", "reader", "--json")
    assert (done.code, done.err.count("Traceback")) == (0, 0), done.err
    assert done.json["data"]["managed_profile"] == "xs-reader"
    assert done.json["data"]["identity"]["account"] == PROD
    for name, value in home.env.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session(profile_name="xs-reader")
    identity = session.client("sts").get_caller_identity()
    assert identity["Arn"].startswith(f"arn:aws:sts::{PROD}:assumed-role/Reader/")
    assert aws.count("AssumeRole") == 1


def test_stdout_is_the_profile_and_stderr_explains_the_hook(home: Home) -> None:
    done = home.run("switch", "reader")
    assert done.out == "xs-reader\n"
    assert "AWS_PROFILE=xs-reader" in done.err
    assert "xswitch init" in done.err


def test_emit_prints_only_assignments(home: Home) -> None:
    done = home.run("switch", "--emit", "bash", "reader", env={"AWS_PROFILE": "dev"})
    assert done.code == 0, done.err
    assert done.out.startswith("\\builtin :")
    assert "export AWS_PROFILE='xs-reader'" in done.out
    assert "export XSWITCH_PREVIOUS='dev'" in done.out


def test_mfa_is_asked_once_for_all_roles(home: Home, aws: EmbeddedAws) -> None:
    assert home.run("switch", "admin").code == 5
    first = home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now()))
    assert first.code == 0, first.err
    second = home.run("switch", "deep")
    assert second.code == 0, second.err
    assert aws.count("GetSessionToken") == 1
    status = home.run("status", "--json").json["data"]["sessions"]
    assert MFA_SERIAL in {row["principal"] for row in status}
    assert all(row["state"] == "live" for row in status)


def test_a_wrong_code_is_a_message_and_exit_4(home: Home) -> None:
    done = home.run("switch", "admin", "--mfa-code", "000000")
    assert done.code == 4, done.err
    assert "MultiFactorAuthentication failed" in done.err
    assert done.out == ""


def test_credential_process_fails_at_once_without_a_terminal(home: Home) -> None:
    done = home.run("credential-process", "admin")
    assert (done.code, done.out) == (5, "")
    assert done.err.count("\n") == 1
    assert "xswitch switch admin" in done.err


def test_sixty_four_callers_cause_one_prompt_and_one_call(home: Home, aws: EmbeddedAws) -> None:
    code = totp_code(now=aws.clock.now())
    assert home.run("switch", "admin", "--mfa-code", code).code == 0
    assert home.run("forget", "--all").code == 0
    # `forget` removed the managed profile too; an mfa_process provides the code
    aws.clock.advance(30)
    code = totp_code(now=aws.clock.now())
    text = home.config.read_text()
    home.config.write_text(
        text.replace("[profile admin]\n", f"[profile admin]\nmfa_process = /bin/echo {code}\n")
    )
    before = len(aws.calls)
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: home.run("credential-process", "admin"), range(64)))
    assert {answer.code for answer in answers} == {0}, {answer.err for answer in answers}
    assert len({answer.out for answer in answers}) == 1
    assert sorted(call.action for call in aws.calls[before:]) == ["AssumeRole", "GetSessionToken"]


def test_after_expiration_it_renews_without_a_prompt(home: Home, aws: EmbeddedAws) -> None:
    assert home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now())).code == 0
    aws.clock.advance(3700)
    done = home.run("renew", "admin")
    assert done.code == 0, done.err
    assert aws.count("GetSessionToken") == 1
    assert aws.count("AssumeRole") == 2


def test_denied_names_aws_reason(home: Home) -> None:
    done = home.run("switch", "denied")
    assert done.code == 4
    assert "is not authorized to perform: sts:AssumeRole" in done.err
    assert "Traceback" not in done.err


def test_an_account_and_role_not_in_the_config(home: Home) -> None:
    done = home.run("switch", f"{PROD}:Reader", "--source", "dev", "--json")
    assert done.code == 0, done.err
    name = done.json["data"]["managed_profile"]
    assert home.run("credential-process", name).code == 0
    roles = {role["role_arn"] for role in home.run("list", "--json").json["data"]["roles"]}
    assert READER_ARN in roles


def test_static_keys_work_without_a_process_until_forget(home: Home) -> None:
    done = home.run("switch", "reader", "--static", "--json")
    assert done.code == 0, done.err
    name = done.json["data"]["managed_profile"]
    assert "aws_session_token" in home.credentials.read_text()
    session = botocore.session.Session(profile=name)
    session.set_config_variable("credentials_file", str(home.credentials))
    session.set_config_variable("config_file", str(home.config))
    credentials = session.get_credentials()
    assert credentials is not None
    assert credentials.token
    assert home.run("forget", "reader").code == 0
    assert "aws_session_token" not in home.credentials.read_text()
    assert "xs-reader" not in home.config.read_text()


def test_undo_restores_the_file(home: Home) -> None:
    before = home.config.read_bytes()
    assert home.run("switch", "reader").code == 0
    assert home.config.read_bytes() != before
    assert home.run("config", "undo").code == 0
    assert home.config.read_bytes() == before


def test_no_target_no_terminal(home: Home) -> None:
    done = home.run()
    assert (done.code, done.out) == (2, "")
    assert "picker can't open" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ["switch", "nobody"],
        ["switch", "arn:aws:iam::1:role/x"],
        ["renew", "nobody"],
        ["forget", "nobody"],
    ],
)
def test_no_such_target(home: Home, words: list[str]) -> None:
    done = home.run(*words)
    assert (done.code, done.out) == (3, ""), done.err


def test_errors_are_in_the_envelope(home: Home) -> None:
    done = home.run("switch", "denied", "--json")
    assert done.code == 4
    envelope = done.json
    assert (envelope["version"], envelope["command"], envelope["data"]) == (1, "switch", None)
    assert envelope["problems"][0]["exit_code"] == 4


def test_doctor_and_config_have_json(home: Home) -> None:
    doctor = home.run("doctor", "--json")
    assert {"name", "state", "message", "next_step", "details"} == set(
        doctor.json["data"]["checks"][0]
    )
    config = home.run("config", "--json")
    assert config.json["data"]["profiles"]["dev"]["aws_secret_access_key"] == "(hidden)"
    assert json.dumps(config.json["data"]["files"]).count(".aws") == 2
