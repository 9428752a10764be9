from __future__ import annotations

import pytest
from botocore.loaders import create_loader

from xswitch.core.arn import (
    account_of,
    default_region,
    iam_region,
    is_account_id,
    is_caller_arn,
    is_policy_arn,
    is_region,
    is_unique_id,
    parse_role_arn,
    partition_of,
    partition_of_region,
)


@pytest.mark.parametrize(
    ("text", "partition", "account", "path", "name"),
    [
        ("arn:aws:iam::222222222222:role/Admin", "aws", "222222222222", "/", "Admin"),
        ("arn:aws-cn:iam::222222222222:role/Admin", "aws-cn", "222222222222", "/", "Admin"),
        (
            "arn:aws-us-gov:iam::222222222222:role/a/b/C+d=e,f.g@h-i",
            "aws-us-gov",
            "222222222222",
            "/a/b/",
            "C+d=e,f.g@h-i",
        ),
        ("arn:aws-iso-b:iam::012345678901:role/x", "aws-iso-b", "012345678901", "/", "x"),
        (
            "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a1b",
            "aws",
            "222222222222",
            "/aws-reserved/sso.amazonaws.com/",
            "AWSReservedSSO_Admin_0a1b",
        ),
    ],
)
def test_role_arns_are_taken_apart_and_put_together(
    text: str, partition: str, account: str, path: str, name: str
) -> None:
    parsed = parse_role_arn(text)
    assert parsed is not None
    assert (parsed.partition, parsed.account_id, parsed.path, parsed.name) == (
        partition,
        account,
        path,
        name,
    )
    assert str(parsed) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Admin",
        "arn:aws:iam::22222222222:role/Admin",
        "arn:aws:iam::222222222222:role/",
        "arn:aws:iam::222222222222:user/Admin",
        "arn:aws:iam:us-east-1:222222222222:role/Admin",
        "arn:aws:sts::222222222222:assumed-role/Admin/me",
        "arn:aws:iam::222222222222:role/Admin\n",
        "arn:aws:iam::222222222222:role/Ad min",
        "arn:aws:iam::222222222222:role/Admin\x1b[31m",
        "arn:aws:iam::٢٢٢٢٢٢٢٢٢٢٢٢:role/Admin",
        "arn:google:iam::222222222222:role/Admin",
    ],
)
def test_other_texts_arent_role_arns(text: str) -> None:
    assert parse_role_arn(text) is None


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-iso-west-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_regions_belong_to_partitions_which_have_default_regions(
    region: str, partition: str
) -> None:
    assert partition_of_region(region) == partition
    assert partition_of_region(default_region(partition)) == partition


def test_an_unknown_partition_has_the_default_region() -> None:
    assert default_region("aws-moon") == "us-east-1"


def test_predicates_of_texts() -> None:
    assert is_account_id("012345678901")
    assert not is_account_id("12345678901")
    assert is_policy_arn("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess")
    assert is_policy_arn("arn:aws:iam::222222222222:policy/mine")
    assert not is_policy_arn("arn:aws:iam::aws:role/ReadOnlyAccess")
    assert is_region("eu-west-1")
    assert not is_region("eu-west-1.example.com/#")
    assert not is_region("-eu")


def test_iam_is_called_where_botocore_calls_it() -> None:
    known = {
        partition["partition"]: partition
        for partition in create_loader().load_data("endpoints")["partitions"]
    }
    regions = {}
    for name, partition in known.items():
        service = partition["services"].get("iam", {})
        scope = (
            service.get("endpoints", {})
            .get(service.get("partitionEndpoint"), {})
            .get("credentialScope", {})
        )
        if scope:
            regions[name] = (scope["region"], iam_region(name))
    assert {"aws", "aws-cn", "aws-us-gov", "aws-iso"} <= set(regions)
    assert all(theirs == ours for theirs, ours in regions.values()), regions


@pytest.mark.parametrize(
    ("arn", "can"),
    [
        ("arn:aws:iam::111111111111:root", True),
        ("arn:aws:iam::111111111111:user/dana", True),
        ("arn:aws-cn:iam::111111111111:user/a!b/c/dana", True),
        ("arn:aws:sts::111111111111:user/moto", True),
        ("arn:aws:sts::111111111111:federated-user/dana", True),
        ("arn:aws-us-gov:sts::222222222222:assumed-role/Admin/me@host", True),
        ("arn:aws:sts::222222222222:assumed-role/Admin", False),
        ("arn:aws:sts::222222222222:assumed-role/IQoJ/a//b==/Admin/me", False),
        ("arn:aws:sts::222222222222:assumed-role/Admin/" + "t" * 65, False),
        ("arn:aws:iam::222222222222:role/Admin", False),
        ("arn:aws:iam::22222222222:root", False),
        ("arn:aws:iam::111111111111:user/dana\n", False),
        ("arn:aws:iam::111111111111:user/a b/dana", False),
        ("IQoJb3JpZ2luX2VjEA", False),
        ("", False),
    ],
)
def test_caller_arns(arn: str, *, can: bool) -> None:
    assert is_caller_arn(arn) == can


@pytest.mark.parametrize(
    ("text", "can"),
    [
        ("AIDACKCEVSQ6C2EXAMPLE", True),
        ("111111111111", True),
        ("AROACKCEVSQ6C2EXAMPLE:me@host", True),
        ("111111111111:dana", True),
        ("AROA:x:y", False),
        ("IQoJtoken//token++token==", False),
        ("A" * 33, False),
        ("", False),
    ],
)
def test_unique_ids(text: str, *, can: bool) -> None:
    assert is_unique_id(text) == can


@pytest.mark.parametrize(
    ("text", "account", "partition"),
    [
        ("arn:aws:iam::222222222222:role/path/Admin", "222222222222", "aws"),
        ("arn:aws-cn:sts::222222222222:assumed-role/A:B/c", "222222222222", "aws-cn"),
        ("arn:aws:s3:::bucket", "", "aws"),
        ("arn:aws", "", "aws"),
        ("arnx:aws:iam::222222222222:user/a", "", ""),
        ("GAHT12345678", "", ""),
        ("", "", ""),
    ],
)
def test_account_and_partition_of_any_arn(text: str, account: str, partition: str) -> None:
    assert (account_of(text), partition_of(text)) == (account, partition)
