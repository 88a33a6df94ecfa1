"""The silence of a change exists while it runs, and never without its record."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.actions.carry_out import carry_out
from console.actions.papers.muting import is_of
from console.model.acting import Ended
from console.model.change import ChangeState
from console.model.freeze import Period
from console.model.paper_wish import MoveChange, RestorePaper
from console.model.papers import ChangePaper
from console.model.wish import SilenceWish
from console.safety.clock import SystemClock
from tests.actions.on_servers import desks as acting_desks
from tests.actions.on_servers import listed, running
from tests.actions.paper_desk import PaperDesk, approved, desks, plan
from tests.servers import ended, start_alertmanager

STARTED = ChangeState.IN_PROGRESS
Told = Callable[[PaperDesk, PaperDesk], Awaitable[None]]


class Place(msgspec.Struct, frozen=True):
    """A journal, and an Alertmanager."""

    folder: Path
    url: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("silenced")
    with ended(start_alertmanager(folder / "am")) as (program,):
        yield Place(folder / "journal", program.url)


@contextlib.asynccontextmanager
async def people(place: Place) -> AsyncIterator[list[PaperDesk]]:
    clock = SystemClock()
    async with acting_desks({"am": [place.url]}, "kai") as (acting,):
        found = await desks(place.folder, "kai", "mei", clock=clock)
        for one in found:
            one.clusters = acting.clusters
        yield found


def two(place: Place, told: Told) -> None:
    async def run() -> None:
        async with people(place) as (kai, mei):
            await told(kai, mei)

    asyncio.run(run())


async def ready(kai: PaperDesk, mei: PaperDesk, service: str) -> ChangePaper:
    """An approved change whose window is open for two hours, and that wants a silence."""
    now = datetime.now(UTC).replace(microsecond=0)
    window = Period(now - timedelta(hours=1), now + timedelta(hours=2))
    wanted = plan(
        services=(service,), window=window, silence=('alertname="RedisDown"', f"job={service}")
    )
    return await approved(kai, mei, wanted)


def silences_of(place: Place, paper: ChangePaper) -> list[dict[str, Any]]:
    return [one for one in running(place.url) if one["comment"].startswith(paper.change.id)]


def test_a_start_makes_the_silence_of_the_plan_until_the_window_ends(place: Place) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await ready(kai, mei, "a")
        effected = await kai.did(MoveChange(paper, STARTED))
        (made,) = silences_of(place, paper)
        assert {one["value"] for one in made["matchers"]} == {"RedisDown", "a"}
        assert paper.change.plan.window is not None
        assert datetime.fromisoformat(made["endsAt"]) == paper.change.plan.window.end
        assert made["createdBy"] == "kai"
        assert effected.outcome.silences == (("am", made["id"]),)
        assert effected.touched == ("am",)
        now = await kai.change(paper.change.id)
        assert now.change.silence_id == made["id"]
        # It goes on while somebody verifies, and ends with the change.
        now = await kai.moved(now, ChangeState.VERIFYING)
        assert silences_of(place, paper)
        effected = await mei.did(MoveChange(now, ChangeState.ACCEPTED))
        assert silences_of(place, paper) == []
        assert "its silence ended" in effected.outcome.details

    two(place, told)


def test_taking_the_start_back_ends_its_silence(place: Place) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await ready(kai, mei, "b")
        effected = await kai.did(MoveChange(paper, STARTED))
        assert isinstance(effected.inverse, RestorePaper)
        await kai.did(effected.inverse)
        assert silences_of(place, paper) == []
        now = (await kai.change(paper.change.id)).change
        assert (now.state, now.silence_id) == (ChangeState.APPROVED, "")

    two(place, told)


def test_a_change_may_be_started_without_its_silence(place: Place) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await ready(kai, mei, "c")
        await kai.did(MoveChange(paper, STARTED, silences=False))
        assert silences_of(place, paper) == []

    two(place, told)


def test_a_silence_that_fails_does_not_hold_up_the_change(place: Place) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await ready(kai, mei, "d")
        kai.clusters = {}
        outcome = await kai.told(MoveChange(paper, STARTED))
        assert outcome.ended is Ended.PARTLY
        assert "no Alertmanager to send it to" in "\n".join(outcome.details)
        assert (await kai.change(paper.change.id)).change.state is STARTED

    two(place, told)


def test_a_silence_that_cannot_be_written_down_is_ended_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await ready(kai, mei, "e")
        busy = place.folder / ".git" / "rebase-merge"
        cluster = kai.clusters["am"]
        post = cluster.post

        async def posted(*args: Any) -> str:
            made = await post(*args)
            busy.mkdir()  # in the very moment between the silence and its record
            return made

        monkeypatch.setattr(cluster, "post", posted)
        outcome = await kai.told(MoveChange(paper, STARTED))
        busy.rmdir()
        assert outcome.ended is Ended.PARTLY
        assert "could not be written down" in outcome.details[0]
        assert any(one["comment"].startswith(paper.change.id) for one in listed(place.url))
        assert silences_of(place, paper) == []

    two(place, told)


def test_a_console_killed_before_it_noted_the_silence_leaves_none_behind(place: Place) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await ready(kai, mei, "f")
        before = await kai.sheet(paper.path)
        await kai.did(MoveChange(paper, STARTED))
        started = await kai.change(paper.change.id)
        noted = (await kai.sheet(paper.path)).content
        path = place.folder / paper.path
        path.write_bytes(noted.replace(started.change.silence_id.encode(), b""))
        assert before.content != noted
        now = await kai.change(paper.change.id)
        assert (now.change.state, now.change.silence_id) == (STARTED, "")
        assert silences_of(place, paper)
        await mei.did(MoveChange(now, ChangeState.ROLLED_BACK, "p95 went up"))
        assert silences_of(place, paper) == []

    two(place, told)


def test_a_silence_that_somebody_made_their_own_is_left_alone(place: Place) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await ready(kai, mei, "g")
        await kai.did(MoveChange(paper, STARTED))
        started = await kai.change(paper.change.id)
        (silence,) = [
            one for one in await kai.clusters["am"].silences() if is_of(started.change, one)
        ]
        taken = SilenceWish(("am",), silence.matchers, None, silence.ends_at, "mine now", silence)
        done = await carry_out(taken, mei.doing())
        assert done.outcome.ended is Ended.DONE
        outcome = await kai.told(MoveChange(started, ChangeState.FAILED))
        assert "theirs now; left alone" in "\n".join(outcome.details)
        assert [one["comment"] for one in running(place.url) if one["id"] == silence.id] == [
            "mine now [oncall 7f3a2c00]"
        ]

    two(place, told)
