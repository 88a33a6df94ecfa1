"""What steps print: up to a cap while they run, and in files of the state folder afterwards."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from console.model.run import StepOutput
from console.runbook.running.job import KEPT_BYTES
from console.safety.files import FileError, private_dir, read_capped, remove_plain, write_atomic
from console.safety.jsontext import json_text
from console.safety.text import Raw

KEPT_FOR: Final = timedelta(days=14)
_FOLDER: Final = "run-output"
_MOST_FILE_BYTES: Final = 32 * KEPT_BYTES
_GAP: Final = "\n[... {:,} bytes are left out here ...]\n"


class _Stream:
    """The beginning and the end of one stream."""

    def __init__(self) -> None:
        self.total = 0
        """All that was printed: what came, and what its host has left out."""
        self._head = bytearray()
        self._tail = bytearray()

    def take(self, data: bytes) -> None:
        self.total += len(data)
        room = KEPT_BYTES - len(self._head)
        self._head += data[:room]
        rest = data[room:] if room > 0 else data
        if rest:
            self._tail += rest[-KEPT_BYTES:]
            if len(self._tail) > 2 * KEPT_BYTES:
                del self._tail[:-KEPT_BYTES]

    @property
    def is_cut(self) -> bool:
        return self.total > len(self._head) + min(len(self._tail), KEPT_BYTES)

    @property
    def text(self) -> Raw:
        tail = self._tail[-KEPT_BYTES:]
        left_out = self.total - len(self._head) - len(tail)
        gap = _GAP.format(left_out).encode() if left_out else b""
        return Raw((bytes(self._head) + gap + bytes(tail)).decode("utf-8", "replace"))


class Capture:
    """What one attempt prints, as it comes: masked already."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._streams = {1: _Stream(), 2: _Stream()}
        self._made: StepOutput | None = None

    def take(self, stream: int, data: bytes) -> None:
        """What has come since, of 1 (stdout) or 2 (stderr)."""
        self._streams[stream].take(data)
        self._made = None

    def left_out(self, stdout_bytes: int, stderr_bytes: int) -> None:
        """Its host has kept the beginning and the end alone, and counted all of it."""
        for stream, counted in ((1, stdout_bytes), (2, stderr_bytes)):
            self._streams[stream].total = max(self._streams[stream].total, counted)
        self._made = None

    @property
    def output(self) -> StepOutput:
        """All of it so far."""
        if self._made is None:
            out, err = self._streams[1], self._streams[2]
            cut = out.is_cut or err.is_cut
            self._made = StepOutput(out.text, err.text, out.total, err.total, cut, self._number)
        return self._made


class OutputShelf:
    """The outputs of attempts that have ended. Its methods block, and raise nothing."""

    def __init__(self, folder: Path | None) -> None:
        """`folder`: of the state; `None` keeps them in memory."""
        self._folder = None if folder is None else folder / _FOLDER
        self._held: dict[str, StepOutput] = {}

    def keep(self, run_id: str, step: str, output: StepOutput) -> None:
        """Keep what an attempt has printed."""
        name = _name(run_id, step, output.number)
        if self._folder is not None:
            with contextlib.suppress(FileError):
                content = json_text(output).encode("utf-8", "surrogatepass")
                write_atomic(private_dir(self._folder) / name, content)
                return
        self._held[name] = output  # a full disk: as long as this console lives

    def find(self, run_id: str, step: str, number: int) -> StepOutput | None:
        """What that attempt had printed; `None`: it is not kept."""
        name = _name(run_id, step, number)
        if name in self._held or self._folder is None:
            return self._held.get(name)
        with contextlib.suppress(FileError, msgspec.DecodeError, msgspec.ValidationError):
            content = read_capped(self._folder / name, _MOST_FILE_BYTES)
            return msgspec.json.decode(content, type=StepOutput, dec_hook=_decoded)
        return None

    def sweep(self, now: datetime) -> None:
        """Remove what is older than `KEPT_FOR`."""
        if self._folder is None:
            return
        with contextlib.suppress(OSError, FileError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.stat(follow_symlinks=False).st_mtime < (now - KEPT_FOR).timestamp():
                    remove_plain(Path(entry.path))


def _name(run_id: str, step: str, number: int) -> str:
    return f"{run_id}.{step}.{number}.json"


def _decoded(kind: type, value: object) -> object:
    if kind is Raw and isinstance(value, str):
        return Raw(value)
    raise NotImplementedError(kind)
