"""The launcher of managed profiles: `python -I -S credential_process.py PROFILE`.

An installation has this file twice. The one in `share/xswitch/` under the prefix has a path without
a Python version, so it survives upgrades, and it looks for the package in the `lib/` of the Python
that runs it. The one in the package is used only where no folder has a version (a source tree).
`adapters/system/environment.py` selects one.

Python compiles a script at every start, so this one is short; the modules it imports are cached.
"""

import posix
import sys

_ARGUMENT_COUNT = 2  # the script and a profile
_CANCELLED = 130


def _package_folders() -> tuple[str, tuple[str, ...]]:
    """Return the installation's prefix ("" in a source tree) and the possible package folders."""
    above = __file__.rpartition("/")[0].rpartition("/")[0]
    prefix, _, last = above.rpartition("/")
    if last != "share":
        return "", (above,)
    library = f"{prefix}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/"
    return prefix, (library + "site-packages", library + "dist-packages")


def main() -> int:
    """Answer for one profile; run any other arguments with the full program, as a renewal does.

    Returns the exit code.
    """
    argv = (
        ["credential-process", *sys.argv[1:]] if len(sys.argv) == _ARGUMENT_COUNT else sys.argv[1:]
    )
    prefix, folders = _package_folders()
    for folder in folders:
        try:
            posix.stat(folder + "/xswitch/hot/answer.py")
        except OSError:
            continue
        sys.path.insert(0, folder)
        from xswitch.hot import answer  # noqa: PLC0415 -- found through the line above

        del sys.path[0]
        code = answer.run(argv, sys.orig_argv[:-1])
        if code is not None:
            posix._exit(code)  # noqa: SLF001 -- nothing is open or buffered
        import site  # noqa: PLC0415 -- skipped by -S

        site.main()
        site.addsitedir(folder)
        try:
            from xswitch.cli import main as _  # noqa: F401, PLC0415 -- dependencies may be missing
        except ImportError:
            break
        from xswitch.__main__ import run_full_program  # noqa: PLC0415

        return run_full_program(argv)
    # The package is missing or incomplete; the console script may use another one
    script = (prefix + "/bin" if prefix else sys.executable.rpartition("/")[0]) + "/xswitch"
    try:
        posix.execv(script, [script, *argv])
    except OSError:
        message = (
            f"xswitch is no longer installed at {script}.\n"
            "Reinstall it, then run: xswitch renew --all\n"
        )
        try:  # noqa: SIM105 -- contextlib would be another import
            posix.write(2, message.encode("utf-8", "backslashreplace"))
        except OSError:
            pass
        return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        posix._exit(_CANCELLED)  # noqa: SLF001 -- os._exit, without os
