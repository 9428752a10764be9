"""MFA codes as GetSessionToken and AssumeRole verify them."""

from __future__ import annotations

from xswitch.emulator import totp
from xswitch.emulator.callers import AuthenticatedCall
from xswitch.emulator.errors import access_denied
from xswitch.emulator.stores import SessionStore


def verify_mfa_code(
    call: AuthenticatedCall, store: SessionStore, serial: str | None, code: str | None
) -> bool:
    """Verify and use up an MFA code; False if the call has none.

    Raises EmulatedAwsError AccessDenied. Only a user with long-term keys has a device.
    """
    if serial is None and code is None:
        return False
    if serial is None or code is None:
        raise access_denied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time"
            " pass code."
        )
    caller = call.caller
    devices = caller.user.mfa_devices if caller.user is not None and caller.session is None else ()
    device = next((device for device in devices if device.serial == serial), None)
    if device is None:
        raise access_denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  "
            "Please verify your MFA serial number is valid and associated with this user."
        )
    step = totp.matching_step(device.secret, code, call.now)
    if step is None or not store.use_code(serial, step):
        raise access_denied(
            "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        )
    return True
