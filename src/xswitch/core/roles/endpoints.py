"""The region and endpoint of STS or IAM for a role, by the rules of the shared config.

Sources: the SDKs and Tools reference guide, "Service-specific endpoints", and botocore's
configprovider.py. Only the selected profile counts, never a source profile.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from xswitch.core.arn import default_region, is_region, partition_of_region
from xswitch.core.display import quote_value, show_value
from xswitch.core.model import (
    ConfigView,
    Endpoint,
    Problem,
    Profile,
    problem_at,
)
from xswitch.core.variables import own_regions

_ENDPOINT_KEYS = frozenset(
    {
        "use_fips_endpoint",
        "use_dualstack_endpoint",
        "ca_bundle",
        "services",
        "endpoint_url",
        "ignore_configured_endpoint_urls",
    }
)


class EndpointResolver:
    """Resolves the endpoints of one service from a config view and an environment."""

    def __init__(self, view: ConfigView, env: Mapping[str, str], service: str = "sts") -> None:
        self._service = service
        self._view = view
        self._env = env
        self._env_regions = list(own_regions(env).values())
        self._env_url = env.get(f"AWS_ENDPOINT_URL_{service.upper()}") or env.get(
            "AWS_ENDPOINT_URL"
        )
        self._plain: dict[tuple[str | None, str, str], Endpoint] = {}
        self._services: dict[str, str | None] = {}

    def endpoint_for(
        self, profile: Profile | None, partition: str, fallback_region: str = ""
    ) -> tuple[Endpoint, tuple[Problem, ...]]:
        """Resolve the endpoint for roles of `partition`, and problems with its settings.

        `profile` is the selected profile, or None to use the environment alone. The region is the
        profile's, else the environment's if it belongs to the partition, else `fallback_region`,
        else the partition's default. A region that a switch put into the environment for another
        role doesn't count.
        """
        if profile is None or profile.has_any(_ENDPOINT_KEYS):
            return self._build_endpoint(profile, partition, fallback_region)
        # Most profiles configure only a region, so thousands of them share an endpoint.
        cache_key = (profile.get("region"), partition, fallback_region)
        endpoint = self._plain.get(cache_key)
        if endpoint is not None:
            return endpoint, ()
        result = self._build_endpoint(profile, partition, fallback_region)
        if not result[1]:
            self._plain[cache_key] = result[0]
        return result

    def _build_endpoint(
        self, profile: Profile | None, partition: str, fallback_region: str
    ) -> tuple[Endpoint, tuple[Problem, ...]]:
        problems: list[Problem] = []
        region = self._region(profile, partition, fallback_region, problems)
        endpoint = Endpoint(
            region=region,
            url=self._url(profile, problems),
            use_fips=self._flag(profile, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
            use_dualstack=self._flag(
                profile, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"
            ),
            ca_bundle=self._env.get("AWS_CA_BUNDLE")
            or _profile_value(profile, "ca_bundle")
            or None,
        )
        return endpoint, tuple(problems)

    def _region(
        self,
        profile: Profile | None,
        partition: str,
        fallback_region: str,
        problems: list[Problem],
    ) -> str:
        region = _profile_value(profile, "region")
        if not region or profile is None:
            return next(
                (name for name in self._env_regions if partition_of_region(name) == partition),
                fallback_region or default_region(partition),
            )
        if not is_region(region):
            text = f'Profile "{profile.name}": {quote_value(region)} isn\'t a valid region.'
            problems.append(problem_at(profile, "region", "region_invalid", text))
        elif partition_of_region(region) != partition:
            text = (
                f"Profile \"{profile.name}\": region {region} isn't in the role's partition,"
                f" {partition}."
            )
            problems.append(problem_at(profile, "region", "region_partition", text, "warning"))
        return region

    def _url(self, profile: Profile | None, problems: list[Problem]) -> str | None:
        if self._flag(
            profile, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"
        ):
            return None
        if self._env_url:
            return self._env_url
        if profile is None:
            return None
        key = "endpoint_url"
        url = None
        services = profile.get("services")
        if services is not None:
            if services not in self._view.services:
                shown = show_value(services)
                text = f'Profile "{profile.name}": section [services {shown}] doesn\'t exist.'
                problems.append(
                    problem_at(profile, "services", "services_missing", text, "warning")
                )
            url = self._service_url(services)
            key = "services" if url else key
        url = url or profile.get("endpoint_url") or None
        if url is not None:
            problems.extend(_url_problems(profile, key, url))
        return url

    def _service_url(self, services: str) -> str | None:
        if services not in self._services:
            section = self._view.services.get(services)
            self._services[services] = (
                None
                if section is None
                else parse_nested(section.get(self._service) or "").get("endpoint_url") or None
            )
        return self._services[services]

    def _flag(self, profile: Profile | None, variable: str, key: str) -> bool:
        value = self._env.get(variable) or _profile_value(profile, key) or ""
        return value.strip().lower() == "true"


def parse_nested(value: str) -> dict[str, str]:
    """Parse the `key = value` lines under a key such as `sts =`; keys become lower case."""
    pairs = (line.partition("=") for line in value.split("\n"))
    return {key.strip().lower(): text.strip() for key, mark, text in pairs if mark}


def _profile_value(profile: Profile | None, key: str) -> str | None:
    return None if profile is None else profile.get(key)


def _url_problems(profile: Profile, key: str, url: str) -> list[Problem]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = None, None
    # urlsplit drops line breaks
    if parts is None or not host or "\n" in url or parts.scheme not in ("http", "https"):
        text = f'Profile "{profile.name}": {quote_value(url)} isn\'t an HTTP or HTTPS URL.'
        return [problem_at(profile, key, "endpoint_invalid", text)]
    if parts.scheme == "http" and not _is_loopback(host):
        text = (
            f'Profile "{profile.name}": STS sends credentials unencrypted from {show_value(url)}.'
        )
        return [problem_at(profile, key, "endpoint_insecure", text, "warning")]
    return []


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
