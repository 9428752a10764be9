"""Apply against the emulators of other projects.

A second apply must change nothing, and one that is killed at any call and run again must have the
same result as one that isn't.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from support.access.services import (
    AccessWorld,
    Keys,
    Stand,
    credentials_of,
    inputs,
    killed_everywhere,
    state_of,
)
from support.aws.peers import BIN, Peer, free_port
from xswitch.core.access.model import NamedPolicy

SOURCE, TARGET = "111111111111", "222222222222"
DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
    }
)


def client(service: str, endpoint: str, key: Any) -> Any:
    made = credentials_of(key)
    make: Any = boto3.client  # its stubs know every service by name
    return make(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=made.access_key_id,
        aws_secret_access_key=made.secret_access_key.reveal(),
        aws_session_token=None if made.session_token is None else made.session_token.reveal(),
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def moto(tmp_path: Path, need: Callable[[str], str]) -> Iterator[tuple[str, Keys]]:
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    }
    with Peer(
        [need(str(BIN / "moto_server")), "-H", "127.0.0.1", "-p", str(port)],
        port,
        env,
        tmp_path / "log",
    ) as peer:
        keys = {}
        for name, account in (("source-admin", SOURCE), ("target-admin", TARGET)):
            # moto selects the account by the session that signs a call
            role = f"arn:aws:iam::{account}:role/admin"
            made = client("sts", peer.endpoint, ("setup", "setup")).assume_role(
                RoleArn=role, RoleSessionName="admin"
            )["Credentials"]
            keys[name] = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        yield peer.endpoint, keys


@pytest.fixture
def ministack(tmp_path: Path, need: Callable[[str], str]) -> Iterator[tuple[str, Keys]]:
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "GATEWAY_PORT": str(port),
        "STATE_DIR": "state",
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with Peer([need(str(BIN / "ministack"))], port, env, tmp_path / "log") as peer:
        # This emulator treats an account ID as an access key of the account's root
        yield peer.endpoint, {"source-admin": (SOURCE, "test"), "target-admin": (TARGET, "test")}


@pytest.mark.parametrize("peer", ["moto", "ministack"])
def test_twice_changes_nothing_and_killed_at_each_call_it_ends_the_same(
    peer: str, request: pytest.FixtureRequest
) -> None:
    endpoint, keys = request.getfixturevalue(peer)
    numbers = itertools.count()

    def make() -> Stand:
        # A new role and user each time are faster than a new emulator, which starts in seconds
        number = next(numbers)
        wanted = inputs(
            role_name=f"Switch{number:03}",
            who_name=f"Bob{number:03}",
            documents=(NamedPolicy("own", DOCUMENT),),
        )
        client("iam", endpoint, keys["source-admin"]).create_user(UserName=wanted.who_name)

        def look() -> str:
            return repr(state_of(endpoint, keys, wanted)).replace(f"{number:03}", "###")

        return Stand(AccessWorld(endpoint, keys), wanted, look)

    reference, ends = killed_everywhere(make)
    assert "Switch###" in reference
    assert len(ends) >= 8
    assert set(ends) == {reference}
