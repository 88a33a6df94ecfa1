"""The programs beside the console: whether they are there, and in which version."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
from collections.abc import Iterable

import msgspec

from console.cli.finding import Finding, Grade
from console.safety.process import ProcessError, run
from console.safety.text import visible

TIMEOUT_S = 5.0
Version = tuple[int, ...]
_NUMBER = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:p(\d+))?")
BACKPORTED = "a distribution may have put the fix into its older version"


class KnownBad(msgspec.Struct, frozen=True):
    """Versions with a published fault that touches this use of the program."""

    least: Version
    fixed: Version
    """The first version with the fix."""
    what: str
    also_fixed: tuple[Version, ...] = ()
    """Older lines into which the fix was put; from that version on within the same line."""

    def has(self, version: Version) -> bool:
        """Whether `version` is one of those with the fault."""
        for fixed in self.also_fixed:
            if version[:2] == fixed[:2] and version >= fixed:
                return False
        return self.least <= version < self.fixed


class Tool(msgspec.Struct, frozen=True):
    """One program that the console uses, or hands commands to."""

    name: str
    argv: tuple[str, ...]
    use: str
    known_bad: tuple[KnownBad, ...] = ()


TOOLS = (
    Tool(
        "git",
        ("git", "--version"),
        "keeps the journal",
        (
            KnownBad((2, 0), (2, 39, 4), "CVE-2024-32021 and kin: hooks out of a clone"),
            KnownBad((2, 40), (2, 45, 1), "CVE-2024-32021 and kin: hooks out of a clone"),
        ),
    ),
    Tool(
        "ssh",
        ("ssh", "-V"),
        "reaches hosts with `transport: openssh`",
        (KnownBad((1, 0), (10, 4), "CVE-2026-59995 to 60002"),),
    ),
    Tool(
        "curl",
        ("curl", "--version"),
        "repeats a request that failed",
        (KnownBad((7, 69), (8, 4), "CVE-2023-38545: overflow with a SOCKS5 proxy"),),
    ),
    Tool(
        "tmux",
        ("tmux", "-V"),
        "keeps the console alive when the SSH session breaks",
        (KnownBad((0, 0), (3, 2), "CVE-2020-27347: overflow by an escape sequence"),),
    ),
)

SQLITE_KNOWN_BAD = KnownBad(
    (3, 7),
    (3, 51, 3),
    "may corrupt a WAL database when two connections reset the log",
    also_fixed=((3, 44, 6), (3, 50, 7)),
)


async def look_for_tools(tools: Iterable[Tool] = TOOLS) -> list[Finding]:
    """One finding a tool, and one each for Python and SQLite."""
    found = await asyncio.gather(*(_look_for(tool) for tool in tools))
    return [*found, _python(), _sqlite()]


async def _look_for(tool: Tool) -> Finding:
    try:
        result = await run(tool.argv, timeout_s=TIMEOUT_S)
    except ProcessError:
        remedy = f"install {tool.name}: it {tool.use}"
        return Finding("tool", Grade.NOTE, tool.name, "is not there", remedy)
    printed = (result.stdout + result.stderr).decode("ascii", "replace").strip()
    version = version_in(printed)
    if version is None:
        said = visible(printed.split("\n", 1)[0], cells=40) or "nothing"
        return Finding("tool", Grade.NOTE, tool.name, f"does not tell its version, says {said}", "")
    bad = next((each for each in tool.known_bad if each.has(version)), None)
    return _judged("tool", tool.name, version, bad)


def _python() -> Finding:
    return Finding("tool", Grade.FINE, "python", ".".join(map(str, sys.version_info[:3])), "")


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version_info
    bad = SQLITE_KNOWN_BAD if SQLITE_KNOWN_BAD.has(version) else None
    return _judged("tool", "sqlite", version, bad)


def _judged(topic: str, name: str, version: Version, bad: KnownBad | None) -> Finding:
    shown = ".".join(map(str, version))
    if bad is None:
        return Finding(topic, Grade.FINE, name, shown, "")
    fixed = ".".join(map(str, bad.fixed))
    return Finding(
        topic, Grade.NOTE, name, f"{shown}: {bad.what}", f"fixed in {fixed}; {BACKPORTED}"
    )


def version_in(printed: str) -> Version | None:
    """The first version number in what a program printed; `None` where there is none."""
    match = _NUMBER.search(printed)
    if match is None:
        return None
    return tuple(int(part) for part in match.groups()[:3] if part is not None)
