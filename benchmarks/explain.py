"""From AWS's answer to the explanation.

The whole `xswitch switch` that is refused, and the part of it after the answer came.

    python benchmarks/explain.py

The embedded AWS answers in no time, so `DELAYS` add what a real IAM takes for every call.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from measure import Figure, interleaved

from support.explain.scenarios import ADMIN, Scene, Stage, play, theatre, trusts
from xswitch.core.errors import XswitchError
from xswitch.emulator.faults import ALWAYS
from xswitch.emulator.server import EmbeddedAws

ROUNDS = 15
DELAYS = (0.0, 0.1, 0.3)
_CALLS = (
    "GetUser",
    "GetRole",
    "ListGroupsForUser",
    "ListUserPolicies",
    "ListAttachedUserPolicies",
    "GetUserPolicy",
    "SimulatePrincipalPolicy",
)


def _refused(aws: EmbeddedAws) -> tuple[Stage, XswitchError]:
    scene = Scene()
    scene.trust(ADMIN, trusts("arn:aws:iam::999999999999:root"))
    stage = play(aws, scene)
    error = stage.switch()
    if error is None:
        raise AssertionError("the switch was to fail")
    return stage, error


def rows(rounds: int = ROUNDS) -> Sequence[tuple[str, Figure]]:
    """Milliseconds from a refused switch to its explanation, by how long each IAM call takes."""
    found = []
    for delay in DELAYS:
        with theatre() as aws:
            stage, error = _refused(aws)
            for call in _CALLS if delay else ():
                aws.faults.add("delay", call, seconds=delay, times=ALWAYS)
            name = f"explanation after a refusal, IAM answers in {delay * 1000:.0f} ms"
            found.append(
                (name, interleaved({name: partial(stage.explain_failure, error)}, rounds)[name])
            )
    return found


def main() -> None:
    """Print the figures."""
    for name, figure in rows():
        print(f"{name}: median {figure.median:.0f} ms ({figure.low:.0f} to {figure.high:.0f})")


if __name__ == "__main__":
    main()
