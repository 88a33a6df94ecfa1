"""Verdicts, budgets and figures: exact at their bounds, and honest where nothing is known."""

from __future__ import annotations

import math
from datetime import date

import msgspec
import pytest

from config.history import KPIS, OBJECTIVES, FigureName, ObjectiveEntry
from console.model.daily import DoneStep
from console.model.history import Bout, Sight
from console.model.latency import Latencies, counted
from console.model.registry import ServiceType
from console.model.saying import saying, text_of, verbatim
from console.model.summary import Availability, Budget, Figure, Gap, Means, Unit, Verdict
from console.model.unix import milliseconds
from console.reports.kpi import kpi_of
from console.reports.material import Material, Measured
from console.reports.objectives import budget_of, verdict_of
from console.reports.week import week_of
from tests.reports.material import bout, change, material, moment_of, seen, service, up_all_day, utc

DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("known_s", "down_s", "target", "verdict"),
    [
        (DAY_S, 0, 0.999, Verdict.MET),
        (DAY_S, 86.4, 0.999, Verdict.MET),  # to the second what is allowed
        (DAY_S, 86.401, 0.999, Verdict.MISSED),
        (DAY_S, 0, 1.0, Verdict.MET),
        (DAY_S, 0.001, 1.0, Verdict.MISSED),
        (DAY_S * 0.95, 0, 0.999, Verdict.MET),
        (DAY_S * 0.9499, 0, 0.999, Verdict.NOT_ENOUGH_DATA),
        (DAY_S * 0.9499, 86.4, 0.999, Verdict.NOT_ENOUGH_DATA),
        # No second that nobody saw can mend it.
        (DAY_S * 0.01, 86.5, 0.999, Verdict.MISSED),
        # Missed in what was observed, and enough of it was.
        (DAY_S * 0.95, 86, 0.999, Verdict.MISSED),
        (0, 0, 0.999, Verdict.NOT_ENOUGH_DATA),
        (0, 0, None, Verdict.NOT_MEASURED),
        (DAY_S, DAY_S, None, Verdict.NOT_MEASURED),
    ],
)
def test_a_verdict_is_exact_at_its_bounds(
    known_s: float, down_s: float, target: float | None, verdict: Verdict
) -> None:
    of = Availability(DAY_S, 0, known_s, down_s, 0, known_s, down_s)

    assert verdict_of(of, target, 0.95)[0] is verdict


def test_all_excluded_is_not_enough_data_and_says_so() -> None:
    of = Availability(DAY_S, DAY_S, 0, 0, 0, DAY_S, DAY_S)

    verdict, why = verdict_of(of, 0.999, 0.95)

    assert (verdict, text_of(why)) == (Verdict.NOT_ENOUGH_DATA, "all of the time is excluded")


def test_what_is_lacking_is_never_rounded_up_to_what_would_do() -> None:
    of = Availability(DAY_S, 0, DAY_S * 0.94999, 0, 0, DAY_S, 0)

    lacking = text_of(verdict_of(of, 0.5, 0.95)[1])

    assert lacking == "94.9 % of the time was observed, 95 % is needed"


@pytest.mark.parametrize(("target", "down_s"), [(0.999, 86.4), (0.9995, 43.2), (0.99999, 0.864)])
def test_of_a_budget_that_is_spent_to_the_last_nothing_is_left(
    target: float, down_s: float
) -> None:
    spent = Availability(86_400, 0, 86_400, down_s, 0, 86_400, down_s)

    budget = budget_of(spent, target)
    assert budget is not None
    assert (budget.left_s, budget.burn) == (0, 1)
    assert verdict_of(spent, target, 0.95)[0] is Verdict.MET


def test_a_budget_is_of_the_observed_time() -> None:
    of = Availability(DAY_S, 0, DAY_S / 2, 100, 0, DAY_S / 2, 100)

    budget = budget_of(of, 0.999)

    assert budget is not None
    assert budget.allowed_s == pytest.approx(43.2)
    assert budget.left_s == pytest.approx(-56.8)
    assert budget.burn == pytest.approx(100 / 43.2)
    assert budget_of(of, 1.0) == Budget(0, 100)
    assert Budget(0, 100).burn is None
    assert budget_of(of, None) is None
    assert budget_of(Availability(DAY_S), 0.9) is None


