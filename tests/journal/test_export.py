"""What leaves the journal for outside, and what is brought into it beside a document."""

from __future__ import annotations

import json
import os
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from console.journal import attachments
from console.journal.attachments import Attached, Unattached, attach, attachments_of
from console.journal.bench import Bench
from console.journal.change import Commit
from console.journal.change_text import CHANGES
from console.journal.errors import JournalFault, Problem
from console.journal.export import Export, change_json, exported, incident_json, markdown
from console.journal.incident_text import INCIDENTS
from console.journal.language import Language
from console.journal.writing import Written, write_incident
from console.model.change import Acceptance, Approval, Change, Likelihood, Plan, Risk, plan_hash
from console.model.freeze import Period
from console.model.incident import ActionItem, Incident, IncidentProse
from console.model.papers import ChangePaper, IncidentPaper, Sheet
from console.model.state import Priority
from console.safety.text import visible
from tests.hostile import hostile_strings
from tests.journal.benches import AT, FIRED, REDIS, bench_in
from tests.journal.folder import git, in_head
from tests.journal.made import changes, incidents
from tests.soak import trials

pytestmark = pytest.mark.real("git")

PATH = "incidents/2026/INC-20261122-7f3-redis-down.md"
FOLDER = "incidents/2026/INC-20261122-7f3"


def assert_harmless(shown: str) -> None:
    """A terminal draws `shown` and does nothing else."""
    assert visible(shown, lines=True) == shown


def told(text: str) -> Any:
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    return json.loads(text)


def test_an_incident_is_exported_with_all_its_fields_in_utc_and_clocks_in_seconds() -> None:
    incident = msgspec.structs.replace(
        REDIS,
        severity=Priority.P1,
        started=AT.astimezone(timezone(timedelta(hours=8))),
        mitigated=AT + timedelta(seconds=90),
        actions=(ActionItem("Add an alert", due=AT.date()),),
        prose=IncidentProse(why="\x1b[2J 記憶體不足"),
    )
    paper = IncidentPaper(incident, PATH, "b10b", ("x.md:1:1: odd",))
    document = told(
        incident_json(paper, Sheet(PATH, b"", "b10b"), "c0de", [Attached("a/b.png", 7)])
    )

    assert document["schema_version"] == 1
    assert (document["kind"], document["path"]) == ("incident", PATH)
    assert (document["commit"], document["blob"]) == ("c0de", "b10b")
    assert document["faults"] == ["x.md:1:1: odd"]
    assert document["attachments"] == [{"path": "a/b.png", "size_bytes": 7}]
    assert document["clocks"] == {
        "to_detect_seconds": None,
        "to_acknowledge_seconds": None,
        "to_mitigate_seconds": 90.0,
        "to_resolve_seconds": None,
    }
    inside = document["incident"]
    assert set(inside) == set(Incident.__struct_fields__)
    assert inside["started"] == "2026-11-22T03:14:00Z"
    assert (inside["severity"], inside["state"], inside["lead"]) == ("P1", "open", "")
    assert inside["prose"]["why"] == "\x1b[2J 記憶體不足"
    assert inside["actions"][0]["due"] == "2026-11-22"
    assert told(incident_json(paper, Sheet(PATH)))["commit"] is None


def test_a_change_is_exported_with_what_follows_from_its_plan() -> None:
    plan = Plan(
        window=Period(AT, AT + timedelta(hours=2)),
        risk=Risk(Likelihood.HIGH, Likelihood.HIGH),
        expected_downtime=timedelta(seconds=90),
        acceptance=Acceptance("mei"),
    )
    agreed = Approval("mei", AT, plan_hash(plan), is_verified=False)
    change = Change("CHG-20261122-9b1", "x", "kai", AT, plan=plan, approvals=(agreed,))
    document = told(change_json(ChangePaper(change, "p", "b"), Sheet("p", b"", "b"), "c0de"))

    assert document["kind"] == "change"
    assert document["plan_hash"] == plan_hash(plan)
    assert document["risk_level"] == "high"
    assert document["approved_by"] == ["mei"]
    assert document["is_self_approved"] is False
    inside = document["change"]
    assert set(inside) == set(Change.__struct_fields__)
    assert inside["approvals"][0]["is_verified"] is False
    assert inside["plan"]["window"]["end"] == "2026-11-22T05:14:00Z"
    assert inside["plan"]["expected_downtime_seconds"] == 90.0
    assert inside["plan"]["expected_degraded_seconds"] is None
    assert inside["plan"]["rollback"]["takes_seconds"] is None


