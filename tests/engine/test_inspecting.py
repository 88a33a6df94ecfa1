"""The daily inspection as the engine has it: its due time, and its reminder in the worklist."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from config.history import Webhook
from config.load import Loaded, from_prometheus, load
from console.engine.saved import StateFolder
from console.engine.week.inspecting import due_on, inspection_of, reminder_of
from console.journal.errors import JournalFault
from console.model.acting import Ended
from console.model.daily import Tick
from console.model.nag import NagKind
from console.model.paper_wish import TickInspection
from console.model.state import Priority
from console.model.update import Update
from console.model.wish import SendReport
from console.model.worklist import RowKind
from console.safety.secret import SecretSource
from tests.safety.loopback import answer, serving
from tests.watching import hands_of, running

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def settings(folder: Path, inspection: str = "", zone: str = "UTC") -> Loaded:
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "oncall.yaml").write_text(
        f"environment: test\nrota: {{zone: {zone}}}\njournal: {{folder: {folder / 'journal'}}}\n"
        f"summary: {{inspection: {{items: [{{name: a}}, {{name: b, text: B}}], {inspection}}}}}\n"
    )
    return load(folder)


@pytest.mark.parametrize(
    ("zone", "day", "due", "at"),
    [
        ("Asia/Taipei", date(2026, 11, 22), "10:00", datetime(2026, 11, 22, 2, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 28), "10:00", datetime(2026, 3, 28, 9, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 29), "10:00", datetime(2026, 3, 29, 8, tzinfo=UTC)),
        # The clocks leave 02:30 out, and have it twice in autumn: then the first counts.
        ("Europe/Berlin", date(2026, 3, 29), "02:30", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 10, 25), "02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_it_is_due_by_the_clocks_of_the_rota(
    tmp_path: Path, zone: str, day: date, due: str, at: datetime
) -> None:
    loaded = settings(tmp_path, f'due: "{due}"', zone)
    assert due_on(loaded.settings, day) == at
    assert inspection_of(loaded.settings, day, ()).due == at


def test_the_latest_tick_of_an_item_counts_and_a_strangers_is_left_out(tmp_path: Path) -> None:
    ticks = (
        Tick("a", AT, "kai", True),
        Tick("a", AT + timedelta(minutes=5), "mei", False),
        Tick("a", AT - timedelta(minutes=5), "ann", True),
        Tick("gone", AT, "kai", True),
    )
    found = inspection_of(settings(tmp_path).settings, AT.date(), ticks)
    assert [one.name for one in found.items] == ["a", "b"]
    first = found.items[0].tick
    assert first is not None and first.by == "mei"
    assert (found.left, found.is_done, found.done_at) == (1, False, None)


def test_it_is_no_reminder_once_it_is_done(tmp_path: Path) -> None:
    loaded = settings(tmp_path).settings
    nag = reminder_of(loaded, inspection_of(loaded, AT.date(), ()))
    assert nag is not None and nag.kind is NagKind.INSPECTION
    assert nag.due == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert nag.since == datetime(2026, 11, 22, tzinfo=UTC)
    done = (Tick("a", AT, "kai", True), Tick("b", AT, "kai", False))
    assert reminder_of(loaded, inspection_of(loaded, AT.date(), done)) is None


@pytest.mark.real("git")
async def test_the_reminder_stands_in_the_worklist_until_the_last_item_is_ticked(
    tmp_path: Path,
) -> None:
    loaded = settings(tmp_path / "s", "remind: true")
    state = StateFolder(tmp_path)
    async with running(loaded, hands=hands_of("kai"), state=state) as (engine, seen):

        def owed(update: Update) -> list[str]:
            rows = [row for row in update.worklist.rows if row.kind is RowKind.OWED]
            assert all(row.owed[0].kind is NagKind.INSPECTION for row in rows)
            assert all(row.priority is Priority.P3 and not row.document for row in rows)
            return [row.owed[0].text for row in rows]

        await seen.until(lambda update: "2 of 2" in "".join(owed(update)))
        day = engine.week.today
        for item in ("a", "b"):
            outcome = await engine.acting.submit(TickInspection(day, item, True))
            assert outcome.ended is Ended.DONE, outcome
        await seen.until(lambda update: not owed(update))
        assert engine.papers.papers.nags == ()
        undone = await engine.acting.undo()
        assert undone.ended is Ended.DONE, undone
        await seen.until(lambda update: "1 of 2" in "".join(owed(update)))
        told = await engine.papers.inspections.of_days(day - timedelta(days=1), day)
        assert not isinstance(told, JournalFault)
        assert [len(ticks) for _, ticks in told] == [0, 1]


async def test_without_settings_nobody_is_reminded() -> None:
    async with running(from_prometheus(["http://127.0.0.1:1"])) as (engine, seen):
        update = await seen.more(1)
        await engine.papers.look()
        assert engine.papers.inspections.reminder is None
        assert all(row.kind is not RowKind.OWED for row in update.worklist.rows)


def test_where_its_file_cannot_be_read_the_reminder_says_that_and_claims_nothing(
    tmp_path: Path,
) -> None:
    loaded = settings(tmp_path).settings
    nag = reminder_of(loaded, inspection_of(loaded, AT.date(), ()), "line 3 is broken")
    assert nag is not None and nag.text == "how far it is cannot be read: line 3 is broken"


@pytest.mark.real("git")
async def test_what_a_chat_has_is_not_taken_back_nor_what_was_done_before_it_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = settings(tmp_path / "s")
    hook = Webhook(name="team", kind="slack", url=SecretSource(env="ONCALL_TEST_HOOK"))
    summary = msgspec.structs.replace(loaded.settings.summary, webhooks=(hook,))
    told = msgspec.structs.replace(loaded.settings, summary=summary)
    loaded = msgspec.structs.replace(loaded, settings=told)

    async def taken(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"ok"))

    async with (
        serving(taken) as chat,
        running(loaded, hands=hands_of("kai"), state=StateFolder(tmp_path)) as (engine, _),
    ):
        monkeypatch.setenv("ONCALL_TEST_HOOK", chat.url("/x1y2z3w4"))
        await engine.acting.submit(TickInspection(engine.week.today, "a", True))
        sent = await engine.acting.submit(SendReport("team", "Daily report", "All was well."))
        assert sent.ended is Ended.DONE and sent.undo is None
        refused = await engine.acting.undo()
        assert refused.ended is Ended.DENIED
        assert refused.text.startswith("nothing takes this back (once more takes back: tick: a")
        assert refused.text.endswith(": sending of Daily report to team")
        assert (await engine.acting.undo()).ended is Ended.DONE
        assert len(chat.heads) == 1
