"""What a picture that is not renewed still claims."""

from __future__ import annotations

from console.engine.picture import aged
from console.model.snapshot import Snapshot
from console.model.state import State
from tests.build import alert, at, cell, known, snapshot, source


def world() -> Snapshot:
    return snapshot(
        known(alert("DiskFull")),
        known(alert("Gone"), state=State.LOST, why="vanished"),
        cells=[cell(state=State.OK), cell(state=State.FIRING), cell(state=State.UNKNOWN)],
        sources=[source()],
    )


def test_for_a_minute_it_is_believed() -> None:
    later = aged(world(), at(59))
    assert later.at == at(59)
    assert [one.state for one in later.cells] == [State.OK, State.FIRING, State.UNKNOWN]
    assert later.alerts == world().alerts


def test_after_a_minute_nothing_in_it_claims_to_be_true_now() -> None:
    later = aged(world(), at(61))
    assert [one.state for one in later.cells] == [State.STALE, State.STALE, State.UNKNOWN]
    assert [one.state for one in later.alerts] == [State.STALE, State.LOST]
    assert "not judged since 03:16:42" in later.alerts[0].why
    assert [one.state for one in later.sources] == [State.STALE]
    assert later.score.ok == 0