@settings(deadline=None, max_examples=trials(15, 500))
@given(incident=incidents, change=changes)
def test_whatever_stands_in_a_document_its_export_is_sound(
    incident: Incident, change: Change
) -> None:
    one = told(incident_json(IncidentPaper(incident, PATH, "b"), Sheet(PATH)))
    other = told(change_json(ChangePaper(change, PATH, "b"), Sheet(PATH)))

    assert one["incident"]["title"] == incident.title
    assert other["change"]["plan"]["steps"] == change.plan.steps
    for document in (
        INCIDENTS.new(incident, Language.ENGLISH, [FIRED]),
        CHANGES.new(change, Language.SIMPLIFIED_CHINESE, [FIRED]),
    ):
        assert_harmless(markdown(Sheet(PATH, document.content)))


def test_markdown_is_the_files_own_text_and_no_terminal_obeys_it() -> None:
    plain = INCIDENTS.new(REDIS, Language.TRADITIONAL_CHINESE, [FIRED])
    assert markdown(Sheet(PATH, plain.content)) == plain.text
    marked = b"\xef\xbb\xbf" + plain.content.replace(b"\n", b"\r\n")
    assert markdown(Sheet(PATH, marked)) == plain.text
    for text in hostile_strings(trials(20, 500), seed=7):
        assert_harmless(markdown(Sheet(PATH, text.encode("utf-8", "replace") + b"\x9b2J")))


async def bench_with_redis(tmp_path: Path) -> Bench:
    bench = await bench_in(tmp_path / "j", Language.SIMPLIFIED_CHINESE)
    new = await write_incident(bench, REDIS, [FIRED], opened=None, subject=f"{REDIS.id} open")
    assert isinstance(new, Written)
    return bench


async def attached(bench: Bench, *files: Path) -> Commit:
    commit = await attach(bench, REDIS.id, [str(file) for file in files])
    assert isinstance(commit, Commit), commit
    return commit


async def paths(bench: Bench) -> list[str]:
    return [one.path.removeprefix(f"{FOLDER}/") for one in await attachments_of(bench, REDIS.id)]


async def test_an_export_has_the_last_commit_and_a_list_of_what_is_attached(tmp_path: Path) -> None:
    bench = await bench_with_redis(tmp_path)
    head = git(tmp_path / "j", "rev-parse", "HEAD")
    paper = await bench.library.incident(REDIS.id)
    assert paper is not None
    bare = await exported(bench, paper)
    assert isinstance(bare, Export)
    assert bare.markdown == in_head(tmp_path / "j", PATH).decode()

    graph = tmp_path / "Graph 1.PNG"
    graph.write_bytes(b"\x89PNG" * 1_000)
    assert (await attached(bench, graph)).subject == f"{REDIS.id} attach graph-1.png"
    export = await exported(bench, paper)

    assert isinstance(export, Export)
    assert export.markdown == (
        f"{bare.markdown}\n## 附件\n\n- [graph-1.png](INC-20261122-7f3/graph-1.png) (4,000 B)\n"
    )
    assert told(export.json)["attachments"] == [
        {"path": f"{FOLDER}/graph-1.png", "size_bytes": 4_000}
    ]
    assert told(export.json)["commit"] == head  # of the document, not of what lies beside it
    assert in_head(tmp_path / "j", f"{FOLDER}/graph-1.png") == graph.read_bytes()


