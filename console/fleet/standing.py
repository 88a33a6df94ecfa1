"""Silenced, inhibited, muted, acked: what keeps an alert from being worked on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from console.model.ack_comment import read_ack_comment, without_record
from console.model.alert import Ack, Alert, AlertState, Silence, SilenceState
from console.model.alternatives import values_of
from console.model.labels import Labels, Matcher
from console.model.snapshot import Standing
from console.safety.clock import Instant
from console.safety.text import Raw


class Hold(NamedTuple):
    """The silences on an alert: the first ack among them, and whether an ordinary one is."""

    ack: Ack | None
    silenced: bool
    ids: tuple[str, ...]


FREE = Hold(None, False, ())
NO_KEY = ("", "")


class Silencing:
    """All known silences, read as acks and ordinary ones."""

    def __init__(self, silences: Mapping[str, Silence], prefixes: tuple[str, ...]) -> None:
        self._silences = silences
        self._acks = {
            silence.id: ack_of(silence, prefixes)
            for silence in silences.values()
            if silence.state is SilenceState.ACTIVE
        }
        self._holds: dict[tuple[str, ...], Hold] = {}
        self._keyed: dict[tuple[str, str], list[Silence]] | None = None

    def hold_of(self, ids: tuple[str, ...]) -> Hold:
        """What the silences `ids` amount to. One that is not known is an ordinary one."""
        hold = self._holds.get(ids)
        if hold is None:
            acks = [ack for one in ids if (ack := self._acks.get(one)) is not None]
            # Of two that acked at once the earlier has it, on every console alike.
            first = min(acks, key=_first) if acks else None
            hold = Hold(first, len(acks) < len(ids), ids)
            self._holds[ids] = hold
        return hold

    def hold_on(self, alert: Alert, now: Instant) -> Hold:
        """The same for an alert of which no Alertmanager tells now: judged from matchers."""
        near = self._near(alert.labels)
        near.update(
            (one, silence)
            for one in alert.silenced_by
            if (silence := self._silences.get(one)) is not None
        )
        ids = tuple(
            sorted(
                silence.id
                for silence in near.values()
                if silence.state is SilenceState.ACTIVE
                and silence.ends_at > now.wall
                and (silence.id in alert.silenced_by or covers(silence.matchers, alert.labels))
            )
        )
        return self.hold_of(ids) if ids else FREE

    def _near(self, labels: Labels) -> dict[str, Silence]:
        """The silences that may cover `labels`: far fewer than there are."""
        if self._keyed is None:
            self._keyed = {}
            for silence in self._silences.values():
                self._keyed.setdefault(_key_of(silence), []).append(silence)
        keys = [NO_KEY, *labels.exact_items()]
        return {one.id: one for key in keys for one in self._keyed.get(key, ())}


def standing_of(alert: Alert, hold: Hold) -> Standing:
    """An ordinary silence first, then inhibition, then time intervals; an ack is none of them."""
    if alert.state is AlertState.PENDING:
        return Standing.PENDING
    if hold.silenced:
        return Standing.SILENCED
    if alert.inhibited_by:
        return Standing.INHIBITED
    if alert.muted_by or (alert.state is AlertState.SUPPRESSED and not hold.ids):
        return Standing.MUTED
    return Standing.FIRING


def covers(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether a silence certainly covers `labels`.

    Regular expressions are Alertmanager's (RE2) and come from outside: only plain values and
    `(a|b)` lists of them, which is what acks are made of, are judged here; for others the
    answer is no.
    """
    return all(_matches(matcher, labels.exact(matcher.name)) for matcher in matchers)


def _matches(matcher: Matcher, value: str) -> bool:
    if not matcher.is_regex:
        return (value == matcher.value.exact) is matcher.is_equal
    listed = values_of(matcher.value.exact)
    return listed is not None and (value in listed) is matcher.is_equal


def _key_of(silence: Silence) -> tuple[str, str]:
    """A label that whatever it covers must have; `NO_KEY` where no matcher asks for one."""
    for matcher in silence.matchers:
        if matcher.is_equal and not matcher.is_regex and matcher.value:
            return matcher.name, matcher.value.exact
    return NO_KEY


def _first(ack: Ack) -> tuple[datetime, str]:
    return ack.since, ack.silence_id


def ack_of(silence: Silence, prefixes: tuple[str, ...]) -> Ack | None:
    """The ack that a silence is; `None` where it is an ordinary one."""
    owner = silence.created_by
    said = read_ack_comment(silence.comment.exact, prefixes, owner.exact)
    if said is None:
        return None
    return Ack(
        owner=owner,
        since=silence.starts_at,
        until=silence.ends_at,
        note=said.note,
        silence_id=silence.id,
        cluster=silence.cluster,
        intent=said.intent,
    )


class Ended:
    """Silences that ended within the last hour, by what they had covered."""

    def __init__(self, silences: Iterable[Silence], prefixes: tuple[str, ...]) -> None:
        self._keyed: dict[tuple[str, str], list[Silence]] = {}
        for silence in (_as_said(one, prefixes) for one in silences):
            self._keyed.setdefault(_key_of(silence), []).append(silence)

    def __bool__(self) -> bool:
        return bool(self._keyed)

    def over(self, labels: Labels) -> Silence | None:
        """The one of them that covered `labels` last."""
        near = [
            one
            for key in (NO_KEY, *labels.exact_items())
            for one in self._keyed.get(key, ())
            if covers(one.matchers, labels)
        ]
        return max(near, key=lambda silence: silence.ends_at, default=None)


def _as_said(silence: Silence, prefixes: tuple[str, ...]) -> Silence:
    """With its comment as its author typed it, and whether it was an ack."""
    ack = ack_of(silence, prefixes)
    said = Raw(without_record(silence.comment.exact)) if ack is None else ack.note
    return msgspec.structs.replace(silence, comment=said, is_ack=ack is not None)
