"""The list: what it shows, where the cursor stays, and what it sends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from textual.geometry import Region

from console.safety.clock import ManualClock
from console.safety.text import cell_width
from tests.frames import frame_of, strips_of
from tests.widgets.stage import COLUMNS, NOON, Stage, Thing, things
from widgets.columns import Column, place
from widgets.live_list import LiveList
from widgets.ordered_rows import Heading
from widgets.theme import Ink


class Sending(LiveList[Thing]):
    """Remembers which cells it marked as changed."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(COLUMNS, key=lambda row: row.key, clock=clock)
        self.sent: list[Region] = []

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Sending:
        self.sent += regions or (self.size.region,)
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self


class ListStage(Stage):
    """A stage with one list, and what the list said."""

    def __init__(self) -> None:
        self.view = Sending(ManualClock(NOON))
        super().__init__(self.view)
        self.view._clock = self.clock

    def on_live_list_highlighted(self, event: LiveList.Highlighted) -> None:
        self.hear(event)

    def on_live_list_opened(self, event: LiveList.Opened) -> None:
        self.hear(event)


def names(app: ListStage) -> list[str]:
    """Keys as painted, top to bottom."""
    return [line[8:16].strip() for line in frame_of(app)[1:] if line.strip()]


async def test_rows_stand_in_their_order_with_the_cursor_on_the_first() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 8), notifications=True) as pilot:
        app.view.set_rows(things("abc"))
        await pilot.pause()
        assert [line.split() for line in frame_of(app)[:4]] == [
            ["NEXT", "KEY", "ALERT", "FOR"],
            [">01:30", "a", "ServiceDown", "<10s"],
            ["01:30", "b", "ServiceDown", "<10s"],
            ["01:30", "c", "ServiceDown", "<10s"],
        ]


async def test_the_cursor_stays_on_its_row_when_others_come_before_it() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 8)) as pilot:
        app.view.set_rows(things("abc"))
        app.view.action_down()
        app.view.set_rows(things("xyabc"))
        await pilot.pause()
        assert app.view.cursor_key == "b"
        assert [line[0] for line in frame_of(app)[1:6]] == [" ", " ", " ", ">", " "]
        assert names(app) == [*"xyabc"]


@pytest.mark.parametrize(
    ("left", "expected"), [("acd", "c"), ("ad", "d"), ("a", "a"), ("xyz", "x"), ("", None)]
)
async def test_a_cursor_whose_row_vanishes_goes_to_the_nearest(
    left: str, expected: str | None
) -> None:
    app = ListStage()
    async with app.run_test(size=(60, 8)) as pilot:
        app.view.set_rows(things("abcd"))
        app.view.action_down()
        app.view.set_rows(things(left))
        await pilot.pause()
        assert app.view.cursor_key == expected


async def test_nothing_changes_place_for_two_seconds_after_a_key() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 8)) as pilot:
        app.view.set_rows(things("abc"))
        await pilot.press("z")
        app.view.set_rows([Thing("new"), Thing("c", "Changed"), Thing("a")])
        await pilot.pause()
        assert names(app) == ["a", "b", "c"]
        assert "Changed" in frame_of(app)[3]
        assert "2 changes held" in frame_of(app)[0]
        assert app.view.is_gone("b")
        app.clock.advance(1.9)
        app.view.tick(app.clock.now())
        await pilot.pause()
        assert names(app) == ["a", "b", "c"]
        app.clock.advance(0.2)
        app.view.tick(app.clock.now())
        await pilot.pause()
        assert names(app) == ["new", "c", "a"]
        assert "held" not in frame_of(app)[0]
        assert app.view.cursor_key == "a"


@pytest.mark.parametrize("width", [30, 32, 34, 37])
async def test_a_title_that_gives_way_to_what_is_held_is_cut_with_the_mark(width: int) -> None:
    app = ListStage()
    async with app.run_test(size=(width, 8)) as pilot:
        app.view.set_rows(things("abc"))
        await pilot.press("z")
        app.view.set_rows(things("cba"))
        await pilot.pause()
        head = frame_of(app)[0].rstrip()
        titles, held, _ = head.partition(" 1 change held")
        assert held, head
        whole = {column.title for column in COLUMNS}
        assert all(word in whole or (word[-1] == "…" and word != "…") for word in titles.split())


