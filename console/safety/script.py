"""Values inside of a script that only `sh` reads, on its standard input.

Such a script is in no list of processes, and no login shell parses it. A value in it stands in
single quotes, in which nothing means anything but the quote itself.
"""

from __future__ import annotations

import shlex

from console.safety.secret import Secret


class ScriptError(ValueError):
    """The value cannot be a variable; the text says why, never the value."""


def word(value: str | Secret) -> bytes:
    """`value` as one word of a script for `sh`.

    Raises:
        ScriptError: it is more than one line, has control characters, or is no text.
    """
    text = value.reveal() if isinstance(value, Secret) else value
    if any((ord(sign) < 0x20 and sign != "\t") or sign == "\x7f" for sign in text):
        raise ScriptError("expected one line without control characters")
    try:
        return shlex.quote(text).encode()
    except UnicodeEncodeError:
        # Without its cause, whose text would quote the value.
        raise ScriptError("expected text that UTF-8 can write") from None
