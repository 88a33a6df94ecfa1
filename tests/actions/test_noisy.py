"""An action item from a noise row: into an incident, or the review of that week, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import pytest

from console.model.acting import Ended
from console.model.incident import ActionItem, IncidentState
from console.model.nag import NagKind
from console.model.nags import nags_of
from console.model.paper_wish import AddActionItem, MoveIncident
from console.model.state import Priority
from tests.actions.paper_desk import PaperDesk, desks
from tests.hostile import ATTACKS
from tests.journal.folder import is_sound

Told = Callable[[PaperDesk, PaperDesk], Awaitable[None]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One journal for all; each test has a review of its own."""
    return tmp_path_factory.mktemp("noise") / "journal"


def two(folder: Path, told: Told) -> None:
    async def run() -> None:
        kai, mei = await desks(folder, "kai", "mei")
        await told(kai, mei)

    asyncio.run(run())


def _wish(text: str, review: str = "", incident: str = "") -> AddActionItem:
    item = ActionItem(text, owner="mei", due=date(2026, 12, 1))
    return AddActionItem(item, incident, review, ("redis",))


def test_without_an_incident_a_review_is_made_that_is_no_outage(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        title = "Noisy alerts 2026-11-16 to 2026-11-22"
        effected = await kai.did(_wish("Raise the threshold", title))
        paper = await mei.incident(effected.outcome.document)
        review = paper.incident
        assert (review.title, review.severity) == (title, Priority.P3)
        assert review.state is IncidentState.RESOLVED and not review.is_ongoing
        assert review.prose.what and review.prose.where == "redis" and review.prose.why
        assert (review.started, review.detected, review.acknowledged) == (None, None, None)
        (nag,) = nags_of(review)
        assert (nag.kind, nag.owner) == (NagKind.ACTION, "mei")
        await mei.did(_wish("Group by host", title))
        now = await kai.incident(review.id)
        assert [one.text for one in now.incident.actions] == [
            "Raise the threshold",
            "Group by host",
        ]
        assert not now.faults

    two(folder, told)


def test_the_same_text_again_is_told_to_be_there(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        first = await kai.did(_wish("Raise the threshold", "Noisy twice"))
        said = await mei.refused(_wish("  raise the  Threshold ", "Noisy twice"))
        assert said == f"it is there already: action 1 of {first.outcome.document}, of mei"

    two(folder, told)


def test_two_consoles_that_make_the_review_at_once_make_one(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        ended = await asyncio.gather(
            kai.told(_wish("Raise it", "Noisy at once")),
            mei.told(_wish("Lower it", "Noisy at once")),
            kai.told(_wish("Lower it", "Noisy at once")),
        )
        assert sorted(one.ended for one in ended) == [Ended.DENIED, Ended.DONE, Ended.DONE]
        shelf = await kai.bench.library.read()
        (one,) = [each for each in shelf.incidents if each.incident.title == "Noisy at once"]
        assert {item.text for item in one.incident.actions} == {"Raise it", "Lower it"}
        assert is_sound(folder)

    two(folder, told)


def test_a_closed_review_is_left_alone_and_another_is_made(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        first = (await kai.did(_wish("Raise it", "Noisy and closed"))).outcome.document
        await kai.did(MoveIncident(await kai.incident(first), IncidentState.CLOSED))
        second = (await kai.did(_wish("Raise it", "Noisy and closed"))).outcome.document
        assert second != first
        assert "is closed" in await kai.refused(_wish("Lower it", incident=first))

    two(folder, told)


def test_it_goes_into_the_incident_that_is_named_and_can_be_taken_back(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.opened()
        effected = await mei.did(_wish("Add an alert", incident=paper.incident.id))
        assert [one.text for one in (await kai.incident(paper.incident.id)).incident.actions] == [
            "Add an alert"
        ]
        assert effected.inverse is not None
        await mei.did(effected.inverse)  # type: ignore[arg-type]
        assert (await kai.incident(paper.incident.id)).incident.actions == ()

    two(folder, told)


def test_what_cannot_be_added_is_refused_in_words(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        assert "say what is to be done" in await kai.refused(_wish("  ", "x"))
        assert "at most 2,000 characters" in await kai.refused(_wish("x" * 2_001, "x"))
        assert "neither an incident nor a review" in await kai.refused(_wish("x"))
        assert "there is no INC-20200101-000" in await kai.refused(
            _wish("x", incident="INC-20200101-000")
        )

    two(folder, told)


def test_hostile_texts_are_written_and_reach_no_terminal_as_they_are(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        for number, trick in enumerate(ATTACKS[:6]):
            outcome = await kai.told(_wish(f"{number} {trick}", "Noisy \x1b[2J night"))
            assert outcome.ended in (Ended.DONE, Ended.DENIED), outcome
            assert "\x1b" not in "".join((outcome.text, *outcome.details))

    two(folder, told)
