"""What a host says of a command that it was given, as values."""

from __future__ import annotations

import contextlib
import re
from typing import Final

import msgspec

from console.runbook.running.job import KEPT_BYTES, Finished
from console.safety.text import visible

SAID_CELLS: Final = 200
WHY_CELLS: Final = 600
"""Of four places, each with its path and why it is none."""
_LEFT: Final = re.compile(r"left (\d+|\?) ?(.*)")


class Ended(msgspec.Struct, frozen=True):
    """How a command ended, as its watcher wrote it down."""

    status: int
    """As a shell tells it: 128 and more may be a signal, or the command's own."""
    sizes: tuple[int, int]
    """Everything that it printed to stdout and stderr, in bytes; -1: the host lost count."""
    took_s: float
    timed_out: bool
    stopped: bool


class Answer(msgspec.Struct, frozen=True):
    """One answer."""

    how: str
    """`running`, `ended`, `starting`, `dead`, `rebooted`, `gone`, `none`, `there`, `busy` …"""
    ended: Ended | None = None
    heads: tuple[bytes, bytes] = (b"", b"")
    """What came since, of the beginning of stdout and stderr."""
    tails: tuple[bytes, bytes] = (b"", b"")
    """What is kept of their ends, behind the beginning; once it has ended."""
    notes: tuple[str, ...] = ()
    said: bytes = b""
    """What follows an answer of another kind."""


def answer_in(stdout: bytes, nonce: str) -> Answer | None:
    """The answer that begins with `nonce`; `None`: there is none, or not the whole of it.

    What a login shell prints on its own may stand before and behind it.
    """
    mark = b"\n" + nonce.encode() + b" "
    _, found, rest = stdout.partition(mark)
    head, line, body = rest.partition(b"\n")
    if not found or not line:
        return None
    words = head.decode(errors="replace").split(" ", 1)
    if words[0] not in ("running", "ended", "starting", "dead", "rebooted"):
        said = words[1].encode() + b"\n" if len(words) > 1 and words[1] else b""
        return Answer(words[0], said=said + body)
    try:
        numbers = words[1].split()
        parts = _cut(body, [int(number) for number in numbers[:5]])
        ended = _ended(numbers[5:]) if words[0] == "ended" else None
    except (ValueError, IndexError):
        return None
    return Answer(
        words[0],
        ended,
        heads=(parts[0], parts[2]),
        tails=(parts[1], parts[3]),
        notes=tuple(parts[4].decode(errors="replace").splitlines()),
    )


def _cut(body: bytes, lengths: list[int]) -> list[bytes]:
    if len(lengths) != 5 or min(lengths) < 0 or sum(lengths) > len(body):
        raise ValueError
    parts: list[bytes] = []
    at = 0
    for length in lengths:
        parts.append(body[at : at + length])
        at += length
    return parts


def _ended(fields: list[str]) -> Ended:
    status, size1, size2, began, end, timed_out, stopped = fields
    took_s = 0.0
    with contextlib.suppress(ValueError):
        took_s = max(0.0, float(end) - float(began))
    return Ended(int(status), (int(size1), int(size2)), took_s, timed_out == "1", stopped == "1")


def left_in(lines: tuple[str, ...]) -> tuple[str, ...]:
    """What runs on, by `left NUMBER NAME`; safe to show."""
    found = [_LEFT.fullmatch(line) for line in lines]
    return tuple(
        "nobody can tell what" if one[1] == "?" else f"{one[1]} ({visible(one[2], cells=40)})"
        for one in found
        if one is not None
    )


def finished_of(
    ended: Ended,
    heads: tuple[bytes, bytes],
    tails: tuple[bytes, bytes],
    where: str,
    notes: tuple[str, ...],
    limit_s: float | None,
) -> Finished:
    """How a command ended, in words.

    Args:
        heads: The whole beginnings of stdout and stderr.
        where: The host, safe to show.
        limit_s: How long it might have taken, where that is known.
    """
    stdout, stderr = heads[0] + tails[0], heads[1] + tails[1]
    told = list(notes_of(notes, where))
    sizes: list[int] = []
    for kept, size, name in (
        (stdout, ended.sizes[0], "stdout"),
        (stderr, ended.sizes[1], "stderr"),
    ):
        # What nobody counted is more than what is here: no condition may take it for the whole.
        sizes.append(size if size >= 0 else len(kept) + 1)
        if size < 0:
            told.append(f"{where} could not count {name}: of its output some may be lost")
        elif len(kept) < min(size, 2 * KEPT_BYTES):
            told.append(
                f"{where} could not keep {name}: {len(kept):,} of {size:,} bytes are here; see"
                " whether its disk is full"
            )
    fault = remedy = ""
    if ended.stopped:
        fault = f"it was stopped on {where}"
    elif ended.timed_out:
        within = "in its time" if limit_s is None else f"within {limit_s:g} s"
        fault = f"it did not end {within} and was ended on {where}"
        remedy = "look at what it had done by then before it is run again"
    elif 128 < ended.status <= 192:
        told.append(
            f"{ended.status} is also how a shell says: ended by signal {ended.status - 128}"
        )
    return Finished(
        exit_status=None if fault else ended.status,
        stdout=stdout,
        stderr=stderr,
        stdout_bytes=sizes[0],
        stderr_bytes=sizes[1],
        is_cut=len(stdout) < sizes[0] or len(stderr) < sizes[1],
        timed_out=ended.timed_out and not ended.stopped,
        stopped=ended.stopped,
        fault=fault,
        remedy=remedy,
        took_s=ended.took_s,
        notes=tuple(told),
    )


def notes_of(lines: tuple[str, ...], where: str) -> tuple[str, ...]:
    """What the host had to say besides, in words.

    Args:
        where: The host, safe to show.
    """
    told: list[str] = []
    for line in lines:
        if line.startswith("elsewhere "):
            place, _, why = line.removeprefix("elsewhere ").partition(": ")
            told.append(
                f"{where} keeps what it knows of this in {visible(place, cells=SAID_CELLS)}:"
                f" {visible(why, cells=WHY_CELLS)}"
            )
    if "noflock" in lines:
        told.append(f"no flock on {where}: nobody can tell who else runs one there")
    if "nolock" in lines:
        told.append(f"the lock on {where} cannot be taken: its file there is somebody else's")
    left = left_in(lines)
    if left:
        told.append(f"still running on {where}: {', '.join(left[:8])}")
    return tuple(told)


def said_in(said: bytes, cells: int = SAID_CELLS) -> str:
    """One line of what a host said, safe to show."""
    return visible(said.decode(errors="replace").strip(), cells=cells)
