"""How the alerts of one group become as few silences as mute nothing that nobody marked.

Pure. `(a|b)` in two labels is a cross product: it also mutes what has the one's instance and
the other's device. So does a label that is left out, and one that a stranger has beside all
those that are named. Whatever mutes a stranger is cut in two until nothing does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from console.actions.acks.reach import Reach, fits, reach_of, runs
from console.model.labels import Labels

FEW_PARTS: Final = 8
JUDGED: Final = 48
"""Strangers by which a way to cut is judged; all of them are looked at afterwards."""

Parts = list[list["Marked"]]


class Marked(msgspec.Struct, frozen=True, gc=False):
    """An alert to be muted."""

    key: str
    """Its fingerprint, as it was marked."""
    labels: Labels
    """Without those in which the halves of an HA pair differ."""


class Piece(msgspec.Struct, frozen=True):
    """What one silence is to mute."""

    reach: Reach
    marked: tuple[Marked, ...]
    names: frozenset[str]
    """The labels of the group that it came from."""
    joins: bool = False
    """A label with too many values was left out."""


class Splitter:
    """Cuts the groups of one cluster, by the strangers that are known there."""

    def __init__(
        self, strangers: Iterable[Labels], leave_out: frozenset[str], severities: frozenset[str]
    ) -> None:
        """`leave_out`: labels that are left out where that mutes no stranger.

        `severities`: labels that say how bad it is, and not what it is.
        """
        self._leave_out = leave_out
        self._severities = severities
        self._by_name: dict[str, list[Labels]] = {}
        self._known: set[Labels] = set()
        self.add(strangers)

    def add(self, strangers: Iterable[Labels]) -> bool:
        """Mind these too; whether any of them is new."""
        new = False
        for labels in strangers:
            if labels not in self._known:
                self._known.add(labels)
                self._by_name.setdefault(labels.exact("alertname"), []).append(labels)
                new = True
        return new

    def pieces(self, marked: Sequence[Marked], names: frozenset[str]) -> list[Piece]:
        """The silences for `marked`, a group by the labels `names`, that mute no stranger.

        Where no matchers can tell an alert from a stranger its piece mutes that one too.
        """
        done: list[Piece] = []
        whole = reach_of(_labels(marked), self._leave_out)
        waiting = [(list(marked), self.muted_by(whole))]
        while waiting:
            part, near = waiting.pop()
            reach = reach_of(_labels(part), self._leave_out)
            muted = [each for each in near if reach.matches(each)]
            piece, parts = self._fitted(part, reach, muted, names)
            if piece is not None:
                done.append(piece)
            # A part reaches less than the whole, so that no other stranger can be muted by it.
            waiting.extend((each, muted) for each in reversed(parts))
        return done

    def exact(self, marked: Sequence[Marked], names: frozenset[str]) -> list[Piece]:
        """A silence for each: all its labels, and the absence of what known strangers have."""
        found: dict[Labels, list[Marked]] = {}
        for one in marked:
            found.setdefault(one.labels, []).append(one)
        pieces = []
        for labels, same in found.items():
            reach = reach_of([labels])
            reach = _told_apart([labels], reach, self.muted_by(reach)) or reach
            pieces.append(Piece(reach, tuple(same), names))
        return pieces

    def muted_by(self, reach: Reach) -> list[Labels]:
        """The strangers that `reach` mutes."""
        alertnames = reach.values_of("alertname")
        if alertnames is None:
            near = [each for some in self._by_name.values() for each in some]
        else:
            near = [each for name in alertnames for each in self._by_name.get(name, ())]
        return [labels for labels in near if reach.matches(labels)]

    # -- one part ------------------------------------------------------------------------------

    def _fitted(
        self, part: list[Marked], reach: Reach, muted: list[Labels], names: frozenset[str]
    ) -> tuple[Piece | None, Parts]:
        """The piece for `part`, or the parts that it has to be cut into."""
        if muted or not reach.is_a_silence:
            narrower = self._narrowed(_labels(part), reach, muted)
            if narrower is None:
                parts = self._cut(part, muted)
                if parts:
                    return None, parts
                (piece, *_) = self.exact(part, names)
                return piece, []
            reach = narrower
        long = reach.too_long
        if not long:
            return Piece(reach, tuple(part), names), []
        wider = reach.without(long)
        if self._says_what(wider, names) and not self.muted_by(wider):
            return Piece(wider, tuple(part), names, joins=True), []
        return None, _by_runs(part, long[0])

    def _narrowed(self, labels: list[Labels], reach: Reach, muted: list[Labels]) -> Reach | None:
        """`reach` with what tells all strangers apart and needs no cut; `None`: nothing does."""
        if reach.is_a_silence:
            apart = _told_apart(labels, reach, muted)
            if apart is not None:
                return apart
        every = reach_of(labels)
        for name in sorted(self._leave_out & every.names):
            values = every.values_of(name)
            if values is None or not fits(values):
                continue
            reach = Reach(tuple(sorted((*reach.allowed, (name, values)), key=lambda each: each[0])))
            if not any(map(reach.matches, muted)):
                return reach
        apart = _told_apart(labels, reach, [each for each in muted if reach.matches(each)])
        return apart if apart is not None and apart.is_a_silence else None

    def _says_what(self, reach: Reach, names: frozenset[str]) -> bool:
        """Whether what joins it later will be of the same kind, not only as bad."""
        telling = (names | {"alertname"}) - self._severities
        return reach.is_a_silence and not telling.isdisjoint(reach.names)

    def _cut(self, part: list[Marked], muted: list[Labels]) -> Parts:
        """The cut after which the fewest strangers are muted; empty where all are alike."""
        judged = muted[:JUDGED]
        best: tuple[tuple[int, int, str], Parts] | None = None
        for name, parts in _cuts(part, judged):
            left = 0
            for each in parts:
                reach = reach_of(_labels(each), self._leave_out)
                left += sum(map(reach.matches, judged))
            score = (left, len(parts), name)
            if best is None or score < best[0]:
                best = score, parts
        return best[1] if best else []


def _cuts(part: list[Marked], muted: list[Labels]) -> Iterable[tuple[str, Parts]]:
    for name in sorted({name for one in part for name in one.labels}):
        by_value: dict[str, list[Marked]] = {}
        for one in part:
            by_value.setdefault(one.labels.exact(name), []).append(one)
        if len(by_value) < 2:
            continue
        values = sorted(by_value)
        if len(values) <= FEW_PARTS:
            yield name, [by_value[value] for value in values]
        alike = muted[0].exact(name) if muted else values[0]
        if alike in by_value and len(values) > 2:
            rest = [one for value in values if value != alike for one in by_value[value]]
            yield name, [by_value[alike], rest]
        elif len(values) > FEW_PARTS:
            half = len(values) // 2
            yield (
                name,
                [
                    [one for value in side for one in by_value[value]]
                    for side in (values[:half], values[half:])
                ],
            )


def _by_runs(part: list[Marked], name: str) -> Parts:
    by_value: dict[str, list[Marked]] = {}
    for one in part:
        by_value.setdefault(one.labels.exact(name), []).append(one)
    return [[one for value in run for one in by_value[value]] for run in runs(sorted(by_value))]


def _told_apart(labels: list[Labels], reach: Reach, muted: list[Labels]) -> Reach | None:
    """`reach` for alerts without labels that the strangers have and none of ours has."""
    ours = {name for each in labels for name in each}
    left = muted
    blank: list[str] = []
    while left:
        counts: dict[str, int] = {}
        for stranger in left:
            for name in stranger:
                if name not in ours:
                    counts[name] = counts.get(name, 0) + 1
        if not counts:
            return None
        name = min(counts, key=lambda each: (-counts[each], each))
        blank.append(name)
        left = [stranger for stranger in left if name not in stranger]
    return reach.blank(blank)


def _labels(marked: Sequence[Marked]) -> list[Labels]:
    return [one.labels for one in marked]
