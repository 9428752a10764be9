"""Virtual MFA devices: created, enabled by two consecutive codes, deactivated."""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace

from xswitch.emulator import totp
from xswitch.emulator.errors import (
    EmulatedAwsError,
    delete_conflict,
    entity_already_exists,
    no_such_entity,
    quota_exceeded,
)
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome
from xswitch.emulator.iam.holders import USER, page, with_holder
from xswitch.emulator.iam.users import named
from xswitch.emulator.state import MfaDevice, User

MAX_DEVICES = 8
_SEED_BYTES = 40
_STEPS_BACK = 3


def create(request: IamRequest) -> Outcome:
    """CreateVirtualMFADevice: the only answer with the seed; it has no QR code."""
    serial = (
        f"{request.account.prefix}mfa{request.path()}{request.name('VirtualMFADeviceName', 226)}"
    )
    if serial in {device.serial for device in _all(request)}:
        raise entity_already_exists("MFADevice entity at the same path and name already exists.")
    device = MfaDevice(serial, base64.b32encode(secrets.token_bytes(_SEED_BYTES)).decode())
    seed = base64.b64encode(device.secret.encode()).decode()
    answer = {"VirtualMFADevice": {"SerialNumber": serial, "Base32StringSeed": seed}}
    return request.with_account_changes(devices=(*request.account.devices, device)), answer


def _all(request: IamRequest) -> list[MfaDevice]:
    return [
        *request.account.devices,
        *(device for user in request.account.users for device in user.mfa_devices),
    ]


def _serial(request: IamRequest) -> str:
    return request.text("SerialNumber", 9, 256, r"[\w+=/:,.@-]+", required=True) or ""


def _unknown(serial: str) -> EmulatedAwsError:
    return no_such_entity(f"MFA Device with serial number {serial} does not exist.")


def enable(request: IamRequest) -> Outcome:
    """EnableMFADevice.

    Raises EmulatedAwsError InvalidAuthenticationCode unless both codes are right, unused, and
    consecutive.
    """
    user, serial = named(request), _serial(request)
    codes = _codes(request)
    device = next((device for device in request.account.devices if device.serial == serial), None)
    if device is None and serial in {device.serial for device in _all(request)}:
        raise entity_already_exists(f"MFA Device with serial number {serial} is already in use.")
    if device is None:
        raise _unknown(serial)
    if len(user.mfa_devices) >= MAX_DEVICES:
        raise quota_exceeded("MFADevicesPerUser", MAX_DEVICES)
    _in_a_row(request, device, *codes)
    enabled = replace(device, enabled=request.now)
    world = with_holder(request, USER, replace(user, mfa_devices=(*user.mfa_devices, enabled)))
    account = world.account(user.account)
    unassigned_devices = tuple(one for one in request.account.devices if one.serial != serial)
    return (
        world
        if account is None
        else world.with_account(replace(account, devices=unassigned_devices))
    ), None


def resync(request: IamRequest) -> Outcome:
    """ResyncMFADevice: checks the codes; emulated devices never drift, so nothing changes."""
    _in_a_row(request, _of(named(request), _serial(request)), *_codes(request))
    return request.world, None


def _codes(request: IamRequest) -> tuple[str, str]:
    first, second = (
        request.text(f"AuthenticationCode{number}", 6, 6, r"[\d]+", required=True) or ""
        for number in (1, 2)
    )
    return first, second


def _in_a_row(request: IamRequest, device: MfaDevice, first: str, second: str) -> None:
    now = totp.step_of(request.call.now)
    for step in range(now - _STEPS_BACK, now + 1):
        if (totp.code_at(device.secret, step), totp.code_at(device.secret, step + 1)) == (
            first,
            second,
        ):
            fresh = [request.store.use_code(device.serial, used) for used in (step, step + 1)]
            if all(fresh):
                return
    raise EmulatedAwsError(
        "InvalidAuthenticationCode", "Authentication code for device is not valid.", 403
    )


def _of(user: User, serial: str) -> MfaDevice:
    device = next((device for device in user.mfa_devices if device.serial == serial), None)
    if device is None:
        raise _unknown(serial)
    return device


def deactivate(request: IamRequest) -> Outcome:
    """DeactivateMFADevice: the device remains, without a user."""
    user, serial = named(request), _serial(request)
    device = _of(user, serial)
    world = with_holder(
        request,
        USER,
        replace(user, mfa_devices=tuple(one for one in user.mfa_devices if one is not device)),
    )
    account = world.account(user.account)
    return (
        world
        if account is None
        else world.with_account(replace(account, devices=(*account.devices, device)))
    ), None


def delete(request: IamRequest) -> Outcome:
    """DeleteVirtualMFADevice. Raises EmulatedAwsError DeleteConflict while a user has it."""
    serial = _serial(request)
    if serial not in {device.serial for device in _all(request)}:
        raise no_such_entity(f"VirtualMFADevice with serial number {serial} doesn't exist.")
    if serial not in {device.serial for device in request.account.devices}:
        raise delete_conflict("MFA VirtualDevice in use. Must deactivate first.")
    return request.with_account_changes(
        devices=tuple(device for device in request.account.devices if device.serial != serial)
    ), None


def listed(request: IamRequest) -> Outcome:
    """ListMFADevices: a user's devices."""
    user = named(request)
    devices = [
        {
            "UserName": user.name,
            "SerialNumber": device.serial,
            "EnableDate": serialize.iso_time(device.enabled),
        }
        for device in user.mfa_devices
    ]
    page_items, page_members = page(request, devices)
    return request.world, {"MFADevices": page_items, **page_members}


def listed_virtual(request: IamRequest) -> Outcome:
    """ListVirtualMFADevices: the account's devices, with their users."""
    status = request.parameters.get("AssignmentStatus", "Any")
    devices: list[serialize.Structure] = []
    if status != "Unassigned":
        devices += [
            {
                "SerialNumber": device.serial,
                "User": serialize.user(user, whole=False),
                "EnableDate": serialize.iso_time(device.enabled),
            }
            for user in request.account.users
            for device in user.mfa_devices
        ]
    if status != "Assigned":
        devices += [{"SerialNumber": device.serial} for device in request.account.devices]
    page_items, page_members = page(request, devices)
    return request.world, {"VirtualMFADevices": page_items, **page_members}
