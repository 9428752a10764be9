"""An installation of xswitch that won't last, which managed profiles shouldn't start."""

from __future__ import annotations

from xswitch.actions.ports import Environment
from xswitch.core.model import Problem

NEXT_STEP = "uv tool install xswitch, or: pipx install xswitch"


def installation_problems(environment: Environment) -> tuple[Problem, ...]:
    """Return a warning if this xswitch is installed in a cache, as `uvx` and `pipx run` do."""
    cache = environment.cache_folder()
    if not cache:
        return ()
    text = (
        f"This xswitch is in a cache, {cache}. Once that is emptied, the profiles it writes stop"
        f" working. Install it: {NEXT_STEP}"
    )
    return (Problem("temporary_installation", text, "warning"),)