def figure_of(entry: ObjectiveEntry, made: Material) -> Figure:
    (found,) = figures_of(entry, made)
    return found


def figures_of(entry: ObjectiveEntry, made: Material) -> tuple[Figure, ...]:
    return kpi_of(msgspec.structs.replace(made, kpis=(entry,))).figures


@pytest.mark.parametrize(
    ("bounds", "value", "verdict"),
    [
        ({"above": 98.0}, 98.0, Verdict.MET),
        ({"above": 98.0}, 97.999, Verdict.MISSED),
        ({"below": 1.0}, 1.0, Verdict.MISSED),
        ({"below": 1.0}, 0.999, Verdict.MET),
        ({}, 5.0, Verdict.NOT_MEASURED),  # only told
    ],
)
def test_a_value_under_above_misses_and_so_does_one_at_below(
    bounds: dict[str, float], value: float, verdict: Verdict
) -> None:
    entry = ObjectiveEntry(name="crash rate", query="q", **bounds)  # type: ignore[arg-type]

    found = figure_of(
        entry, material(measured=(Measured("crash rate", "", value, verbatim("prom"), "q"),))
    )

    assert found.verdict is verdict
    assert (found.value, found.means, found.source) == (value, Means.QUERY, "prom")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_measured_and_why_is_told(value: float) -> None:
    entry = ObjectiveEntry(name="crash rate", query="q", below=0.5)

    found = figure_of(
        entry, material(measured=(Measured("crash rate", "", value, verbatim("prom"), "q"),))
    )

    assert (found.value, found.verdict) == (None, Verdict.NOT_MEASURED)
    assert found.why_not == f"the answer was {value}; a number was expected"
    assert found.query == "q"


def test_a_query_that_failed_says_why() -> None:
    entry = ObjectiveEntry(name="crash rate", query="q", below=0.5)
    failed = Measured("crash rate", "", None, verbatim("prom"), "q", saying("no data"))

    found = figure_of(entry, material(measured=(failed,)))

    assert (found.verdict, found.why_not) == (Verdict.NOT_MEASURED, "no data")


def test_what_nothing_measures_is_not_measured() -> None:
    found = figure_of(ObjectiveEntry(name="crash rate", below=0.5), material())

    assert (found.verdict, found.means, found.source) == (Verdict.NOT_MEASURED, Means.NONE, "")
    assert found.why_not == "nothing measures it: name a query, or write its value down"


def by_hand(value: float, day: int) -> Measured:
    source = saying("{who} on {day} (inspection)", who="kai", day=f"2026-11-{day}")
    return Measured("crash rate", "", value, source, by_hand=True, day=date(2026, 11, day - 1))


def test_of_what_people_wrote_down_each_day_the_worst_counts() -> None:
    days = (by_hand(0.1, 20), by_hand(0.7, 21), by_hand(0.2, 22))
    settings = Measured("crash rate", "", 9.0, verbatim("mei on 2026-10-01"), by_hand=True)
    entry = ObjectiveEntry(name="crash rate", below=0.5, value=9.0)

    found = figure_of(entry, material(measured=(settings, *days)))

    assert (found.value, found.verdict) == (0.7, Verdict.MISSED)
    assert (found.means, found.source) == (Means.HAND, "kai on 2026-11-21 (inspection)")
    least = ObjectiveEntry(name="crash rate", above=0.15)
    assert figure_of(least, material(measured=days)).value == 0.1
    told = ObjectiveEntry(name="crash rate")
    assert figure_of(told, material(measured=days)).value == 0.2
    assert figure_of(entry, material(measured=(settings,))).source == "mei on 2026-10-01"


