"""One document written in two clones: made one again, or left to a person; nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.schema import JournalRemote
from console.journal.bench import Bench
from console.journal.change_text import CHANGES
from console.journal.document import read_document
from console.journal.errors import JournalFault, Problem
from console.journal.happenings import entries_of, incident_entries, line_of
from console.journal.incident_text import INCIDENTS
from console.journal.language import Language
from console.journal.reconcile import Side, Unreconciled, reconciled
from console.journal.recorder import Recorder
from console.journal.remote import Synced, sync
from console.journal.timeline import timeline_lines
from console.journal.writing import Written, write_incident
from console.model.change import Approval, Change, ChangeState, Plan, approvers_of, plan_hash
from console.model.event import Event, EventKind
from console.model.incident import ActionItem, Incident, IncidentState
from console.model.papers import Sheet
from tests.journal.benches import AT, REDIS, bench_in
from tests.journal.folder import git, in_head, is_whole
from tests.journal.made import changes, incidents
from tests.soak import trials

PATH = "incidents/2026/INC-20261122-7f3-redis-down.md"
PLANNED = Change(
    "CHG-20261122-9b1",
    "redis 7.2.6",
    "kai",
    AT,
    state=ChangeState.SUBMITTED,
    plan=Plan(services=("redis",), steps="docker restart redis"),
)
CHANGE_PATH = "changes/2026/CHG-20261122-9b1-redis-7-2-6.md"


def note(who: str, text: str, minutes: int = 5) -> Event:
    at = AT + timedelta(minutes=minutes)
    return Event(at, EventKind.NOTE, "redis", text, who, documents=(REDIS.id, PLANNED.id))


def prose(of: Incident, **words: str) -> Incident:
    return msgspec.structs.replace(of, prose=msgspec.structs.replace(of.prose, **words))


def moved(of: Incident, minutes: int = 9) -> Incident:
    at = AT + timedelta(minutes=minutes)
    return msgspec.structs.replace(of, state=IncidentState.MITIGATED, mitigated=at)


def file_of(value: Incident | Change, events: Iterable[Event] = ()) -> bytes:
    if isinstance(value, Incident):
        return INCIDENTS.new(value, Language.ENGLISH, entries_of(value, events)).content
    return CHANGES.new(value, Language.ENGLISH, entries_of(value, events)).content


def side(base: bytes, value: Incident | Change, *events: Event) -> Side:
    """What a console makes of `base`."""
    document, entries = read_document(base, "x.md"), entries_of(value, events)
    if isinstance(value, Incident):
        return Side(INCIDENTS.update(document, value, entries).content, events)
    return Side(CHANGES.update(document, value, entries).content, events)


def together(base: bytes, here: Side, there: Side, path: str = PATH) -> str:
    told = reconciled(path, base, here, there)
    assert isinstance(told, bytes), told
    return told.decode("utf-8", "surrogateescape")


def incident_in(text: str | bytes) -> Incident:
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    read = INCIDENTS.read(read_document(content, "x.md"))
    assert read.value is not None and not read.faults
    return read.value


def change_in(text: str) -> Change:
    read = CHANGES.read(read_document(text.encode(), "x.md"))
    assert read.value is not None and not read.faults
    return read.value


BASE = file_of(REDIS)
KAI, MEI = note("kai", "restarted it"), note("mei", "the api is slow too", 6)


def test_two_who_note_at_once_are_both_in_timeline_and_how_in_their_order() -> None:
    both = together(BASE, side(BASE, REDIS, KAI), side(BASE, REDIS, MEI))
    assert both == file_of(REDIS, (KAI, MEI)).decode()
    assert both.count("restarted it") == both.count("the api is slow too") == 2
    assert both.index("restarted it") < both.index("the api is slow too")


def test_what_two_consoles_saw_of_one_thing_is_told_once() -> None:
    seen = Event(AT, EventKind.FIRED, "redis@data", "no PING reply", key="redis")
    late = msgspec.structs.replace(seen, at=AT + timedelta(seconds=9))
    of_redis = msgspec.structs.replace(REDIS, services=("redis",))
    base = file_of(of_redis)
    both = together(base, side(base, of_redis, late, KAI), side(base, of_redis, seen))
    assert both.count("**fired**") == 1
    assert "03:14:09 UTC **fired**" not in both


def test_a_move_on_one_side_and_prose_on_the_other_are_both_there() -> None:
    both = together(BASE, side(BASE, moved(REDIS), KAI), side(BASE, prose(REDIS, why="no memory")))
    assert incident_in(both) == prose(moved(REDIS), why="no memory")
    assert "- **State**: mitigated" in both
    assert "- **Mitigated**: 2026-11-22 03:23:00 UTC" in both
    assert "restarted it" in both


def test_the_same_move_on_both_sides_is_one_made_when_the_first_made_it() -> None:
    both = together(BASE, side(BASE, moved(REDIS, 9)), side(BASE, moved(REDIS, 10)))
    assert incident_in(both) == moved(REDIS, 9)
    resolved = msgspec.structs.replace(REDIS, state=IncidentState.RESOLVED, resolved=AT)
    told = reconciled(PATH, BASE, side(BASE, moved(REDIS)), side(BASE, resolved))
    assert told == Unreconciled("state")


def test_items_and_participants_that_each_added_are_all_there() -> None:
    one, other = ActionItem("Add an alert"), ActionItem("Raise the limit", owner="mei")
    mine = msgspec.structs.replace(REDIS, actions=(one,), participants=("kai",), alerts=("a",))
    theirs = msgspec.structs.replace(REDIS, actions=(other,), participants=("mei",))
    both = incident_in(together(BASE, side(BASE, mine), side(BASE, theirs)))
    assert set(both.actions) == {one, other}
    assert (set(both.participants), both.alerts) == ({"kai", "mei"}, ("a",))
    base = file_of(both)
    done, owned = (
        msgspec.structs.replace(both, actions=(msgspec.structs.replace(one, **edit), other))
        for edit in ({"done": AT}, {"owner": "kai"})
    )
    told = reconciled(PATH, base, side(base, done), side(base, owned))
    assert told == Unreconciled("actions")


def test_an_incident_closed_here_is_not_bared_there_of_what_it_needs() -> None:
    whole = prose(msgspec.structs.replace(REDIS, severity=None, lead="kai"), why="no memory")
    base = file_of(whole)
    closed = msgspec.structs.replace(whole, state=IncidentState.CLOSED, closed=AT)
    bared = msgspec.structs.replace(whole, lead="")
    assert reconciled(PATH, base, side(base, closed), side(base, bared)) == Unreconciled("state")


def test_an_approval_of_the_plan_as_it_was_does_not_count_for_the_one_edited_meanwhile() -> None:
    base = file_of(PLANNED)
    given = Approval("mei", AT, plan_hash(PLANNED.plan))
    approved = msgspec.structs.replace(PLANNED, state=ChangeState.APPROVED, approvals=(given,))
    assert approvers_of(approved) == ("mei",)
    plan = msgspec.structs.replace(PLANNED.plan, steps="rm -rf /")
    rewritten = msgspec.structs.replace(PLANNED, plan=plan)
    for sides in ((approved, rewritten), (rewritten, approved)):
        here, there = (side(base, one) for one in sides)
        both = change_in(together(base, here, there, CHANGE_PATH))
        assert both.plan == plan
        assert both.approvals == (given,)
        assert approvers_of(both) == ()
        assert both.state is ChangeState.SUBMITTED
    noted = side(base, msgspec.structs.replace(PLANNED, related=("CHG-20261122-abc",)), KAI)
    both = change_in(together(base, side(base, approved), noted, CHANGE_PATH))
    assert (approvers_of(both), both.state) == (("mei",), ChangeState.APPROVED)


def test_a_plan_edited_while_the_other_side_carries_it_out_is_a_persons_to_settle() -> None:
    approved = msgspec.structs.replace(PLANNED, state=ChangeState.APPROVED)
    base = file_of(approved)
    started = msgspec.structs.replace(approved, state=ChangeState.IN_PROGRESS, started=AT)
    plan = msgspec.structs.replace(PLANNED.plan, steps="other")
    rewritten = msgspec.structs.replace(approved, plan=plan)
    told = reconciled(CHANGE_PATH, base, side(base, started), side(base, rewritten))
    assert told == Unreconciled("plan")


def by_hand(content: bytes) -> bytes:
    return content.replace(b"---\n", b"---\nteam: data # ours\n", 1) + b"\nA line by hand \xff\n"


@pytest.mark.parametrize("is_here", [True, False])
def test_bytes_that_one_side_wrote_by_hand_stay(is_here: bool) -> None:
    kai, mei = side(BASE, moved(REDIS), KAI), side(BASE, prose(REDIS, why="no memory"), MEI)
    edited = Side(by_hand(kai.content), kai.events)
    sides = (edited, mei) if is_here else (mei, edited)
    both = together(BASE, *sides)
    assert "\nteam: data # ours\n" in both
    assert both.endswith("\nA line by hand \udcff\n")
    assert incident_in(both) == prose(moved(REDIS), why="no memory")
    assert "restarted it" in both and "the api is slow too" in both


def test_bytes_that_both_wrote_by_hand_are_a_persons_to_merge() -> None:
    other = BASE.replace(b"---\n", b"---\nteam: shop\n", 1)
    told = reconciled(PATH, BASE, Side(by_hand(BASE)), Side(other))
    assert isinstance(told, Unreconciled)
    assert "outside of what the console writes" in told.why
    assert together(BASE, Side(by_hand(BASE)), Side(by_hand(BASE))) == by_hand(BASE).decode(
        "utf-8", "surrogateescape"
    )


def test_a_line_of_which_no_event_file_knows_stays_in_the_timeline() -> None:
    kai = side(BASE, REDIS, KAI)
    forgotten = Side(kai.content)  # its file could not be written
    for sides in ((forgotten, side(BASE, REDIS, MEI)), (side(BASE, REDIS, MEI), forgotten)):
        assert together(BASE, *sides) == file_of(REDIS, (KAI, MEI)).decode()
    scrawled = kai.content.replace(b"<!-- oncall:end timeline", b"ask Bo\n<!-- oncall:end timeline")
    told = reconciled(PATH, BASE, Side(scrawled, kai.events), side(BASE, REDIS, MEI))
    assert isinstance(told, Unreconciled) and "no event tells" in told.why


def test_a_broken_or_another_document_is_left_to_a_person() -> None:
    fine = side(BASE, moved(REDIS))
    other = msgspec.structs.replace(REDIS, id="INC-20261122-7f4")
    for bad in (BASE.replace(b"state: open", b"state: [open"), b"no front matter", file_of(other)):
        for sides in ((Side(bad), fine), (fine, Side(bad))):
            assert reconciled(PATH, BASE, *sides) == Unreconciled()
        assert reconciled(PATH, bad, fine, fine) == Unreconciled()


class Clone:
    """A console of one person, with a clone of its own."""

    def __init__(self, bench: Bench, who: str) -> None:
        self.bench = msgspec.structs.replace(bench, recorder=Recorder(bench.journal, who, "host"))

    async def writes(self, edit: Callable[[Incident], Incident], *events: Event) -> None:
        recorder, path = self.bench.recorder, PATH
        recorder.add(events)
        assert await recorder.flush() is None
        sheet = await self.bench.library.sheet(path)
        assert isinstance(sheet, Sheet)
        value = edit(incident_in(sheet.content) if sheet.blob else REDIS)
        entries = incident_entries(value, await recorder.between(AT, AT + timedelta(days=1)))
        opened = sheet if sheet.blob else None
        also = recorder.uncommitted()
        subject = f"{value.id} edited"
        told = await write_incident(
            self.bench, value, entries, opened=opened, subject=subject, also=also
        )
        assert isinstance(told, Written), told
        recorder.committed(also)

    async def shares(self) -> Synced | JournalFault:
        return await sync(self.bench.journal, JournalRemote())

    @property
    def folder(self) -> Path:
        return self.bench.journal.folder


def same(incident: Incident) -> Incident:
    return incident


@pytest.mark.real("git")
async def test_one_person_in_two_clones_keeps_the_events_of_both(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", "shared.git")
    clones = [Clone(await bench_in(tmp_path / name), "kai") for name in ("here", "there")]
    for one in clones:
        git(one.folder, "remote", "add", "origin", str(tmp_path / "shared.git"))
    await clones[0].writes(same)
    for one in clones:
        assert isinstance(await one.shares(), Synced)
    await clones[0].writes(same, KAI)
    await clones[1].writes(same, MEI)
    for one in (*clones, clones[0]):
        assert isinstance(await one.shares(), Synced)
    for one in clones:
        (events,) = (file.read_bytes() for file in (one.folder / "events").rglob("*.jsonl"))
        assert line_of(KAI) in events
        assert line_of(MEI) in events
        assert is_whole(one.folder)


@pytest.mark.real("git")
async def test_two_clones_write_into_one_incident_and_share_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", "shared.git")
    kai, mei = [Clone(await bench_in(tmp_path / name), name) for name in ("kai", "mei")]
    for one in (kai, mei):
        git(one.folder, "remote", "add", "origin", str(tmp_path / "shared.git"))
    await kai.writes(same)
    for one in (kai, mei):
        assert isinstance(await one.shares(), Synced)
    await kai.writes(same, KAI)
    await mei.writes(same, MEI)
    await mei.writes(moved)
    for one in (kai, mei, kai):
        assert isinstance(await one.shares(), Synced)
    for one in (kai, mei):
        assert in_head(one.folder, PATH) == file_of(moved(REDIS), (KAI, MEI))
        assert (one.folder / PATH).read_bytes() == in_head(one.folder, PATH)
        assert git(one.folder, "status", "--porcelain") == ""
        assert is_whole(one.folder)
    assert f"Both wrote: {PATH}" in git(kai.folder, "log", "--merges", "--format=%b")

    await mei.writes(lambda now: prose(now, why="no memory"))
    await mei.shares()
    await kai.writes(lambda now: prose(now, why="a leak", how="restarted"))
    mine = in_head(kai.folder, PATH)
    fault = await kai.shares()
    assert isinstance(fault, JournalFault)
    assert fault.problem is Problem.DIVERGED
    assert f"both changed {PATH} (prose.why)" in fault.cause
    assert (kai.folder / PATH).read_bytes() == in_head(kai.folder, PATH) == mine
    assert git(kai.folder, "status", "--porcelain") == ""


notes = st.lists(
    st.builds(note, st.sampled_from(["kai", "mei"]), st.text(max_size=9), st.integers(0, 90)),
    max_size=3,
).map(tuple)


@settings(
    max_examples=trials(usual=25, soak=3_000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data(), kind=st.sampled_from([incidents, changes]))
def test_whatever_comes_of_two_has_all_that_either_wrote(
    data: st.DataObject, kind: st.SearchStrategy[Incident | Change]
) -> None:
    value, one, other = data.draw(kind), data.draw(kind), data.draw(kind)
    names = st.sets(st.sampled_from(value.__struct_fields__[2:]), max_size=4)
    path = f"{'incidents' if isinstance(value, Incident) else 'changes'}/2026/{value.id}.md"
    tails = st.sampled_from(["", "", "\nby hand\n"])
    base = file_of(value)
    sides, edits = [], []
    for source in (one, other):
        fields = {name: getattr(source, name) for name in data.draw(names)}
        edit = msgspec.structs.replace(value, **fields)
        tail = data.draw(tails).encode()
        made = side(base, edit, *data.draw(notes))
        sides.append(Side(made.content + tail, made.events))
        edits.append((edit, fields, tail))
    told = reconciled(path, base, *sides)
    if isinstance(told, Unreconciled):
        return
    read = (INCIDENTS if isinstance(value, Incident) else CHANGES).read(read_document(told, "x"))
    assert read.value is not None and not read.faults
    for (edit, fields, tail), there in zip(edits, sides, strict=True):
        assert told.endswith(tail)
        for name, wanted in fields.items():
            if name == "state" and reopened(read.value, edit):
                continue  # the other one changed the plan: it has to be approved again
            if wanted != getattr(value, name):
                assert has(getattr(read.value, name), wanted, getattr(value, name)), name
        for line in timeline_lines(entries_of(read.value, there.events), Language.ENGLISH):
            assert line == "none" or line.encode() in told


def reopened(now: Incident | Change, edit: Incident | Change) -> bool:
    """Whether `now` is a change that has another plan than `edit`, and so no approval of it."""
    if not isinstance(now, Change) or not isinstance(edit, Change):
        return False
    is_other = plan_hash(now.plan) != plan_hash(edit.plan)
    return is_other and now.state is ChangeState.SUBMITTED


def has(now: object, wanted: object, before: object) -> bool:
    """Whether `now` has what `wanted` added to `before`."""
    if isinstance(wanted, msgspec.Struct) and isinstance(now, msgspec.Struct):
        parts = wanted.__struct_fields__
        return all(
            has(getattr(now, one), getattr(wanted, one), getattr(before, one, None))
            for one in parts
            if getattr(wanted, one) != getattr(before, one, None)
        )
    if isinstance(wanted, tuple) and isinstance(now, tuple):
        known = before if isinstance(before, tuple) else ()
        return all(one in now for one in wanted if one not in known)
    return now == wanted
