"""A bug of ours in the middle of an effect is told with the line where it is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console.actions.carry_out import carry_out
from console.actions.papers.carry import carry_out_paper
from console.model.acting import Ended
from console.model.incident import Incident, IncidentProse
from console.model.paper_wish import OpenIncident
from tests.actions.paper_desk import NIGHT, desks

WISH = OpenIncident(Incident("", "redis down", NIGHT, prose=IncidentProse(what="x", where="y")))


async def broken(*_: object, **__: object) -> None:
    password = "hunter2"
    raise TypeError(f"unsupported operand for {password}")


@pytest.mark.real("git")
@pytest.mark.parametrize(
    ("fails", "place"),
    [
        ("console.actions.papers.incidents.create", "console.actions.papers.incidents"),
        ("console.journal.landing.Workshop.land", "console.journal.repository"),
        ("console.journal.library.Library.sheet", "console.journal.writing"),
    ],
)
async def test_a_fault_in_the_journal_is_told_with_its_line_and_without_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str, place: str
) -> None:
    (kai,) = await desks(tmp_path / "journal", "kai")
    monkeypatch.setattr(fails, broken)
    for door in (carry_out, carry_out_paper):
        outcome = (await door(WISH, kai.doing())).outcome
        assert outcome.ended is Ended.UNKNOWN
        assert re.search(rf"failed over it \(TypeError at {re.escape(place)}:\d+\)", outcome.text)
        assert "hunter2" not in str(outcome)


@pytest.mark.real("git")
async def test_a_fault_before_the_journal_is_reached_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kai,) = await desks(tmp_path / "journal", "kai")
    monkeypatch.setattr("console.actions.papers.carry.carry_out_paper", broken)
    outcome = (await carry_out(WISH, kai.doing())).outcome
    assert "(TypeError at console.actions.carry_out:" in outcome.text
