"""Two edits of one document brought together, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Generic, TypeVar

import msgspec

from console.model.change import Approval, Change, FreezeException, plan_hash
from console.model.change_rules import edited
from console.model.incident import ActionItem, Incident, IncidentState, refusals

D = TypeVar("D", Incident, Change)
_S = TypeVar("_S", bound=msgspec.Struct)

_SAME: Final[dict[type[msgspec.Struct], tuple[str, ...]]] = {
    ActionItem: ("text",),
    Approval: ("by", "plan"),
    FreezeException: ("freeze", "by", "plan"),
}
"""By what an item of a list is the same one, whatever else in it was edited."""
_OF_A_MOVE: Final = ("mitigated", "resolved", "started", "ended", "verified", "accepted", "closed")
"""Times that going to another state writes down."""


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

    Of lists (services, alerts, participants, action items, approvals) both have what they added
    and neither what one took out; an item that both changed is a conflict. So is any other
    field that both changed differently.
    """
    conflicts: list[Conflict] = []
    document = _merged(before, mine, theirs, "", conflicts)
    return Merged(document, tuple(conflicts))


def brought_together(before: D, mine: D, theirs: D) -> Merged[D]:
    """As `merged`, of two versions that nobody has seen beside each other.

    The same move on both sides is one, made when the first of them made it. A plan that comes
    out otherwise than the one that was agreed to has to be approved again; a state that the
    other side's edit would not have allowed is a conflict.
    """
    if mine.state == theirs.state != before.state:
        mine, theirs = _moved_once(before, mine, theirs), _moved_once(before, theirs, mine)
    merging = merged(before, mine, theirs)
    document = merging.document
    if isinstance(document, Change):
        document, unfit = _approved_again(document, mine, theirs)
    else:
        unfit = _unclosable(document, mine, theirs)
    return Merged(document, merging.conflicts + unfit)


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
            items = _items(old, my, their)
            if items is None:
                conflicts.append(Conflict(f"{above}{name}", my, their))
            fields[name] = their if items is None else items
    return msgspec.structs.replace(theirs, **fields)


def _items(old: object, my: object, their: object) -> tuple[msgspec.Struct, ...] | None:
    """What comes of two lists of items; `None`: one item was changed by both, or cannot be told
    from another."""
    known = [_by_key(value) for value in (old, my, their)]
    before, mine, theirs = known
    if before is None or mine is None or theirs is None:
        return None
    found = []
    for key in dict.fromkeys((*theirs, *mine)):
        was, me, other = before.get(key), mine.get(key), theirs.get(key)
        if me != other and was not in (me, other):
            return None
        item = other if me == was else me
        if item is not None:
            found.append(item)
    return tuple(found)


def _by_key(value: object) -> dict[tuple[object, ...], msgspec.Struct] | None:
    if not isinstance(value, tuple):
        return None
    found: dict[tuple[object, ...], msgspec.Struct] = {}
    for one in value:
        names = _SAME.get(type(one))
        if names is None:
            return None
        found[tuple(getattr(one, name) for name in names)] = one
    return found if len(found) == len(value) else None


def _moved_once(before: D, one: D, other: D) -> D:
    earlier: dict[str, datetime] = {}
    for name in _OF_A_MOVE:
        mine, theirs = getattr(one, name, None), getattr(other, name, None)
        if getattr(before, name, None) is None and mine is not None and theirs is not None:
            earlier[name] = min(mine, theirs)
    return msgspec.structs.replace(one, **earlier)


def _approved_again(
    document: Change, mine: Change, theirs: Change
) -> tuple[Change, tuple[Conflict, ...]]:
    for side in (mine, theirs):
        if side.state is document.state and plan_hash(side.plan) != plan_hash(document.plan):
            as_agreed = msgspec.structs.replace(document, plan=side.plan)
            try:  # by its author: who else edited it stands there already
                document = edited(as_agreed, document.plan, document.author)
            except ValueError:
                return document, (Conflict("plan", mine.plan, theirs.plan),)
    return document, ()


def _unclosable(document: Incident, mine: Incident, theirs: Incident) -> tuple[Conflict, ...]:
    if document.state is not IncidentState.CLOSED:
        return ()
    closed = [one for one in (mine, theirs) if one.state is document.state]
    lacked = {reason for one in closed for reason in _lacks(one)}
    if lacked.issuperset(_lacks(document)):
        return ()
    return (Conflict("state", mine.state, theirs.state),)


def _lacks(incident: Incident) -> tuple[str, ...]:
    resolved = msgspec.structs.replace(incident, state=IncidentState.RESOLVED)
    return refusals(resolved, IncidentState.CLOSED)


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
