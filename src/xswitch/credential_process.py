"""The launcher of managed profiles: `python -I -S credential_process.py PROFILE [ROLE_ARN …]`.

The words after the profile's name are what the profile is bound to; see `core/profiles/binding.py`.

An installation has this file twice. The one in `share/xswitch/` under the prefix has a path without
a Python version, so it survives upgrades, and it looks for the package in the `lib/` of the Python
that runs it. The one in the package is used only where no folder has a version (a source tree).
`adapters/system/environment.py` selects one.

Python compiles a script at every start, so this one is short; the modules it imports are cached.
"""

import posix
import sys

_CANCELLED = 130


# Annotations that an older Python can't evaluate are text: if it runs this, it says what is wrong
def _package_folders() -> "tuple[str, tuple[str, ...]]":
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
    words = sys.argv[1:]
    answers = len(words) == 1 or (words[1:] and words[1].startswith("arn:"))
    argv = ["credential-process", *words] if answers else words
    prefix, folders = _package_folders()
    for folder in folders:
        try:
            posix.stat(folder + "/xswitch/hot/answer.py")
        except OSError:
            continue
        try:
            sys.path.insert(0, folder)
            from xswitch.hot import answer  # noqa: PLC0415 -- found through the line above

            del sys.path[0]
            code = answer.run(argv, sys.orig_argv[: -len(words)])
            if code is not None:
                posix._exit(code)  # noqa: SLF001 -- nothing is open or buffered
            import site  # noqa: PLC0415 -- skipped by -S

            site.main()
            site.addsitedir(folder)
            from xswitch import wiring  # noqa: F401, PLC0415 -- dependencies may be missing
            from xswitch.__main__ import run_full_program  # noqa: PLC0415
            from xswitch.cli import main as _  # noqa: F401, PLC0415 -- as above
        except Exception:  # noqa: BLE001 -- half replaced, or made for another Python
            break
        return run_full_program(argv)
    # The package is missing or incomplete; the console script may use another one
    script = (prefix + "/bin" if prefix else sys.executable.rpartition("/")[0]) + "/xswitch"
    state = f"xswitch is no longer installed at {script}."
    try:
        posix.stat(script)
        state = f"xswitch at {script} doesn't run with {sys.executable} ({sys.version.split()[0]})."
        if _starts(script):
            posix.execv(script, [script, *argv])
    except OSError:
        pass
    message = f"{state}\nReinstall it, then run: xswitch renew --all\n"
    try:  # noqa: SIM105 -- contextlib would be another import
        posix.write(2, message.encode("utf-8", "backslashreplace"))
    except OSError:
        pass
    return 1


def _starts(script: str) -> bool:
    """Whether the console script starts; it may belong to the same broken installation."""
    child = posix.fork()
    if child:
        return posix.waitpid(child, 0)[1] == 0
    try:
        null = posix.open("/dev/null", posix.O_RDWR)
        for descriptor in (0, 1, 2):
            posix.dup2(null, descriptor)
        posix.execv(script, [script, "credential-process", "--help"])
    finally:
        posix._exit(1)  # noqa: SLF001 -- os._exit, without os


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        posix._exit(_CANCELLED)  # noqa: SLF001 -- os._exit, without os
