"""Incidents are written down once, whole, and never over what somebody else wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from console.journal.change import Commit, Write
from console.journal.errors import JournalFault, Problem
from console.model.acting import Ended
from console.model.event import EventKind
from console.model.incident import (
    ActionItem,
    Incident,
    IncidentProse,
    IncidentState,
    StatusUpdate,
)
from console.model.paper_wish import (
    Attach,
    MoveIncident,
    Note,
    OpenIncident,
    PaperWish,
    RestorePaper,
    RewritePaper,
    UpdateIncident,
    WriteIncident,
)
from console.model.papers import IncidentPaper
from console.model.snapshot import Snapshot
from console.safety.clock import ManualClock
from tests.actions.paper_desk import NIGHT, PaperDesk, desks
from tests.build import ack, alert, known
from tests.journal.folder import git, in_head, is_sound


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal")


Told = Callable[[PaperDesk, PaperDesk], Awaitable[None]]


def two(folder: Path, told: Told) -> None:
    """Kai and Mei, each at a console, on the same journal."""

    async def run() -> None:
        kai, mei = await desks(folder, "kai", "mei", clock=ManualClock(NIGHT))
        await told(kai, mei)

    asyncio.run(run())


def edit(paper: IncidentPaper, **fields: object) -> Incident:
    return msgspec.structs.replace(paper.incident, **fields)


async def saved_by(desk: PaperDesk, paper: IncidentPaper, **prose: str) -> WriteIncident:
    """The wish to save some prose, in a form that is opened now."""
    opened = await desk.sheet(paper.path)
    words = msgspec.structs.replace(paper.incident.prose, **prose)
    return WriteIncident(opened, paper.incident, edit(paper, prose=words))


def test_what_and_where_is_all_that_an_incident_needs(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        prose = IncidentProse(what="no PING reply", where="redis@data-1")
        asked = OpenIncident(Incident("", "", NIGHT, prose=prose))
        effected = await kai.did(asked)
        paper = await kai.incident(effected.outcome.document)
        incident = paper.incident
        assert (incident.title, incident.state) == ("no PING reply", IncidentState.OPEN)
        assert (incident.lead, incident.reporter, incident.environment) == ("kai", "kai", "prod")
        assert incident.opened == incident.detected == NIGHT
        subject, _, *body = git(folder, "log", "-1", "--format=%B").split("\n")
        assert subject == f"{incident.id} opened: no PING reply"
        assert body[0] == f"Audit: {'ab' * 32}"
        assert effected.event is not None
        assert effected.event.kind is EventKind.INCIDENT
        assert effected.event.documents == (incident.id,)
        assert b"opened: no PING reply" in in_head(folder, paper.path)
        # Its event is in the same commit.
        assert git(folder, "show", "--format=", "--name-only").count("events/") == 1
        assert git(folder, "status", "--short") == ""

    two(folder, told)


def test_without_what_or_where_nothing_is_opened(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        before = git(folder, "rev-parse", "HEAD")
        for incident in (
            Incident("", "redis", NIGHT),
            Incident("", " ", NIGHT, prose=IncidentProse(where="data-1")),
        ):
            assert "what and where" in await kai.refused(OpenIncident(incident))
        assert git(folder, "rev-parse", "HEAD") == before

    two(folder, told)


def test_the_times_of_its_alerts_and_of_their_first_ack_are_its_times(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        fired = known(
            alert("ServiceDown", starts_at=NIGHT - timedelta(minutes=4)),
            acked=ack("mei", since=NIGHT - timedelta(minutes=1)),
        )
        kai.snapshot = Snapshot(kai.clock.now(), "test", alerts=(fired,))
        paper = await kai.opened(alerts=(fired.key,))
        assert paper.incident.started == NIGHT - timedelta(minutes=4)
        assert paper.incident.acknowledged == NIGHT - timedelta(minutes=1)
        assert paper.incident.detected_by == "alert"
        text = (folder / paper.path).read_text()
        began, taken = text.index("began to fire"), text.index("(mei)")
        assert "03:10:00 UTC" in text[text.rindex("\n", 0, began) : began]
        assert "03:13:00 UTC" in text[text.rindex("\n", 0, taken) : taken]

    two(folder, told)


def test_a_time_that_no_clock_ever_told_breaks_nothing(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        paper = await kai.opened()
        early = edit(
            paper, started=datetime(1, 1, 1, tzinfo=UTC), closed=datetime.max.replace(tzinfo=UTC)
        )
        await kai.did(WriteIncident(await kai.sheet(paper.path), paper.incident, early))
        await kai.did(Note("goes on", incident=paper.incident.id))

    two(folder, told)


def test_a_paste_of_a_megabyte_is_kept_whole_and_told_short(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        paste = "redis 停了 " * 150_000
        prose = IncidentProse(what=paste, where="data-1")
        effected = await kai.did(OpenIncident(Incident("", "", NIGHT, prose=prose)))
        incident = (await kai.incident(effected.outcome.document)).incident
        assert incident.prose.what == paste.strip()
        assert len(incident.title) < 100
        assert effected.event is not None
        assert len(effected.event.text) < 3_000

    two(folder, told)


def test_one_alert_has_one_incident_also_where_another_console_was_quicker(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        first = await mei.opened(alerts=("f-one", "f-two"))
        prose = IncidentProse(what="redis", where="data-1")
        late = OpenIncident(Incident("", "redis", NIGHT, alerts=("f-two",), prose=prose))
        outcome = await kai.told(late)
        assert outcome.ended is Ended.DENIED
        assert outcome.document == first.incident.id
        assert first.incident.id in outcome.text
        # One that is over is no reason.
        await mei.did(MoveIncident(first, IncidentState.RESOLVED))
        await kai.did(late)

    two(folder, told)


def test_an_edit_keeps_state_and_timeline_and_says_what_it_changed(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        paper = await kai.opened()
        wish = await saved_by(kai, paper, why="maxmemory was unset")
        forged = msgspec.structs.replace(
            wish, incident=msgspec.structs.replace(wish.incident, state=IncidentState.CLOSED)
        )
        effected = await kai.did(forged)
        now = (await kai.incident(paper.incident.id)).incident
        assert (now.prose.why, now.state) == ("maxmemory was unset", IncidentState.OPEN)
        text = in_head(folder, paper.path).decode()
        assert "edited: why (kai)" in text
        assert "opened: redis down" in text
        assert isinstance(effected.inverse, RestorePaper)
        assert "needs a title" in await kai.refused(
            WriteIncident(await kai.sheet(paper.path), now, edit(paper, title=" "))
        )

    two(folder, told)


def test_what_two_people_changed_at_once_is_shown_twice_and_written_once(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.opened()
        mine = await saved_by(kai, paper, why="kai's words")
        await mei.did(await saved_by(mei, paper, why="mei's words"))
        head = git(folder, "rev-parse", "HEAD")
        outcome = await kai.told(mine)
        assert outcome.ended is Ended.FAILED
        assert "somebody else changed it meanwhile: why" in outcome.text
        assert outcome.clash is not None
        assert b"kai's words" in outcome.clash.mine.content
        assert b"mei's words" in outcome.clash.theirs.content
        assert git(folder, "rev-parse", "HEAD") == head
        assert (await kai.incident(paper.incident.id)).incident.prose.why == "mei's words"
        # With theirs as the base, what the person decides on is saved.
        theirs = await kai.incident(paper.incident.id)
        await kai.did(await saved_by(kai, theirs, why="mei's words, kai's words"))

    two(folder, told)


def test_a_file_that_was_broken_or_removed_meanwhile_is_shown_beside_mine(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        for theirs in (b"---\nid: [\n---\nby hand", None):
            paper = await kai.opened()
            mine = await saved_by(kai, paper, why="kai's words")
            path = folder / paper.path
            path.unlink() if theirs is None else path.write_bytes(theirs)
            clash = (await kai.told(mine)).clash
            assert clash is not None
            assert b"kai's words" in clash.mine.content
            assert (clash.theirs.content, bool(clash.theirs.blob)) == (theirs or b"", bool(theirs))
            assert path.exists() == bool(theirs)

    two(folder, told)


def test_two_consoles_at_once_both_land_and_both_stand_in_the_timeline(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.opened()
        notes = [(one, f"{one.who} {number}") for one in (kai, mei) for number in range(3)]
        await asyncio.gather(
            *(one.did(Note(text, incident=paper.incident.id)) for one, text in notes),
            mei.did(MoveIncident(paper, IncidentState.MITIGATED)),
        )
        text = in_head(folder, paper.path).decode()
        assert [said for _, said in notes if f"**note** {said} " not in text] == []
        assert "state: mitigated" in text
        assert is_sound(folder)

    two(folder, told)


def test_a_note_of_somebody_else_is_no_reason_not_to_save(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.opened()
        wish = await saved_by(kai, paper, why="typed while mei wrote a note")
        await mei.did(Note("rack r12 is dark too", incident=paper.incident.id))
        with (folder / paper.path).open("ab") as file:
            file.write(b"\n## Ours\n\na section of our own\n")
        await kai.did(wish)
        text = in_head(folder, paper.path).decode()
        assert "typed while mei wrote a note" in text
        assert "rack r12 is dark too" in text
        assert "a section of our own" in text

    two(folder, told)


def test_states_follow_their_rules_on_what_stands_in_the_file_now(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.opened()
        await mei.did(await saved_by(mei, paper, why="written meanwhile"))
        effected = await kai.did(MoveIncident(paper, IncidentState.MITIGATED))
        assert effected.outcome.text == f"{paper.incident.id} mitigated"
        now = (await kai.incident(paper.incident.id)).incident
        assert (now.mitigated, now.prose.why) == (NIGHT, "written meanwhile")
        assert "stays mitigated" in await kai.refused(MoveIncident(paper, IncidentState.MITIGATED))
        await kai.did(MoveIncident(paper, IncidentState.RESOLVED))
        said = await kai.refused(MoveIncident(paper, IncidentState.CLOSED))
        assert "it has no severity" in said
        subject = git(folder, "log", "-1", "--format=%s")
        assert subject == f"{paper.incident.id} resolved: redis down"

    two(folder, told)


def test_an_update_stands_in_the_timeline_in_its_form(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        paper = await kai.opened()
        update = StatusUpdate("degraded", "restarting", "a second pair of eyes")
        await kai.did(UpdateIncident(paper, update))
        text = in_head(folder, paper.path).decode()
        assert "Conditions: degraded. Actions: restarting. Needs: a second pair of eyes." in text
        empty = UpdateIncident(paper, StatusUpdate(" ", "", ""))
        assert "say conditions" in await kai.refused(empty)

    two(folder, told)


def test_a_note_is_in_a_commit_whatever_it_belongs_to(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        await kai.did(Note("of nothing yet", subject="ServiceDown redis", key="f9"))
        assert git(folder, "log", "-1", "--format=%s") == "note: of nothing yet"
        assert "of nothing yet" in git(folder, "show", "HEAD")
        paper = await kai.opened()
        with (folder / paper.path).open("r+b") as file:
            file.write(b"-x-")  # no front matter any more
        broken = (folder / paper.path).read_bytes()
        outcome = await kai.told(Note("while it is broken", incident=paper.incident.id))
        assert outcome.ended is Ended.KEPT
        assert "not in the document yet" in outcome.text
        assert "while it is broken" in git(folder, "show", "HEAD")
        assert (folder / paper.path).read_bytes() == broken
        outcome = await kai.told(Note("too long " * 10_000, incident=paper.incident.id))
        assert outcome.ended is Ended.DENIED

    two(folder, told)


def test_what_is_attached_is_named_in_the_timeline(folder: Path, tmp_path: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        paper = await kai.opened()
        (tmp_path / "graph.png").write_bytes(b"\x89PNG")
        await kai.did(Attach(paper.incident.id, (str(tmp_path / "graph.png"),)))
        text = in_head(folder, paper.path).decode()
        assert f"({paper.incident.id}/graph.png)" in text
        missing = Attach(paper.incident.id, (str(tmp_path / "none.png"),))
        assert "none.png" in await kai.refused(missing)

    two(folder, told)


def test_taking_back_has_the_bytes_again_unless_somebody_wrote_since(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.opened()
        before = in_head(folder, paper.path)
        moved = await kai.did(MoveIncident(paper, IncidentState.MITIGATED))
        assert isinstance(moved.inverse, RestorePaper)
        await kai.did(moved.inverse)
        assert in_head(folder, paper.path) == before
        assert "taken back" in git(folder, "log", "-1", "--format=%s")
        moved = await kai.did(MoveIncident(paper, IncidentState.MITIGATED))
        await mei.did(Note("mine", incident=paper.incident.id))
        theirs = in_head(folder, paper.path)
        assert isinstance(moved.inverse, RestorePaper)
        assert "somebody has written to it since" in await kai.refused(moved.inverse)
        assert in_head(folder, paper.path) == theirs

    two(folder, told)


def test_a_new_incident_that_is_taken_back_is_gone(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        prose = IncidentProse(what="a mistake", where="nowhere")
        opened = await kai.did(OpenIncident(Incident("", "a mistake", NIGHT, prose=prose)))
        assert isinstance(opened.inverse, RestorePaper)
        await kai.did(opened.inverse)
        assert await kai.bench.library.incident(opened.outcome.document) is None
        assert opened.outcome.document not in git(folder, "ls-files")

    two(folder, told)


def test_an_editor_saves_every_byte_but_no_state(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.opened()
        opened = await kai.sheet(paper.path)
        typed = opened.content + b"\n## Ours\r\n\xff bytes of any kind\n"
        await kai.did(RewritePaper(opened, typed, paper.incident.id))
        assert in_head(folder, paper.path) == typed
        sheet = await kai.sheet(paper.path)
        closed = typed.replace(b"state: open", b"state: closed")
        assert "under its rules" in await kai.refused(
            RewritePaper(sheet, closed, paper.incident.id)
        )
        await mei.did(Note("mine", incident=paper.incident.id))
        outcome = await kai.told(RewritePaper(sheet, typed + b"late", paper.incident.id))
        assert outcome.clash is not None
        assert outcome.clash.mine.content == typed + b"late"
        sheet = await kai.sheet(paper.path)
        outcome = await kai.told(RewritePaper(sheet, b"no front matter", paper.incident.id))
        assert outcome.ended is Ended.PARTLY
        assert any("front matter" in line for line in outcome.details)
        assert in_head(folder, paper.path) == b"no front matter"

    two(folder, told)


def test_without_a_journal_the_fault_is_told_in_its_words(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        kai.fault = JournalFault(
            Problem.FULL, "the disk is full", "room", "make room", ("incidents/2026/x.md",)
        )
        outcome = await kai.told(Note("x"))
        assert outcome.ended is Ended.FAILED
        assert "the disk is full" in outcome.text
        said = "\n".join(outcome.details)
        assert "make room" in said
        assert "incidents/2026/x.md" in said

    two(folder, told)


def test_what_a_busy_repository_does_not_commit_is_on_disk_and_said(tmp_path: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk) -> None:
        paper = await kai.opened()
        wish = await saved_by(kai, paper, why="typed in the middle of a rebase")
        busy = tmp_path / "j" / ".git" / "rebase-merge"
        busy.mkdir()
        outcome = await kai.told(wish)
        assert outcome.ended is Ended.FAILED
        assert paper.path in "\n".join(outcome.details)
        assert b"in the middle of a rebase" in (tmp_path / "j" / paper.path).read_bytes()
        busy.rmdir()
        # Saved once more from the same form, it is committed and no clash with itself.
        await kai.did(wish)
        text = in_head(tmp_path / "j", paper.path).decode()
        assert "in the middle of a rebase" in text
        assert "not written after all" not in text

    two(tmp_path / "j", told)


THEIRS = "what mei wrote in between"


def wishes(paper: IncidentPaper, wish: WriteIncident, before: RestorePaper) -> list[PaperWish]:
    typed = wish.opened.content + b"typed\n"
    return [
        wish,
        MoveIncident(paper, IncidentState.MITIGATED),
        UpdateIncident(paper, StatusUpdate("a", "b", "c")),
        Note("x", incident=paper.incident.id),
        RewritePaper(wish.opened, typed, paper.incident.id),
        before,
    ]


def test_whatever_the_wish_what_somebody_else_wrote_in_between_stays(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.opened()
        mine = await saved_by(kai, paper, luck="kai's luck")
        back = RestorePaper(mine.opened, mine.opened.blob, paper.incident.id)
        stale = wishes(paper, mine, back)
        action = ActionItem("Add an alert", owner="mei")
        theirs = edit(
            paper,
            actions=(action,),
            prose=msgspec.structs.replace(paper.incident.prose, why=THEIRS),
        )
        await mei.did(WriteIncident(await mei.sheet(paper.path), paper.incident, theirs))
        path = folder / paper.path
        commit = await mei.bench.journal.commit(
            [
                Write(
                    paper.path,
                    path.read_bytes() + b"their own line\n",
                    (await mei.sheet(paper.path)).blob,
                )
            ],
            "by hand",
        )
        assert isinstance(commit, Commit)
        for wish in stale:
            await kai.act(wish)
            now = (await kai.incident(paper.incident.id)).incident
            assert (now.prose.why, now.actions) == (THEIRS, (action,)), wish
            assert b"their own line\n" in in_head(folder, paper.path), wish
        assert is_sound(folder)

    two(folder, told)
