"""What is typed to arrange the worklist: which columns, sorted by what, grouped by what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from console.model.worklist import Lane, Row, RowKind
from console.safety.text import visible
from console.triage.grouping import ALERT, KNOWN
from screens.rows import LABEL, label_value, names_of_columns

Key = Callable[[Row], float | str | None]
"""By what a row is sorted; `None` puts it last, whichever way round."""

_SHORT: Final = {"NEXT": "NEXT STEP", "FIX": "FIX IN"}


def _due(row: Row) -> float | None:
    return row.clocks.due.timestamp() if row.clocks is not None else None


def _fix_by(row: Row) -> float | None:
    return row.clocks.resolve_by.timestamp() if row.clocks is not None else None


def _owner(row: Row) -> str | None:
    return visible(row.acked_by).casefold() if row.acked_by is not None else None


_KEYS: Final[Mapping[str, Key]] = {
    "FOR": lambda row: row.since.timestamp(),
    "FIX IN": _fix_by,
    "NEXT STEP": _due,
    "OWNER": _owner,
    "ON": lambda row: visible(row.where).casefold() or None,
    "ALERT": lambda row: visible(row.title).casefold(),
    "N": lambda row: -float(row.count),
    "P": lambda row: float(row.priority),
    "FIRED": lambda row: -float(row.fired) if row.fired else None,
}
SORTS: Final = tuple(name.split()[0].lower() for name in _KEYS)
"""The words that `:sort` takes, beside `label:NAME`."""


class Sort(msgspec.Struct, frozen=True):
    """By which column rows are sorted on the screen."""

    column: str
    reverse: bool = False

    @property
    def word(self) -> str:
        """As it is typed: `-for`."""
        name = self.column if self.column.startswith(LABEL) else self.column.split()[0].lower()
        return f"-{name}" if self.reverse else name

    def sorted(self, rows: Iterable[Row]) -> tuple[Row, ...]:
        """`rows` by this column, in their lanes; what is folded as old stays last."""
        key = _key_of(self.column)
        lanes: dict[Lane, list[Row]] = {}
        for row in rows:
            lanes.setdefault(row.lane, []).append(row)
        return tuple(row for lane in lanes.values() for row in self._lane(lane, key))

    def _lane(self, rows: list[Row], key: Key) -> list[Row]:
        having: list[tuple[float | str, Row]] = []
        lacking: list[Row] = []
        old: list[Row] = []
        for row in rows:
            value = None if row.kind is RowKind.OLD else key(row)
            if value is not None:
                having.append((value, row))
            else:
                (old if row.kind is RowKind.OLD else lacking).append(row)
        # Either way round, what is equal stays in the order of urgency.
        having.sort(key=lambda pair: pair[0], reverse=self.reverse)
        return [*(row for _, row in having), *lacking, *old]


def _key_of(column: str) -> Key:
    if not column.startswith(LABEL):
        return _KEYS[column]
    label = column[len(LABEL) :]
    return lambda row: visible(label_value(row, label)[0]).casefold() or None


def sort_of(typed: str) -> Sort | str | None:
    """What `:sort` means; `None` for the usual order, a text where it means nothing."""
    word = typed.strip()
    if not word:
        return None
    reverse = word.startswith("-")
    name = _column_called(word.removeprefix("-"))
    if name is None or (name not in _KEYS and not name.startswith(LABEL)):
        return f"no sort by {visible(typed, cells=30)}; there are: {', '.join(SORTS)}, label:NAME"
    return Sort(name, reverse)


def columns_of(typed: str) -> tuple[str, ...] | str:
    """The columns that `:columns` names; a text with the names that there are where one is
    none of them."""
    found: dict[str, None] = {}
    for word in filter(None, (part.strip() for part in typed.split(","))):
        name = _column_called(word)
        if name is None:
            there = ", ".join(names_of_columns())
            return f"no column {visible(word, cells=30)}; there are: {there}, label:NAME"
        found[name] = None
    return tuple(found)


def _column_called(word: str) -> str | None:
    if word.casefold().startswith(LABEL):
        label = word[len(LABEL) :].strip()
        return f"{LABEL}{label}" if label and visible(label) == label else None
    name = " ".join(word.upper().replace("-", " ").replace("_", " ").split())
    name = _SHORT.get(name, name)
    return name if name in names_of_columns() else None


def grouping_of(typed: str, labels: Iterable[str]) -> tuple[str, ...] | str | None:
    """What `:by` means: labels, `None` for the settings' own, a text where it means nothing.

    Args:
        labels: those that the alerts have now.
    """
    words = tuple(filter(None, (part.strip() for part in typed.split(","))))
    if words in ((), ("default",)):
        return None
    if words == ("none",):
        return (ALERT,)
    known = set(labels)
    for word in words:
        if word not in KNOWN and word not in known:
            some = ", ".join([*KNOWN[:3], *sorted(known)][:12])
            said = visible(word, cells=30)
            return f"no alert has the label {said}; there are: none, default, {some}"
    return tuple(dict.fromkeys(words))
