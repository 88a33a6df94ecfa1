"""Which commands only read, and which are known to change something.

The first are what a step that verifies may be, the second what a step that says `read` may not
be. What is neither is not known: a person judges it.
"""

from __future__ import annotations

import re
from typing import Final

from console.runbook.catalogue_programs import PROGRAMS, READING, WRITING
from console.runbook.verdict import ACTS, READS, Kind, Verdict, acts, loads, unknown
from console.runbook.words import VALUE, Command, Redirect, commands_of, literal
from console.safety.text import visible

__all__ = ["Kind", "Verdict", "judged"]

_DEPTH: Final = 6
_NOWHERE: Final = frozenset(["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"])
_READ_REDIRECTS: Final = frozenset(["<", "<<", "<<'", "<<<"])
_SILENT: Final = frozenset(
    [
        *("set", "export", "readonly", "local", "unset", "cd", "read", "shift", "wait", ":"),
        *("return", "exit", "break", "continue", "umask", "for"),
    ]
)
"""What changes the shell alone, which ends with the step."""
_SETTING: Final = ("export", "readonly", "local")


_SYSTEM: Final = re.compile(r"/(?:usr/(?:local/)?|snap/|opt/[a-z0-9/_-]+/)?s?bin")
_SUBSCRIPTS: Final = frozenset(["test", "[", "printf", "read", "unset", "wait"])
"""Of bash, which carry out a `$(...)` between the brackets of a variable's name."""


def judged(script: str, depth: int = 0) -> Verdict:
    """Whether all of `script` only reads, one of its commands is known to act, or neither."""
    parts = commands_of(script) if depth <= _DEPTH else None
    if parts is None:
        return unknown("what it does cannot be told")
    found = READS
    for command in parts:
        verdict = _command(command, depth)
        if verdict.kind is Kind.ACTS:
            return verdict
        if verdict.kind is Kind.UNKNOWN and found is READS:
            found = verdict
    return found


def _command(command: Command, depth: int) -> Verdict:
    verdicts = [judged(script, depth + 1) for script in command.inner]
    verdicts += [_redirect(one) for one in command.redirects]
    words = [literal(word) for word in command.words]
    if any(map(loads, (*command.assigned, *_exported(words)))):
        verdicts.append(unknown("it says where programs are loaded from"))
    verdicts.append(words_judged(words, depth))
    found = next((one for one in verdicts if one.kind is Kind.ACTS), None)
    return found or next((one for one in verdicts if one.kind is Kind.UNKNOWN), READS)


def _exported(words: list[str | None]) -> list[str]:
    return [one or "" for one in words[1:]] if words[:1] and words[0] in _SETTING else []


def _redirect(redirect: Redirect) -> Verdict:
    if redirect.operator in _READ_REDIRECTS:
        return READS
    target = literal(redirect.target) or VALUE
    if redirect.operator in (">&", "<&") and re.fullmatch(r"[0-9-]+", target):
        return READS
    if target in _NOWHERE:
        return READS
    return acts(f"it writes into {visible(redirect.target, cells=40)}")


def words_judged(words: list[str | None], depth: int = 0) -> Verdict:
    """What one simple command does.

    Args:
        words: as `literal()` gives them.
    """
    if not words:
        return READS
    program, *rest = words
    if program is None or not program or VALUE in program or depth > _DEPTH:
        return unknown("which program it starts is not written there")
    folder, slash, name = program.rpartition("/")
    known: list[str] = [VALUE if word is None else word for word in rest]
    if slash and not _SYSTEM.fullmatch(folder) and name not in WRITING:
        return unknown(f"{visible(program, cells=40)} may be any program")
    if name in _SUBSCRIPTS and any(re.search(r"\[.*[$`]", one) for one in known):
        return unknown(f"bash may carry out what stands behind {name}")
    if name in _SILENT or name in READING:
        return READS
    if name == "trap" and known[:1] and known[0] not in ("-", "-l", "-p"):
        # What it is given is a script that runs later.
        late = known[0]
        return unknown("what it does cannot be told") if VALUE in late else judged(late, depth + 1)
    if name == "trap":
        return READS
    if name in WRITING:
        return acts(f"{visible(name, cells=30)} changes something")
    judge = PROGRAMS.get(name)
    if judge is None:
        return unknown(f"{visible(name, cells=30)} is not known here")

    def inner(words: list[str]) -> Verdict:
        return words_judged(list(words), depth + 1)

    found = judge(known, inner)
    return found if found is not ACTS else acts(f"{visible(name, cells=30)} changes something")