async def test_rows_that_were_held_are_the_newest_when_they_are_released() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 8)) as pilot:
        app.view.set_rows(things("abc"))
        app.view.hold()
        app.view.set_rows(things("cab"))
        app.view.set_rows(things("bca"))
        app.view.release()
        await pilot.pause()
        assert names(app) == ["b", "c", "a"]


async def test_a_countdown_sends_its_own_cells_only() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 12)) as pilot:
        late = NOON + timedelta(hours=3, seconds=30)
        app.view.set_rows([*things("abc"), Thing("late", due=late)])
        await pilot.pause()
        app.view.sent.clear()
        app.clock.advance(1)
        assert app.view.tick(app.clock.now()) == 3
        assert app.view.sent == [Region(0, line, 6, 1) for line in (1, 2, 3)]
        await pilot.pause()
        assert [line[1:6] for line in frame_of(app)[1:5]] == ["01:29", "01:29", "01:29", "3h00m"]


async def test_moving_the_cursor_sends_the_two_rows_it_concerns() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 12)) as pilot:
        app.view.set_rows(things("abcdef"))
        await pilot.pause()
        app.view.sent.clear()
        app.view.action_down()
        assert {region.y for region in app.view.sent} == {1, 2}


async def test_the_same_rows_again_send_nothing() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 12)) as pilot:
        app.view.set_rows(things("abcdef"))
        await pilot.pause()
        app.view.sent.clear()
        app.view.set_rows(things("abcdef"))
        assert app.view.sent == []


async def test_a_scroll_at_the_edge_is_half_a_page() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 11)) as pilot:
        app.view.set_rows([Thing(f"r{number}") for number in range(100)])
        for _ in range(10):
            app.view.action_down()
        await pilot.pause()
        assert names(app) == [f"r{number}" for number in range(5, 15)]
        assert "11/100" in frame_of(app)[0]


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        (["last"], "r99"),
        (["last", "first"], "r0"),
        (["page_down"], "r10"),
        (["page_down", "page_up"], "r0"),
        (["half_down"], "r5"),
        (["half_down", "half_up"], "r0"),
        (["up"], "r0"),
        (["last", "page_down"], "r99"),
    ],
)
async def test_the_cursor_moves_and_is_always_on_screen(moves: list[str], expected: str) -> None:
    app = ListStage()
    async with app.run_test(size=(60, 11)) as pilot:
        app.view.set_rows([Thing(f"r{number}") for number in range(100)])
        for move in moves:
            getattr(app.view, f"action_{move}")()
        await pilot.pause()
        assert app.view.cursor_key == expected
        assert [line[8:16].strip() for line in frame_of(app) if line.startswith(">")] == [expected]


async def test_only_the_newest_row_is_told_when_the_cursor_runs() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 11)) as pilot:
        app.view.set_rows(things("abcdef"))
        await pilot.pause()
        app.heard.clear()
        for _ in range(4):
            app.view.action_down()
        app.view.action_open()
        await pilot.pause()
        told = [type(event).__name__ for event in app.heard]
        assert told[-1] == "Opened"
        assert [getattr(event, "key", "") for event in app.heard][-2:] == ["e", "e"]


async def test_no_cursor_stands_on_a_heading() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 11)) as pilot:
        apart = Heading(0, (("NOT part of the storm", Ink.HEADING),))
        storm = Heading(1, (("Storm", Ink.HEADING),))
        app.view.set_rows(things("abc"), [apart, storm])
        app.view.action_down()
        await pilot.pause()
        lines = frame_of(app)
        assert lines[1].startswith("── NOT part of the storm ──")
        assert lines[2][8] == "a"
        assert lines[3].startswith("── Storm ──")
        assert lines[4].startswith(">") and lines[4][8] == "b"


