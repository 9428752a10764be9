"""IAM in the AWS emulator: a small state with an administrator on both sides, and clients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from support.aws.emulator import allow, iam_client, sts_client
from xswitch.emulator.server import EmbeddedAws

SOURCE, TARGET = "111111111111", "222222222222"
SOURCE_ADMIN = ("AKIASOURCESOURCE2345", "source-admin-source-admin-source-admin-1")
TARGET_ADMIN = ("AKIATARGETTARGET2345", "target-admin-target-admin-target-admin-2")
BOB = ("AKIABOBBOBBOBBOB2345", "bobbobbobbobbobbobbobbobbobbobbobbobbob3")
BOB_ARN = f"arn:aws:iam::{SOURCE}:user/Bob"
BOB_SERIAL = f"arn:aws:iam::{SOURCE}:mfa/Bob"
BOB_TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ROOT = f"arn:aws:iam::{SOURCE}:root"


def user(name: str, key: tuple[str, str], **more: Any) -> dict[str, Any]:
    """Return a user of a state, with one key."""
    return {"name": name, "access_keys": [{"id": key[0], "secret": key[1]}], **more}


def state() -> dict[str, Any]:
    """Return two accounts with an administrator each, and Bob without permissions in the first.

    The result may be changed.
    """
    everything = {"attached_policies": [ADMINISTRATOR]}
    bob = user("Bob", BOB, mfa_devices=[{"name": "Bob", "secret": BOB_TOTP}])
    return {
        "version": 1,
        "accounts": [
            {
                "id": SOURCE,
                "name": "source",
                "users": [user("admin", SOURCE_ADMIN, **everything), bob],
            },
            {"id": TARGET, "name": "target", "users": [user("admin", TARGET_ADMIN, **everything)]},
        ],
    }


def trusting(principal: Any, **more: Any) -> str:
    """Return a trust policy as JSON."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allowing(action: Any, resource: Any = "*", **more: Any) -> str:
    """Return a policy with one Allow statement as JSON."""
    return json.dumps(allow(Action=action, Resource=resource, **more))


def source(aws: EmbeddedAws) -> Any:
    """Return an IAM client of the source account's administrator."""
    return iam_client(aws, SOURCE_ADMIN)


def target(aws: EmbeddedAws) -> Any:
    """Return an IAM client of the target account's administrator."""
    return iam_client(aws, TARGET_ADMIN)


def bob(aws: EmbeddedAws) -> Any:
    """Return an IAM client of Bob."""
    return iam_client(aws, BOB)


def assume(aws: EmbeddedAws, arn: str, credentials: Any = BOB, **more: Any) -> Any:
    """Assume a role as Bob, or with other credentials."""
    return sts_client(aws, credentials).assume_role(
        RoleArn=arn, **{"RoleSessionName": "bob", **more}
    )


def without_metadata(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a response without its metadata."""
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}
