"""A botocore session that reads none of the user's files.

It is given what the SDK rules made of them.

botocore refuses a whole config file over one duplicate key or a byte order mark, and lets a dozen
environment variables change how STS is called. Here its public `full_config` property answers from
our own reading, and of the environment only what the user means for every AWS program counts (CA
bundle, metadata service, proxies).

Importing this module imports botocore (about 160 ms), so others import it inside a function.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.loaders import Loader

from xswitch import __version__
from xswitch.core.model import Profile
from xswitch.threads import Timeouts

_FROM_THE_ENVIRONMENT = frozenset(
    {
        "ca_bundle",
        "ec2_metadata_service_endpoint",
        "ec2_metadata_service_endpoint_mode",
        "ec2_metadata_v1_disabled",
        "imds_use_ipv6",
        "metadata_service_num_attempts",
        "metadata_service_timeout",
    }
)

# At debug level botocore and urllib3 log whole requests and answers, and botocore's warnings carry
# what a credential_process printed. None of it may reach a log, whoever configures logging.
for _name in ("botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

# Service models of the user's own (~/.aws/models) have no business here. One loader for all
# sessions: it keeps what it parsed.
_LOADER = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


@dataclass(frozen=True, slots=True)
class SharedConfig:
    """What the session answers for the shared config, in botocore's shape."""

    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sso_sessions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class IsolatedSession(botocore.session.Session):
    """A session over a `SharedConfig`.

    `profile` is the one its clients and providers use, None for none, whatever the environment
    says.
    """

    def __init__(
        self, reading: SharedConfig, profile: str | None = None, limits: Timeouts | None = None
    ) -> None:
        variables = {
            name: (option, environment if name in _FROM_THE_ENVIRONMENT else None, default, convert)
            for name, (
                option,
                environment,
                default,
                convert,
            ) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
        }
        self._reading = {
            "profiles": reading.profiles,
            "sso_sessions": reading.sso_sessions,
            "services": reading.services,
        }
        super().__init__(session_vars=variables, profile=profile)
        self.user_agent_name = "xswitch"
        self.user_agent_version = __version__
        self.register_component("data_loader", _LOADER)
        self.set_default_client_config(client_config(limits or Timeouts()))

    @property
    def full_config(self) -> Any:
        """The reading; nothing is parsed."""
        return self._reading


def client_config(limits: Timeouts, **more: Any) -> Config:
    """How every client calls.

    Bounded, two tries with backoff, the same whatever `AWS_MAX_ATTEMPTS` and its like say.
    """
    return Config(
        connect_timeout=limits.connect,
        read_timeout=limits.read,
        retries={"mode": "standard", "total_max_attempts": limits.tries},
        max_pool_connections=32,
        **more,
    )


def to_botocore_dict(profile: Profile) -> dict[str, Any]:
    """A profile's properties as botocore holds them.

    A nested block ("s3 =" and indented lines) is a dict.
    """
    return {key: _parse_nested_block(found.value) for key, found in profile.properties.items()}


def _parse_nested_block(value: str) -> str | dict[str, str]:
    if not value.startswith("\n"):
        return value
    pairs = (line.partition("=") for line in value.split("\n") if line.strip())
    return {key.strip(): inner.strip() for key, _, inner in pairs}
