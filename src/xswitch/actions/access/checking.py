"""The check: the role profile is written, and the user switches, as soon as IAM lets them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from xswitch.actions.access.sides import Sides
from xswitch.actions.accessapi import AccessInputs, CheckedAccess, PlannedAccess
from xswitch.actions.broker import Broker, Session, Wish
from xswitch.actions.identity import refuse_other
from xswitch.actions.mfa import Questions
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.reading import Reading, read
from xswitch.core.access.documents import needs_mfa
from xswitch.core.access.model import AccessRequest, WhoKind
from xswitch.core.awsconfig.document import is_legal_name
from xswitch.core.errors import AwsDeniedError, ConfigError, TargetError, UsageError, XswitchError
from xswitch.core.model import Plan, SetProfile
from xswitch.core.overrides import MARK, NO_OVERRIDES

PAUSES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 4.0, 4.0)
"""Seconds between tries, some 20 in all: what IAM was told is seen everywhere only after a while."""
_COMMENT = "set up by `xswitch access`"
_MOST_ASKED = 16
_NOT_YET = frozenset({"not_authorized", "explicit_deny"})


def check(broker: Broker, planned: PlannedAccess, ask: MfaPrompt, progress: Progress) -> CheckedAccess:
    """See `AccessActions.check`."""
    ports = broker.ports
    sides = Sides(broker, ask, progress)
    source = _switcher(sides, planned)
    name = _write_profile(sides, planned, source)
    reading = read(ports)
    role = reading.by_name[name]
    plan = reading.plan(role, NO_OVERRIDES)
    wish = Wish(Questions(ask, ports.mfa_command), progress, force=True)
    session, tries = _session(broker, reading, plan, wish)
    progress("asking AWS who this is")
    identity = ports.sts.get_caller_identity(session.record.credentials, plan.endpoint)
    refuse_other(role, identity)
    return CheckedAccess(
        identity=identity,
        expires_at=session.record.expires_at,
        profile=name,
        command=f"xs {shlex.quote(name)}",
        console_link=planned.console_link,
        tries=tries,
    )


def _session(broker: Broker, reading: Reading, plan: Plan, wish: Wish) -> tuple[Session, int]:
    """The session, tried until IAM knows; the code is asked for once, since the MFA session stays."""
    for number, pause in enumerate((*PAUSES, 0.0), 1):
        try:
            return broker.session(plan, reading.view, wish), number
        except AwsDeniedError as error:
            if error.code not in _NOT_YET or number > len(PAUSES):
                raise
            wish.progress(f"IAM does not know yet; trying again in {pause:g} s")
            broker.ports.pause(pause)
    raise AssertionError  # the last round returns or raises


# -- who switches -------------------------------------------------------------------------------------------------


def _switcher(sides: Sides, planned: PlannedAccess) -> str:
    """The profile of the one who switches. Raises UsageError when it can't be told."""
    inputs, request = planned.inputs, planned.plan.request
    profiles = sides.reading.view.profiles
    if inputs.switch_from:
        if inputs.switch_from not in profiles:
            raise TargetError(f'There is no profile "{inputs.switch_from}".', next_step="xswitch config", code="target_unknown")
        return inputs.switch_from
    candidates = [inputs.source_profile] if inputs.source_profile else []
    candidates += [name for name in _bases(sides.reading) if name not in candidates][:_MOST_ASKED]
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="who") as pool:
        identities = dict(zip(candidates, pool.map(lambda name: _identity(sides, name), candidates), strict=True))
    fitting = [name for name, arn in identities.items() if _is(arn, request)]
    if len(fitting) == 1 or (fitting and request.who.kind in (WhoKind.USER, WhoKind.ROLE)):
        return fitting[0]
    raise UsageError(
        "Which profile switches can't be told." if fitting else "No profile here is of those who may switch.",
        why=f"The role trusts {request.who.kind.value} {request.who.name or request.who.account}; it can be checked only as one of them.",
        next_step="say which profile it is: --switch-from PROFILE",
        code="switch_from",
    )


