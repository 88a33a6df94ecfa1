"""Strings that somebody could put into a label, for every sink that shows text."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from tests.soak import trials

ATTACKS: Final = (
    "\x1b]0;OWNED-TITLE\x07",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]52;c;cHduZWQ=\x1b\\",
    "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "\x1bP+q544e\x1b\\",
    "\x1b_Gf=24,s=10,v=10;AAAA\x1b\\",
    "\x1b^private\x1b\\",
    "\x1b[2J\x1b[H",
    "\x1b[6n",
    "\x1b[c",
    "\x1b[?1049l",
    "\x1b[?2004l",
    "\x1b[31;1mred",
    "\x1bc",
    "\x9b2J",
    "\x9d0;title\x9c",
    "\x90q\x9c",
    "\x85\x84\x8d",
    "\u202edetrevni\u202c",
    "\u2066a\u2067b\u2068c\u2069",
    "\u061c\u200e\u200f",
    "ze\u200bro\u200cwi\u200dth\u2060\ufeff",
    "\u2028line\u2029paragraph",
    "\U000e0001\U000e0041\U000e007f",
    "\ue000\U000f0000\U0010fffd",
    "\ufdd0\ufffe\uffff\U0010ffff\u0378",
    "\ud800",
    "\udc80\udfff",
    "\x00",
    "\x07\x08\x0b\x0c\x0e\x0f\x7f",
    "\r\x1b[Koverwritten",
    "tab\tand\ttab",
    "one\ntwo\r\nthree\n\n",
    "[/]",
    "[/var]",
    "[@click=app.quit]x[/]",
    "[bold red on white]loud[/bold]",
    "[link=javascript:alert(1)]x[/link]",
    "$x ${y} %s %(z)s {0} {name!r}",
    "\\[escaped\\]",
    "$(id) `id` ; rm -rf / | cat > /etc/passwd",
    "../../.git/hooks/post-commit",
    "-oProxyCommand=id",
    "' OR 1=1 --",
    '"} or vector(1) or x{y="',
    "<script>alert(1)</script>",
    "Z\u0335\u0321\u0323a\u0334\u0308\u0300\u0316l" + "\u0301" * 40 + "go",
    "\u0301" * 5,
    "e\u0301\u0302\u0303\u0304\u0305",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\u200d\u200d\u200d",
    "\U0001f1f9\U0001f1fc\U0001f1fa",
    "\u26a0\ufe0f\u26a0\ufe0e\u26a0",
    "1\ufe0f\u20e3#\u20e3",
    "a\ufe0fb\ufe0e",
    "\U0001f44d\U0001f3fd\U0001f3ff",
    "\u7e41\u9ad4\u4e2d\u6587\u7c21\u4f53",
    "\uff26\uff55\uff4c\uff4c\uff76\uff9e",
    "\u1112\u1161\u11ab\u1100\u1161\u11a8",
    "\u115f\u1160\u3164\uffa0\u2800",
    "\u0e01\u0e33\u0e49\u0939\u093f\u0928\u094d\u0926\u0940",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\u4dc0\u2630\U0001d300",
    "\ufffd",
    "\u3000\u00a0\u2003",
    " ",
    "",
)
"""One string for each trick that is known to work somewhere."""

_RANGES: Final = (
    (0x00, 0x20),
    (0x20, 0x7F),
    (0x7F, 0xA0),
    (0xA0, 0x250),
    (0x300, 0x370),
    (0x590, 0x780),
    (0x900, 0x980),
    (0x1100, 0x1200),
    (0x2000, 0x2070),
    (0x20D0, 0x2100),
    (0x2600, 0x2800),
    (0x4E00, 0x9FFF),
    (0xD800, 0xE000),
    (0xFE00, 0xFE70),
    (0xFF00, 0x10000),
    (0x1F1E6, 0x1F200),
    (0x1F300, 0x1FB00),
    (0xE0000, 0xE0200),
    (0x00, 0x110000),
)


def hostile_count(usual: int = 4_000, soak: int = 100_000) -> int:
    """How many hostile strings a test tries."""
    return trials(usual, soak)


def hostile_strings(count: int, seed: int = 0) -> Iterator[str]:
    """`count` strings from outside at their worst; equal for equal `seed`.

    The known tricks come first, each alone, then mixtures of tricks, words and characters
    from the ranges that matter, among them values of 200,000 characters and more (one in 2,000).
    """
    chance = random.Random(seed)
    for number in range(count):
        if number < len(ATTACKS):
            yield ATTACKS[number]
        elif number % 2_000 == len(ATTACKS):
            yield ("x" + _mixture(chance, 3)).ljust(20) * 10_000
        else:
            yield _mixture(chance, chance.choice((1, 2, 3, 8, 30)))


def _mixture(chance: random.Random, parts: int) -> str:
    return "".join(_part(chance) for _ in range(parts))


def _part(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.4:
        return chance.choice(ATTACKS)
    if kind < 0.5:
        return chance.choice(("disk full on ", "api@k8s", "[", "]", "/", "\\", " ", "\u4e2d\u6587"))
    first, past = chance.choice(_RANGES)
    return "".join(chr(chance.randrange(first, past)) for _ in range(chance.randint(1, 6)))
