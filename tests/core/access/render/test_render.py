from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.access.iam_model import (
    ACCOUNT,
    GROUP,
    LIST_BUCKETS,
    READ_ONLY,
    ROLE,
    SOURCE,
    TARGET,
    USER,
    accounts,
    calls,
    full_request,
    run,
    wanted,
)
from support.access.templates import parsed, peer
from xswitch.core.access.documents import canonical_json, policy_name
from xswitch.core.access.model import (
    AccessPlan,
    AccessRequest,
    AccountSide,
    Finding,
    IamCall,
    NamedPolicy,
    PrincipalType,
    TrustedPrincipal,
)
from xswitch.core.access.plan import make_plan, managed_policy_arn
from xswitch.core.access.render import FORMATS, finding_data, plan_data, render
from xswitch.core.access.render.aws_cli import command
from xswitch.core.access.validation import validate
from xswitch.core.errors import UsageError

EVERYBODY = [USER, GROUP, ROLE, ACCOUNT]
VARIABLES = canonical_json(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:List*"],
            "Resource": "arn:aws:s3:::b/${aws:username}/%{x}/*",
        },
    }
)


def _plan(request: AccessRequest) -> AccessPlan:
    return accounts(request).plan(request)


def _texts(plan: AccessPlan, fmt: str) -> dict[AccountSide, str]:
    return {rendered.side: rendered.text for rendered in render(plan, fmt)}


NAME = st.text("aZ9_+=,.@-", min_size=1, max_size=12)
LATIN = st.characters(min_codepoint=0x20, max_codepoint=0xFF).filter(
    lambda char: not "\x7f" <= char < "\xa1"
)
DESCRIPTION = st.one_of(
    st.text(st.one_of(LATIN, st.sampled_from("\t\n\r'\"\\$`#%{}")), max_size=30),
    st.sampled_from(
        [
            "file:///etc/passwd",
            "https://x",
            "-x",
            "--role-name",
            "'; rm -rf /; '",
            "$(id)",
            "${x}",
            "%{ if x }",
            "yes",
            "# a",
        ]
    ),
)
TAG_TEXT = st.text(
    st.one_of(st.characters(categories=["L", "N", "Z"]), st.sampled_from("_.:/=+-@")), max_size=12
)
REQUEST = st.builds(
    AccessRequest,
    partition=st.just("aws"),
    target_account=st.just(TARGET),
    role_name=NAME,
    principal=st.builds(
        TrustedPrincipal,
        st.sampled_from(list(PrincipalType)[:3]),
        st.just(SOURCE),
        NAME,
        st.sampled_from(["/", "/a/'$(x)\"/"]),
    ),
    role_path=st.sampled_from(["/", "/team/", "/'\"$`\\#{}/"]),
    managed_policies=st.sampled_from(
        [(), (READ_ONLY,), (READ_ONLY, f"arn:aws:iam::{TARGET}:policy/it's")]
    ),
    inline_policies=st.sampled_from(
        [
            (),
            (NamedPolicy("p", VARIABLES),),
            (NamedPolicy("p@1", LIST_BUCKETS), NamedPolicy("p", VARIABLES)),
        ]
    ),
    external_id=st.sampled_from([None, "a:/=,@", "12"]),
    require_mfa=st.booleans(),
    max_session_seconds=st.integers(3600, 43200),
    tags=st.dictionaries(
        TAG_TEXT.filter(lambda key: key and not key.lower().startswith("aws:")),
        TAG_TEXT,
        max_size=3,
    ).map(
        lambda tags: tuple({key.casefold(): (key, value) for key, value in tags.items()}.values())
    ),
    description=DESCRIPTION,
)


@pytest.mark.parametrize("fmt", FORMATS)
def test_each_account_has_a_file_for_its_administrator(fmt: str) -> None:
    source, target = render(_plan(full_request()), fmt)
    assert (source.side, target.side) == (AccountSide.SOURCE, AccountSide.TARGET)
    assert source.file_name.startswith(f"source-{SOURCE}-SwitchRole.")
    assert target.file_name.startswith(f"target-{TARGET}-SwitchRole.")
    assert source.text.endswith("\n")
    if fmt != "json":
        assert f"administrator of account {SOURCE}" in source.text
        assert f"administrator of account {TARGET}" in target.text
        assert target.file_name in source.text
        assert source.file_name in target.text
        assert not [line for line in source.text.splitlines() if line != line.rstrip()]


