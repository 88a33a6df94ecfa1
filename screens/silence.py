"""One silence, whole: its matchers, who made it and why, and the alerts that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final

import msgspec

from console.engine.row_commands import expire_line
from console.model.action import Action
from console.model.snapshot import Snapshot
from console.model.update import Update
from console.model.words import age_text, count_text
from console.safety.clock import Instant
from console.safety.text import Raw
from console.triage.silence_use import SilenceUse, held_by, silence_uses
from screens.document import DocumentFrame
from screens.sections import section
from screens.silence_deeds import expire, extend
from screens.silence_form import open_silence_edit
from widgets.detail import Field, Part
from widgets.theme import Ink

SHOWN: Final = 200


class SilenceScreen(DocumentFrame):
    """It follows its silence through updates, and keeps it when it is over."""

    word: ClassVar[str] = "silence"

    def __init__(self, use: SilenceUse) -> None:
        super().__init__()
        self._use = use

    def show_body(self, update: Update) -> None:
        prefixes = self.console_app.opened.loaded.policy.ack_prefixes
        live, ended = silence_uses(update.snapshot, prefixes)
        found = next((one for one in (*live, *ended) if one.key == self._use.key), None)
        self._use = found or msgspec.structs.replace(self._use, ended=True, holds=None)
        self._draw(update)

    def tick(self, now: Instant) -> None:
        super().tick(now)
        if self.console_app.fresh is not None:
            self._draw(self.console_app.fresh)

    def _draw(self, update: Update) -> None:
        app = self.console_app
        line = expire_line(self._use.silence, update.snapshot, app.opened.loaded.settings)
        parts = silence_parts(self._use, update.snapshot, app.clock.now().wall, line)
        self.detail.show(parts, subject=self._use.key)

    def why_not(self, action: Action) -> str:
        return "it has ended" if action.id.startswith("silences.") and self._use.ended else ""

    def do_silences_expire(self) -> None:
        expire(self, (self._use.silence,))

    def do_silences_extend(self, lasts: str = "") -> None:
        extend(self, (self._use.silence,), lasts)

    def do_silences_edit(self) -> None:
        open_silence_edit(self.console_app, self._use.silence)

    def do_row_copy(self) -> None:
        update = self.console_app.fresh
        if update is not None:
            settings = self.console_app.opened.loaded.settings
            line = expire_line(self._use.silence, update.snapshot, settings)
            self.copy_text(line, "amtool command")


def silence_parts(
    use: SilenceUse, snapshot: Snapshot, now: datetime, amtool: str
) -> tuple[Part, ...]:
    """All that is known of a silence.

    Args:
        amtool: the command that ends it.
    """
    silence = use.silence
    matchers = (
        Field("" if number else "matches", one.written, Ink.STRONG)
        for number, one in enumerate(silence.matchers)
    )
    held = held_by(silence, snapshot.alerts)
    parts = [*section("silence", (*_facts(use, now), *matchers))]
    if not use.ended:
        parts += section(f"holds {count_text(len(held))} now", _holds(use, snapshot))
        parts += section("to end it without a console", (Field("amtool", amtool),))
    return tuple(parts)


def _facts(use: SilenceUse, now: datetime) -> Iterator[Field]:
    silence = use.silence
    state = "ended" if use.ended else silence.state.value
    yield Field("state", f"{state}, an ack" if use.is_ack else state)
    if use.stale:
        yield Field("", "its cluster does not answer: this is how it was last known", Ink.UNKNOWN)
    yield Field("by", silence.created_by or Raw("nobody"))
    yield Field("comment", silence.comment or Raw("none"))
    yield _moment("from", silence.starts_at, now)
    yield _moment("until", silence.ends_at, now)
    if silence.updated_at is not None:
        yield _moment("changed", silence.updated_at, now)
    yield Field("cluster", silence.cluster)
    yield Field("id", silence.id)


def _moment(name: str, at: datetime, now: datetime) -> Field:
    ago = age_text(now - at) + " ago" if at <= now else "in " + age_text(at - now)
    return Field(name, f"{at.astimezone():%Y-%m-%d %H:%M:%S %Z}", note=ago)


def _holds(use: SilenceUse, snapshot: Snapshot) -> Iterator[Field]:
    held = held_by(use.silence, snapshot.alerts)
    if use.is_unused:
        yield Field("unused", "no alert that is known has these labels", Ink.WARNING)
    elif not held:
        yield Field("alerts", "none is known")
    for known in held[:SHOWN]:
        yield Field(known.alert.name, known.alert.labels.without(frozenset({"alertname"})).written)
    if len(held) > SHOWN:
        yield Field("", f"and {count_text(len(held) - SHOWN)} more", Ink.MUTED)
