"""The sentences for failed STS calls, by our code: what happened and what to do next.

`core.errors.sts` picks the code and fills the sentence; docs/errors.md explains every one of them
to the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_RUN_AGAIN = "Run the same command again."


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """`what` and `next_step` of one code.

    `{operation}`, `{hop}`, `{region}`, `{url}` and `{detail}` are filled in.
    """

    what: str
    next_step: str
    network: bool = False


STS_MESSAGES: Mapping[str, MessageTemplate] = MappingProxyType(
    {
        # AWS answered, and said no.
        "mfa_wrong": MessageTemplate(
            "AWS did not accept the MFA code for {hop}.",
            "Wait until the device shows the next code, then run the same command again.",
        ),
        "mfa_serial": MessageTemplate(
            "AWS can't check MFA codes of {hop} for this user.",
            "Compare mfa_serial in the config with what `aws iam list-mfa-devices` shows.",
        ),
        "not_authorized": MessageTemplate(
            "AWS does not allow {operation} on {hop}.",
            "Ask for two things: a policy of yours that allows it, and the role's trust policy naming you. "
            "If that policy asks for MFA or an external ID, set mfa_serial or external_id in the profile.",
        ),
        "explicit_deny": MessageTemplate(
            "A policy explicitly denies {operation} on {hop}{detail}.",
            "No permission helps against an explicit deny: ask who administers that policy.",
        ),
        "session_credentials": MessageTemplate(
            "AWS gives no MFA session to credentials that are temporary themselves.",
            "Remove mfa_serial from the profile, or use a source profile with long-term keys.",
        ),
        "root_user": MessageTemplate(
            "The root user of an account can't assume roles.",
            "Use the keys of an IAM user, or sign in with: aws configure sso",
        ),
        "expired_token": MessageTemplate(
            "The session that {operation} was called with has expired.", _RUN_AGAIN
        ),
        "invalid_key": MessageTemplate(
            "AWS does not know the access key that {operation} was signed with.",
            "Store a key that is active: aws configure. In a region that must be enabled first, enable it or use another --region.",
        ),
        "bad_secret": MessageTemplate(
            "The secret access key does not belong to its access key.",
            "Store the pair again: aws configure",
        ),
        "clock_skew": MessageTemplate(
            "{detail}",
            "Set this machine's clock (on Linux: sudo timedatectl set-ntp true), then run the same command again.",
        ),
        "region_disabled": MessageTemplate(
            "STS is not active in region {region} for this account.",
            "Use another region (--region us-east-1), or have it activated under Account settings in the IAM console.",
        ),
        "packed_policy": MessageTemplate(
            "The session policies and tags for {hop} are too large together.",
            "Shorten the session policy, or use fewer --policy-arn and --tag.",
        ),
        "malformed_policy": MessageTemplate(
            "AWS can't read the session policy for {hop}.",
            "Correct the policy: it must be one JSON policy document without a Principal.",
        ),
        "duration_role_max": MessageTemplate(
            "{hop} does not allow sessions this long.",
            "Ask for less (--duration 3600), or have the role's maximum session duration raised.",
        ),
        "duration_chaining": MessageTemplate(
            "A role assumed from temporary credentials lasts at most one hour.",
            "Ask for at most an hour: --duration 3600",
        ),
        "bad_parameter": MessageTemplate(
            "AWS does not accept a value of the {operation} request for {hop}.",
            "Correct the value named in the reason.",
        ),
        "throttled": MessageTemplate(
            "AWS asks to slow down: too many requests from this account.",
            "Wait a minute, then run the same command again.",
        ),
        "denied": MessageTemplate(
            "AWS refused {operation} for {hop}.",
            "Look the reason up in the AWS STS reference, under common errors.",
        ),
        # AWS was not reached, or it was not AWS that answered.
        "aws_internal": MessageTemplate(
            "AWS, or a gateway on the way to it, has a fault at the moment.",
            "Wait a minute, then run the same command again.",
            network=True,
        ),
        "not_aws": MessageTemplate(
            "What answered at {url} is not AWS.",
            "Sign in to the network if it asks for that (open http://example.com in a browser), or correct endpoint_url or the proxy.",
            network=True,
        ),
        "timeout": MessageTemplate(
            "AWS did not answer in time at {url}.",
            "Check the network and the proxy, then run the same command again.",
            network=True,
        ),
        "reset": MessageTemplate(
            "The connection to {url} was cut before the answer came.", _RUN_AGAIN, network=True
        ),
        "dns": MessageTemplate(
            "The name in {url} can't be resolved.",
            "Check the network, and the spelling of the region or endpoint_url.",
            network=True,
        ),
        "refused": MessageTemplate(
            "Nothing accepts connections at {url}.",
            "Check endpoint_url, the network and the firewall.",
            network=True,
        ),
        "unreachable": MessageTemplate(
            "There is no way to {url} from here.",
            "Check that this machine is online.",
            network=True,
        ),
        "tls": MessageTemplate(
            "The TLS certificate of {url} can't be trusted.",
            "If a company proxy inspects TLS, set ca_bundle in the profile (or AWS_CA_BUNDLE) to its certificate file.",
            network=True,
        ),
        "ca_bundle": MessageTemplate(
            "The certificate file to check {url} with can't be used.",
            "Correct ca_bundle in the profile, or AWS_CA_BUNDLE.",
            network=True,
        ),
        "proxy": MessageTemplate(
            "The proxy does not let a connection to {url} through.",
            "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
            network=True,
        ),
        "endpoint_url": MessageTemplate(
            "{url} is no address AWS can be called at.",
            "Correct endpoint_url: it begins with https:// and a host.",
            network=True,
        ),
        "region": MessageTemplate(
            "{region} is no region name.",
            "Correct region in the profile, or give --region.",
            network=True,
        ),
        "endpoint_variant": MessageTemplate(
            "There is no such STS endpoint for region {region}.",
            "Correct use_fips_endpoint, use_dualstack_endpoint or region.",
            network=True,
        ),
        "network": MessageTemplate(
            "{operation} could not be sent to {url}.",
            "Check the network, then run: xswitch doctor",
            network=True,
        ),
    }
)