def test_unknown_formats_are_rejected() -> None:
    with pytest.raises(UsageError) as error:
        render(_plan(wanted()), "xml")
    assert error.value.code == "format"


# -- JSON


def test_the_data_of_a_plan_is_json_with_documents_as_objects() -> None:
    plan = _plan(full_request())
    data = json.loads(json.dumps(plan_data(plan)))
    assert data["role_arn"] == plan.request.role_arn
    assert data["request"]["who"] == {
        "kind": "user",
        "account": SOURCE,
        "name": "SwitchUser",
        "path": "/",
    }
    assert data["request"]["inline_policies"][0] == {
        "name": "buckets",
        "document": json.loads(LIST_BUCKETS),
    }
    assert data["trust"] == json.loads(plan.trust)
    assert [side["side"] for side in data["sides"]] == ["source", "target"]
    first = data["sides"][0]["changes"][0]
    assert (first["operation"], first["parameters"]["UserName"], first["undo"][0]["operation"]) == (
        "PutUserPolicy",
        "SwitchUser",
        "DeleteUserPolicy",
    )
    assert {warning["code"] for warning in data["warnings"]} == {
        finding.code for finding in plan.warnings
    }
    assert data["empty"] is False


def test_a_sides_json_has_nothing_of_the_others() -> None:
    texts = _texts(_plan(full_request()), "json")
    source, target = json.loads(texts[AccountSide.SOURCE]), json.loads(texts[AccountSide.TARGET])
    assert "trust" not in source
    assert "permission" not in target
    assert [side["side"] for side in source["sides"]] == ["source"]
    assert [side["side"] for side in target["sides"]] == ["target"]


def test_a_finding_has_its_corrected_statement_as_an_object() -> None:
    finding = Finding("c", "warning", "why", "where", '{"Effect": "Allow"}')
    assert finding_data(finding) == {
        "code": "c",
        "severity": "warning",
        "why": "why",
        "where": "where",
        "corrected": {"Effect": "Allow"},
    }
    assert finding_data(replace(finding, corrected=""))["corrected"] is None


# -- AWS CLI

IAM = botocore.session.get_session().get_service_model("iam")
STUB = """#!/bin/sh
if [ "$1" = sts ]; then printf '%s\\n' "$STUB_ACCOUNT"; exit 0; fi
for word in "$@"; do printf '%s\\0' "$word" >> "$STUB_OUT"; done
printf '\\001\\0' >> "$STUB_OUT"
"""


def _shell(folder: Path, script: str, account: str) -> tuple[int, list[list[str]]]:
    """Run a script with a stub for `aws`; return its exit code and the arguments of each call."""
    program, out = folder / "bin" / "aws", folder / "out"
    if not program.exists():
        program.parent.mkdir()
        program.write_text(STUB)
        program.chmod(0o755)
    out.write_bytes(b"")
    env = {"PATH": f"{program.parent}:/usr/bin:/bin", "STUB_OUT": str(out), "STUB_ACCOUNT": account}
    done = subprocess.run(
        ["sh"],
        input=script.encode(),
        env=env,
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=60,
    )
    words = out.read_bytes().decode().split("\0")[:-1]
    made: list[list[str]] = [[]]
    for word in words:
        if word == "\x01":
            made.append([])
        else:
            made[-1].append(word)
    return done.returncode, made[:-1]


