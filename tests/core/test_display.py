"""Texts and values for display: secrets are hidden, names stay."""

from __future__ import annotations

import ast
import base64
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import xswitch
from support.reliability.soak import chance, count
from xswitch.core.display import (
    HIDDEN,
    display,
    first_line,
    hide_secrets,
    quote_value,
    show_header,
    show_key_id,
    show_setting,
    show_value,
)
from xswitch.core.errors import ConfigError
from xswitch.core.model import Problem

_BASE64 = string.ascii_letters + string.digits + "+/"
_URL_SAFE = string.ascii_letters + string.digits + "-_"

NAMES = [
    "arn:aws:iam::222222222222:role/aws-service-role/elasticfilesystem.amazonaws.com/AWSServiceRoleForAmazonElasticFileSystem",
    "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
    "arn:aws:iam::222222222222:role/cdk-hnb659fds-cfn-exec-role-222222222222-eu-west-1",
    "arn:aws:iam::222222222222:role/PipelineStack-PipelineCodePipelineActionRole8F4A2C1B-1A2B3C4D5E6F7",
    "arn:aws:iam::222222222222:role/MyStack-MyFunctionServiceRoleABCD1234-a1B2c3D4e5F6",
    "arn:aws:iam::222222222222:role/division_abc/subdivision_xyz/product_1234/ReadOnlyAdministrators",
    "arn:aws:sts::222222222222:assumed-role/Admin/botocore-session-1700000000",
    "arn:aws:iam::222222222222:mfa/dana.scully+work@example.com",
    "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
    "AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy",
    "AWSServiceRoleForAmazonElasticFileSystem",
    "AmazonSageMakerServiceCatalogProductsLaunchRole",
    "eCommercePlatformProductionAdministrator",
    "iPhoneDeploymentRoleForTheWholeTeam",
    "AROAEXAMPLEID12345678:dana@example.com",
    "payments-production-administrator-with-everything-in-it",
    "acme/production/eu-west-1/payments/administrators",
    "0c1b5d2e-4f6a-4b8c-9d0e-1f2a3b4c5d6e",
    "9f86d081884c7d659a2feaa0c55ad015",
    "/home/dana/Projects/CompanyName/Infrastructure2024/aws/config",
    "/Users/DanaScully/Library/CloudStorage/OneDrive/aws/config",
    "/nix/store/5x3zq0m1kq3r1a9m3h4yq7y7w3n2v8xk-xswitch-1.0/bin/xswitch",
    "/opt/venv/share/xswitch/credential_process.py:12",
    "https://d-1234567890.awsapps.com/start#/",
    "https://sts.eu-central-1.amazonaws.com/path@x",
    "2026-11-29T01:36:40Z, 12 h 3 min",
    "Compare mfa_serial in the config with the output of: aws iam list-mfa-devices",
    "The security token included in the request is invalid: get a new one",
    "sts.get_session_token arn:aws:iam::111111111111:mfa/dev: 12 ms",
    "xswitch switch 222222222222:Admin --source dana --external-id unicorn-42",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_and_messages_stay_as_they_are(name: str) -> None:
    assert hide_secrets(name) == name


def test_names_that_aws_manages_stay_as_they_are() -> None:
    from botocore import loaders  # noqa: PLC0415 -- slow, and for this test only

    services = loaders.create_loader().list_available_services("service-2")
    for service in services:
        name = "".join(word.capitalize() for word in service.split("-"))
        for text in (f"AWSServiceRoleFor{name}", f"Amazon{name}FullAccess", f"{name}/{service}"):
            assert hide_secrets(text) == text


@pytest.mark.parametrize(
    "secret",
    [
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY99",
        "canary0Secret1canary2Secret3canary4Secre",
        "devdevdevdevdevdevdevdevdevdevdevdevdev1",
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "IQoJb3JpZ2luX2VjEN//////////wEaCXVzLWVhc3QtMSJHMEUCIQDexample+token/AbCdEf0123456789==",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    ],
)
@pytest.mark.parametrize(
    "around",
    ["{}", "'{}'", "region is '{}'", "a={}", "x: {}", "role/{}", "[{}]", "eu-west-1 {}", "({})\n"],
)
def test_secrets_are_hidden_wherever_they_stand(secret: str, around: str) -> None:
    shown = hide_secrets(around.format(secret))
    assert HIDDEN in shown
    assert secret[:12] not in shown
    assert secret[-12:] not in shown


@pytest.mark.parametrize("separators", ["-", "_", "/", "+", "=", "--", "/_"])
def test_words_around_a_code_neither_hide_nor_show_it(separators: str) -> None:
    words = ("payments", "PaymentsAdmin", "EC2", "a1", "", "0" * 12, "A" * 25)
    code = "k7Gq2Zp9Lx4Vw8Rn3Tb6Yc1M"
    for before in words:
        for after in words:
            name = separators.join(("Application", before, "administrators", after))
            assert hide_secrets(name) == name
            assert code not in hide_secrets(separators.join((before, code, after)))


def test_generated_secrets_are_hidden() -> None:
    random = chance("display")
    shown = 0
    rounds = count(2_000, 50_000)
    for _ in range(rounds):
        secret = "".join(random.choices(_BASE64, k=40))
        token = base64.b64encode(random.randbytes(300)).decode()
        url_safe = "".join(random.choices(_URL_SAFE, k=60))
        digest = random.randbytes(20).hex()
        shown += hide_secrets(f"is '{secret}'") != f"is '{HIDDEN}'"
        shown += hide_secrets(token) != HIDDEN
        shown += url_safe[10:50] in hide_secrets(f"x {url_safe} y")
        shown += digest in hide_secrets(digest)
    # By chance, one in some thousands reads as words
    assert shown <= 2 + rounds // 500


@pytest.mark.parametrize("start", ["AKIA", "ASIA", "ABIA", "ACCA"])
def test_of_an_access_key_id_both_ends_stay(start: str) -> None:
    key = f"{start}QRSTUVWXYZ234567"
    assert hide_secrets(f"the key {key}.") == f"the key {start}****4567."
    assert show_key_id(key) == f"{start}****4567"
    assert show_key_id("no key ID") == HIDDEN


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("aws_secret_access_key = hunter2", "aws_secret_access_key = (hidden)"),
        ("AWS_SESSION_TOKEN=hunter2 horse", "AWS_SESSION_TOKEN=(hidden)"),
        ('"aws_secret_access_key_2 = hunter2 horse" is', '"aws_secret_access_key_2 = (hidden)" is'),
        ('{"SecretAccessKey": "hunter2"}', '{"SecretAccessKey": "(hidden)"}'),
        ("password=hunter2&user=dana", "password=(hidden)&user=dana"),
        ("http://dana:hunter2@proxy:3128/", "http://***@proxy:3128/"),
        ("'eu\n  odd = hunter2' isn't", "'eu\n(hidden)"),
        (r"'eu\nodd = hunter2'", r"'eu\n(hidden)"),
    ],
)
def test_assignments_and_users_of_urls_are_hidden(text: str, shown: str) -> None:
    assert hide_secrets(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("eu-west-1", "eu-west-1"),
        ("eu-west-1\naws_secret_access_key = hunter2", "eu-west-1…"),
        ("eu-west-1\nhunter2", "eu-west-1…"),
        ("\nhunter2", "…"),
        ("eu-west-1 # hunter2", "eu-west-1 #…"),
        ("eu-west-1\t; hunter2", "eu-west-1\t;…"),
        ("\x1b[31mred", "␛[31mred"),
        ("an x " * 20, "an x " * 15 + "an x…"),
    ],
)
def test_a_value_is_shown_up_to_the_end_of_its_first_line(value: str, shown: str) -> None:
    assert show_value(value) == shown
    assert quote_value(value) == repr(show_value(value))


