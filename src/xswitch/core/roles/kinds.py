"""The kind of target that a profile is, and whose credentials one without a chain gives."""

from __future__ import annotations

import re
from typing import NamedTuple

from xswitch.core import sts_limits
from xswitch.core.arn import (
    account_of,
    is_account_id,
    parse_role_arn,
    partition_of,
    partition_of_region,
)
from xswitch.core.display import quote_value
from xswitch.core.model import (
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Problem,
    Profile,
    Severity,
    SsoRole,
    TargetKind,
    problem_at,
)
from xswitch.core.profiles.managed import ROLE_KEY
from xswitch.core.roles.durations import is_temporary
from xswitch.core.roles.sources import assumes_role, find_sso_role, has_static_keys, is_sso

SSO_ROLE_PREFIX = "AWSReservedSSO_"
_PERMISSION_SET = re.compile(r"[\w+=,.@-]{1,32}", re.ASCII)
_SSO_KEYS = ("sso_session", "sso_start_url")
_OTHER_KEYS = ("web_identity_token_file", "login_session", "credential_process")
_KINDS = {
    CredentialSourceKind.SSO: TargetKind.SSO,
    CredentialSourceKind.STATIC_KEYS: TargetKind.STATIC_KEYS,
    CredentialSourceKind.CREDENTIAL_PROCESS: TargetKind.CREDENTIAL_PROCESS,
    CredentialSourceKind.WEB_IDENTITY: TargetKind.WEB_IDENTITY,
    CredentialSourceKind.LOGIN_SESSION: TargetKind.LOGIN_SESSION,
}


def is_role_profile(profile: Profile) -> bool:
    """Whether a profile is at the end of a chain: it assumes its role with AssumeRole."""
    return assumes_role(profile) and ROLE_KEY not in profile.properties


def is_source_target(profile: Profile) -> bool:
    """Whether a profile, which isn't a role profile, says how it gets credentials.

    Managed and static profiles are their target's, and are none of their own.
    """
    properties = profile.properties
    return ROLE_KEY not in properties and (
        has_static_keys(profile)
        or is_sso(profile)
        or any(key in properties for key in _OTHER_KEYS)
        or any(key in properties for key in _SSO_KEYS)
    )


def kind_of_source(profile: Profile, base: CredentialSource | Problem) -> TargetKind:
    """Return the kind of a profile whose source is `base`, or the error that prevents it."""
    if isinstance(base, CredentialSource):
        if base.kind is CredentialSourceKind.STATIC_KEYS and needs_mfa(profile, base):
            return TargetKind.MFA_SESSION
        return _KINDS[base.kind]
    kinds = (
        (bool(profile.get("web_identity_token_file")), TargetKind.WEB_IDENTITY),
        (is_sso(profile), TargetKind.SSO),
        ("login_session" in profile.properties, TargetKind.LOGIN_SESSION),
        ("credential_process" in profile.properties, TargetKind.CREDENTIAL_PROCESS),
        (has_static_keys(profile), TargetKind.STATIC_KEYS),
    )
    return next((kind for applies, kind in kinds if applies), TargetKind.SSO)


def needs_mfa(profile: Profile, base: CredentialSource) -> bool:
    """Whether static keys have an MFA device, with which they can get a session.

    GetSessionToken takes long-term keys only, and ignores the device of any others.
    """
    return bool(profile.get("mfa_serial")) and not is_temporary(base)


def mfa_problem(profile: Profile) -> Problem | None:
    """Return what is wrong with the MFA device of static keys."""
    serial = profile.get("mfa_serial") or ""
    if sts_limits.is_mfa_serial(serial):
        return None
    text = f'Profile "{profile.name}": mfa_serial is {quote_value(serial)}, which AWS rejects.'
    # A line break in it is a key that is indented by mistake
    severity: Severity = "error" if "\n" in serial else "warning"
    return problem_at(profile, "mfa_serial", "mfa_serial_invalid", text, severity)


def valid_sso_role(view: ConfigView, profile: Profile) -> SsoRole | Problem:
    """Find a profile's Identity Center role, or the error that prevents that it is given."""
    found = find_sso_role(view, profile)
    if isinstance(found, Problem):
        return found
    for key, value, valid, form in (
        ("sso_account_id", found.account_id, is_account_id(found.account_id), "12 digits"),
        (
            "sso_role_name",
            found.role_name,
            _PERMISSION_SET.fullmatch(found.role_name) is not None,
            "up to 32 letters, digits, and _+=,.@-",
        ),
    ):
        if not valid:
            text = f'Profile "{profile.name}": {key} is {quote_value(value)}; it has {form}.'
            return problem_at(profile, key, "sso_invalid", text)
    return found


def is_valid_sso_role(role: SsoRole) -> bool:
    """Whether AWS could have an account and a permission set of these names."""
    return is_account_id(role.account_id) and _PERMISSION_SET.fullmatch(role.role_name) is not None


class Identity(NamedTuple):
    """Whose credentials a target gives, as far as its settings tell."""

    partition: str = ""
    account_id: str = ""
    role_name: str = ""
    role_path: str = "/"
    role_arn: str = ""


def sso_identity(role: SsoRole) -> Identity:
    """Return the identity of an Identity Center role.

    IAM's name of the role is `AWSReservedSSO_NAME_` and 16 hex digits of AWS's choice, and its path
    names a region unless Identity Center is in us-east-1. So the ARN is a pattern of the form that
    AWS gives (IAM Identity Center user guide, "Referencing permission sets in resource policies").
    """
    partition, account = partition_of_region(role.session.region), role.account_id
    arn = (
        f"arn:{partition}:iam::{account}:role/aws-reserved/sso.amazonaws.com/"
        f"*{SSO_ROLE_PREFIX}{role.role_name}_*"
    )
    return Identity(partition, account, role.role_name, "/", arn)


def source_identity(
    profile: Profile, kind: TargetKind, base: CredentialSource | Problem
) -> Identity:
    """Return the identity of a target that isn't of Identity Center."""
    if kind is TargetKind.WEB_IDENTITY:
        arn = parse_role_arn(profile.get("role_arn") or "")
        if arn is not None:
            return Identity(arn.partition, arn.account_id, arn.name, arn.path, str(arn))
    named = ""
    if kind is TargetKind.MFA_SESSION:
        named = profile.get("mfa_serial") or ""
    elif kind is TargetKind.LOGIN_SESSION and isinstance(base, CredentialSource):
        named = profile.get("login_session") or ""
    account = account_of(named)
    return Identity(partition_of(named), account) if is_account_id(account) else Identity()