def _call(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Parse arguments as the AWS CLI does, with botocore's names."""
    assert words[0] == "iam"
    (operation,) = [name for name in IAM.operation_names if xform_name(name, "-") == words[1]]
    shape = IAM.operation_model(operation).input_shape
    assert shape is not None
    members = shape.members
    parameters: dict[str, Any] = {}
    rest = iter(words[2:])
    for word in rest:
        option, equals, joined = word.partition("=")
        if option == "--cli-input-json":
            parameters |= json.loads(next(rest))
            continue
        (name,) = [name for name in members if "--" + xform_name(name, "-") == option]
        kind = members[name].type_name
        if kind == "boolean":
            parameters[name] = True
            continue
        text = joined if equals else next(rest)
        assert not text.startswith(("file://", "fileb://", "http://", "https://"))
        assert equals or not text.startswith("-")
        parameters[name] = (
            int(text) if kind == "integer" else json.loads(text) if kind == "list" else text
        )
    return operation, parameters


def _valid(operation: str, parameters: dict[str, Any]) -> None:
    shape = IAM.operation_model(operation).input_shape
    assert shape is not None
    report = ParamValidator().validate(parameters, shape)
    assert not report.has_errors(), report.generate_report()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(request=REQUEST)
def test_a_real_shell_hands_the_aws_cli_the_very_parameters_of_the_calls(
    request: AccessRequest, tmp_path: Path
) -> None:
    validate(request)
    plan = _plan(request)
    for side in plan.sides:
        code, made = _shell(tmp_path, _texts(plan, "cli")[side.side], side.account)
        assert code == 0
        assert [_call(words) for words in made] == [
            (change.call.operation, dict(change.call.parameters)) for change in side.changes
        ]
    for call in calls(plan):
        _valid(call.operation, dict(call.parameters))


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.kind.value)
def test_calls_on_what_is_there_are_valid_too(who: TrustedPrincipal, tmp_path: Path) -> None:
    request = full_request(who)
    world = accounts(request)
    world = run(world, calls(world.plan(request)), request)
    other = replace(
        request,
        external_id="new",
        max_session_seconds=3600,
        description="-new",
        tags=(("team", "file://x"),),
    )
    assert world.source is not None
    stale = NamedPolicy(policy_name(request), LIST_BUCKETS)
    source = (
        replace(world.source, managed=stale)
        if who.kind is PrincipalType.ACCOUNT
        else replace(world.source, inline=(stale,))
    )
    plan = replace(world, source=source).plan(other)
    assert {"UpdateAssumeRolePolicy", "UpdateRole", "TagRole"} <= {
        call.operation for call in calls(plan)
    }
    for side in plan.sides:
        code, made = _shell(tmp_path, _texts(plan, "cli")[side.side], side.account)
        assert code == 0
        assert [_call(words) for words in made] == [
            (change.call.operation, dict(change.call.parameters)) for change in side.changes
        ]
        for change in side.changes:
            for call in (change.call, *change.undo):
                _valid(call.operation, dict(call.parameters))


def test_the_script_does_nothing_with_credentials_of_another_account(tmp_path: Path) -> None:
    script = _texts(_plan(wanted()), "cli")[AccountSide.TARGET]
    assert _shell(tmp_path, script, SOURCE) == (1, [])
    assert len(_shell(tmp_path, script, TARGET)[1]) == 2


def test_the_script_of_a_finished_account_does_nothing(tmp_path: Path) -> None:
    request = wanted()
    world = accounts(request)
    done = run(world, calls(world.plan(request)), request).plan(request)
    for side in done.sides:
        text = _texts(done, "cli")[side.side]
        assert "# Nothing to change." in text
        assert _shell(tmp_path, text, side.account) == (0, [])


@pytest.mark.parametrize("value", ["file:///etc/passwd", "fileb://x", "http://x/", "https://x/"])
def test_a_value_the_aws_cli_would_fetch_is_given_as_json(value: str) -> None:
    text = command(
        IamCall("UpdateRole", {"RoleName": "r", "Description": value, "MaxSessionDuration": 3600})
    )
    words = shlex.split(text.replace(" \\\n", ""))
    assert words[:4] == ["aws", "iam", "update-role", "--cli-input-json"]
    assert json.loads(words[4]) == {
        "RoleName": "r",
        "Description": value,
        "MaxSessionDuration": 3600,
    }


def test_a_boolean_is_an_option_without_a_value() -> None:
    assert command(IamCall("X", {"SetAsDefault": True})).endswith(" --set-as-default")
    assert command(IamCall("X", {"SetAsDefault": False})).endswith(" --no-set-as-default")


# -- CloudFormation


