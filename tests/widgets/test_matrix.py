"""The matrix: places, services, and a cursor that keeps its service."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest

from console.model.state import State
from console.safety.clock import Instant
from tests.frames import frame_of, strips_of
from tests.widgets.stage import NOON, Stage
from widgets.matrix import Matrix, Place, Service
from widgets.matrix_layout import Size, lay_out
from widgets.theme import ANSI_DARK, Ink


def place(name: str, services: int, *bad: tuple[int, State]) -> Place:
    states = dict(bad)
    return Place(
        name,
        tuple(
            Service(f"{name}/{number}", f"svc-{number}", states.get(number, State.OK))
            for number in range(services)
        ),
    )


class MatrixStage(Stage):
    """A stage with one matrix, and what it said."""

    def __init__(self, places: Sequence[Place], *, named: bool | None = None) -> None:
        self.view = Matrix(named=named)
        super().__init__(self.view)
        self._places = places

    def on_mount(self) -> None:
        super().on_mount()
        self.view.set_places(self._places)

    def on_matrix_highlighted(self, event: Matrix.Highlighted) -> None:
        self.hear(event)

    def on_matrix_opened(self, event: Matrix.Opened) -> None:
        self.hear(event)


async def test_names_that_end_differently_are_told_apart_where_they_are_cut() -> None:
    names = ("alertmanager-a", "alertmanager-b", "services:15432", "prometheus-agent:9090")
    fleet = Place("k8s-worker-node-17", tuple(Service(name, name, State.OK) for name in names))
    app = MatrixStage([fleet])
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        assert frame_of(app)[0].split() == [
            "k8s-work…de-17", "✓", "alertma…ger-a", "✓", "alertma…ger-b", "✓",
            "servic…:15432", "✓", "prometh…:9090",
        ]  # fmt: skip


async def test_services_stand_under_their_place_with_shape_and_name() -> None:
    app = MatrixStage([place("web-1", 5, (1, State.FIRING)), place("data-1", 2, (0, State.LOST))])
    async with app.run_test(size=(80, 10), notifications=True) as pilot:
        await pilot.pause()
        assert [" ".join(line.split()) for line in frame_of(app)[:3]] == [
            "web-1 1 ✓ svc-0 ✖ svc-1 ✓ svc-2 ✓ svc-3",
            "✓ svc-4",
            "data-1 1 ⊘ svc-0 ✓ svc-1",
        ]


async def test_every_state_can_be_told_without_colour() -> None:
    states = list(enumerate(State))
    app = MatrixStage([place("web-1", len(states), *states)], named=False)
    app.ascii_only = True
    async with app.run_test(size=(40, 4)) as pilot:
        await pilot.pause()
        shapes = frame_of(app)[0].split()[-len(states) :]
        assert len(set(shapes)) == len(State)
        assert all(shape.isascii() for shape in shapes)


async def test_five_hundred_places_of_forty_services_stand_one_to_a_line() -> None:
    app = MatrixStage([place(f"host-{number}", 40) for number in range(500)])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        lines = frame_of(app)
        assert [line.split()[0] for line in lines] == [f"host-{number}" for number in range(24)]
        assert all(line.count("✓") == 40 for line in lines)
        app.view.action_last()
        await pilot.pause()
        assert app.view.cursor_key == "host-499/39"
        assert frame_of(app)[-1].startswith("host-499")


async def test_the_reference_fleet_fits_one_screen_of_80_columns_with_names() -> None:
    counts = [8, 8, 14, 9, 7, 6, 6, 4]
    assert sum(counts) == 62
    layout = lay_out([Size(count) for count in counts], 80, 22, named=None)
    assert layout.named
    assert layout.starts[-1] <= 22


async def test_the_cursor_keeps_its_service_when_places_change() -> None:
    app = MatrixStage([place("a", 3), place("b", 3)])
    async with app.run_test(size=(80, 10)) as pilot:
        assert app.view.move_to("b/1")
        app.view.set_places([place("new", 6), place("b", 3, (1, State.FIRING))])
        await pilot.pause()
        assert app.view.cursor_key == "b/1"
        app.view.set_places([place("new", 6), place("b", 1)])
        assert app.view.cursor_key == "b/0"
        app.view.set_places([])
        assert app.view.cursor_key is None


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ("right", "a/1"),
        ("right right right right right", None),
        ("right right right right right right", "b/0"),
        ("left", None),
        ("left left", None),
        ("left down", None),
        ("left down right", "b/0"),
        ("down", "a/4"),
        ("right down", "a/4"),
        ("down down", "b/0"),
        ("down down up", "a/4"),
        ("last", "c/2"),
        ("last first", "a/0"),
        ("next_bad", "c/1"),
        ("next_bad next_bad", "a/2"),
        ("page_down", "c/0"),
        ("last right", "c/2"),
    ],
)
async def test_the_cursor_moves_in_both_directions(moves: str, expected: str | None) -> None:
    app = MatrixStage(
        [
            place("a", 5, (2, State.STALE)),
            place("b", 2),
            place("none", 0),
            place("c", 3, (1, State.FIRING)),
        ]
    )
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        if moves.startswith("next_bad"):
            app.view.move_to("a/2")
        for move in moves.split():
            getattr(app.view, f"action_{move}")()
        assert app.view.cursor_key == expected


async def test_the_service_under_the_cursor_is_told_once_and_opened_on_request() -> None:
    app = MatrixStage([place("a", 5)])
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        app.heard.clear()
        app.view.action_right()
        app.view.action_right()
        app.view.action_open()
        await pilot.pause()
        assert [getattr(event, "key", "") for event in app.heard][-2:] == ["a/2", "a/2"]


async def test_a_click_takes_the_service_that_was_clicked() -> None:
    app = MatrixStage([place("a", 5), place("b", 5)])
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        line = next(at for at, text in enumerate(frame_of(app)) if text.startswith("b"))
        await pilot.click(Matrix, offset=(frame_of(app)[line].index("svc-2"), line))
        assert app.view.cursor_key == "b/2"


async def test_the_cursor_can_be_seen_without_colour() -> None:
    app = MatrixStage([place("a", 3)])
    async with app.run_test(size=(80, 4)) as pilot:
        app.theme = ANSI_DARK
        await pilot.pause()
        reversed_text = [
            segment.text for segment in strips_of(app)[0] if segment.style and segment.style.reverse
        ]
        assert "svc-0" in "".join(reversed_text)


async def test_an_empty_matrix_says_why() -> None:
    app = MatrixStage([])
    async with app.run_test(size=(40, 4)) as pilot:
        app.view.set_empty(((("No services are registered.", Ink.MUTED),),))
        await pilot.pause()
        assert frame_of(app)[0] == "No services are registered."


class ToldStage(MatrixStage):
    """A stage whose matrix tells the state and the facts of each place."""

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__(places)
        self.view = Matrix(told=True, columns=(("CPU%", 4), ("UP", 5)))
        self._widgets_on_stage = (self.view,)


def told(name: str, *bad: tuple[int, State], note: str = "") -> Place:
    """A place of three services with a score and two facts."""
    facts = (("97!", Ink.FIRING), ("41 d", Ink.PLAIN))
    now = Instant(NOON, 1000.0)
    return msgspec.structs.replace(
        place(name, 3, *bad), score=66.6, facts=() if note else facts, note=note, as_of=now
    )


async def test_a_row_tells_state_score_facts_and_their_age_where_there_is_room() -> None:
    app = ToldStage([told("web-1", (1, State.FIRING)), told("web-2", note="no SSH")])
    async with app.run_test(size=(120, 10)) as pilot:
        app.view.set_places(
            [told("web-1", (1, State.FIRING)), told("web-2", note="no SSH")],
            Instant(NOON, 1075.0),
        )
        await pilot.pause()
        lines = [" ".join(line.split()) for line in frame_of(app)]
        assert lines[0] == "PLACE STATE OK% CPU% UP AGE SERVICES"
        assert lines[1].startswith("✖ web-1 FIRING 66 97! 41 d 1m10s ✓ svc-0 ✖ svc-1")
        assert lines[2].startswith("✓ web-2 OK 66 no SSH ✓ svc-0")


async def test_in_80_columns_the_state_stands_below_the_name_of_what_is_not_well() -> None:
    app = ToldStage([told("a-host-with-a-name", (0, State.LOST)), told("web-2")])
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        lines = [" ".join(line.split()) for line in frame_of(app)]
        assert lines[:3] == [
            "⊘ a-host-…-name ⊘ svc-0 ✓ svc-1 ✓ svc-2",
            "LOST 66%",
            "✓ web-2 ✓ svc-0 ✓ svc-1 ✓ svc-2",
        ]


async def test_a_place_without_services_is_a_row_on_which_the_cursor_stops() -> None:
    empty = Place("bare-1", (), "no SSH")
    app = ToldStage([told("web-1"), empty, told("web-2")])
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        assert frame_of(app)[1].split() == ["-", "bare-1", "no", "SSH"]
        app.view.action_right()
        app.view.action_down()
        assert app.view.cursor_place is empty
        assert app.view.cursor_key is None
        app.view.action_down()
        assert app.view.cursor_key == "web-2/1"  # the column that was gone to


async def test_a_heading_is_drawn_over_its_place_and_passed_over() -> None:
    headed = msgspec.structs.replace(place("b", 2), above=(("rack r12", Ink.STRONG),))
    app = MatrixStage([place("a", 2), headed])
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        assert frame_of(app)[1] == "── rack r12"
        app.view.action_down()
        assert app.view.cursor_key == "b/0"
        await pilot.click(Matrix, offset=(40, 1))
        assert app.view.cursor_key == "b/0"


async def test_a_click_on_a_name_takes_the_place() -> None:
    app = MatrixStage([place("a", 2), place("b", 2)])
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        await pilot.click(Matrix, offset=(1, 1))
        assert app.view.cursor_place is not None
        assert app.view.cursor_place.name == "b"
        assert app.view.cursor_key is None


async def test_until_somebody_moves_it_the_cursor_is_on_the_first_service() -> None:
    app = MatrixStage([place("a", 2), place("b", 2)])
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        app.view.set_places([place("b", 2), place("a", 2)])
        assert app.view.cursor_key == "b/0"
        app.view.action_right()
        app.view.set_places([place("a", 2), place("b", 2)])
        assert app.view.cursor_key == "b/1"


async def test_who_looks_at_the_top_sees_what_comes_to_the_top() -> None:
    well = [place(f"host-{number:02}", 1) for number in range(40)]
    app = MatrixStage(well)
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        app.view.action_down()
        bad = place("host-39", 1, (0, State.FIRING))
        app.view.set_places([bad, *well[2:39], *well[:2]])
        await pilot.pause()
        assert frame_of(app)[0].startswith("host-39")
        assert app.view.cursor_key == "host-01/0"


async def test_an_update_draws_only_the_lines_of_places_that_changed() -> None:
    places = [place(f"host-{number:03}", 40) for number in range(500)]
    app = MatrixStage(places)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        before = [app.view.line(y, 80) for y in range(24)]
        changed = place("host-003", 40, (7, State.FIRING))
        app.view.set_places([*places[:3], changed, *places[4:]])
        after = [app.view.line(y, 80) for y in range(24)]
        assert [y for y in range(23) if after[y] is not before[y]] == [3]


@pytest.mark.parametrize("width", range(4, 220, 9))
@pytest.mark.parametrize("named", [True, False, None])
async def test_a_layout_fits_its_width(width: int, named: bool | None) -> None:
    sizes = [Size(3), Size(0), Size(41, wrong=True), Size(1, headed=True)]
    layout = lay_out(sizes, width, 20, named=named, told=True, columns=(4, 4, 5))
    drawn = layout.left + layout.across * layout.pitch - (layout.pitch > 1)
    assert layout.across == 1 or drawn <= width
    assert len(layout.starts) == len(sizes) + 1
    for size, (start, end) in zip(sizes, pairwise(layout.starts), strict=True):
        assert (end - start - size.headed) * layout.across >= size.services