def test_a_query_goes_before_what_people_wrote_down_unless_it_failed() -> None:
    entry = ObjectiveEntry(name="crash rate", query="q", below=0.5)
    hand = by_hand(0.3, 21)
    answered = Measured("crash rate", "", 0.1, verbatim("prom"), "q")
    failed = Measured("crash rate", "", None, verbatim("prom"), "q", saying("no data"))

    assert figure_of(entry, material(measured=(hand, answered))).value == 0.1
    assert figure_of(entry, material(measured=(hand, failed))).value == 0.3


def test_an_objective_of_services_has_a_figure_for_each() -> None:
    entry = ObjectiveEntry(name="errors", query="q", below=1.0, services=("shop", "api"))
    measured = (
        Measured("errors", "shop", 0.5, verbatim("prom"), "q"),
        Measured("errors", "api", 2.0, verbatim("prom")),
    )
    made = material(services=[service("shop"), service("api")], measured=measured)

    assert [(one.service, one.verdict) for one in figures_of(entry, made)] == [
        ("shop", Verdict.MET), ("api", Verdict.MISSED)
    ]  # fmt: skip


def test_one_value_by_hand_for_several_services_is_one_figure() -> None:
    entry = ObjectiveEntry(name="errors", value=0.2, below=1.0, services=("shop", "api"))
    made = material(measured=(Measured("errors", "", 0.2, verbatim("kai"), by_hand=True),))

    assert [(one.service, one.value) for one in figures_of(entry, made)] == [("", 0.2)]


HOUR = milliseconds(utc("2026-11-22 10:00")) // 1000


def hours(*took_ms: float) -> tuple[tuple[int, Latencies], ...]:
    return ((HOUR, counted(took_ms)),)


def test_page_load_is_of_all_pages_together_and_of_nothing_else() -> None:
    (page_load, *_) = OBJECTIVES
    services = [
        service("home", ServiceType.PAGE),
        service("about", ServiceType.PAGE),
        service("api"),
    ]
    made = material(
        up_all_day("home", hours=hours(*[1_000] * 90)),
        up_all_day("about", hours=hours(*[3_000] * 10)),
        up_all_day("api", hours=hours(*[60_000] * 1000)),
        services=services,
    )

    found = figure_of(page_load, made)

    assert (found.unit, found.verdict) == (Unit.SECONDS, Verdict.MISSED)
    assert found.value == pytest.approx(3, rel=0.01)
    assert figure_of(page_load, material()).why_not == "no page is registered"
    unseen = figure_of(page_load, material(services=services))
    assert (unseen.verdict, unseen.why_not) == (Verdict.NOT_ENOUGH_DATA, "nobody was watching")


def test_a_figure_is_told_in_its_own_unit() -> None:
    """Whatever unit the settings name: theirs is a percentage unless they say otherwise."""
    entry = ObjectiveEntry(name="latency", figure="p95", below=0.5, services=("shop",))
    made = material(up_all_day(hours=hours(400.0)), services=[service()])

    found = figure_of(entry, made)

    assert (found.unit, found.verdict, found.service) == (Unit.SECONDS, Verdict.MET, "shop")


def test_a_percentile_over_too_little_of_the_time_has_no_verdict() -> None:
    half = seen("shop", ("2026-11-22 10:00", "2026-11-22 20:00", Sight.UP), hours=hours(100.0))
    entry = ObjectiveEntry(name="latency", figure="p95", below=2.0)

    found = figure_of(entry, material(half, services=[service()]))

    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert found.why_not == "41.6 % of the time was observed, 95 % is needed"


