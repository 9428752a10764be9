"""The time from a denied switch to its explanation.

    python benchmarks/explain.py

The embedded AWS answers at once, so `DELAYS` add the latency of a real IAM to each call.
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
        raise AssertionError("the switch should have failed")
    return stage, error


def rows(rounds: int = ROUNDS) -> Sequence[tuple[str, Figure]]:
    """Measure the explanation for each latency of IAM."""
    results = []
    for delay in DELAYS:
        with theatre() as aws:
            stage, error = _refused(aws)
            for call in _CALLS if delay else ():
                aws.faults.add("delay", call, seconds=delay, times=ALWAYS)
            name = f"explanation of a denied call, IAM answers in {delay * 1000:.0f} ms"
            results.append(
                (name, interleaved({name: partial(stage.explain_failure, error)}, rounds)[name])
            )
    return results


def main() -> None:
    """Print the figures."""
    for name, figure in rows():
        print(f"{name}: median {figure.median:.0f} ms ({figure.low:.0f} to {figure.high:.0f})")


if __name__ == "__main__":
    main()