def _template(plan: AccessPlan, side: AccountSide) -> dict[str, Any]:
    """Return the expected template."""
    request = plan.request
    if side is AccountSide.SOURCE:
        named = {"PolicyName": policy_name(request), "PolicyDocument": json.loads(plan.permission)}
        if request.principal.kind is PrincipalType.ACCOUNT:
            named = {
                "ManagedPolicyName": named["PolicyName"],
                "Description": f"May assume {request.role_arn}",
                **named,
            }
            del named["PolicyName"]
            return {"Type": "AWS::IAM::ManagedPolicy", "Properties": named}
        kind = request.principal.kind.value.capitalize()
        return {
            "Type": f"AWS::IAM::{kind}Policy",
            "Properties": {f"{kind}Name": request.principal.name, **named},
        }
    properties = {
        "RoleName": request.role_name,
        "Path": request.role_path,
        "MaxSessionDuration": request.max_session_seconds,
        "AssumeRolePolicyDocument": json.loads(plan.trust),
        "Description": request.description,
        "ManagedPolicyArns": list(request.managed_policies),
        "Policies": [
            {"PolicyName": one.name, "PolicyDocument": json.loads(one.document)}
            for one in request.inline_policies
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in request.tags],
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {key: value for key, value in properties.items() if value},
    }


# Many requests per process, because the parser starts slowly; shrinking would take too long.
BATCHES = settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])


@BATCHES
@given(st.lists(REQUEST, min_size=25, max_size=25))
def test_templates_are_read_back_as_what_was_meant(requests: list[AccessRequest]) -> None:
    plans = [_plan(request) for request in [*requests, wanted(ACCOUNT)]]
    texts = [rendered.text for plan in plans for rendered in render(plan, "cloudformation")]
    read = parsed("yaml", texts)
    assert [template["Resources"]["Access"] for template in read] == [
        _template(plan, side.side) for plan in plans for side in plan.sides
    ]


