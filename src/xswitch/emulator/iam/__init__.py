"""The emulated IAM: users, groups, roles, policies, and MFA devices."""

from __future__ import annotations

from collections.abc import Mapping

from xswitch.emulator.callers import AuthenticatedCall
from xswitch.emulator.errors import (
    IAM_NAMESPACE,
    invalid_client_token,
)
from xswitch.emulator.iam.actions import ACTIONS
from xswitch.emulator.iam.authorization import authorize
from xswitch.emulator.iam.call import IamRequest, Result
from xswitch.emulator.parameters import requested_action
from xswitch.emulator.state import AwsState
from xswitch.emulator.stores import IssuedSession, SessionStore, StateStore

NAME = "iam"
API_VERSION = "2010-05-08"
NAMESPACE = IAM_NAMESPACE
_READING = ("Get", "List", "Simulate")


def known(parameters: Mapping[str, str]) -> str:
    """The action a request names. Raises EmulatedAwsError MissingAction, InvalidAction."""
    return requested_action(parameters, ACTIONS, API_VERSION)


def _is_without_mfa(session: IssuedSession) -> bool:
    return not (session.role_arn or session.signed_in) and session.mfa_at is None


def perform(call: AuthenticatedCall, state_store: StateStore, store: SessionStore) -> Result:
    """Run an action that `known` accepted and return its result.

    Changes are in `state_store` afterwards. Raises EmulatedAwsError.
    """
    session = call.caller.session
    if session is not None and _is_without_mfa(session):
        # GetSessionToken's credentials can call IAM only if they were issued with an MFA code (STS
        # API reference, GetSessionToken).
        raise invalid_client_token()
    action = ACTIONS[call.action]

    def make(world: AwsState) -> tuple[AwsState, Result]:
        request = IamRequest(call, world, store)
        authorize(request, action.target(request))
        return action.run(request)

    return (
        make(state_store.current)[1]
        if call.action.startswith(_READING)
        else state_store.change(make)
    )
