"""In which order rows stand, and under which heading; told by how a row is identified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from widgets.matrix import Place

_BETWEEN: Final = "\n"
"""Between the group of a row and its name."""


def ident_of(group: str, name: str) -> str:
    """By which a row is found again; a place may stand under several headings."""
    return f"{group}{_BETWEEN}{name}" if group else name


def group_of(place: Place) -> str:
    """The value of the label under which a row stands; empty where it stands under none."""
    return place.ident.rpartition(_BETWEEN)[0]


def name_of(place: Place) -> str:
    """Of a row of a book: the name of its host or namespace."""
    return place.ident.rpartition(_BETWEEN)[2]


def troubled_first(places: Sequence[Place]) -> tuple[Place, ...]:
    """The worst rows first; those that are alike as they stood, and groups stay together."""
    if not any(group_of(place) for place in places[:1]):
        return tuple(sorted(places, key=lambda place: -badness_of(place)))
    worst: dict[str, int] = {}
    for place in places:
        group = group_of(place)
        worst[group] = max(worst.get(group, 0), badness_of(place))
    at = {group: number for number, group in enumerate(worst)}

    def rank(place: Place) -> tuple[int, int, int]:
        group = group_of(place)
        return -worst[group], at[group], -badness_of(place)

    return tuple(sorted(places, key=rank))


def in_held_order(places: Sequence[Place], order: Sequence[str]) -> tuple[Place, ...]:
    """As they were shown before; what is new comes last."""
    rank = {ident: number for number, ident in enumerate(order)}
    return tuple(sorted(places, key=lambda place: rank.get(place.ident, len(rank))))


def badness_of(place: Place) -> int:
    """How urgently somebody has to look there."""
    return 0 if place.worst is None else place.worst.badness
