"""One source: how it is doing, every part that fails, and the command that repeats it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from console.model.snapshot import SourceHealth
from console.model.update import Update
from console.model.words import age_text, clock_time
from console.safety.clock import Instant
from screens.document import DocumentFrame
from screens.sections import failure_facts, section
from widgets.detail import Field, Part
from widgets.paint import STATE_INKS
from widgets.theme import Ink

SKEW_SHOWN = timedelta(seconds=2)


class SourceScreen(DocumentFrame):
    """One source, whole."""

    word: ClassVar[str] = "source"

    def __init__(self, source: str) -> None:
        super().__init__()
        self._source = source

    @property
    def wanted_source(self) -> SourceHealth | None:
        update = self.console_app.fresh
        sources = () if update is None else update.snapshot.sources
        return next((one for one in sources if one.name == self._source), None)

    def show_body(self, update: Update) -> None:
        found = next((s for s in update.snapshot.sources if s.name == self._source), None)
        if found is None:
            self.show_gone("this source is not asked any more", self._source)
            return
        now = self.console_app.clock.now()
        self.detail.show(parts_of_source(found, now), subject=self._source)

    def do_row_copy(self) -> None:
        update = self.console_app.fresh
        found = [s for s in update.snapshot.sources if s.name == self._source] if update else []
        for source in found:
            if source.failures and source.failures[0].curl:
                self.copy_text(source.failures[0].curl, "curl command")
                return
        self.copy_text(self._source, "name")


def parts_of_source(source: SourceHealth, now: Instant) -> list[Part]:
    """All that is known about a source."""
    parts = [*section(source.name, _facts(source, now))]
    for failure in source.failures:
        parts += section(f"{failure.part} failed", failure_facts(failure))
    return parts


def _facts(source: SourceHealth, now: Instant) -> Iterator[Field]:
    yield Field("state", source.state.value, STATE_INKS[source.state])
    yield Field("kind", source.kind.value)
    if source.url:
        yield Field("asked at", source.url)
    yield Field("asked every", age_text(source.interval))
    if source.last_ok is None:
        yield Field("last answer", "never since the console was opened", Ink.UNKNOWN)
    else:
        age = timedelta(seconds=now.mono - source.last_ok.mono)
        yield Field("last answer", f"{age_text(age)} ago")
    if source.took is not None:
        yield Field("it took", f"{source.took.total_seconds() * 1000:.0f} ms")
    if source.failing_since is not None:
        yield Field("failing since", clock_time(source.failing_since, now.wall), Ink.UNKNOWN)
    if source.next_try is not None:
        left = timedelta(seconds=max(0.0, source.next_try.mono - now.mono))
        yield Field("next try", f"in {age_text(left)}")
    if source.degraded:
        yield Field("degraded", source.degraded, Ink.WARNING)
    for warning in source.warnings:
        yield Field("warning", warning, Ink.WARNING)
    if source.version is not None:
        yield Field("version", source.version)
    if source.skew is not None and abs(source.skew) >= SKEW_SHOWN:
        ahead = "ahead of" if source.skew > timedelta(0) else "behind"
        yield Field("clock", f"{age_text(abs(source.skew))} {ahead} ours", Ink.WARNING)
    yield Field("runbook", "source-lost")
