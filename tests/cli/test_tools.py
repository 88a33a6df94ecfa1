"""`oncall doctor` knows which versions have a published fault."""

from __future__ import annotations

import sys

import pytest

from console.cli.finding import Grade
from console.cli.tools import SQLITE_KNOWN_BAD, TOOLS, Tool, look_for_tools, version_in


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("git version 2.39.5", (2, 39, 5)),
        ("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15", (9, 2)),
        ("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1", (7, 88, 1)),
        ("tmux 3.3a", (3, 3)),
        ("tmux next-3.5", (3, 5)),
        ("no number at all", None),
    ],
)
def test_a_version_is_found_in_what_a_program_prints(
    printed: str, version: tuple[int, ...] | None
) -> None:
    assert version_in(printed) == version


@pytest.mark.parametrize(
    ("tool", "version", "bad"),
    [
        ("git", (2, 39, 3), True),
        ("git", (2, 39, 4), False),
        ("git", (2, 44), True),
        ("git", (2, 45, 1), False),
        ("ssh", (9, 2), True),
        ("ssh", (10, 4), False),
        ("curl", (7, 68), False),
        ("curl", (8, 3), True),
        ("tmux", (3, 1), True),
        ("tmux", (3, 3), False),
    ],
)
def test_a_version_in_a_known_bad_range_is_told(
    tool: str, version: tuple[int, ...], bad: bool
) -> None:
    (found,) = [each for each in TOOLS if each.name == tool]
    assert any(known.has(version) for known in found.known_bad) is bad


@pytest.mark.parametrize(
    ("version", "bad"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
    ],
)
def test_a_fix_that_went_into_an_older_line_counts(version: tuple[int, ...], bad: bool) -> None:
    assert SQLITE_KNOWN_BAD.has(version) is bad


async def test_a_program_that_is_missing_is_a_note_that_says_what_it_is_for() -> None:
    missing = Tool("no-such-program", ("no-such-program-here",), "draws tea")
    found = (await look_for_tools([missing]))[0]
    assert (found.grade, found.remedy) == (Grade.NOTE, "install no-such-program: it draws tea")


async def test_a_program_that_says_nothing_of_its_version_is_a_note() -> None:
    silent = Tool("silent", (sys.executable, "-c", "print('\\x1b[2J')"), "is silent")
    found = (await look_for_tools([silent]))[0]
    assert found.grade is Grade.NOTE
    assert "\x1b" not in found.said
