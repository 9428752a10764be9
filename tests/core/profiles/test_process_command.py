from __future__ import annotations

import pytest
from botocore.compat import compat_shell_split
from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.errors import ConfigError
from xswitch.core.profiles.process_command import quote_command

plain = st.text(alphabet="aZ09_@+=:,./ -äß", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (
            ["/usr/bin/xswitch", "credential-process", "xs-dev"],
            "/usr/bin/xswitch credential-process xs-dev",
        ),
        (["/opt/my tools/xswitch", "a b"], "/opt/my\\ tools/xswitch a\\ b"),
        (["C:\\Tools\\xswitch.exe", "xs-dev"], "C:/Tools/xswitch.exe xs-dev"),
        (["/home/jürgen/bin/xswitch", "xs-a/b.c@d:e+f"], "/home/jürgen/bin/xswitch xs-a/b.c@d:e+f"),
    ],
)
def test_words_become_one_value(words: list[str], value: str) -> None:
    assert quote_command(words) == value


@given(st.lists(plain, max_size=4))
def test_botocore_splits_it_into_the_same_words(rest: list[str]) -> None:
    words = ["/usr/local/bin/x switch", *rest]
    assert compat_shell_split(quote_command(words), platform="linux") == words


def test_botocore_on_windows_splits_it_into_the_same_words() -> None:
    value = quote_command(["C:\\Tools\\xswitch.exe", "credential-process", "xs-dev"])
    assert compat_shell_split(value, platform="win32") == [
        "C:/Tools/xswitch.exe",
        "credential-process",
        "xs-dev",
    ]


@pytest.mark.parametrize(
    "odd", [*"~$#;%\"'\\&|<>()*?[]{}!`^\t\n\r\0\x7f", "\u00a0", "\u2028", "\u202e"]
)
@pytest.mark.parametrize("place", [0, 1])
def test_words_that_shells_or_sdks_read_differently_are_rejected(odd: str, place: int) -> None:
    words = ["/usr/bin/xswitch", "xs-dev"]
    words[place] = f"{words[place]}{odd}x"
    with pytest.raises(ConfigError) as refused:
        quote_command(words)
    assert refused.value.code == "command_unsafe"
    assert refused.value.why
    assert ("--profile-name" in refused.value.next_step) == bool(place)


@pytest.mark.parametrize(
    "words",
    [
        [],
        [""],
        ["xswitch"],
        ["./xswitch"],
        ["~/xswitch"],
        ['"/usr/bin/xswitch"'],
        ["/usr/bin/xswitch", ""],
        ["C:\\Program Files\\xswitch.exe"],
        ["C:x"],
    ],
)
def test_commands_that_no_sdk_can_run_are_rejected(words: list[str]) -> None:
    with pytest.raises(ConfigError):
        quote_command(words)