@pytest.mark.parametrize(
    ("figure", "value", "unit"),
    [
        ("availability", 100.0, Unit.PERCENT),
        ("coverage", 100.0, Unit.PERCENT),
        ("p50", None, Unit.SECONDS),
        ("mtta", 300.0, Unit.SECONDS),
        ("mttr", 1800.0, Unit.SECONDS),
        ("late acks", 1, Unit.COUNT),
        ("late ends", 0, Unit.COUNT),
        ("alerts", 2, Unit.COUNT),
        ("incidents", 0, Unit.COUNT),
        ("changes", 1, Unit.COUNT),
        ("automated", 50.0, Unit.PERCENT),
    ],
)
def test_figures_of_ours(figure: FigureName, value: float | None, unit: Unit) -> None:
    made = material(
        up_all_day(),
        services=[service()],
        bouts=(
            bout("10:00", "10:30", key="a", acked_at="10:05", respond_by="10:15"),
            bout("12:00", key="b", respond_by="12:15"),
        ),
        changes=(change(),),
        steps=(
            DoneStep(moment_of("10:00"), "kai", "RUN-1", "restart", "web-1", "failed"),
            DoneStep(moment_of("10:01"), "kai", "RUN-1", "restart", "web-1", "passed"),
            DoneStep(moment_of("10:02"), "kai", "RUN-1", "fail over", "", "manual"),
            DoneStep(moment_of("10:03"), "kai", "RUN-1", "page the team", "", "skipped"),
        ),
    )

    found = figure_of(ObjectiveEntry(name=figure, figure=figure), made)

    assert (found.value, found.unit) == (value, unit)
    assert found.verdict is Verdict.NOT_MEASURED  # it has no bounds
    assert bool(found.why_not) is (value is None)


def test_the_same_of_one_service_counts_that_alone() -> None:
    made = material(
        up_all_day(),
        up_all_day("api"),
        services=[service(), service("api")],
        bouts=(bout("10:00", key="a"), bout("11:00", key="b", service="api")),
        changes=(change(),),
    )

    def told(figure: FigureName) -> list[tuple[str, float | None]]:
        entry = ObjectiveEntry(name=figure, figure=figure, services=("api", "shop", "gone"))
        return [(one.service, one.value) for one in figures_of(entry, made)]

    assert told("alerts") == [("api", 1), ("shop", 1), ("gone", None)]
    assert told("changes") == [("api", 0), ("shop", 1), ("gone", None)]


def test_where_nobody_watched_no_count_of_alerts_is_zero() -> None:
    entry = ObjectiveEntry(name="alerts", figure="alerts", below=10)

    found = figure_of(entry, material(services=[service()]))

    assert (found.value, found.verdict) == (None, Verdict.NOT_ENOUGH_DATA)
    assert found.why_not == "nobody was watching"


def test_where_little_was_watched_too_many_alerts_are_too_many_all_the_same() -> None:
    some = seen("shop", ("2026-11-22 10:00", "2026-11-22 12:00", Sight.UP))
    many = tuple(bout(f"10:{number:02}", key=str(number)) for number in range(10, 20))
    gaps = (
        Gap(utc("2026-11-22"), moment_of("10:00")),
        Gap(moment_of("12:00"), utc("2026-11-23")),
    )

    def verdict(*bouts: Bout) -> Verdict:
        entry = ObjectiveEntry(name="alerts", figure="alerts", below=10)
        made = material(some, services=[service()], bouts=bouts, gaps=gaps)
        return figure_of(entry, made).verdict

    assert verdict(*many) is Verdict.MISSED
    assert verdict(*many[:3]) is Verdict.NOT_ENOUGH_DATA


def test_who_took_alerts_is_not_known_to_prometheus() -> None:
    entry = ObjectiveEntry(name="MTTA", figure="mtta")
    made = material(up_all_day(), bouts=(bout("10:00", "10:30", source="prom"),))

    found = figure_of(entry, made)

    assert found.value is None
    assert found.why_not == "only history knows who took an alert, and it has none of these"


def test_every_key_figure_is_there_measured_or_not() -> None:
    found = kpi_of(material(up_all_day(), services=[service()], kpis=KPIS))

    assert [one.name for one in found.figures] == [one.name for one in KPIS]
    assert [one.name for one in found.figures if one.value is not None] == ["availability"]
    assert all(one.why_not for one in found.figures if one.value is None)


def test_the_fleets_own_availability_is_the_first_objective() -> None:
    found = week_of(material(up_all_day(), services=[service()], objectives=OBJECTIVES))

    first = found.objectives[0]
    assert (first.name, first.above, first.verdict) == ("availability", 99.9, Verdict.MET)
    assert [one.name for one in found.objectives[1:]] == [one.name for one in OBJECTIVES]
    assert week_of(material(target=None)).objectives == ()
