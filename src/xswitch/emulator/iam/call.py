"""One IAM call: its validated parameters and its account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from xswitch.emulator.callers import AuthenticatedCall
from xswitch.emulator.errors import invalid_client_token, invalid_input, validation_error
from xswitch.emulator.parameters import MAX_TAGS, Checks, structures, tags_of
from xswitch.emulator.state import Account, AwsState, User
from xswitch.emulator.stores import SessionStore
from xswitch.emulator.xml import XmlNode

Result = Mapping[str, XmlNode] | None
"""The members of a result; None if the action returns none."""
Outcome = tuple[AwsState, Result]
"""The state afterwards (the same object if unchanged) and the result."""

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/|/[!-\x7e]+/")
_NAME_PUNCTUATION = "+=,.@-"
MAX_NAME, MAX_PATH = 128, 512


@dataclass(frozen=True, slots=True)
class IamRequest:
    """A call and the state it starts from."""

    call: AuthenticatedCall
    world: AwsState
    store: SessionStore

    @property
    def account(self) -> Account:
        """The caller's account: IAM can't reach another one."""
        account = self.world.account(self.call.caller.account)
        if account is None:
            raise invalid_client_token()
        return account

    @property
    def now(self) -> datetime:
        """The time to record, in whole seconds as in AWS."""
        return self.call.now.replace(microsecond=0)

    @property
    def parameters(self) -> Mapping[str, str]:
        """The request's parameters."""
        return self.call.parameters

    def with_account_changes(self, **changes: object) -> AwsState:
        """The state with changes to the caller's account."""
        return self.world.with_account(replace(self.account, **changes))  # type: ignore[arg-type] # the fields differ in type

    def name(self, parameter: str, longest: int = MAX_NAME) -> str:
        """A required name. Raises EmulatedAwsError ValidationError."""
        text = self.text(parameter, 1, longest, required=True) or ""
        if not _NAME.fullmatch(text):
            member = _member(parameter)
            message = (
                f"The specified value for {member} is invalid. It must contain only alphanumeric"
                " characters and/or the following: "
            )
            raise validation_error(f"{message}{_NAME_PUNCTUATION[:-1]}_-")
        return text

    def text(
        self,
        parameter: str,
        shortest: int,
        longest: int,
        pattern: str = "",
        *,
        required: bool = False,
    ) -> str | None:
        """A text within length limits. Raises EmulatedAwsError ValidationError."""
        checks = Checks(self.parameters)
        value = checks.text(parameter, shortest, longest, pattern, required=required)
        checks.done()
        return value

    def number(self, parameter: str, smallest: int, largest: int) -> int | None:
        """An integer within limits. Raises EmulatedAwsError ValidationError."""
        text = self.parameters.get(parameter)
        if text is None:
            return None
        checks = Checks(self.parameters)
        number = int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None
        if number is None or number < smallest:
            checks.fail(text, _member(parameter), f"have value greater than or equal to {smallest}")
        elif number > largest:
            checks.fail(text, _member(parameter), f"have value less than or equal to {largest}")
        checks.done()
        return number

    def flag(self, parameter: str) -> bool:
        """A boolean parameter."""
        return self.parameters.get(parameter, "false").lower() == "true"

    def path(self, parameter: str = "Path") -> str:
        """A path, "/" by default. Raises EmulatedAwsError ValidationError."""
        text = self.text(parameter, 1, MAX_PATH) or "/"
        if not _PATH.fullmatch(text):
            message = (
                f"The specified value for {_member(parameter)} is invalid. It must begin and end"
                " with / and contain only alphanumeric"
            )
            raise validation_error(f"{message} characters and/or / characters.")
        return text

    def tags(self) -> dict[str, str]:
        """The Tags of the request. Raises EmulatedAwsError ValidationError, InvalidInput."""
        checks = Checks(self.parameters)
        pairs = tags_of(structures(self.parameters, "Tags"), checks)
        checks.done()
        keys = [key.lower() for key, _ in pairs]
        if len(set(keys)) != len(keys):
            raise invalid_input(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive."
            )
        if any(key.startswith("aws:") for key in keys):
            raise invalid_input("aws: prefixed tag key names are not allowed for external use.")
        return dict(pairs)

    def user_name(self) -> str:
        """The UserName parameter, or the caller's name. Raises EmulatedAwsError ValidationError."""
        if self.parameters.get("UserName") is not None:
            return self.name("UserName")
        caller = self.call.caller.user
        if caller is None:
            raise validation_error("Must specify userName when calling with non-User credentials")
        return caller.name

    def user(self) -> User | None:
        """The user that the call names, or None."""
        wanted = self.user_name()
        return next((user for user in self.account.users if user.name == wanted), None)


def merge_tags(tags: Mapping[str, str], added_tags: Mapping[str, str]) -> dict[str, str]:
    """Merge tags; keys are case-insensitive. Raises EmulatedAwsError if there are too many."""
    lowered = {key.lower() for key in added_tags}
    merged_tags = {key: value for key, value in tags.items() if key.lower() not in lowered} | dict(
        added_tags
    )
    if len(merged_tags) > MAX_TAGS:
        raise invalid_input("The number of tags has reached the maximum limit.")
    return merged_tags


def _member(parameter: str) -> str:
    return parameter[0].lower() + parameter[1:]
