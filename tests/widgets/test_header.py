"""The three lines around the screen: header, counts, footer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from console.model.snapshot import Badge, BadgeKind, Score, SourceHealth, SourceKind
from console.model.state import State
from console.model.worklist import Counts, PriorityCount, Storm
from console.safety.text import Raw
from tests.frames import frame_of, strips_of
from tests.widgets.stage import Stage
from widgets.counts import CountsLine
from widgets.footer import Footer, Hint
from widgets.header import Header, HeaderFacts
from widgets.theme import Ink


def source(
    name: str,
    stage: Stage,
    *,
    state: State = State.OK,
    age_s: float | None = 3.0,
    degraded: str = "",
    member_of: str = "",
) -> SourceHealth:
    return SourceHealth(
        name,
        SourceKind.PROMETHEUS,
        state,
        timedelta(seconds=15),
        last_ok=None if age_s is None else stage.clock.now().plus(-age_s),
        degraded=degraded,
        member_of=member_of,
    )


class HeaderStage(Stage):
    """A stage with a header."""

    def __init__(self) -> None:
        self.view = Header()
        super().__init__(self.view)

    def show(self, facts: HeaderFacts) -> None:
        self.view.show(facts, self.clock.now())


WIDTHS = (40, 60, 80, 120, 200)


@pytest.mark.parametrize("width", [80, 120])
async def test_a_badge_that_is_too_long_is_said_in_short_and_hides_nothing_else(width: int) -> None:
    app = HeaderStage()
    async with app.run_test(size=(width, 3), notifications=True) as pilot:
        app.show(
            HeaderFacts(
                environment=Raw("127.0.0.1-29090"),
                sources=(source("prom", app), source("am", app)),
                badges=(
                    Badge(BadgeKind.CONSOLE, "saved state", "state not saved: " + "x" * 90),
                    Badge(BadgeKind.SKEW, "prom", "clock of prom is 3600 s ahead"),
                    Badge(BadgeKind.SKEW, "am", "clock of am is 3600 s ahead"),
                ),
                user="kai",
            )
        )
        await pilot.pause()
        line = frame_of(app)[0]
    assert "console fault  clock skew" in line
    assert line.count("skew") == 1
    assert "2/2 sources" in line
    assert "kai" in line


@pytest.mark.parametrize("width", WIDTHS)
async def test_environment_sick_sources_and_the_time_stand_at_every_width(width: int) -> None:
    app = HeaderStage()
    async with app.run_test(size=(width, 3), notifications=True) as pilot:
        app.show(
            HeaderFacts(
                Raw("prod"),
                production=True,
                sources=(
                    *(source(f"prom-{number}", app) for number in range(7)),
                    source("am", app, state=State.UNKNOWN, age_s=130),
                ),
                watchdog_ok=True,
                score=Score(96.27),
                user="kai L1",
                zone=UTC,
            )
        )
        await pilot.pause()
        line = frame_of(app)[0]
        assert line.startswith("oncall prod")
        assert line.endswith("12:00:00")
        if width >= 60:
            assert "? am UNKNOWN 2m10s" in line
            assert ("7/8 sources <5s" in line) != ("prom-6 <5s" in line)
        if width == 200:
            assert all(f"prom-{number} <5s" in line for number in range(7))
            assert "watchdog ok" in line and "score 96.2" in line and "kai L1" in line


@pytest.mark.parametrize(
    ("width", "names", "badge", "expected"),
    [
        (60, ("prom",), False, "oncall prod  ? prom UNKNOWN never answered   kai L1"),
        (60, ("prom",), True, "0/1 sources  ? prom UNKNOWN  cut off"),
        (60, ("prom", "am"), False, "0/2 sources  ? prom, am UNKNOWN"),
        (60, ("prom", "am", "health", "k8s"), False, "0/4 sources  ? prom, am, health, k8s"),
        (60, ("prom", "am", "health", "k8s", "hosts"), True, "0/5 sources  ? prom, am +3  cut off"),
        (80, ("prom",), False, "prom UNKNOWN never answered"),
        (80, ("prom", "am"), True, "0/2 sources  ? prom, am UNKNOWN  cut off"),
        (80, ("prom", "am", "health"), False, "0/3 sources  ? prom, am, health UNKNOWN"),
        (80, tuple("abcdefghijkl"), False, "0/12 sources  ? a, b, c, d, e, f, g, h, i, j, k, l"),
        (120, ("prom",), True, "? prom UNKNOWN never answered  this host is cut off"),
        (120, ("prom", "am"), True, "? prom UNKNOWN never answered  ? am UNKNOWN never answered"),
    ],
)
async def test_where_no_source_answers_each_is_named(
    width: int, names: tuple[str, ...], badge: bool, expected: str
) -> None:
    app = HeaderStage()
    sources = tuple(source(name, app, state=State.UNKNOWN, age_s=None) for name in names)
    badges = (Badge(BadgeKind.CUT_OFF, "", "this host is cut off"),) if badge else ()
    async with app.run_test(size=(width, 3), notifications=True) as pilot:
        app.show(HeaderFacts(Raw("prod"), sources=sources, badges=badges, user="kai L1", zone=UTC))
        await pilot.pause()
        line = frame_of(app)[0]
    assert expected in line, line
    assert ("cut off" in line) == badge


async def test_sick_sources_in_different_states_keep_their_words_in_a_narrow_header() -> None:
    app = HeaderStage()
    states = (State.UNKNOWN, State.STALE, State.UNKNOWN)
    sick = tuple(
        source(f"prom-{at}", app, state=state, age_s=400) for at, state in enumerate(states)
    )
    async with app.run_test(size=(80, 3)) as pilot:
        app.show(HeaderFacts(Raw("prod"), sources=(*sick, source("am", app)), zone=UTC))
        await pilot.pause()
        assert "1/4 sources <5s  ? prom-0, prom-2 UNKNOWN  ~ prom-1 STALE" in frame_of(app)[0]


async def test_ages_and_the_clock_go_on_between_polls() -> None:
    app = HeaderStage()
    async with app.run_test(size=(120, 3)) as pilot:
        app.show(HeaderFacts("dev", sources=(source("prom", app),), zone=UTC))
        app.clock.advance(67)
        app.view.tick(app.clock.now())
        await pilot.pause()
        assert "prom 1m10s" in frame_of(app)[0]
        assert frame_of(app)[0].endswith("12:01:07")


async def test_an_age_is_not_made_young_by_a_clock_that_is_set_back() -> None:
    app = HeaderStage()
    async with app.run_test(size=(120, 3)) as pilot:
        app.show(HeaderFacts("dev", sources=(source("prom", app),), zone=UTC))
        app.clock.advance(117, wall_jump=-3600)
        app.view.tick(app.clock.now())
        await pilot.pause()
        assert "prom 2m" in frame_of(app)[0]


async def test_members_are_counted_as_their_cluster() -> None:
    app = HeaderStage()
    async with app.run_test(size=(80, 3)) as pilot:
        cluster = source("am", app, degraded="1 of 2 members answers")
        member = source("am/127.0.0.1:9093", app, state=State.UNKNOWN, age_s=None, member_of="am")
        app.show(HeaderFacts("dev", sources=(cluster, member), zone=UTC))
        await pilot.pause()
        line = frame_of(app)[0]
        assert "1 of 2 members answers" in line
        assert "UNKNOWN" not in line


async def test_a_source_that_never_answered_says_so() -> None:
    app = HeaderStage()
    async with app.run_test(size=(80, 3)) as pilot:
        never = source("prom", app, state=State.UNKNOWN, age_s=None)
        app.show(HeaderFacts("dev", sources=(never,), zone=UTC))
        await pilot.pause()
        assert "? prom UNKNOWN never answered" in frame_of(app)[0]


async def test_a_missing_watchdog_is_never_ok() -> None:
    app = HeaderStage()
    async with app.run_test(size=(120, 3)) as pilot:
        missing = Badge(BadgeKind.WATCHDOG, "prom", "watchdog missing: prom")
        app.show(HeaderFacts("dev", badges=(missing,), watchdog_ok=True, zone=UTC))
        await pilot.pause()
        assert "watchdog missing: prom" in frame_of(app)[0]
        assert "watchdog ok" not in frame_of(app)[0]


async def test_a_score_is_never_rounded_up_to_all_well() -> None:
    app = HeaderStage()
    async with app.run_test(size=(120, 3)) as pilot:
        app.show(HeaderFacts("dev", score=Score(99.99), zone=UTC))
        await pilot.pause()
        assert "score 99.9" in frame_of(app)[0]


async def test_production_is_told_without_colour() -> None:
    app = HeaderStage()
    async with app.run_test(size=(80, 3)) as pilot:
        for production in (True, False):
            app.show(HeaderFacts("prod", production=production, zone=UTC))
            await pilot.pause()
            styles = [s.style for s in strips_of(app)[0] if s.text.strip() == "prod" and s.style]
            assert bool(styles[0].reverse) is production


class CountsStage(Stage):
    """A stage with the line of counts."""

    def __init__(self) -> None:
        self.view = CountsLine()
        super().__init__(self.view)


async def test_counts_say_how_many_of_each_priority_and_what_of_them() -> None:
    app = CountsStage()
    async with app.run_test(size=(80, 2)) as pilot:
        counts = Counts(
            (
                PriorityCount(1, new=1),
                PriorityCount(3, new=1, acked=2),
                PriorityCount(),
                PriorityCount(38, old=38),
            ),
            silenced=4,
            known=True,
        )
        app.view.show(counts, [State.OK] * 60 + [State.FIRING, State.UNKNOWN])
        await pilot.pause()
        line = frame_of(app)[0]
        for part in ("P0 1 new", "P1 3 (1 new 2 acked)", "P2 0", "P3 38 old"):
            assert part in line
        assert line.endswith("62 svc: 1 firing 1 unknown")
        app.view.show(replace(counts, known=False))
        await pilot.pause()
        assert frame_of(app)[0].startswith("P0 1 new  P1 3 (1 new 2 acked)  P2 ?  P3 38 old")


async def test_a_storm_takes_the_line_and_p0s_are_still_counted() -> None:
    app = CountsStage()
    async with app.run_test(size=(100, 2)) as pilot:
        storm = Storm(datetime(2026, 11, 22, 3, 18, 39, tzinfo=UTC), 2014, 6, 310, True)
        app.view.show(
            Counts((PriorityCount(780), PriorityCount(), PriorityCount(), PriorityCount())),
            storm=storm,
            held=True,
            zone=UTC,
        )
        await pilot.pause()
        line = frame_of(app)[0]
        assert line.startswith("STORM 03:18:39   2,014 alerts = 6 rows   +310/min, falling")
        assert "order held, O re-sorts" in line
        assert line.endswith("P0 780")


class FooterStage(Stage):
    """A stage with a footer."""

    def __init__(self) -> None:
        self.view = Footer()
        super().__init__(self.view)


HINTS = (
    Hint("enter", "open", 90),
    Hint("a", "ack", 80, why_not="read-only"),
    Hint("t", "graph", 20),
    Hint("?", "help", 100),
)


@pytest.mark.parametrize("width", range(8, 60))
async def test_the_hints_that_matter_most_stay_and_none_is_cut(width: int) -> None:
    app = FooterStage()
    async with app.run_test(size=(width, 2)) as pilot:
        app.view.show(HINTS)
        await pilot.pause()
        shown = [part for part in frame_of(app)[0].split("  ") if part]
        assert "? help" in shown
        assert set(shown) <= {"enter open", "a ack", "t graph", "? help"}


async def test_a_notice_stands_for_its_time_and_a_refusal_gives_the_reason() -> None:
    app = FooterStage()
    async with app.run_test(size=(60, 2)) as pilot:
        app.view.show(HINTS)
        app.view.refuse(HINTS[1], app.clock.now())
        await pilot.pause()
        assert frame_of(app)[0] == "a ack: read-only"
        app.view.say(Raw("copied [b]1[/b] line"), app.clock.now(), ink=Ink.OK, seconds=3)
        await pilot.pause()
        assert frame_of(app)[0] == "copied [b]1[/b] line"
        app.clock.advance(2.9)
        app.view.tick(app.clock.now())
        await pilot.pause()
        assert frame_of(app)[0] == "copied [b]1[/b] line"
        app.clock.advance(0.2)
        app.view.tick(app.clock.now())
        await pilot.pause()
        assert frame_of(app)[0].startswith("enter open")
