"""What of a command's output goes into a record: its end, without its secrets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from console.runbook.running.job import Finished
from console.safety.masking import Masker, is_maskable, masked
from console.safety.secret import Secret
from console.safety.text import visible

__all__ = ["EXCERPT_BYTES", "EXCERPT_LINES", "Masker", "excerpt_of", "is_maskable", "masked"]

EXCERPT_LINES: Final = 40
EXCERPT_BYTES: Final = 4096
_LEFT_OUT: Final = "[...]"


def excerpt_of(finished: Finished, secrets: Iterable[Secret] = ()) -> str:
    """The end of what it printed, stdout above stderr; safe to show, line by line.

    At most `EXCERPT_LINES` lines and `EXCERPT_BYTES` bytes of what came; what is left out
    above is marked.
    """
    masker = Masker(secrets)
    # The end of stderr says why: half of the room is kept for it where it wants it.
    error = _end(masker.whole(finished.stderr), EXCERPT_LINES // 2, EXCERPT_BYTES // 2)
    room = EXCERPT_BYTES - len(error.encode("utf-8", "replace"))
    output = _end(masker.whole(finished.stdout), EXCERPT_LINES - error.count("\n") - 1, room)
    return "\n".join(part for part in (output, error) if part)


def _end(content: bytes, lines: int, size: int) -> str:
    tail = content[-size:]
    is_cut = len(tail) < len(content)
    if is_cut and b"\n" in tail[:-1]:
        tail = tail[tail.index(b"\n") + 1 :]
    text = tail.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n")
    kept = text.split("\n")
    is_cut = is_cut or len(kept) > lines
    shown = [visible(line) for line in kept[-lines:]]
    if is_cut:
        shown = [_LEFT_OUT, *shown[-(lines - 1) :]]
    return "\n".join(shown).strip("\n")
