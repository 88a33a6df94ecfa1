"""Acting, through the engine, on real Alertmanagers: one console, two of them, a cluster of two."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from config.load import Loaded, from_prometheus
from console.actions.audit.check import check, records_of
from console.actions.audit.record import Phase
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.model.acting import Ended
from console.model.alert import Silence
from console.model.change import Change, ChangeState
from console.model.incident import ActionItem, Incident, IncidentState, StatusUpdate
from console.model.labels import Matcher
from console.model.paper_wish import (
    AddActionItem,
    ApproveChange,
    Attach,
    ExceptFreeze,
    KeepReport,
    KeepRun,
    MoveChange,
    MoveIncident,
    Note,
    OpenIncident,
    PaperWish,
    RestorePaper,
    RestoreReport,
    RestoreTick,
    ReviewChange,
    RewritePaper,
    TickInspection,
    UpdateIncident,
    WriteChange,
    WriteIncident,
)
from console.model.papers import ChangePaper, IncidentPaper, Sheet
from console.model.run import Run
from console.model.runbook import Runbook
from console.model.update import Update
from console.model.wish import (
    AckWish,
    ExpireWish,
    ExtendWish,
    HandOverWish,
    RestoreWish,
    SendReport,
    SilenceWish,
    UnackWish,
    Wish,
)
from console.model.worklist import Row
from console.safety.text import Raw
from tests.servers import Program, ended, free_port, post_json, start_alertmanager
from tests.watching import Seen, hands_of, quick, running

pytestmark = pytest.mark.real("prometheus-alertmanager")

REDIS = {"alertname": "ServiceDown", "service": "redis", "severity": "critical"}
DISK = {"alertname": "DiskFull", "instance": "db1:9100", "severity": "warning"}


@pytest.fixture
def am(tmp_path: Path) -> Iterator[Program]:
    with ended(start_alertmanager(tmp_path / "am")) as (program,):
        yield program


def fire(url: str, *labels: dict[str, str]) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    post_json(f"{url}/api/v2/alerts", [{"labels": one, "endsAt": ends} for one in labels])


def silences_at(url: str) -> list[dict[str, object]]:
    with urllib.request.urlopen(f"{url}/api/v2/silences", timeout=10) as answer:
        found = json.load(answer)
    return [one for one in found if one["status"]["state"] == "active"]


def loaded_of(*urls: str) -> Loaded:
    loaded = from_prometheus((), urls)
    return quick(loaded)


@asynccontextmanager
async def console(
    folder: Path, name: str, *urls: str, read_only: bool = False
) -> AsyncIterator[tuple[Engine, Seen]]:
    """A console of `name` that has looked at everything once."""
    state = StateFolder(folder / name)
    hands = hands_of(name, read_only=read_only)
    async with running(loaded_of(*urls), state=state, hands=hands) as (engine, seen):
        await seen.until(lambda update: update.snapshot.complete)
        yield engine, seen


def row_of(update: Update, title: str) -> Row | None:
    return next((row for row in update.worklist.rows if row.title.exact == title), None)


def owner_of(update: Update, title: str) -> str | None:
    row = row_of(update, title)
    return None if row is None or row.acked_by is None else row.acked_by.exact


async def fired(seen: Seen, title: str) -> Row:
    row = row_of(await seen.until(lambda update: row_of(update, title) is not None), title)
    assert row is not None
    return row


async def acked(seen: Seen, title: str, owner: str) -> Row:
    row = row_of(await seen.until(lambda update: owner_of(update, title) == owner), title)
    assert row is not None
    return row


async def test_an_ack_in_one_console_is_seen_in_the_other_with_owner_age_and_note(
    am: Program, tmp_path: Path
) -> None:
    fire(am.url, REDIS)
    async with (
        console(tmp_path, "kai", am.url) as (kai, kais),
        console(tmp_path, "mei", am.url) as (_, meis),
    ):
        row = await fired(kais, "ServiceDown")
        outcome = await kai.acting.submit(AckWish(row.alerts, note="looking at redis"))
        assert outcome.ended is Ended.DONE and outcome.undo is not None
        # What was done has been read back when it is said to be done.
        assert owner_of(kais.last, "ServiceDown") == "kai" or await acked(
            kais, "ServiceDown", "kai"
        )
        seen = await acked(meis, "ServiceDown", "kai")
        assert seen.acks[0].note.exact == "looking at redis"
        assert seen.acks[0].since <= datetime.now(UTC)
        (silence,) = silences_at(am.url)
        assert str(silence["comment"]).startswith("ACK! kai: looking at redis [oncall ")
        assert silence["createdBy"] == "kai"


async def test_what_was_acked_can_be_taken_back_once(am: Program, tmp_path: Path) -> None:
    fire(am.url, REDIS)
    async with console(tmp_path, "kai", am.url) as (kai, seen):
        row = await fired(seen, "ServiceDown")
        await kai.acting.submit(AckWish(row.alerts))
        await acked(seen, "ServiceDown", "kai")
        assert (await kai.acting.undo()).ended is Ended.DONE
        assert silences_at(am.url) == []
        await seen.until(lambda update: owner_of(update, "ServiceDown") is None)
        assert (await kai.acting.undo()).ended is Ended.DENIED


async def test_a_hand_over_keeps_the_silence_and_changes_whose_it_is(
    am: Program, tmp_path: Path
) -> None:
    fire(am.url, REDIS, DISK)
    async with console(tmp_path, "kai", am.url) as (kai, seen):
        for title in ("ServiceDown", "DiskFull"):
            row = await fired(seen, title)
            await kai.acting.submit(AckWish(row.alerts, note=title))
        before = {one["id"] for one in silences_at(am.url)}
        acks = tuple(ack for row in seen.last.worklist.rows for ack in row.acks)
        assert len(acks) == 2
        outcome = await kai.acting.submit(HandOverWish(acks, "mei"))
        assert outcome.ended is Ended.DONE
        assert {one["id"] for one in silences_at(am.url)} == before
        row = await acked(seen, "ServiceDown", "mei")
        assert row.acks[0].note.exact.startswith("ServiceDown")
        assert (await kai.acting.undo()).ended is Ended.DONE
        await acked(seen, "ServiceDown", "kai")


async def test_read_only_sends_nothing_whatever_is_wished_for(am: Program, tmp_path: Path) -> None:
    fire(am.url, REDIS, DISK)
    async with console(tmp_path, "kai", am.url) as (kai, kais):
        row = await fired(kais, "DiskFull")
        await kai.acting.submit(AckWish(row.alerts))
        row = await acked(kais, "DiskFull", "kai")
    before = silences_at(am.url)
    async with console(tmp_path, "eve", am.url, read_only=True) as (eve, seen):
        known = await acked(seen, "DiskFull", "kai")
        silence = seen.last.snapshot.silences[0]
        for wish in every_wish(seen.last, known, silence):
            outcome = await eve.acting.submit(wish)
            assert outcome.ended is Ended.DENIED, wish
            assert "read-only" in outcome.text
        assert (await eve.acting.undo()).ended is Ended.DENIED
    assert silences_at(am.url) == before
    assert not (tmp_path / "eve" / "acks.json").exists()
    assert not (tmp_path / "eve" / "journal").exists()


def every_wish(update: Update, row: Row, silence: Silence) -> tuple[Wish, ...]:
    """One of each kind that there is."""
    matcher = Matcher("alertname", Raw("ServiceDown"))
    ends = datetime.now(UTC) + timedelta(hours=1)
    wishes: tuple[Wish, ...] = (
        AckWish(update.snapshot.alerts),
        UnackWish(row.acks),
        HandOverWish(row.acks, "mei"),
        SilenceWish((silence.cluster,), (matcher,), None, ends, "because"),
        ExpireWish((silence,)),
        ExtendWish((silence,), timedelta(hours=1)),
        RestoreWish((silence,)),
        SendReport("team", "7-day summary", "all is well"),
        *every_paper_wish(),
    )
    assert {type(one) for one in wishes} == set(Wish.__args__)
    return wishes


def every_paper_wish() -> tuple[PaperWish, ...]:
    """One of each kind that is for the journal."""
    at = datetime.now(UTC)
    incident = Incident("INC-20261122-7f3", "redis down", at)
    change = Change("CHG-20261122-9b1", "more memory", "mei", at, ChangeState.SUBMITTED)
    paper = IncidentPaper(incident, "incidents/2026/INC-20261122-7f3.md", "b")
    plan = ChangePaper(change, "changes/2026/CHG-20261122-9b1.md", "b")
    sheet = Sheet(paper.path, b"text", "b")
    book = Runbook("cache-down", Raw("cache-down"), "d")
    run = Run("RUN-20261122-7f3", book, "shipped", at, "kai", "ops-1")
    return (
        OpenIncident(incident),
        WriteIncident(sheet, incident, incident),
        MoveIncident(paper, IncidentState.MITIGATED),
        UpdateIncident(paper, StatusUpdate("down", "restarting", "none")),
        Note("restarted it", incident=incident.id),
        WriteChange(change),
        MoveChange(plan, ChangeState.APPROVED),
        ApproveChange(plan),
        ExceptFreeze(plan, "quarter-end", "it burns"),
        ReviewChange(plan, "fine"),
        Attach(incident.id, ("/etc/hostname",)),
        RewritePaper(sheet, b"other", incident.id),
        RestorePaper(sheet, "b", incident.id),
        KeepRun(run),
        KeepReport("daily report", (("reports/daily/2026-11-22.md", b"text"),)),
        TickInspection(at.date(), "backups", ok=True),
        RestoreReport("daily report", (sheet,), ("b",)),
        RestoreTick(at.date()),
        AddActionItem(ActionItem("Tune the alert"), review="Noisy alerts"),
    )


async def test_an_ack_on_a_dead_server_is_kept_and_sent_when_it_answers_again(
    am: Program, tmp_path: Path
) -> None:
    fire(am.url, REDIS)
    port = int(am.url.rsplit(":", 1)[1])
    async with console(tmp_path, "kai", am.url) as (kai, seen):
        row = await fired(seen, "ServiceDown")
        am.end()
        outcome = await kai.acting.submit(AckWish(row.alerts, note="on it"))
        assert outcome.ended is Ended.KEPT, outcome
        kept = await acked(seen, "ServiceDown", "kai")
        assert kept.acks[0].unsent
        await seen.until(
            lambda update: update.acting.waiting == 1 or bool(update.snapshot.local_acks)
        )
        with ended(start_alertmanager(tmp_path / "am", port=port)):
            fire(am.url, REDIS)
            await seen.until(
                lambda update: any(
                    source.healthy_since is not None for source in update.snapshot.sources
                )
            )
            async with asyncio.timeout(30):
                while not silences_at(am.url):
                    await kai.acting.look_after()
                    await seen.more(1)
            row = await acked(seen, "ServiceDown", "kai")
            await seen.until(lambda update: not update.snapshot.local_acks)
            (silence,) = silences_at(am.url)
            assert "on it" in str(silence["comment"])
    # What the console did by itself is on record like what was asked of it, and how it ended.
    records, _ = records_of(tmp_path / "kai")
    by_itself = {one.id for one in records if one.why == "by itself"}
    sent = [(one.action, one.phase, one.ended) for one in records if one.id in by_itself]
    assert sent[-2:] == [("row.ack", Phase.INTENT, None), ("row.ack", Phase.END, Ended.DONE)]


async def test_of_two_who_ack_at_once_the_earlier_has_it_and_the_later_is_told(
    am: Program, tmp_path: Path
) -> None:
    fire(am.url, REDIS)
    async with (
        console(tmp_path, "kai", am.url) as (kai, kais),
        console(tmp_path, "mei", am.url) as (mei, meis),
    ):
        kais_row, meis_row = await fired(kais, "ServiceDown"), await fired(meis, "ServiceDown")
        first = await kai.acting.submit(AckWish(kais_row.alerts))
        late = await mei.acting.submit(AckWish(meis_row.alerts))
        assert first.ended is Ended.DONE
        said = " ".join((late.text, *late.details))
        assert "kai" in said and "earlier" in said, late
        assert [one["createdBy"] for one in silences_at(am.url)] == ["kai"]
        await acked(meis, "ServiceDown", "kai")


async def test_an_effect_goes_on_to_its_end_though_nobody_waits_for_it(
    am: Program, tmp_path: Path
) -> None:
    fire(am.url, REDIS)
    async with console(tmp_path, "kai", am.url) as (kai, seen):
        row = await fired(seen, "ServiceDown")
        asked = asyncio.create_task(kai.acting.submit(AckWish(row.alerts)))
        await asyncio.sleep(0)
        asked.cancel()
        await acked(seen, "ServiceDown", "kai")
    checked = check(tmp_path / "kai")
    assert checked.broken is None and checked.records == 2, checked


async def test_both_members_of_a_cluster_have_heard_before_an_ack_is_done(tmp_path: Path) -> None:
    gossip = free_port(), free_port()
    first = start_alertmanager(tmp_path / "a", gossip=gossip[0])
    second = start_alertmanager(tmp_path / "b", gossip=gossip[1], peers=[gossip[0]])
    with ended(first, second):
        for one in (first, second):
            fire(one.url, REDIS)
        async with console(tmp_path, "kai", first.url, second.url) as (kai, seen):
            row = await fired(seen, "ServiceDown")
            outcome = await kai.acting.submit(AckWish(row.alerts, note="both"))
            assert outcome.ended is Ended.DONE and len(outcome.silences) == 1
            await acked(seen, "ServiceDown", "kai")
            ids = {outcome.silences[0][1]}
            for one in (first, second):
                assert {silence["id"] for silence in silences_at(one.url)} == ids
            update = seen.last
            assert msgspec.structs.asdict(update.acting)["waiting"] == 0


async def test_a_sick_source_can_be_acked_and_is_seen_by_all_who_share_the_folder(
    am: Program, tmp_path: Path
) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o770)

    def with_dead() -> Loaded:
        loaded = from_prometheus((dead,), (am.url,))
        settings = msgspec.structs.replace(loaded.settings, shared=str(shared))
        return quick(msgspec.structs.replace(loaded, settings=settings))

    async with (
        running(with_dead(), state=StateFolder(tmp_path / "k"), hands=hands_of("kai")) as (
            kai,
            one,
        ),
        running(with_dead(), state=StateFolder(tmp_path / "m"), hands=hands_of("mei")) as (
            mei,
            two,
        ),
    ):
        row = await fired(one, "SourceDown")
        outcome = await kai.acting.submit(AckWish(parts=row.parts, note="network is down"))
        assert outcome.well, outcome
        await acked(one, "SourceDown", "kai")
        await fired(two, "SourceDown")
        await mei.acting.look_after()
        seen = await acked(two, "SourceDown", "kai")
        assert seen.acks[0].is_local and seen.acks[0].note.exact == "network is down"
        assert (await mei.acting.submit(UnackWish(seen.acks))).well
        await two.until(lambda update: owner_of(update, "SourceDown") is None)
