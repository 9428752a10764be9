"""Virtual MFA devices: made, given to a user by two codes in a row, taken away."""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace

from xswitch.emulator import totp
from xswitch.emulator.errors import AwsAnswerError
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import Ask, Outcome
from xswitch.emulator.iam.errors import conflict, exists, gone, quota
from xswitch.emulator.iam.kinds import USER, save
from xswitch.emulator.iam.paging import page
from xswitch.emulator.iam.users import named
from xswitch.emulator.state import MfaDevice, User

MAX_DEVICES = 8
_SEED_BYTES = 40
_STEPS_BACK = 3


def create(ask: Ask) -> Outcome:
    """CreateVirtualMFADevice: the only answer that ever shows the seed. There is no picture of it."""
    serial = f"{ask.account.prefix}mfa{ask.path()}{ask.name('VirtualMFADeviceName', 226)}"
    if serial in {device.serial for device in _all(ask)}:
        raise exists("MFADevice entity at the same path and name already exists.")
    device = MfaDevice(serial, base64.b32encode(secrets.token_bytes(_SEED_BYTES)).decode())
    seed = base64.b64encode(device.secret.encode()).decode()
    answer = {"VirtualMFADevice": {"SerialNumber": serial, "Base32StringSeed": seed}}
    return ask.saved(devices=(*ask.account.devices, device)), answer


def _all(ask: Ask) -> list[MfaDevice]:
    return [*ask.account.devices, *(device for user in ask.account.users for device in user.mfa_devices)]


def _serial(ask: Ask) -> str:
    return ask.text("SerialNumber", 9, 256, r"[\w+=/:,.@-]+", required=True) or ""


def _unknown(serial: str) -> AwsAnswerError:
    return gone(f"MFA Device with serial number {serial} does not exist.")


def enable(ask: Ask) -> Outcome:
    """EnableMFADevice. Raises AwsAnswerError InvalidAuthenticationCode unless both codes are right, new, and in a row."""
    user, serial = named(ask), _serial(ask)
    codes = _codes(ask)
    device = next((device for device in ask.account.devices if device.serial == serial), None)
    if device is None and serial in {device.serial for device in _all(ask)}:
        raise exists(f"MFA Device with serial number {serial} is already in use.")
    if device is None:
        raise _unknown(serial)
    if len(user.mfa_devices) >= MAX_DEVICES:
        raise quota("MFADevicesPerUser", MAX_DEVICES)
    _in_a_row(ask, device, *codes)
    enabled = replace(device, enabled=ask.now)
    world = save(ask, USER, replace(user, mfa_devices=(*user.mfa_devices, enabled)))
    account = world.account(user.account)
    left = tuple(one for one in ask.account.devices if one.serial != serial)
    return (world if account is None else world.with_account(replace(account, devices=left))), None


def resync(ask: Ask) -> Outcome:
    """ResyncMFADevice: the codes are checked; clocks here never drift, so nothing changes."""
    _in_a_row(ask, _of(named(ask), _serial(ask)), *_codes(ask))
    return ask.world, None


def _codes(ask: Ask) -> tuple[str, str]:
    first, second = (ask.text(f"AuthenticationCode{number}", 6, 6, r"[\d]+", required=True) or "" for number in (1, 2))
    return first, second


def _in_a_row(ask: Ask, device: MfaDevice, first: str, second: str) -> None:
    now = totp.step_of(ask.call.now)
    for step in range(now - _STEPS_BACK, now + 1):
        if (totp.code_at(device.secret, step), totp.code_at(device.secret, step + 1)) == (first, second):
            fresh = [ask.store.use_code(device.serial, used) for used in (step, step + 1)]
            if all(fresh):
                return
    raise AwsAnswerError("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)


def _of(user: User, serial: str) -> MfaDevice:
    device = next((device for device in user.mfa_devices if device.serial == serial), None)
    if device is None:
        raise _unknown(serial)
    return device


def deactivate(ask: Ask) -> Outcome:
    """DeactivateMFADevice: the device stays, without a user."""
    user, serial = named(ask), _serial(ask)
    device = _of(user, serial)
    world = save(ask, USER, replace(user, mfa_devices=tuple(one for one in user.mfa_devices if one is not device)))
    account = world.account(user.account)
    return (world if account is None else world.with_account(replace(account, devices=(*account.devices, device)))), None


def delete(ask: Ask) -> Outcome:
    """DeleteVirtualMFADevice. Raises AwsAnswerError DeleteConflict while a user has it."""
    serial = _serial(ask)
    if serial not in {device.serial for device in _all(ask)}:
        raise gone(f"VirtualMFADevice with serial number {serial} doesn't exist.")
    if serial not in {device.serial for device in ask.account.devices}:
        raise conflict("MFA VirtualDevice in use. Must deactivate first.")
    return ask.saved(devices=tuple(device for device in ask.account.devices if device.serial != serial)), None


def listed(ask: Ask) -> Outcome:
    """ListMFADevices: those of a user."""
    user = named(ask)
    devices = [
        {"UserName": user.name, "SerialNumber": device.serial, "EnableDate": serialize.moment(device.enabled)}
        for device in user.mfa_devices
    ]
    found, more = page(ask, devices)
    return ask.world, {"MFADevices": found, **more}


def listed_virtual(ask: Ask) -> Outcome:
    """ListVirtualMFADevices: those of the account, with their users."""
    status = ask.parameters.get("AssignmentStatus", "Any")
    devices: list[serialize.Structure] = []
    if status != "Unassigned":
        devices += [
            {"SerialNumber": device.serial, "User": serialize.user(user, whole=False), "EnableDate": serialize.moment(device.enabled)}
            for user in ask.account.users
            for device in user.mfa_devices
        ]
    if status != "Assigned":
        devices += [{"SerialNumber": device.serial} for device in ask.account.devices]
    found, more = page(ask, devices)
    return ask.world, {"VirtualMFADevices": found, **more}
