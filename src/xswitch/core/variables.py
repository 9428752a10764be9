"""The environment variables that go before a profile, or tell of another identity: one table.

The shell hook, the prompt, `doctor`, the words of a switch, and docs/shells.md derive from it.

Sources: botocore's `credentials.py`, `configprovider.py` and `utils.py`; `config/env_config.go` and
`config/resolve_credentials.go` of the SDK for Go v2; `credential-provider-env`,
`credential-provider-node` and `credential-provider-web-identity` of the SDK for JavaScript v3; the
SDKs and Tools reference guide for the other SDKs. The other tools' variables are those that their
own code sets. Variables that are read only after a profile (`AWS_CONTAINER_CREDENTIALS_*`,
`AWS_CREDENTIAL_FILE`, `BOTO_CONFIG`), that select a file, an endpoint, or the metadata service, or
that mean something only beside keys and are also people's own (`AWS_ACCOUNT_ID`) aren't listed:
roles may need them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

VariableKind = Literal["keys", "web identity", "profile", "bearer token", "region", "marker"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable, and who reads it."""

    name: str
    kind: VariableKind
    read_by: str
    """The programs that prefer it to the profile, or that show it."""


_ALL = "every SDK but JavaScript's"
_RUBY = "the SDK for Ruby"
_OLD = "the SDKs for Go, Ruby, and Java v1"
_DESCRIBES = "the SDKs, beside keys; prompts show it"


def _variables(kind: VariableKind, read_by: str, names: str) -> tuple[Variable, ...]:
    return tuple(Variable(name, kind, read_by) for name in names.split())


VARIABLES: tuple[Variable, ...] = (
    *_variables(
        "keys", _ALL, "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN"
    ),
    *_variables("keys", _OLD, "AWS_ACCESS_KEY AWS_SECRET_KEY"),
    *_variables(
        "keys", _RUBY, "AMAZON_ACCESS_KEY_ID AMAZON_SECRET_ACCESS_KEY AMAZON_SESSION_TOKEN"
    ),
    *_variables(
        "web identity", _ALL, "AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN AWS_ROLE_SESSION_NAME"
    ),
    *_variables(
        "web identity",
        "SDKs that follow the SDKs and Tools reference guide",
        "AWS_IAM_ROLE_ARN AWS_IAM_ROLE_SESSION_NAME",
    ),
    *_variables("profile", "boto3 and the AWS CLI v1", "AWS_DEFAULT_PROFILE"),
    *_variables("profile", "the Elastic Beanstalk CLI", "AWS_EB_PROFILE"),
    *_variables("bearer token", "every SDK, for Bedrock", "AWS_BEARER_TOKEN_BEDROCK"),
    *_variables(
        "region", "every SDK but boto3; the AWS CLI v2; before the profile's region", "AWS_REGION"
    ),
    *_variables(
        "region",
        "boto3, the AWS CLI, the SDKs for Go, Rust, C++, and Ruby; before the profile's region",
        "AWS_DEFAULT_REGION",
    ),
    *_variables("marker", _DESCRIBES, "AWS_CREDENTIAL_EXPIRATION AWS_CREDENTIAL_SCOPE"),
    *_variables("marker", "aws-vault, Granted; prompts", "AWS_VAULT AWS_SESSION_EXPIRATION"),
    *_variables(
        "marker",
        "Granted",
        "GRANTED_SSO GRANTED_SSO_START_URL GRANTED_SSO_ROLE_NAME GRANTED_SSO_REGION"
        " GRANTED_SSO_ACCOUNT_ID",
    ),
    *_variables("marker", "AWSume; prompts", "AWSUME_PROFILE AWSUME_EXPIRATION AWSUME_COMMAND"),
    *_variables("marker", "awsu; prompts", "AWSU_PROFILE AWSU_EXPIRES"),
    *_variables(
        "marker",
        "aws-sso-cli; prompts",
        "AWS_SSO_PROFILE AWS_SSO AWS_SSO_ACCOUNT_ID AWS_SSO_ROLE_NAME AWS_SSO_ROLE_ARN"
        " AWS_SSO_SESSION_EXPIRATION AWS_SSO_DEFAULT_REGION",
    ),
    *_variables(
        "marker",
        "aws-okta",
        "AWS_OKTA_PROFILE AWS_OKTA_ASSUMED_ROLE AWS_OKTA_ASSUMED_ROLE_ARN"
        " AWS_OKTA_SESSION_EXPIRATION",
    ),
    *_variables("marker", "aws-runas", "AWSRUNAS_PROFILE"),
    *_variables("marker", "assume-role; prompts", "ASSUMED_ROLE"),
    *_variables("marker", "Oh My Zsh's plugin for AWS", "AWS_PROFILE_REGION"),
)
"""Every variable that a switch clears, or, for a region, sets."""


def _names(*kinds: VariableKind) -> tuple[str, ...]:
    return tuple(variable.name for variable in VARIABLES if variable.kind in kinds)


REGION_VARIABLES = _names("region")
"""In the order in which they count."""

CLEARED_VARIABLES = tuple(one.name for one in VARIABLES if one.kind != "region")
"""The variables that a switch unsets."""

SET_ASIDE_VARIABLES = (*CLEARED_VARIABLES, *REGION_VARIABLES)
"""The variables that `--unset` gives back as they were before the first switch."""

KEY_ID_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AMAZON_ACCESS_KEY_ID")
"""Without one of them, no SDK uses a secret or a token of the environment."""

WEB_IDENTITY_VARIABLE = "AWS_WEB_IDENTITY_TOKEN_FILE"
"""Without it, no SDK uses the other variables of web identity."""

DEFAULT_PROFILE_VARIABLE = "AWS_DEFAULT_PROFILE"

SWITCHED_REGION = "XSWITCH_REGION"
"""The region that a switch wrote into the region variables; not a secret, so it is exported."""

OWN_REGIONS = {name: f"XSWITCH_OWN_{name}" for name in REGION_VARIABLES}
"""Where a switch exports what the region variables were, so that every xswitch knows them."""


def identity_before_profile(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the set variables through which programs get another identity than AWS_PROFILE's.

    A variable that has no effect alone (a token without a key, a role without a token file) isn't
    among them.
    """
    names = [name for name in _names("bearer token") if environment.get(name)]
    if any(environment.get(name) for name in KEY_ID_VARIABLES):
        names += [name for name in _names("keys") if environment.get(name)]
    if environment.get(WEB_IDENTITY_VARIABLE):
        names += [name for name in _names("web identity") if environment.get(name)]
    profile = environment.get("AWS_PROFILE")
    if profile:
        names += [name for name in _names("profile") if environment.get(name, profile) != profile]
    return tuple(name for name in CLEARED_VARIABLES if name in names and environment.get(name))


def own_regions(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the region variables as they were before a switch set them, without empty ones.

    A variable that no longer has the switch's value was set by the user since then, and counts.
    """
    switched = environment.get(SWITCHED_REGION)
    regions = {}
    for name in REGION_VARIABLES:
        value = environment.get(name, "")
        if switched and value == switched:
            value = environment.get(OWN_REGIONS[name], "")
        if value:
            regions[name] = value
    return regions
