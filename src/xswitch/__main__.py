"""The entry point: looks at argv[1] before importing anything."""
# No `from __future__ import annotations` here: it would load a module.

import sys

CANCELLED = 130
RARELY = 500_000


def main() -> int:
    """Run xswitch; the exit code."""
    argv = sys.argv[1:]
    if argv[:1] == ["credential-process"]:
        try:
            from xswitch.hot import answer  # noqa: PLC0415 -- only this command is in such a hurry

            code = answer.run(argv, sys.orig_argv[:-2] if sys.orig_argv[-2:] == argv else [])
        except KeyboardInterrupt:
            return CANCELLED
        if code is not None:
            return code
    return full(argv)


def full(argv: list[str]) -> int:
    """Run the full program on these words; the exit code."""
    try:
        from xswitch.streams import open_closed, settled  # noqa: PLC0415 -- not for the hot path

        open_closed()
        return settled(_run(argv))
    except KeyboardInterrupt:
        return CANCELLED


def _run(argv: list[str]) -> int:
    try:
        import gc  # noqa: PLC0415 -- not for the hot path

        # What a command makes it keeps until its end: looking for garbage in it takes a fifth of
        # listing thousands of roles.
        gc.set_threshold(RARELY)
        # The full program, after the hot path had its chance
        from xswitch.cli.main import main as run  # noqa: PLC0415

        code = int(run(argv))
        gc.freeze()  # the interpreter's end would look through all of it once more
    except KeyboardInterrupt:
        return CANCELLED
    except BrokenPipeError:
        return 0
    except SystemExit as end:  # --help, --version
        return end.code if isinstance(end.code, int) else 0
    return code


if __name__ == "__main__":
    raise SystemExit(main())
