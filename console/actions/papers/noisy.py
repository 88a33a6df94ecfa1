"""Action items about alerts that ask for much, into an incident or the week's review of noise."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from console.actions.doing import Doing, Effected
from console.actions.papers.amending import Amendment, amend, create
from console.actions.papers.outcomes import Deed, clashed, denied, done
from console.actions.papers.saying import TITLE_CELLS, one_line
from console.journal.bench import Bench
from console.journal.ids import LETTERS, Kind
from console.journal.language import word
from console.model.event import EventKind
from console.model.incident import ActionItem, Incident, IncidentProse, IncidentState
from console.model.paper_wish import AddActionItem
from console.model.state import Priority

MOST_CHARS: Final = 2_000
MOST_ITEMS: Final = 200
_MARK: Final = 6
"""Letters of a review's id: random ones have fewer, so that none is taken for another."""
_TRIES: Final = 8


async def add_action_item(wish: AddActionItem, bench: Bench, doing: Doing) -> Effected:
    """Add an action item to an incident, or to the review of that title, which is made where no
    open one is there."""
    text = " ".join(wish.item.text.split())
    if not text:
        return denied(wish.incident, "nothing was added: say what is to be done")
    if len(text) > MOST_CHARS:
        said = f"expected at most {MOST_CHARS:,} characters, got {len(text):,}"
        return denied(wish.incident, f"nothing was added: {said}")
    item = msgspec.structs.replace(wish.item, text=text)
    if wish.incident:
        return await _added(wish.incident, item, bench, doing)
    title = " ".join(wish.review.split())[:TITLE_CELLS]
    if not title:
        return denied("", "nothing was added: neither an incident nor a review is named")
    for _ in range(_TRIES):
        there = await _review(title, bench)
        if there is not None:
            return await _added(there.id, item, bench, doing)
        review = await _fresh(title, item, wish.services, bench, doing)
        landed = await create(bench, doing, review, _deed(item, "opened with the action item"))
        if not isinstance(landed, Effected):
            return done(landed)
        if landed.outcome.clash is None:
            return landed
        # Another console has just made it.
    return clashed(title)


async def _review(title: str, bench: Bench) -> Incident | None:
    """The review of that title that is not closed; the first one, where two were made by hand."""
    shelf = await bench.library.read()
    wanted = title.casefold()
    found = [
        one.incident
        for one in shelf.incidents
        if one.incident.state is not IncidentState.CLOSED
        and " ".join(one.incident.title.split()).casefold() == wanted
    ]
    return min(found, key=lambda one: (one.opened, one.id), default=None)


async def _fresh(
    title: str, item: ActionItem, services: tuple[str, ...], bench: Bench, doing: Doing
) -> Incident:
    """A review: nothing is broken, so that it is resolved from the beginning on, and no clock of
    an outage runs in it."""
    now, language = doing.now.replace(microsecond=0), bench.language
    prose = IncidentProse(
        what=word("noise-what", language),
        where=", ".join(services) or bench.environment,
        why=word("noise-why", language),
    )
    return Incident(
        id=await _id_of(title, bench, doing),
        title=title,
        opened=now,
        state=IncidentState.RESOLVED,
        severity=Priority.P3,
        services=services,
        environment=bench.environment,
        resolved=now,
        reporter=doing.who,
        lead=doing.who,
        actions=(item,),
        prose=prose,
    )


async def _id_of(title: str, bench: Bench, doing: Doing) -> str:
    """The same id at every console, so that two that make it at once make one."""
    shelf = await bench.library.read()
    taken = {one.incident.id for one in shelf.incidents}
    for turn in range(1_000):
        digest = hashlib.sha256(f"{turn} {title.casefold()}".encode("utf-8", "replace")).digest()
        mark = "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:_MARK])
        found = f"{Kind.INCIDENT}-{doing.now:%Y%m%d}-{mark}"
        if found not in taken:
            return found
    return await bench.journal.new_id(Kind.INCIDENT)


async def _added(document_id: str, item: ActionItem, bench: Bench, doing: Doing) -> Effected:
    def rule(now: Incident) -> Amendment[Incident] | Effected:
        wanted = item.text.casefold()
        for number, one in enumerate(now.actions, start=1):
            if one.done is None and " ".join(one.text.split()).casefold() == wanted:
                owner = f", of {one_line(one.owner)}" if one.owner else ""
                return denied(now.id, f"it is there already: action {number} of {now.id}{owner}")
        if len(now.actions) >= MOST_ITEMS:
            return denied(now.id, f"{now.id} has {MOST_ITEMS} action items already")
        if now.state is IncidentState.CLOSED:
            return denied(now.id, f"{now.id} is closed: what comes now belongs into another one")
        changed = msgspec.structs.replace(now, actions=(*now.actions, item))
        return Amendment(changed, _deed(item, "action item added"))

    landed = await amend(bench, doing, Incident, document_id, rule)
    return landed if isinstance(landed, Effected) else done(landed)


def _deed(item: ActionItem, did: str) -> Deed:
    owner = f" ({one_line(item.owner)})" if item.owner else ""
    return Deed(did, f"action item: {one_line(item.text)}{owner}", EventKind.INCIDENT)