async def test_marks_stay_on_their_rows() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 11)) as pilot:
        app.view.set_rows(things("abcd"))
        app.view.toggle_mark()
        app.view.action_down()
        app.view.toggle_mark()
        app.view.set_rows(things("cbda"))
        await pilot.pause()
        assert app.view.marked == {"a", "c"}
        assert [row.key for row in app.view.marked_rows] == ["c", "a"]
        assert [line[0] for line in frame_of(app)[1:5]] == ["*", " ", ">", "*"]
        app.view.move_to("c")
        await pilot.pause()
        assert frame_of(app)[1][0] == "»"


async def test_a_mark_waits_while_its_row_is_not_shown_and_goes_with_what_is_gone() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 11)):
        app.view.set_rows(things("abc"))
        app.view.mark_all()
        app.view.set_rows(things("b"))
        assert app.view.marked == {"b"}
        assert app.view.marks == 3
        assert app.view.keep_marks("ab") == 1
        app.view.set_rows(things("abc"))
        assert app.view.marked == {"a", "b"}


async def test_marking_all_takes_the_rest_and_then_lets_go_of_all() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 11)):
        app.view.set_rows(things("abc"))
        app.view.toggle_mark()
        app.view.mark_all()
        assert app.view.marked == {*"abc"}
        app.view.mark_all()
        assert app.view.marked == frozenset()
        app.view.toggle_mark()
        app.view.clear_marks()
        assert app.view.marks == 0


async def test_an_empty_list_says_why_it_is_empty() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 6)) as pilot:
        app.view.set_empty(((("No alerts.", Ink.OK),), (("9 of 9 sources say so", Ink.MUTED),)))
        await pilot.pause()
        assert frame_of(app)[1:3] == ["No alerts.", "9 of 9 sources say so"]
        assert app.view.cursor_key is None and app.view.cursor_row is None
        app.view.action_down()
        app.view.action_open()
        app.view.toggle_mark()
        app.view.mark_all()
        assert app.view.marked_rows == ()


async def test_wide_characters_keep_the_columns_in_line() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 6)) as pilot:
        app.view.set_rows(
            [Thing("a", "磁碟空間不足的警報名稱很長很長很長很長很長很長很長"), Thing("b")]
        )
        await pilot.pause()
        first, second = frame_of(app)[1:3]
        assert cell_width(first[: first.index("<10s")]) == second.index("<10s")
        assert "…" in first
        assert all(strip.cell_length == 60 for strip in strips_of(app))


async def test_a_resize_keeps_the_cursor_on_screen() -> None:
    app = ListStage()
    async with app.run_test(size=(60, 30)) as pilot:
        app.view.set_rows([Thing(f"r{number}") for number in range(100)])
        for _ in range(20):
            app.view.action_down()
        for size in ((60, 8), (20, 5), (3, 2), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert app.view.cursor_key == "r20"
            if size[1] > 2:
                assert any(line.startswith(">") for line in frame_of(app))


def test_narrow_lists_drop_the_columns_that_matter_least() -> None:
    columns = [
        Column[Thing]("A", lambda row, now: (), 4, priority=9),
        Column[Thing]("B", lambda row, now: (), 10, flex=1, most=14, priority=5),
        Column[Thing]("C", lambda row, now: (), 6, flex=1, priority=1),
        Column[Thing]("D", lambda row, now: (), 5, priority=7),
    ]
    shown = {width: place(columns, width) for width in range(1, 80)}
    assert [cell.number for cell in shown[79]] == [0, 1, 2, 3]
    assert [cell.number for cell in shown[27]] == [0, 1, 3]
    assert [cell.number for cell in shown[20]] == [0, 3]
    assert [cell.number for cell in shown[9]] == [0]
    assert shown[79][1].width == 14
    for width, cells in shown.items():
        assert sum(cell.width + 1 for cell in cells) - 1 <= width


def test_the_last_column_of_all_is_cut_to_what_there_is() -> None:
    columns = [Column[Thing]("A", lambda row, now: (), 20)]
    assert place(columns, 7)[0].width == 7
    assert place(columns, 0) == ()
