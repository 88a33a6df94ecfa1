"""Regular expressions as Go's `regexp` takes and refuses them, on Python's engine.

What RE2 lacks (looking around, going back, atomic groups) is refused in Go's words. What it
has and Python has not (`\\pL`, a flag amid the text) is refused too, in words that come close.
"""

from __future__ import annotations

import re
from typing import Final

MOST_REPEATS: Final = 1000

_TOKEN: Final = re.compile(
    r"""\\(?:.|$)
    | \[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]?
    | \(\?(?:P<\w+>|[a-zA-Z-]*[:)]|P?.?)
    | \{[0-9]+(?:,[0-9]*)?\}
    | [*+?]
    | .""",
    re.DOTALL | re.VERBOSE,
)
_LITERAL: Final = re.compile(r"\\Q(.*?)(?:\\E|$)", re.DOTALL)
_GROUP: Final = re.compile(r"\(\?(?:P<\w+>|[imsU-]*[:)])")
_ESCAPES: Final = frozenset("afnrtvxdDsSwWbBAzpPC")
_SAID: Final = {
    "missing ), unterminated subpattern": "missing closing )",
    "unbalanced parenthesis": "unexpected )",
    "nothing to repeat": "missing argument to repetition operator",
}


class BadPatternError(ValueError):
    """Go would not compile it; the text is its message."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"error parsing regexp: {what}: `{where}`")


def compiled(text: str) -> re.Pattern[str]:
    """The expression. `.` is any character but a line break; classes are of ASCII.

    Raises:
        BadPatternError: it is none.
    """
    plain = _LITERAL.sub(lambda found: re.escape(found[1]), text)
    _check(plain)
    # Python's ASCII would narrow what `(?i)` takes for the same letter.
    flags = re.RegexFlag(0) if "(?i" in plain else re.ASCII
    try:
        return re.compile(re.sub(r"(?<!\\)((?:\\\\)*)\\z", r"\1\\Z", plain), flags)
    except re.error as error:
        said = _SAID.get(error.msg)
        at = error.pos or 0
        if error.msg.startswith("bad character range "):
            where = error.msg.removeprefix("bad character range ")
            raise BadPatternError("invalid character class range", where) from error
        if error.msg == "unterminated character set":
            raise BadPatternError("missing closing ]", text[at:]) from error
        where = text[at : at + 1] if error.msg == "nothing to repeat" else text
        raise BadPatternError(said or error.msg, where) from error


def _check(text: str) -> None:
    """Refuse what Python would take and Go does not."""
    repeat = ""
    for token in _TOKEN.findall(text):
        if token[0] in "*+?" or (token[0] == "{" and len(token) > 1):
            counts = [int(each) for each in re.findall("[0-9]+", token)]
            if counts and (max(counts) > MOST_REPEATS or counts != sorted(counts)):
                raise BadPatternError("invalid repeat count", token)
            if repeat and (token != "?" or repeat.endswith("?")):
                raise BadPatternError("invalid nested repetition operator", repeat + token)
            repeat += token
            continue
        repeat = ""
        if token == "\\":
            raise BadPatternError("trailing backslash at end of expression", "")
        if token[0] == "\\" and token[1].isalnum() and token[1] not in _ESCAPES:
            raise BadPatternError("invalid escape sequence", token)
        if token.startswith("(?") and not _GROUP.fullmatch(token):
            raise BadPatternError("invalid or unsupported Perl syntax", token[:3])
