"""The inspections of some days, each read again only when its file is another one."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import date
from typing import Final

from console.journal.disk import Disk
from console.journal.inspection import Inspected, inspection_path, read_inspection
from console.journal.reread import Reread
from console.model.papers import BrokenPaper

_MOST: Final = 1_000
"""Days that are remembered."""


class Inspections:
    """Its method blocks, and belongs in a thread; any thread will do."""

    def __init__(self, disk: Disk) -> None:
        self._files = Reread(disk, read_inspection)
        self._asked: dict[str, None] = {}
        self._reading = threading.Lock()

    def read(self, days: Iterable[date]) -> tuple[Inspected | BrokenPaper, ...]:
        """Those of `days` that there are, in order of their days."""
        with self._reading:
            wanted = {inspection_path(day) for day in days}
            if len(self._asked) + len(wanted) > _MOST:
                self._asked.clear()
            self._asked.update(dict.fromkeys(wanted))
            self._files.look((path, "") for path in self._asked)
            return tuple(one for one in self._files.values if one.path in wanted)
