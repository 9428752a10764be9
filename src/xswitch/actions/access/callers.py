"""Whose profile switches, and which MFA device is theirs."""

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
"""What the serial numbers of security keys and passkeys have in them.

STS takes codes, which they don't have (IAM user guide, "MFA in IAM").
"""


@dataclass(frozen=True, slots=True)
class AssumingProfile:
    """A profile that may switch.

    `user` is the IAM user it is, "" for another kind of principal or where AWS didn't say.
    """

    profile: str
    user: str = ""


def find_assuming_profile(accounts: Accounts, planned: AccessPlanResult) -> AssumingProfile:
    """The one who switches.

    The profile given, else the source profile if it is the one, else the profile with keys that is.

    Raises UsageError when it can't be told, TargetError when there is no such profile.
    """
    given, request = planned.inputs.switch_from, planned.plan.request
    if given:
        if given not in accounts.snapshot.view.profiles:
            raise TargetError(
                f'There is no profile "{given}".',
                next_step="xswitch config",
                code=ErrorCode.TARGET_UNKNOWN,
            )
        arn = _caller_arn(accounts, given)
        if arn and not _matches_principal(arn, request):
            raise _cannot_determine(
                f"{given} is not of those who may switch.",
                f"It is {arn}. {_trust_description(request)}",
            )
        return _assuming_profile(given, arn, request)
    source = planned.inputs.source_profile
    if source is not None and request.who.kind in (PrincipalType.USER, PrincipalType.ROLE):
        arn = _caller_arn(accounts, source)
        if _matches_principal(arn, request):
            return _assuming_profile(source, arn, request)
    found = _matching_profiles(
        accounts,
        request,
        [name for name in _profiles_with_keys(accounts.snapshot) if name != source],
    )
    if source is not None and request.who.kind in (PrincipalType.GROUP, PrincipalType.ACCOUNT):
        found = [*found, *_matching_profiles(accounts, request, [source])]
    if len(found) == 1 or (found and request.who.kind in (PrincipalType.USER, PrincipalType.ROLE)):
        return _assuming_profile(*found[0], request)
    what = (
        "Which profile switches can't be told."
        if found
        else "No profile here is of those who may switch."
    )
    raise _cannot_determine(
        what, f"{_trust_description(request)} It can be checked only as one of them."
    )


def mfa_serial(accounts: Accounts, planned: AccessPlanResult, switcher: AssumingProfile) -> str:
    """Their MFA device: the one given, else the profile's own setting, else what IAM says.

    Raises UsageError when there is none.
    """
    configured = planned.inputs.mfa_serial or accounts.snapshot.view.profiles[switcher.profile].get(
        "mfa_serial"
    )
    if configured:
        return configured
    keys = False
    # They may look at their own devices as a rule; if not, their administrator may.
    for profile in dict.fromkeys(
        name for name in (switcher.profile, planned.inputs.source_profile) if name and switcher.user
    ):
        try:
            serials = accounts.open(profile).iam.mfa_serials(switcher.user)
        except XswitchError:
            continue
        found = next((serial for serial in serials if _SECURITY_KEY_PART not in serial), None)
        if found is not None:
            return found
        keys = keys or bool(serials)
    why = "It was looked for in the profile (mfa_serial) and in IAM."
    if keys:
        why = "There is a security key or passkey, which works in the console only: AssumeRole takes the codes of an authenticator."
    raise UsageError(
        "The role asks for MFA, and no MFA device with codes was found for the user.",
        why=why,
        next_step=f"add an authenticator in IAM, or name the device: --mfa-serial ARN (or mfa_serial in the profile {switcher.profile})",
        code=ErrorCode.MFA_DEVICE_MISSING,
    )


def _assuming_profile(profile: str, arn: str, request: AccessRequest) -> AssumingProfile:
    if ":user/" in arn:
        return AssumingProfile(profile, arn.rpartition("/")[2])
    return AssumingProfile(
        profile, request.who.name if request.who.kind is PrincipalType.USER else ""
    )


def _cannot_determine(what: str, why: str) -> UsageError:
    return UsageError(
        what,
        why=why,
        next_step="say which profile it is: --switch-from PROFILE",
        code=ErrorCode.SWITCH_FROM,
    )


def _trust_description(request: AccessRequest) -> str:
    return f"The role is set up for the {request.who.kind.value} {request.who.name or request.who.account}."


def _profiles_with_keys(reading: ConfigSnapshot) -> list[str]:
    """Profiles with keys of their own, which can be asked who they are without a question or a browser."""
    return [
        name
        for name, profile in reading.view.profiles.items()
        if profile.get("aws_access_key_id") and profile.get(ROLE_KEY) is None
    ]


def _matching_profiles(
    accounts: Accounts, request: AccessRequest, names: Sequence[str]
) -> list[tuple[str, str]]:
    """Those of the profiles, with their ARNs, that are who the set-up is for."""
    asked = names[:_MAX_IDENTITY_CALLS]
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="who") as pool:
        arns = list(pool.map(lambda name: _caller_arn(accounts, name), asked))
    return [
        (name, arn)
        for name, arn in zip(asked, arns, strict=True)
        if _matches_principal(arn, request)
    ]


def _caller_arn(accounts: Accounts, name: str) -> str:
    """A profile's ARN, "" when it can't be had."""
    try:
        credentials, endpoint = accounts.credentials(accounts.snapshot.view.profiles[name])
        return accounts.aws.sts.get_caller_identity(credentials, endpoint).arn
    except (XswitchError, KeyError):
        return ""


def _matches_principal(arn: str, request: AccessRequest) -> bool:
    """Whether a caller is who the set-up is for.

    Of a group's members nothing can be told but their account.
    """
    who = request.who
    if not arn or account_of(arn) != who.account:
        return False
    resource = arn.split(":", 5)[-1]
    if who.kind is PrincipalType.USER:
        return resource.startswith("user/") and resource.rpartition("/")[2] == who.name
    if who.kind is PrincipalType.ROLE:
        return resource.startswith(f"assumed-role/{who.name}/")
    return resource.startswith(("user/", "assumed-role/"))
