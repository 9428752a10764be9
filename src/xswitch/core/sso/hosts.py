"""Which hosts may get what of a sign-in: those of the partition of the start URL.

Sources: botocore's partitions.json and the endpoint rules of "sso" and "sso-oidc" (API hosts), the
IAM Identity Center user guide, "Customizing the AWS access portal URL", and the AWS SDK for .NET's
SSOEndpointResolver.cs (start URLs; a start URL of another host is followed to one of these).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urljoin, urlsplit

from xswitch.core.arn import partition_of_region
from xswitch.core.display import show_value
from xswitch.core.errors import ErrorCode, SignInError
from xswitch.core.errors.sso import sign_in_error
from xswitch.core.model import SsoSession

MAX_REDIRECTS = 5
_COMMERCIAL = frozenset(("aws", "aws-us-gov"))
_CHINA, _EUSC, _GOVCLOUD = (
    frozenset(("aws-cn",)),
    frozenset(("aws-eusc",)),
    frozenset(("aws-us-gov",)),
)

_START_HOSTS: tuple[tuple[str, frozenset[str]], ...] = (
    (".us-gov-home.awsapps.com", _GOVCLOUD),
    ("identitycenter.us-gov.amazonaws.com", _GOVCLOUD),
    (".awsapps.com", _COMMERCIAL),
    (".portal.amazonaws.com", _COMMERCIAL),
    (".app.aws", _COMMERCIAL),
    ("identitycenter.amazonaws.com", _COMMERCIAL),
    (".identitycenter.amazonaws.com", _COMMERCIAL),
    (".awsapps.cn", _CHINA),
    (".portal.amazonaws.com.cn", _CHINA),
    (".app.amazonwebservices.com.cn", _CHINA),
    ("identitycenter.amazonaws.com.cn", _CHINA),
    (".portal.amazonaws.eu", _EUSC),
    (".api.amazonwebservices.eu", _EUSC),
    ("identitycenter.amazonaws.eu", _EUSC),
    (".c2s.ic.gov", frozenset(("aws-iso",))),
    (".sc2s.sgov.gov", frozenset(("aws-iso-b",))),
    (".cloud.adc-e.uk", frozenset(("aws-iso-e",))),
    (".csp.hci.ic.gov", frozenset(("aws-iso-f",))),
)
"""Hosts of start URLs, the longest first; one with a dot in front is a suffix."""

_API_SUFFIXES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aws": ("amazonaws.com", "api.aws"),
        "aws-us-gov": ("amazonaws.com", "api.aws"),
        "aws-cn": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        "aws-eusc": ("amazonaws.eu", "api.amazonwebservices.eu"),
        "aws-iso": ("c2s.ic.gov", "api.aws.ic.gov"),
        "aws-iso-b": ("sc2s.sgov.gov", "api.aws.scloud"),
        "aws-iso-e": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        "aws-iso-f": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    }
)
_API_NAMES = {"sso-oidc": "oidc", "sso": "portal.sso"}


def start_url_partitions(url: str) -> frozenset[str]:
    """Return the partitions that a start URL can belong to; none for a host that isn't AWS's."""
    host = _https_host(url)
    for known, partitions in _START_HOSTS:
        if host == known or (known.startswith(".") and host.endswith(known)):
            return partitions
    return frozenset()


def is_api_host(host: str, service: str, region: str) -> bool:
    """Whether `host` is AWS's own endpoint of "sso" or "sso-oidc" in a region."""
    name = _API_NAMES[service]
    suffixes = _API_SUFFIXES.get(partition_of_region(region), ())
    return any(
        host.lower() == f"{name}{fips}.{region}.{suffix}"
        for fips in ("", "-fips")
        for suffix in suffixes
    )


def check_start_url(session: SsoSession) -> None:
    """Raise SignInError if a session's start URL is of another partition than its region.

    A start URL of a host that isn't AWS's is checked when a sign-in follows it. If both endpoints
    are configured, nothing of a sign-in goes to AWS, so any start URL will do.
    """
    if not _has_own_endpoints(session):
        _check_partition(session, session.start_url)


def _has_own_endpoints(session: SsoSession) -> bool:
    return session.oidc_endpoint.url is not None and session.portal_endpoint.url is not None


def next_start_url(session: SsoSession, url: str, location: str) -> str:
    """Return the URL that a redirect from `url` leads to, if it may be followed.

    It leads to a start URL of AWS's, or stays on the host. Raises SignInError.
    """
    try:
        target = urljoin(url, location)
    except ValueError:
        target = location
    host = _https_host(target)
    if not host:
        raise _error(session, f"it leads to {show_value(target)}, which isn't an HTTPS URL")
    if not start_url_partitions(target) and host != _https_host(url):
        raise _error(session, f"it leads to {show_value(host)}, which isn't a host of AWS's")
    _check_partition(session, target)
    return target


def unresolved_start_url(session: SsoSession) -> SignInError:
    """Return the error for a start URL that leads to no start URL of AWS's."""
    return _error(session, "it isn't a host of AWS's, and doesn't lead to one")


def _check_partition(session: SsoSession, url: str) -> None:
    if not _https_host(url):
        raise _error(session, f"{show_value(url)} isn't an HTTPS URL")
    partitions = start_url_partitions(url)
    partition = partition_of_region(session.region)
    if partitions and partition not in partitions:
        raise _error(
            session,
            f"it is of partition {min(partitions)}, and region {session.region} is of {partition}",
        )


def _https_host(url: str) -> str:
    """Return the host of an HTTPS URL, "" for any other text."""
    if re.search(r"[\s\x00-\x1f\\]", url):
        return ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or parts.username is not None or parts.password is not None:
        return ""
    return (host or "").rstrip(".")


def _error(session: SsoSession, detail: str) -> SignInError:
    origin = "" if session.origin is None else f"{session.origin.file}:{session.origin.line}"
    return sign_in_error(session.label, ErrorCode.SSO_START_URL, detail=detail, origin=origin)
