from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import FixedClock
from support.source_credentials import section
from xswitch.adapters.aws.clients import IsolatedSession, SharedConfig, to_botocore_dict
from xswitch.adapters.config.store import FileConfigStore
from xswitch.core.model import ConfigPaths
from xswitch.threads import Timeouts


def test_a_session_uses_the_given_config_and_opens_no_file(
    clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean_world / ".aws").mkdir()
    (clean_world / ".aws" / "config").write_text(
        "[profile other]\nregion = file\n", encoding="utf-8"
    )
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "from-the-environment")
    session = IsolatedSession(SharedConfig(profiles={"dev": {"region": "eu-west-1"}}), "dev")
    assert session.available_profiles == ["dev"]
    assert session.profile == "dev"
    assert session.get_config_variable("region") == "eu-west-1"
    assert IsolatedSession(SharedConfig()).profile is None
    assert IsolatedSession(SharedConfig()).get_config_variable("region") is None


def test_variables_for_every_program_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/bundle")
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "7")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    session = IsolatedSession(SharedConfig(), timeouts=Timeouts(connect=1, read=2, tries=3))
    assert session.get_config_variable("ca_bundle") == "/bundle"
    assert session.get_config_variable("metadata_service_timeout") == 7
    assert session.get_config_variable("max_attempts") is None
    config: Any = session.get_default_client_config()
    assert (config.connect_timeout, config.read_timeout) == (1, 2)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_nested_blocks_become_dicts() -> None:
    found = to_botocore_dict(
        section(
            "dev",
            {
                "region": "eu-west-1",
                "s3": "\nuse_accelerate_endpoint = true\n\naddressing_style=path",
                "output": "",
            },
        )
    )
    assert found == {
        "region": "eu-west-1",
        "s3": {"use_accelerate_endpoint": "true", "addressing_style": "path"},
        "output": "",
    }


def test_nested_blocks_equal_botocores(tmp_path: Path, clock: FixedClock) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile dev]\ns3 =\n  a = b\n\n  c=d\n[services local]\nsso =\n  endpoint_url = http://127.0.0.1:9\n",
        encoding="utf-8",
    )
    paths = ConfigPaths(str(config), str(tmp_path / "none"))
    view = FileConfigStore(
        paths, backups=tmp_path / "backups", locks=tmp_path / "locks", clock=clock
    ).read()
    assert to_botocore_dict(view.profiles["dev"]) == {"s3": {"a": "b", "c": "d"}}
    assert to_botocore_dict(view.services["local"]) == {
        "sso": {"endpoint_url": "http://127.0.0.1:9"}
    }
