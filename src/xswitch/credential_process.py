"""What a managed profile starts, `python -I -S credential_process.py PROFILE`.

The shortest way to an answer.

An installation has this file twice. `share/xswitch/` under its prefix is a path without a Python
version in it, so it stays the same over every upgrade, and the package is looked for beside it each
time: below `lib/` for the Python that runs. In the package itself it is used only where that folder
has no version either (a source tree). `adapters/system/environment.py` chooses.

A script that is named by its path is compiled at every start, so this one is short; what it imports
is not.
"""

import posix
import sys

_ARGUMENT_COUNT = 2  # the script and a profile
_CANCELLED = 130


def _package_folders() -> tuple[str, tuple[str, ...]]:
    """The prefix of the installation ("" in a source tree), and the folders its package can be in."""
    above = __file__.rpartition("/")[0].rpartition("/")[0]
    prefix, _, last = above.rpartition("/")
    if last != "share":
        return "", (above,)
    library = f"{prefix}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/"
    return prefix, (library + "site-packages", library + "dist-packages")


def main() -> int:
    """Answer; the exit code.

    Any other words than one profile are a command line of the full program, as a renewal is
    started.
    """
    words = (
        ["credential-process", *sys.argv[1:]] if len(sys.argv) == _ARGUMENT_COUNT else sys.argv[1:]
    )
    prefix, places = _package_folders()
    for place in places:
        try:
            posix.stat(place + "/xswitch/hot/answer.py")
        except OSError:
            continue
        sys.path.insert(0, place)
        from xswitch.hot import answer  # noqa: PLC0415 -- its place is known only now

        del sys.path[0]
        code = answer.run(words, sys.orig_argv[:-1])
        if code is not None:
            posix._exit(code)  # noqa: SLF001 -- nothing is open, nothing is buffered
        import site  # noqa: PLC0415 -- what -S left out

        site.main()
        site.addsitedir(place)
        try:
            from xswitch.cli import main as _  # noqa: F401, PLC0415 -- may be missing what it needs
        except ImportError:
            break
        from xswitch.__main__ import full  # noqa: PLC0415

        return full(words)
    # Moved, or not whole: the console script knows its own way, if there is one.
    script = (prefix + "/bin" if prefix else sys.executable.rpartition("/")[0]) + "/xswitch"
    try:
        posix.execv(script, [script, *words])
    except OSError:
        told = f"xswitch is no longer installed at {script}.\nInstall it again, then: xswitch renew --all\n"
        try:  # noqa: SIM105 -- contextlib is one more import
            posix.write(2, told.encode("utf-8", "backslashreplace"))
        except OSError:
            pass  # nobody can be told
        return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        posix._exit(_CANCELLED)  # noqa: SLF001 -- its name, outside os