def test_templates_pass_cfn_lint(tmp_path: Path) -> None:
    requests = [
        *(full_request(who) for who in EVERYBODY),
        wanted(
            managed_policies=(),
            inline_policies=(NamedPolicy("own", VARIABLES),),
            description="yes: # 'no' é",
            role_path="/a/b/",
        ),
    ]
    files = []
    for number, request in enumerate(requests):
        for rendered in render(_plan(request), "cloudformation"):
            path = tmp_path / f"{number}-{rendered.file_name}"
            path.write_text(rendered.text, encoding="utf-8")
            files.append(str(path))
    linted = subprocess.run(
        [peer("cfn-lint"), "--regions", "us-east-1", "--", *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert (linted.stdout, linted.stderr, linted.returncode) == ("", "", 0)


def test_text_that_cloudformation_would_replace_is_rejected() -> None:
    plan = _plan(wanted(description="{{resolve:ssm:secret}}"))
    with pytest.raises(UsageError):
        render(plan, "cloudformation")
    assert render(plan, "terraform")


def test_existing_resources_have_to_be_imported() -> None:
    for request in (wanted(), wanted(ACCOUNT)):
        world = accounts(request)
        done = _texts(
            run(world, calls(world.plan(request)), request).plan(request), "cloudformation"
        )
        words = {side: " ".join(text.replace("\n#", "").split()) for side, text in done.items()}
        assert "import it into the stack" in words[AccountSide.TARGET]
        assert ("import it into the stack" in words[AccountSide.SOURCE]) == (
            request.principal.kind is PrincipalType.ACCOUNT
        )
        assert (
            "exists already"
            not in _texts(world.plan(request), "cloudformation")[AccountSide.TARGET]
        )


# -- Terraform


def _resources(read: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (kind, label): body
        for block in read["resource"]
        for kind, labels in block.items()
        for label, body in labels.items()
    }


def _check_target(read: dict[str, Any], plan: AccessPlan) -> None:
    request, resources = plan.request, _resources(read)
    ((label, role),) = [
        (label, body) for (kind, label), body in resources.items() if kind == "aws_iam_role"
    ]
    assert role["assume_role_policy"] == {"jsonencode": json.loads(plan.trust)}
    assert (role["name"], role["path"], role["max_session_duration"]) == (
        request.role_name,
        request.role_path,
        request.max_session_seconds,
    )
    assert (role.get("description", ""), role.get("tags", {})) == (
        request.description,
        dict(request.tags),
    )
    attached = [
        body for (kind, _), body in resources.items() if kind == "aws_iam_role_policy_attachment"
    ]
    assert attached == [
        {"role": f"${{aws_iam_role.{label}.name}}", "policy_arn": arn}
        for arn in request.managed_policies
    ]
    inline = [
        (body["name"], body["policy"])
        for (kind, _), body in resources.items()
        if kind == "aws_iam_role_policy"
    ]
    assert inline == [
        (policy.name, {"jsonencode": json.loads(policy.document)})
        for policy in request.inline_policies
    ]


def _check_source(read: dict[str, Any], plan: AccessPlan) -> None:
    request = plan.request
    (((kind, _), body),) = _resources(read).items()
    assert (body["name"], body["policy"]) == (
        policy_name(request),
        {"jsonencode": json.loads(plan.permission)},
    )
    if request.principal.kind is PrincipalType.ACCOUNT:
        assert kind == "aws_iam_policy"
    else:
        assert kind == f"aws_iam_{request.principal.kind.value}_policy"
        assert body[request.principal.kind.value] == request.principal.name


def _readable(request: AccessRequest) -> bool:
    # python-hcl2 needs a closing brace after the escape `$${`; Terraform doesn't. It also reserves
    # names like `__x__`, and omits such tags.
    own = any(key.startswith("__") and key.endswith("__") for key, _ in request.tags)
    return not own and re.search(r"[$%]\{[^{}\n]*(?:$|[\n{])", request.description) is None


@BATCHES
@given(st.lists(REQUEST.filter(_readable), min_size=10, max_size=10))
def test_configurations_are_read_back_as_what_was_meant(requests: list[AccessRequest]) -> None:
    plans = [_plan(request) for request in [*requests, wanted(ACCOUNT)]]
    read = iter(
        parsed("hcl", [rendered.text for plan in plans for rendered in render(plan, "terraform")])
    )
    for plan in plans:
        _check_source(next(read), plan)
        _check_target(next(read), plan)


def test_a_configuration_is_planned_only_with_credentials_of_its_account() -> None:
    (read,) = parsed("hcl", [_texts(_plan(wanted()), "terraform")[AccountSide.TARGET]])
    role = _resources(read)["aws_iam_role", "switchrole"]
    (precondition,) = role["lifecycle"][0]["precondition"]
    assert (
        precondition["condition"]
        == f'${{data.aws_caller_identity.switchrole.account_id == "{TARGET}"}}'
    )
    assert read["data"] == [{"aws_caller_identity": {"switchrole": {}}}]


@pytest.mark.parametrize(
    ("who", "imports"),
    [
        (USER, {"aws_iam_role": "SwitchRole"}),
        (
            ACCOUNT,
            {"aws_iam_role": "SwitchRole", "aws_iam_policy": managed_policy_arn(wanted(ACCOUNT))},
        ),
    ],
    ids=["user", "account"],
)
def test_existing_resources_are_imported(who: TrustedPrincipal, imports: dict[str, str]) -> None:
    request = wanted(who)
    world = accounts(request)
    done = run(world, calls(world.plan(request)), request).plan(request)
    read = parsed("hcl", [rendered.text for rendered in render(done, "terraform")])
    found = [block for one in read for block in one.get("import", [])]
    assert {
        block["to"].removeprefix("${").partition(".")[0]: block["id"] for block in found
    } == imports
    assert not any(
        "import" in one
        for one in parsed("hcl", [item.text for item in render(world.plan(request), "terraform")])
    )


def test_names_in_templates_are_identifiers_and_differ() -> None:
    labels = set()
    names = ["SwitchRole", "Switch.Role", "Switch_Role", "1", "-", "@@", "a" * 64]
    for name in names:
        plan = make_plan(
            replace(wanted(), role_name=name),
            target=None,
            target_seen=False,
            source=None,
            source_seen=False,
            profiles={},
        )
        text = _texts(plan, "terraform")[AccountSide.TARGET]
        (label,) = re.findall(r'resource "aws_iam_role" "(\w+)"', text)
        assert re.fullmatch(r"[a-z][a-z0-9_]*", label)
        labels.add(label)
        (stack,) = re.findall(
            r"--stack-name (\S+)", _texts(plan, "cloudformation")[AccountSide.TARGET]
        )
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", stack)
    assert len(labels) == len(names)
