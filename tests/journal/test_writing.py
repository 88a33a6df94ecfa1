"""Documents written: new, brought up to date, or refused with everything that a person needs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from console.journal.bench import Bench
from console.journal.change import Keep, Write
from console.journal.document import read_document
from console.journal.errors import JournalFault, Problem
from console.journal.happenings import line_of
from console.journal.incident_text import INCIDENTS
from console.journal.language import Language
from console.journal.writing import Unwritable, Written, write_change, write_incident
from console.model.change import Change, Plan
from console.model.incident import Incident, IncidentState
from console.model.papers import Clash, IncidentPaper, Sheet
from tests.journal.benches import AT, FIRED, REDIS, bench_in
from tests.journal.folder import git, in_head, is_sound

pytestmark = pytest.mark.real("git")

PATH = "incidents/2026/INC-20261122-7f3-redis-down.md"
MITIGATED = msgspec.structs.replace(
    REDIS, state=IncidentState.MITIGATED, mitigated=AT + timedelta(minutes=9)
)


async def written(
    bench: Bench, incident: Incident = REDIS, opened: Sheet | None = None
) -> Written[IncidentPaper]:
    told = await write_incident(
        bench, incident, [FIRED], opened=opened, subject=f"{incident.id} open: {incident.title}"
    )
    assert isinstance(told, Written), told
    return told


async def sheet_of(bench: Bench, path: str = PATH) -> Sheet:
    sheet = await bench.library.sheet(path)
    assert isinstance(sheet, Sheet)
    return sheet


async def unwritable(bench: Bench, incident: Incident, opened: Sheet | None) -> tuple[str, ...]:
    told = await write_incident(bench, incident, None, opened=opened, subject="x")
    assert isinstance(told, Unwritable), told
    return told.faults


async def test_a_new_incident_is_one_commit_at_its_own_path(tmp_path: Path) -> None:
    bench = await bench_in(tmp_path / "j", Language.TRADITIONAL_CHINESE)
    path = "events/2026-11-22/kai-laptop.jsonl"
    (tmp_path / "j" / path).parent.mkdir(parents=True)
    (tmp_path / "j" / path).write_bytes(line_of(FIRED.event))
    told = await write_incident(
        bench, REDIS, [FIRED], opened=None, subject=f"{REDIS.id} open", also=[Keep(path)]
    )

    assert isinstance(told, Written)
    assert told.paper == await bench.library.incident(REDIS.id)
    assert told.paper.incident == REDIS
    assert told.paper.path == PATH
    assert told.before == Sheet(PATH)
    assert (told.commit.changed, told.commit.subject) == (True, f"{REDIS.id} open")
    assert "## 何事（What） <!-- oncall:what -->" in in_head(tmp_path / "j", PATH).decode()
    names = git(tmp_path / "j", "show", "--name-only", "--format=", "HEAD").split("\n")
    assert names == [path, PATH]


async def test_a_change_is_written_and_brought_up_to_date_in_its_own_file(tmp_path: Path) -> None:
    bench = await bench_in(tmp_path / "j")
    change = Change("CHG-20261122-9b1", "redis 7.2.6", "kai", AT)
    new = await write_change(bench, change, (), opened=None, subject=f"{change.id} draft")
    assert isinstance(new, Written)
    opened = await sheet_of(bench, new.paper.path)
    after = msgspec.structs.replace(change, title="redis 7.4", plan=Plan(steps="a\nb"))
    told = await write_change(bench, after, None, opened=opened, subject=f"{change.id} edit")

    assert isinstance(told, Written)
    assert told.before == opened
    assert told.paper.path == new.paper.path == "changes/2026/CHG-20261122-9b1-redis-7-2-6.md"
    assert told.paper.change == after
    assert "# CHG-20261122-9b1 redis 7.4 <!--" in in_head(tmp_path / "j", told.paper.path).decode()
    assert len(await bench.journal.documents()) == 1
    again = await sheet_of(bench, told.paper.path)
    same = await write_change(bench, after, None, opened=again, subject=f"{change.id} edit")
    assert isinstance(same, Written)
    assert (same.commit.changed, same.commit.hash) == (False, told.commit.hash)


async def test_a_file_that_changed_since_it_was_opened_is_shown_in_both_versions(
    tmp_path: Path,
) -> None:
    bench = await bench_in(tmp_path / "j")
    await written(bench)
    opened = await sheet_of(bench)
    file = tmp_path / "j" / PATH
    by_mei = file.read_bytes() + b"\nMei was here \xff\n"
    file.write_bytes(by_mei)
    theirs = await sheet_of(bench)
    told = await write_incident(bench, MITIGATED, None, opened=opened, subject="x")

    assert isinstance(told, Clash)
    assert told.theirs == theirs
    assert (told.mine.path, told.mine.blob) == (PATH, opened.blob)
    assert b"state: mitigated" in told.mine.content
    assert b"Mei" not in told.mine.content
    assert file.read_bytes() == by_mei
    assert in_head(tmp_path / "j", PATH) == opened.content

    on_top = await written(bench, MITIGATED, theirs)
    assert on_top.before == theirs
    assert file.read_bytes().endswith(b"\nMei was here \xff\n")

    file.unlink()
    gone = await write_incident(bench, REDIS, None, opened=theirs, subject="x")
    assert isinstance(gone, Clash)
    assert gone.theirs == Sheet(PATH)
    assert not file.exists()


async def test_a_second_document_never_takes_the_place_or_the_id_of_the_first(
    tmp_path: Path,
) -> None:
    bench = await bench_in(tmp_path / "j")
    first = await written(bench)
    there = await sheet_of(bench)
    for title in ("redis down", "another title"):
        mine = msgspec.structs.replace(MITIGATED, title=title)
        told = await write_incident(bench, mine, (), opened=None, subject="x")
        assert isinstance(told, Clash)
        assert told.theirs == there
        assert told.mine.blob == ""
        assert title.encode() in told.mine.content
    assert (await written(bench)).commit.hash == first.commit.hash  # said again, it is the same
    assert await bench.journal.documents() == (PATH,)


async def test_of_two_who_save_at_once_one_is_told_of_the_other(tmp_path: Path) -> None:
    bench = await bench_in(tmp_path / "j")
    await written(bench)
    opened = await sheet_of(bench)
    told = await asyncio.gather(
        *(
            write_incident(
                bench, msgspec.structs.replace(REDIS, lead=lead), None, opened=opened, subject="x"
            )
            for lead in ("kai", "mei")
        )
    )

    (won,) = (one for one in told if isinstance(one, Written))
    (clash,) = (one for one in told if isinstance(one, Clash))
    assert clash.theirs == await sheet_of(bench)
    assert won.paper.incident.lead.encode() in clash.theirs.content
    assert clash.mine.blob == opened.blob
    assert is_sound(tmp_path / "j")


async def test_a_document_with_faults_is_not_written_and_they_are_told(tmp_path: Path) -> None:
    bench = await bench_in(tmp_path / "j")
    good = (await written(bench)).paper
    file = tmp_path / "j" / PATH
    text = file.read_text()
    for old, new, said in (
        ("state: open", "state: shut", "redis-down.md:5:8: state: expected one of open"),
        (f"id: {good.incident.id}", "id: INC-20261122-zzz", "expected the document of"),
        ("## Why <!-- oncall:why", "## Why <!-- oncall:who", "stands here already"),
    ):
        broken = text.replace(old, new, 1)
        assert broken != text
        file.write_text(broken)
        faults = await unwritable(bench, MITIGATED, await sheet_of(bench))
        assert said in faults[0], faults
        assert file.read_text() == broken
    renamed = "incidents/2026/INC-20261122-zzz-mine.md"
    (tmp_path / "j" / renamed).write_text(text)
    faults = await unwritable(bench, MITIGATED, await sheet_of(bench, renamed))
    assert "is named for INC-20261122-zzz" in faults[0]
    odd = msgspec.structs.replace(REDIS, id="../../etc/passwd")
    assert "expected an id such as INC-20261122-7f3" in (await unwritable(bench, odd, None))[0]


async def test_a_teams_template_is_filled_in(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    bench = await bench_in(tmp_path / "j", Language.ENGLISH, templates)
    own = templates / "incident.md"
    own.write_bytes(b"# T <!-- oncall:title -->\r\n\r\nCall the bridge first.\r\n")
    told = await written(bench)
    content = in_head(tmp_path / "j", PATH)
    assert b"down <!-- oncall:title -->\r\n\r\nCall the bridge first.\r\n" in content
    assert content.count(b"\n") == content.count(b"\r\n")
    assert told.paper.incident == REDIS and told.aside == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "# T <!-- oncall:title -->\n\n## Timeline <!-- oncall:timeline -->\n",
            "incident.md:3:1: expected a line <!-- oncall:end timeline -->",
        ),
        ("---\nid: {x}\n---\n", "incident.md:3:5: id: expected text"),
        ("", "symbolic link"),
    ],
    ids=["marks", "front matter", "link"],
)
async def test_a_teams_template_with_faults_keeps_nobody_from_opening_an_incident(
    tmp_path: Path, text: str, fault: str
) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    bench = await bench_in(tmp_path / "j", Language.ENGLISH, templates)
    own = templates / "incident.md"
    if text:
        own.write_text(text)
    else:
        own.symlink_to(own)
    told = await written(bench)
    assert any(fault in one for one in told.aside)
    assert told.paper.incident == REDIS
    assert b"<!-- oncall:end timeline -->" in in_head(tmp_path / "j", PATH)


async def test_what_cannot_be_committed_is_on_disk_all_the_same(tmp_path: Path) -> None:
    bench = await bench_in(tmp_path / "j")
    await written(bench)
    opened = await sheet_of(bench)
    (tmp_path / "j" / ".git" / "MERGE_HEAD").write_text(git(tmp_path / "j", "rev-parse", "HEAD"))
    told = await write_incident(bench, MITIGATED, None, opened=opened, subject="x")

    assert isinstance(told, JournalFault)
    assert told.problem is Problem.BUSY
    assert told.kept == (PATH,)
    assert b"state: mitigated" in (tmp_path / "j" / PATH).read_bytes()
    (tmp_path / "j" / ".git" / "MERGE_HEAD").unlink()
    # Tried again from the same form, it is what stands there already.
    again = await write_incident(bench, MITIGATED, None, opened=opened, subject="x")
    assert isinstance(again, Written)
    expected = INCIDENTS.update(read_document(opened.content, "x"), MITIGATED)
    assert in_head(tmp_path / "j", PATH) == expected.content


async def test_a_megabyte_that_was_pasted_is_written_and_more_than_that_is_refused_in_words(
    tmp_path: Path,
) -> None:
    bench = await bench_in(tmp_path / "j")
    long = msgspec.structs.replace(REDIS.prose, how="a line of a log\n" * 62_500 + "end")
    told = await written(bench, msgspec.structs.replace(REDIS, prose=long))
    assert told.paper.incident.prose == long
    opened = await sheet_of(bench)
    longer = msgspec.structs.replace(REDIS.prose, how="x" * 8_388_608)
    faults = await unwritable(bench, msgspec.structs.replace(REDIS, prose=longer), opened)
    assert "expected at most 8,388,608 characters" in faults[0]
    assert await sheet_of(bench) == opened


async def test_another_file_of_the_same_commit_that_changed_is_the_clash(tmp_path: Path) -> None:
    bench = await bench_in(tmp_path / "j")
    path = "reports/daily/2026-11-22.md"
    (tmp_path / "j" / "reports" / "daily").mkdir(parents=True)
    (tmp_path / "j" / path).write_bytes(b"theirs")
    told = await write_incident(
        bench, REDIS, (), opened=None, subject="x", also=[Write(path, b"mine")]
    )

    assert isinstance(told, Clash)
    assert (told.mine, told.theirs.content) == (Sheet(path, b"mine"), b"theirs")
    assert not (tmp_path / "j" / PATH).exists()
