"""The last known state, written down for the first frame of the next start."""

from __future__ import annotations

from typing import Any

import msgspec

from console.model.alert import Silence
from console.model.labels import Labels
from console.model.snapshot import Cell, KnownAlert, ResolvedAlert, Snapshot
from console.model.state import State
from console.safety.clock import Instant
from console.safety.text import Raw, visible

VERSION = 1


class Saved(msgspec.Struct, frozen=True):
    """What is kept. Its instants are those of the process that wrote it: see `rebased`."""

    version: int
    environment: str
    at: Instant
    alerts: tuple[KnownAlert, ...]
    resolved: tuple[ResolvedAlert, ...]
    cells: tuple[Cell, ...]
    silences: tuple[Silence, ...] = ()
    """Acks among them: a dead Alertmanager must not make an alert look as if nobody had it."""


class _Head(msgspec.Struct):
    version: int


def encoded(snapshot: Snapshot) -> bytes:
    """`snapshot` as JSON, less what is asked anew anyway."""
    cells = tuple(
        msgspec.structs.replace(cell, probes=(), probe_ages=(), targets=(), reports=())
        for cell in snapshot.cells
    )
    saved = Saved(
        VERSION,
        snapshot.environment,
        snapshot.at,
        snapshot.alerts,
        snapshot.resolved,
        cells,
        snapshot.silences,
    )
    try:
        return _ENCODER.encode(saved)
    except UnicodeEncodeError:
        return _LOSSY.encode(saved)


def decoded(content: bytes, environment: str) -> Saved | str:
    """What `encoded` wrote, or a sentence that says why it is of no use."""
    try:
        version = msgspec.json.decode(content, type=_Head).version
        if version != VERSION:
            return f"the saved state has version {version}, expected {VERSION}; it is ignored"
        saved = _DECODER.decode(content)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
        said = visible(str(error), cells=120)
        return f"the saved state is no JSON of version {VERSION} ({said}); it is ignored"
    if saved.environment != environment:
        named = visible(saved.environment, cells=40)
        return f"the saved state is of environment {named}, not {environment}; it is ignored"
    times = [saved.at.wall, *(one.as_of.wall for one in saved.alerts)]
    times += [one.alert.starts_at for one in saved.alerts]
    times += [one.ends_at for one in saved.silences]
    if any(at.tzinfo is None for at in times):
        return "the saved state has times without a zone; it is ignored"
    return saved


def rebased(at: Instant, now: Instant) -> Instant:
    """A saved moment on this process' monotonic clock; never later than `now`."""
    age_s = max(0.0, (now.wall - at.wall).total_seconds())
    return Instant(min(at.wall, now.wall), now.mono - age_s)


def dimmed(cell: Cell, now: Instant) -> Cell:
    """A saved cell before anything has been asked. It is never OK: that needs proof."""
    was = visible(cell.because, cells=160)
    known = cell.state in (State.UNKNOWN, State.LOST)
    return msgspec.structs.replace(
        cell,
        state=cell.state if known else State.STALE,
        because=was if known else f"was {cell.state} when last asked: {was}",
        as_of=None if cell.as_of is None else rebased(cell.as_of, now),
    )


def _plain(value: object) -> object:
    if isinstance(value, Raw):
        return value.exact
    if isinstance(value, Labels):
        return [dict(value.exact_items()), value.over_cap]
    raise NotImplementedError(type(value).__name__)


def _plain_utf8(value: object) -> object:
    """A lone surrogate has no UTF-8; the next reading brings the true value back."""
    if isinstance(value, Raw):
        return _utf8(value.exact)
    if isinstance(value, Labels):
        pairs = value.exact_items()
        return [{_utf8(name): _utf8(each) for name, each in pairs}, value.over_cap]
    raise NotImplementedError(type(value).__name__)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _typed(kind: type, value: Any) -> object:
    if kind is Raw:
        return Raw(msgspec.convert(value, str))
    if kind is Labels:
        values, over_cap = msgspec.convert(value, tuple[dict[str, str], bool])
        return Labels(values, over_cap=over_cap)
    raise NotImplementedError(kind.__name__)


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)
_LOSSY = msgspec.json.Encoder(enc_hook=_plain_utf8)
_DECODER = msgspec.json.Decoder(Saved, dec_hook=_typed)
