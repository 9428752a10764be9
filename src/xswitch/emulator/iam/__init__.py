"""IAM: the calls that users, groups, roles, policies and MFA devices are made, read and changed by."""

from __future__ import annotations

from collections.abc import Mapping

from xswitch.emulator.callers import Call
from xswitch.emulator.errors import FAULT_NAMESPACE, IAM_NAMESPACE, AwsAnswerError, unknown_token
from xswitch.emulator.iam.actions import ACTIONS
from xswitch.emulator.iam.authorization import authorize
from xswitch.emulator.iam.call import Ask, Result
from xswitch.emulator.realm import Realm
from xswitch.emulator.sessions import SessionStore
from xswitch.emulator.state import World

NAME = "iam"
API_VERSION = "2010-05-08"
NAMESPACE = IAM_NAMESPACE
_READING = ("Get", "List", "Simulate")


def known(parameters: Mapping[str, str]) -> str:
    """The action a request asks for. Raises AwsAnswerError MissingAction, InvalidAction."""
    action, version = parameters.get("Action", ""), parameters.get("Version", "NO_VERSION_SPECIFIED")
    if not action:
        raise AwsAnswerError("MissingAction", "Missing Action", 400, namespace=FAULT_NAMESPACE)
    if action not in ACTIONS or version != API_VERSION:
        message = f"Could not find operation {action} for version {version}"
        raise AwsAnswerError("InvalidAction", message, 400, namespace=FAULT_NAMESPACE)
    return action


def perform(call: Call, realm: Realm, store: SessionStore) -> Result:
    """The result of a call of an action that `known` let pass; what it changes is in `realm` afterwards. Raises AwsAnswerError."""
    session = call.caller.session
    if session is not None and not session.role_arn and session.mfa_at is None:
        # The reference of GetSessionToken says that its credentials call nothing of IAM unless an MFA code was given for them.
        raise unknown_token()
    action = ACTIONS[call.action]

    def make(world: World) -> tuple[World, Result]:
        ask = Ask(call, world, store)
        authorize(ask, action.target(ask))
        return action.run(ask)

    return make(realm.current)[1] if call.action.startswith(_READING) else realm.change(make)