def test_a_value_of_one_line_isnt_shortened() -> None:
    assert first_line("n " * 100) == "n " * 100
    assert first_line("note\nhunter2") == "note…"


def test_only_values_of_known_keys_are_shown() -> None:
    assert show_setting("region", "eu-west-1") == '"eu-west-1"'
    assert show_setting("my_password", "hunter2") == "another value"
    assert show_setting("aws_secret_access_key", "hunter2") == "another value"


def test_a_header_is_shown_up_to_an_assignment() -> None:
    assert show_header("profile a") == "profile a"
    assert show_header("odd = hunter2") == "odd= …"
    assert show_header("aws_secret_access_key = hunter2") == "aws_secret_access_key= (hidden)"


def test_what_is_displayed_is_sanitized_too() -> None:
    assert display("a\x1b\nb = hunter2") == "a␛␊(hidden)"
    assert display("abcdef", limit=4) == "abc…"


_SANITIZERS = {
    # Documents that the user asked for
    "cli/output/stdout.py",
    "cli/output/stderr.py",
    "core/access/console.py",
    "core/access/render/aws_cli.py",
    "core/access/render/common.py",
    # Typed by the user
    "tui/picker/filter_input.py",
    "tui/widgets/input.py",
    # The address of a sign-in with its code, which the user has to see
    "tui/sso/sign_in_dialog.py",
    "tui/sso/sign_in_state.py",
    # Words in messages, which hide secrets themselves
    "core/errors/messages.py",
    "core/errors/source_credentials.py",
    "core/errors/sso.py",
    "core/errors/sts.py",
    "core/sso/sessions.py",
    "core/display.py",
    "core/text.py",
}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    root = Path(xswitch.__file__).parent
    for file in sorted(root.rglob("*.py")):
        name = file.relative_to(root).as_posix()
        if not name.startswith(("emulator/", "demo/")):
            yield name, ast.parse(file.read_text(encoding="utf-8"))


def test_no_other_module_prepares_texts_for_the_terminal() -> None:
    found = {
        name
        for name, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "sanitize"
    }
    assert found <= _SANITIZERS


def test_no_message_about_the_config_quotes_a_value_by_another_way() -> None:
    """`{value!r}` shows all lines of a value: only `quote_value` and `show_value` quote one."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in _modules()
        if name.startswith(("core/roles/", "core/awsconfig/", "core/sts_limits.py"))
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue)
        and node.conversion == ord("r")
        and ast.unparse(node.value) not in {"edit.name", "key"}  # names that xswitch writes
    ]
    assert found == []


def test_messages_are_without_secrets_from_the_start() -> None:
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    problem = Problem("odd", f"region is {secret}")
    error = ConfigError(f"a {secret}", why=f"b {secret}", next_step=f"c {secret}")
    assert secret not in repr(problem)
    assert secret not in f"{error!r} {error} {error.what} {error.why} {error.next_step}"
