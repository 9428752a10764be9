"""The environment variables that can make a session another one, although the config is the same.

They are inputs of a session key: the endpoint's URL, what identifies the credentials of a
`credential_source`, and the surroundings of a `credential_process` (the variables that its command
names, and the working folder). Region, FIPS, dual stack, and CA bundle aren't inputs (see `keys`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping

from xswitch.core.digests import sha256

URL_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_STS")
VALUE_VARIABLES = (
    *URL_VARIABLES,
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
SECRET_VARIABLES = ("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
"""Only whether they are set counts."""
KEY_VARIABLES = (*VALUE_VARIABLES, *SECRET_VARIABLES)
WORKING_FOLDER = "the working folder"
_SET = "set"
_DIGEST = "#"


def key_variables(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return those of the variables that are set, sorted, without secrets.

    A URL with a user or password is left out.
    """
    values = {name: environment[name] for name in VALUE_VARIABLES if environment.get(name)}
    values |= {name: _SET for name in SECRET_VARIABLES if environment.get(name)}
    return tuple(
        sorted(
            (name, value) for name, value in values.items() if not ("://" in value and "@" in value)
        )
    )


def surrounding_variables(facts: str) -> tuple[tuple[str, str], ...]:
    """Return the names in `Surroundings.facts`, with digests of their values, which may be secret.

    `WORKING_FOLDER` stands for the working folder.
    """
    if not facts:
        return ()
    data = json.loads(facts)
    values: dict[str, object] = dict(data.get("variables", {}))
    if "folder" in data:
        values[WORKING_FOLDER] = data["folder"]
    return tuple(
        sorted(
            (name, _DIGEST + sha256(repr(value).encode())[:12]) for name, value in values.items()
        )
    )


def without_surroundings(variables: Mapping[str, str]) -> dict[str, str]:
    """Return those of `key_variables`."""
    return {name: value for name, value in variables.items() if not value.startswith(_DIGEST)}


def different_surroundings(facts: str, recorded: Mapping[str, str]) -> list[str]:
    """Return the names of surroundings that are others than the recorded ones."""
    current = dict(surrounding_variables(facts))
    return sorted(name for name in current if name in recorded and recorded[name] != current[name])


def with_key_variables(
    environment: Mapping[str, str], recorded: Mapping[str, str], names: Collection[str]
) -> dict[str, str]:
    """Return an environment in which some variables are as recorded: only for planning."""
    result = {name: value for name, value in environment.items() if name not in names}
    return result | {name: recorded[name] for name in names if name in recorded}


def deciding_variables(
    current: Mapping[str, str], recorded: Mapping[str, str], decides: Callable[[list[str]], bool]
) -> list[str]:
    """Return the fewest differing variables that `decides` says make the session another one.

    Returns [] if all of them together don't.
    """
    names = sorted(
        name for name in {*current, *recorded} if current.get(name) != recorded.get(name)
    )
    if not names or not decides(names):
        return []
    while True:
        fewer = ([other for other in names if other != name] for name in names)
        found = next((some for some in fewer if some and decides(some)), None)
        if found is None:
            return names
        names = found
