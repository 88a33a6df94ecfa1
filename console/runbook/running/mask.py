"""What of a command's output goes into a record: its end, without its secrets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from console.runbook.running.job import Finished
from console.safety.masking import Masker, is_maskable, masked
from console.safety.secret import Secret
from console.safety.text import visible

__all__ = [
    "EXCERPT_BYTES",
    "EXCERPT_LINES",
    "Masker",
    "excerpt_of",
    "is_maskable",
    "masked",
    "without_secrets",
]

EXCERPT_LINES: Final = 40
EXCERPT_BYTES: Final = 4096
_LEFT_OUT: Final = "[...]"


def without_secrets(finished: Finished, secrets: Iterable[Secret], mark: str = "") -> Finished:
    """`finished` with nothing of `secrets` in what it printed.

    Before anything of it is cut or spelt out: a part of a secret is not found any more.

    Args:
        mark: stands before what is ours in its stdout, and is left alone with it.
    """
    masker = Masker(secrets)
    at = finished.stdout.rfind(mark.encode()) if mark else -1
    at = len(finished.stdout) if at < 0 else at
    stdout = masker.whole(finished.stdout[:at]) + finished.stdout[at:]
    stderr = masker.whole(finished.stderr)
    return msgspec.structs.replace(
        finished,
        stdout=stdout,
        stderr=stderr,
        # What was left out stays as much as it was.
        stdout_bytes=finished.stdout_bytes + len(stdout) - len(finished.stdout),
        stderr_bytes=finished.stderr_bytes + len(stderr) - len(finished.stderr),
    )


def excerpt_of(finished: Finished, secrets: Iterable[Secret] = ()) -> str:
    """The end of what it printed, stdout above stderr; safe to show, line by line.

    At most `EXCERPT_LINES` lines and about `EXCERPT_BYTES` characters; what is left out
    above is marked.
    """
    masker = Masker(secrets)
    # The end of stderr says why: half of the room is kept for it where it wants it.
    error = _end(masker.whole(finished.stderr), EXCERPT_LINES // 2, EXCERPT_BYTES // 2)
    room = EXCERPT_BYTES - len(error)
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
    whole = "\n".join(shown[-(lines - 1) :] if is_cut else shown)
    if len(whole) > size:
        # What is not readable takes more room when it is spelt out.
        whole, is_cut = whole[-size:], True
    return f"{_LEFT_OUT}\n{whole}" if is_cut else whole