async def test_names_of_attachments_are_plain_and_never_take_the_place_of_another(
    tmp_path: Path,
) -> None:
    bench = await bench_with_redis(tmp_path)
    odd = (
        "截圖.png",
        "-rf $(x);\n.TXT",
        ".bashrc",
        "a.tar.gz",
        "a\u202egnp.exe",
        "x.not an ending",
    )
    files = [tmp_path / name for name in odd]
    for file in files:
        file.write_text(file.name)
    await attached(bench, *files)
    assert await paths(bench) == [
        "a-tar.gz",
        "agnp.exe",
        "attachment.png",
        "bashrc",
        "rf-x.txt",
        "x-not-an-ending",
    ]

    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "A.tar.GZ").write_text("another content")
    for _ in range(2):
        await attached(bench, files[3], folder / "A.tar.GZ")
    assert (await attached(bench, files[3])).changed is False
    assert (await paths(bench))[:2] == ["a-tar-2.gz", "a-tar.gz"]
    assert in_head(tmp_path / "j", f"{FOLDER}/a-tar.gz") == b"a.tar.gz"
    assert in_head(tmp_path / "j", f"{FOLDER}/a-tar-2.gz") == b"another content"
    assert len(await paths(bench)) == 7


async def test_what_is_no_plain_file_of_a_bearable_size_is_refused_and_nothing_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await bench_with_redis(tmp_path)
    head = git(tmp_path / "j", "rev-parse", "HEAD")
    good, large = tmp_path / "good.txt", tmp_path / "large.bin"
    good.write_text("x")
    with large.open("wb") as file:
        file.truncate(attachments.MAX_BYTES + 1)
    (tmp_path / "link.txt").symlink_to(good)
    os.mkfifo(tmp_path / "pipe")
    wrong = ("large.bin", "link.txt", "pipe", "missing", ".")
    answer = await attach(bench, REDIS.id, [str(good), *(str(tmp_path / name) for name in wrong)])

    assert isinstance(answer, Unattached)
    assert len(answer.problems) == len(wrong)
    for problem, said in zip(
        answer.problems,
        ("at most 26,214,400 bytes", "symbolic link", "a pipe", "No such file", "is a folder"),
        strict=True,
    ):
        assert said in problem
    for document_id in ("INC-20261122-zzz", "../../x", "\x1b[2J"):
        answer = await attach(bench, document_id, [str(good)])
        assert isinstance(answer, Unattached)
        assert answer.problems[0].endswith("there is no such document")
        assert answer.problems[0].isprintable()
    assert await attach(bench, REDIS.id, []) == Unattached(("no file was named",))
    assert isinstance(await attach(bench, REDIS.id, ["~nobody-at-all/x", "a\0b"]), Unattached)
    monkeypatch.setattr(attachments, "MAX_ALL_BYTES", 1)
    (tmp_path / "more.txt").write_text("y")
    assert isinstance(
        await attach(bench, REDIS.id, [str(good), str(tmp_path / "more.txt")]), Unattached
    )
    assert git(tmp_path / "j", "rev-parse", "HEAD") == head
    assert await paths(bench) == []


async def test_a_link_in_the_journal_is_not_followed_out_of_it(tmp_path: Path) -> None:
    bench = await bench_with_redis(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "j" / FOLDER).symlink_to(outside)
    (tmp_path / "x.txt").write_text("x")
    answer = await attach(bench, REDIS.id, [str(tmp_path / "x.txt")])

    assert isinstance(answer, JournalFault | Unattached)
    assert "symbolic link" in str(answer)
    assert list(outside.iterdir()) == []
    assert await attachments_of(bench, REDIS.id) == ()


async def test_a_document_in_no_commit_yet_is_exported_without_one(tmp_path: Path) -> None:
    bench = await bench_with_redis(tmp_path)
    path = "incidents/2026/INC-20261122-aaa-mine.md"
    mine = msgspec.structs.replace(REDIS, id="INC-20261122-aaa")
    (tmp_path / "j" / path).write_bytes(INCIDENTS.new(mine, Language.ENGLISH).content)
    paper = await bench.library.incident(mine.id)
    assert paper is not None
    export = await exported(bench, paper)

    assert isinstance(export, Export)
    assert told(export.json)["commit"] is None
    fault = await exported(bench, msgspec.structs.replace(paper, path="../x"))
    assert isinstance(fault, JournalFault)
    assert fault.problem is Problem.PLACE
