"""Find the profile that will assume the role, and its MFA device."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from xswitch.actions.access.accounts import Accounts
from xswitch.actions.access.api import AccessPlanResult
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.access.model import AccessRequest, PrincipalType
from xswitch.core.arn import account_of
from xswitch.core.errors import ErrorCode, TargetError, UsageError, XswitchError
from xswitch.core.profiles.managed import ROLE_KEY

_MAX_IDENTITY_CALLS = 16
_SECURITY_KEY_PART = ":u2f/"
"""Part of the serial numbers of security keys and passkeys, which have no codes for STS.

Source: IAM user guide, "MFA in IAM".
"""


@dataclass(frozen=True, slots=True)
class AssumingProfile:
    """A profile that may assume the role."""

    profile: str
    user: str = ""
    """The name of its IAM user, "" for another principal or if unknown."""


def find_assuming_profile(accounts: Accounts, planned: AccessPlanResult) -> AssumingProfile:
    """Return `switch_from`, or the source profile if it's trusted, or a trusted profile with keys.

    Raises UsageError if there is none or more than one, TargetError if `switch_from` doesn't exist.
    """
    named, request = planned.inputs.switch_from, planned.plan.request
    if named:
        if named not in accounts.snapshot.view.profiles:
            raise TargetError(
                f'There is no profile "{named}".',
                next_step="xswitch config",
                code=ErrorCode.TARGET_UNKNOWN,
            )
        arn = _caller_arn(accounts, named)
        if arn and not _matches_principal(arn, request):
            raise _cannot_determine(
                f"{named} isn't allowed to assume the role.",
                f"It is {arn}. {_trust_description(request)}",
            )
        return _assuming_profile(named, arn, request)
    source = planned.inputs.source_profile
    if source is not None and request.principal.kind in (PrincipalType.USER, PrincipalType.ROLE):
        arn = _caller_arn(accounts, source)
        if _matches_principal(arn, request):
            return _assuming_profile(source, arn, request)
    matches = _matching_profiles(
        accounts,
        request,
        [name for name in _profiles_with_keys(accounts.snapshot) if name != source],
    )
    if source is not None and request.principal.kind in (
        PrincipalType.GROUP,
        PrincipalType.ACCOUNT,
    ):
        matches = [*matches, *_matching_profiles(accounts, request, [source])]
    if len(matches) == 1 or (
        matches and request.principal.kind in (PrincipalType.USER, PrincipalType.ROLE)
    ):
        return _assuming_profile(*matches[0], request)
    what = (
        "Several profiles are allowed to assume the role."
        if matches
        else "No profile is allowed to assume the role."
    )
    raise _cannot_determine(
        what, f"{_trust_description(request)} Only such a profile can check it."
    )


def mfa_serial(accounts: Accounts, planned: AccessPlanResult, assuming: AssumingProfile) -> str:
    """Return the MFA device from the inputs, from the profile, or from IAM.

    Raises UsageError if there is none.
    """
    configured = planned.inputs.mfa_serial or accounts.snapshot.view.profiles[assuming.profile].get(
        "mfa_serial"
    )
    if configured:
        return configured
    has_security_key = False
    # Most users can list their own devices; if not, their administrator can
    for profile in dict.fromkeys(
        name for name in (assuming.profile, planned.inputs.source_profile) if name and assuming.user
    ):
        try:
            serials = accounts.open(profile).iam.mfa_serials(assuming.user)
        except XswitchError:
            continue
        with_codes = next((serial for serial in serials if _SECURITY_KEY_PART not in serial), None)
        if with_codes is not None:
            return with_codes
        has_security_key = has_security_key or bool(serials)
    why = "Neither the profile (mfa_serial) nor IAM names one."
    if has_security_key:
        why = (
            "The security key or passkey works only in the console:"
            " AssumeRole needs the codes of an authenticator."
        )
    raise UsageError(
        "The role requires MFA, and the user has no MFA device with codes.",
        why=why,
        next_step="add an authenticator in IAM, or name the device: --mfa-serial ARN"
        f" (or mfa_serial in the profile {assuming.profile})",
        code=ErrorCode.MFA_DEVICE_MISSING,
    )


def _assuming_profile(profile: str, arn: str, request: AccessRequest) -> AssumingProfile:
    if ":user/" in arn:
        return AssumingProfile(profile, arn.rpartition("/")[2])
    return AssumingProfile(
        profile, request.principal.name if request.principal.kind is PrincipalType.USER else ""
    )


def _cannot_determine(what: str, why: str) -> UsageError:
    return UsageError(
        what,
        why=why,
        next_step="name the profile: --switch-from PROFILE",
        code=ErrorCode.SWITCH_FROM,
    )


def _trust_description(request: AccessRequest) -> str:
    who = request.principal
    return f"The role is set up for the {who.kind.value} {who.name or who.account}."


def _profiles_with_keys(snapshot: ConfigSnapshot) -> list[str]:
    """Return the profiles with keys, whose identity AWS returns without a prompt or a browser."""
    return [
        name
        for name, profile in snapshot.view.profiles.items()
        if profile.get("aws_access_key_id") and profile.get(ROLE_KEY) is None
    ]


def _matching_profiles(
    accounts: Accounts, request: AccessRequest, names: Sequence[str]
) -> list[tuple[str, str]]:
    """Return the names and ARNs of the profiles that the role trusts."""
    candidates = names[:_MAX_IDENTITY_CALLS]
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="who") as pool:
        arns = list(pool.map(lambda name: _caller_arn(accounts, name), candidates))
    return [
        (name, arn)
        for name, arn in zip(candidates, arns, strict=True)
        if _matches_principal(arn, request)
    ]


def _caller_arn(accounts: Accounts, name: str) -> str:
    """Return a profile's ARN, "" if it's unavailable."""
    try:
        credentials, endpoint = accounts.credentials(accounts.snapshot.view.profiles[name])
        return accounts.aws.sts.get_caller_identity(credentials, endpoint).arn
    except (XswitchError, KeyError):
        return ""


def _matches_principal(arn: str, request: AccessRequest) -> bool:
    """Whether the role is set up for a caller; of a group's members, only the account is known."""
    who = request.principal
    if not arn or account_of(arn) != who.account:
        return False
    resource = arn.split(":", 5)[-1]
    if who.kind is PrincipalType.USER:
        return resource.startswith("user/") and resource.rpartition("/")[2] == who.name
    if who.kind is PrincipalType.ROLE:
        return resource.startswith(f"assumed-role/{who.name}/")
    return resource.startswith(("user/", "assumed-role/"))
