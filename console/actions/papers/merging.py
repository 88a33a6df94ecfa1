"""Two edits of one document brought together, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from console.model.change import Change
from console.model.incident import Incident

D = TypeVar("D", Incident, Change)
_S = TypeVar("_S", bound=msgspec.Struct)


class Conflict(msgspec.Struct, frozen=True):
    """One field that both changed, each to something else."""

    field: str
    """`prose.why`, as the form names its parts."""
    mine: object
    theirs: object


class Merged(msgspec.Struct, Generic[D], frozen=True):
    """What comes of two edits."""

    document: D
    """Where both changed a field it has theirs: what is in the journal stays in it."""
    conflicts: tuple[Conflict, ...] = ()


def merged(before: D, mine: D, theirs: D) -> Merged[D]:
    """`mine` on top of `theirs`: what I did not touch is theirs.

    Of lists of words (services, alerts, participants) both have what they added and neither
    what one took out. Any other field that both changed differently is a conflict.
    """
    conflicts: list[Conflict] = []
    document = _merged(before, mine, theirs, "", conflicts)
    return Merged(document, tuple(conflicts))


def differing(one: Incident | Change, other: Incident | Change) -> tuple[str, ...]:
    """The fields in which two versions differ: `lead`, `prose.why`."""
    return tuple(_differing(one, other, ""))


def _merged(before: _S, mine: _S, theirs: _S, above: str, conflicts: list[Conflict]) -> _S:
    fields = {}
    for name in before.__struct_fields__:
        old, my, their = (getattr(one, name) for one in (before, mine, theirs))
        if my in (old, their):
            fields[name] = their
        elif their == old:
            fields[name] = my
        elif _are_structs(old, my, their):
            fields[name] = _merged(old, my, their, f"{above}{name}.", conflicts)
        elif _are_words(old) and _are_words(my) and _are_words(their):
            kept = [one for one in their if one in my or one not in old]
            fields[name] = (*kept, *(one for one in my if one not in old and one not in kept))
        else:
            conflicts.append(Conflict(f"{above}{name}", my, their))
            fields[name] = their
    return msgspec.structs.replace(theirs, **fields)


def _are_structs(*values: object) -> bool:
    return all(isinstance(one, msgspec.Struct) for one in values) and (
        len({type(one) for one in values}) == 1
    )


def _are_words(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, str) for one in value)


def _differing(one: msgspec.Struct, other: msgspec.Struct, above: str) -> Iterator[str]:
    for name in one.__struct_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine == theirs:
            continue
        if isinstance(mine, msgspec.Struct) and isinstance(theirs, msgspec.Struct):
            yield from _differing(mine, theirs, f"{above}{name}.")
        else:
            yield f"{above}{name}"
