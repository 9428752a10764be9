"""The entry point, which tries the hot path before it imports the full program."""
# No `from __future__ import annotations` here: it would load a module.

import sys

_CANCELLED = 130
_GC_THRESHOLD = 500_000


def main() -> int:
    """Run xswitch and return the exit code."""
    argv = sys.argv[1:]
    if argv[:1] == ["credential-process"]:
        try:
            from xswitch.hot import answer  # noqa: PLC0415 -- for this command only

            words = sys.orig_argv[: -len(argv)]
            code = answer.run(argv, words if words + argv == sys.orig_argv else [])
        except KeyboardInterrupt:
            return _CANCELLED
        if code is not None:
            return code
    return run_full_program(argv)


def run_full_program(argv: list[str]) -> int:
    """Run the full program and return the exit code."""
    try:
        from xswitch.streams import flush_and_exit_code, open_closed  # noqa: PLC0415 -- not for the hot path

        open_closed()
        from xswitch.core_dumps import prevent  # noqa: PLC0415 -- the same

        prevent()
        return flush_and_exit_code(_run(argv))
    except KeyboardInterrupt:
        return _CANCELLED


def _run(argv: list[str]) -> int:
    try:
        import gc  # noqa: PLC0415 -- not for the hot path

        # A command keeps most of its objects until it ends: with the default threshold, collections
        # take a fifth of listing thousands of roles.
        gc.set_threshold(_GC_THRESHOLD)
        from xswitch.cli.main import main as run  # noqa: PLC0415 -- not for the hot path

        code = int(run(argv))
        gc.freeze()  # spares a last collection at the exit
    except KeyboardInterrupt:
        return _CANCELLED
    except SystemExit as end:  # --help, --version
        return end.code if isinstance(end.code, int) else 0
    return code


if __name__ == "__main__":
    raise SystemExit(main())
