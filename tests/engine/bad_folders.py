"""A console on a journal that something is wrong with: what it is asked, and what it says.

`python -m tests.engine.bad_folders FOLDER` does that in a process of its own, which may be
without root's leave to write anywhere: FOLDER/read-only and FOLDER/full each hold a journal.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import msgspec

from config.load import load
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.model.acting import Ended, Outcome
from console.model.change import (
    Acceptance,
    Change,
    ChangeKind,
    ChangeState,
    Likelihood,
    Plan,
    Risk,
    Rollback,
)
from console.model.incident import Incident, IncidentProse
from console.model.paper_wish import (
    ApproveChange,
    MoveChange,
    Note,
    OpenIncident,
    PaperWish,
    WriteChange,
    WriteIncident,
)
from console.model.papers import ChangePaper, Draft, IncidentPaper, PaperKind, Sheet
from console.safety.clock import SystemClock
from tests.journal.room import room_for
from tests.watching import hands_of

PLAN: Final = Plan(
    kind=ChangeKind.EMERGENCY,
    services=("redis",),
    steps="docker restart redis",
    risk=Risk(Likelihood.LOW, Likelihood.LOW),
    rollback=Rollback("docker run redis:7.2", None, "no PING"),
    verification=("[STATUS] == 200",),
    acceptance=Acceptance("mei"),
    executor="kai",
)
TYPED: Final = {
    "open": "the api answers in 9 s",
    "write": "the memory limit was too low",
    "note": "the cleaner pulled a plug",
}
"""What a person has typed, by what is asked for."""
DRAFT: Final = "new-1"


def engine_on(base: Path) -> Engine:
    """A console of kai's, which asks no server anything, with its journal at `base/journal`."""
    folder = base / "settings"
    folder.mkdir(0o700, exist_ok=True)
    (folder / "oncall.yaml").write_text(f"journal:\n  folder: {base / 'journal'}\n")
    return Engine(
        load(folder),
        clock=SystemClock(),
        publish=lambda _: None,
        state=StateFolder(base / "state"),
        hands=hands_of("kai"),
    )


async def done(engine: Engine, wish: PaperWish) -> Outcome:
    outcome = await engine.acting.submit(wish)
    assert outcome.ended is Ended.DONE, outcome
    return outcome


def asked(title: str, what: str) -> OpenIncident:
    prose = IncidentProse(what=what, where="api on web-1")
    return OpenIncident(Incident("", title, SystemClock().now().wall, prose=prose))


async def seed(base: Path) -> None:
    """An incident, and a change that may start."""
    engine = engine_on(base)
    await done(engine, asked("redis down", "no PING reply"))
    change = Change("", "bigger redis", "", SystemClock().now().wall, plan=PLAN)
    await done(engine, WriteChange(change))
    await done(engine, MoveChange(_change(engine), ChangeState.SUBMITTED))
    await done(engine, ApproveChange(_change(engine)))
    await engine.papers.close()


async def wishes(engine: Engine) -> dict[str, PaperWish]:
    """Four things that a person asks for who has looked at the journal; what one of them types
    is in a draft too."""
    await engine.papers.look()
    incident, change = _incident(engine), _change(engine)
    sheet = await engine.papers.sheet(incident.path)
    assert isinstance(sheet, Sheet)
    prose = msgspec.structs.replace(incident.incident.prose, why=TYPED["write"])
    edited = msgspec.structs.replace(incident.incident, prose=prose)
    at = SystemClock().now().wall
    draft = Draft(DRAFT, PaperKind.INCIDENT, {"what": TYPED["open"]}, at)
    assert await engine.papers.save_draft(draft) == ""
    return {
        "open": asked("api slow", TYPED["open"]),
        "write": WriteIncident(sheet, incident.incident, edited),
        "note": Note(TYPED["note"], incident=incident.incident.id),
        "start": MoveChange(change, ChangeState.IN_PROGRESS, silences=False),
    }


def said(outcome: Outcome) -> str:
    """Everything that a screen shows of it."""
    return "\n".join((outcome.text, *outcome.details))


async def submitted(engine: Engine, asked_for: dict[str, PaperWish]) -> dict[str, Outcome]:
    return {name: await engine.acting.submit(wish) for name, wish in asked_for.items()}


async def goes_through(engine: Engine, asked_for: dict[str, PaperWish]) -> None:
    """The same wishes are carried out, and the journal is well again."""
    for name, wish in asked_for.items():
        outcome = await engine.acting.submit(wish)
        assert outcome.ended is Ended.DONE, (name, said(outcome))
    status = (await engine.papers.look()).status
    assert status.is_well, status
    await engine.papers.leave_draft(DRAFT)
    assert [one.fields["what"] for one in engine.papers.papers.drafts] == [TYPED["open"]]
    await engine.papers.close()


def is_kept(folder: Path, text: str) -> bool:
    """Whether `text` stands in a file of the journal."""
    files = [*folder.rglob("*.md"), *folder.rglob("*.jsonl")]
    return any(text in one.read_text("utf-8", "replace") for one in files if one.is_file())


def _incident(engine: Engine) -> IncidentPaper:
    (paper,) = [one for one in engine.papers.papers.incidents if "redis" in one.incident.title]
    return paper


def _change(engine: Engine) -> ChangePaper:
    (paper,) = engine.papers.papers.changes
    return paper


async def _read_only(base: Path) -> None:
    folder = base / "journal"
    engine = engine_on(base)
    asked_for = await wishes(engine)
    places = [folder, *(one for one in folder.rglob("*") if one.is_dir())]
    for place in places:
        place.chmod(0o555)
    for one in (engine, engine_on(base)):
        for name, outcome in (await submitted(one, asked_for)).items():
            assert outcome.ended is not Ended.DONE, (name, outcome)
            told = said(outcome)
            assert "Permission denied" in told and str(folder) in told, told
            assert "expected" in told and "writable" in told, told
        status = one.papers.papers.status
        assert status.words == "journal fault", status
        assert status.cause and status.expected and status.remedy, status
    for place in places:
        place.chmod(0o700)
    await goes_through(engine, asked_for)


async def _full(base: Path) -> None:
    engine = engine_on(base)
    asked_for = await wishes(engine)
    with room_for(1_500):
        outcomes = await submitted(engine, asked_for)
        status = engine.papers.papers.status
    for name, outcome in outcomes.items():
        assert outcome.ended is not Ended.DONE, (name, outcome)
        told = said(outcome)
        assert "too large" in told or "No space" in told, told
        assert "make room on that disk" in told, told
    assert status.words == "journal fault", status
    assert "make room" in status.remedy, status
    await goes_through(engine, asked_for)


if __name__ == "__main__":
    asyncio.run(_read_only(Path(sys.argv[1]) / "read-only"))
    asyncio.run(_full(Path(sys.argv[1]) / "full"))