def _bases(reading: Reading) -> list[str]:
    """Profiles with keys of their own, which can be asked who they are without a question or a browser."""
    return [name for name, profile in reading.view.profiles.items() if profile.get("aws_access_key_id") and profile.get(MARK) is None]


def _identity(sides: Sides, name: str) -> str:
    try:
        credentials, endpoint = sides.credentials(sides.reading.view.profiles[name])
        return sides.ports.sts.get_caller_identity(credentials, endpoint).arn
    except XswitchError:
        return ""


def _is(arn: str, request: AccessRequest) -> bool:
    """Whether a caller is who the set-up is for; of a group's members nothing can be told but their account."""
    who = request.who
    parts = arn.split(":")
    if len(parts) < 6 or parts[4] != who.account:  # noqa: PLR2004 -- an ARN has six parts
        return False
    resource = parts[5]
    if who.kind is WhoKind.USER:
        return resource.startswith("user/") and resource.rpartition("/")[2] == who.name
    if who.kind is WhoKind.ROLE:
        return resource.startswith(f"assumed-role/{who.name}/")
    return resource.startswith(("user/", "assumed-role/"))


# -- the role profile ---------------------------------------------------------------------------------------------


def _write_profile(sides: Sides, planned: PlannedAccess, source: str) -> str:
    """The role profile's name, written unless an equal one is there. A profile that says something else is never changed."""
    inputs, request, reading = planned.inputs, planned.plan.request, sides.reading
    name = inputs.save_as or inputs.role_name
    if not is_legal_name(name) or name == "default":
        raise UsageError(f"{name!r} can't be the name of a profile.", next_step="give another one: --profile NAME", code="bad_profile_name")
    there = reading.view.profiles.get(name)
    wanted = _properties(sides, inputs, request, source)
    if there is not None:
        held = {key: found.value for key, found in there.properties.items()}
        if {key: held.get(key) for key in wanted} == wanted and held.get("credential_process") is None:
            return name
        if held.get("role_arn") != request.role_arn or there.get(MARK) is not None:
            place = f"{there.origin.file}:{there.origin.line}"
            raise ConfigError(
                f'There is a profile "{name}" already, and it is something else.',
                why=f"{place} has role_arn {held.get('role_arn') or '(none)'}.",
                next_step="give another name: --profile NAME",
                code="profile_exists",
            )
    sides.ports.config.apply([SetProfile("config", name, wanted, comment="" if there is not None else _COMMENT, exact=False)])
    return name


def _properties(sides: Sides, inputs: AccessInputs, request: AccessRequest, source: str) -> Mapping[str, str]:
    found = {"role_arn": request.role_arn, "source_profile": source}
    if needs_mfa(request):
        found["mfa_serial"] = _mfa_serial(sides, inputs, request, source)
    if request.external_id:
        found["external_id"] = request.external_id
    region = inputs.region or sides.reading.view.profiles[source].get("region") or ""
    endpoint = sides.reading.view.profiles[source].get("endpoint_url") or ""
    return {**found, **({"region": region} if region else {}), **({"endpoint_url": endpoint} if endpoint else {})}


def _mfa_serial(sides: Sides, inputs: AccessInputs, request: AccessRequest, source: str) -> str:
    """The user's MFA device: the source profile's own setting, else what IAM says."""
    configured = sides.reading.view.profiles[source].get("mfa_serial")
    if configured:
        return configured
    user = request.who.name if request.who.kind is WhoKind.USER else ""
    for profile in dict.fromkeys(name for name in (source, inputs.source_profile) if name):
        try:
            opened = sides.open(profile)
            named = user or opened.identity.arn.rpartition("/")[2]
            serials = opened.iam.mfa_serials(named)
        except XswitchError:
            continue
        if serials:
            return serials[0]
    raise UsageError(
        "The role asks for MFA, and no MFA device of the user was found.",
        why="It was looked for in the profile (mfa_serial) and in IAM.",
        next_step=f"add one in the IAM console (or: aws iam enable-mfa-device), then set mfa_serial in the profile {source}",
        code="mfa_device_missing",
    )
