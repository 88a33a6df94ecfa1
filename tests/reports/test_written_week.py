"""What a week's summary says in Markdown, and what it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from console.journal.language import Language
from console.journal.places import path_fault
from console.model.saying import saying, verbatim
from console.model.summary import Observation, Outage, Response, Verdict
from console.reports.chat import MOST_CHARS, chat_text
from console.reports.files import files_of, path_of
from console.reports.judged import overall
from console.reports.markdown import markdown_of
from console.reports.titles import title_of
from tests.reports.made import (
    ASKED,
    NOT_MEASURED,
    big_week,
    daily,
    figure,
    healthy_week,
    kpi,
    noise,
    past_daily,
    seen,
    service,
    terrible_week,
    week,
)

TERRIBLE = markdown_of(terrible_week(), "detailed", Language.ENGLISH)


def _section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _row(text: str, start: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_verdict_is_the_first_thing_below_the_title() -> None:
    lines = TERRIBLE.splitlines()
    assert lines[0] == "# 7-day summary 2026-11-16 to 2026-11-22, prod"
    assert lines[2] == (
        "✗ **Objectives missed. Availability of 5 services: 1 missed, 2 without enough data, "
        "2 met; 4 objectives beside it: 1 missed, 3 met**"
    )


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (healthy_week(), Verdict.MET),
        (terrible_week(), Verdict.MISSED),
        (week(), Verdict.NOT_MEASURED),
        (week([service("a", target=None)]), Verdict.NOT_MEASURED),
        (week([service("a"), service("b", [seen(known_s=0.0)] * 7)]), Verdict.NOT_ENOUGH_DATA),
        (week([service("a")], objectives=(ASKED,)), Verdict.MISSED),
        (week([service("a")], objectives=(NOT_MEASURED,)), Verdict.MET),
    ],
)
def test_what_nobody_measured_is_neither_met_nor_missed(made: object, verdict: Verdict) -> None:
    assert overall(made) is verdict  # type: ignore[arg-type]


def test_adjusted_and_raw_availability_stand_beside_what_is_excluded_and_the_coverage() -> None:
    cells = _row(_section(TERRIBLE, "Services"), "`redis`")
    assert cells[1:8] == [
        "✗ **missed**", "99.71 %", "99.62 %", "100 %", "2 h", "28 min 2 s",
        "166 / 302 / 315 ms",
    ]  # fmt: skip
    assert cells[8:11] == ["99.9 %", "-18 min 4 s", "2.82×"]


def test_a_service_that_nobody_saw_is_not_a_service_that_was_down_or_up() -> None:
    cells = _row(_section(TERRIBLE, "Services"), "`legacy`")
    assert cells[1] == "? not enough data"
    assert cells[2] == "— (not observed)"
    assert cells[4] == "0.0 %"
    assert cells[6] == "— (not observed)"
    assert cells[7] == "— (no latencies)"
    assert cells[-2:] == ["— (not known)", "— (no source)"]


def test_downtime_is_told_for_each_day_and_a_day_half_seen_says_so() -> None:
    table = _section(TERRIBLE, "Downtime by day")
    assert _row(table, "`redis`")[1:] == [
        "0 s", "0 s", "27 min", "0 s", "400 ms", "0 s", "1 min 1 s", "28 min 2 s",
    ]  # fmt: skip
    assert _row(table, "`worker`")[1] == "0 s (46.2 %)"
    assert _row(table, "`worker`")[4] == "— (not observed)"
    assert "`web`" not in table
    assert "Downtime of 0 in every day that was observed: 1 service." in table


def test_objectives_that_nothing_measures_are_hidden_and_counted() -> None:
    table = _section(TERRIBLE, "Objectives")
    assert "crash rate" not in table
    assert "Hidden, because nothing measures them: 1 objective." in table
    assert "crash rate" in markdown_of(kpi(), "short", Language.ENGLISH)


def test_every_figure_names_its_source_and_every_query_is_written_out() -> None:
    made = _section(TERRIBLE, "How this was made")
    assert "Availability and latency of 1 service: prom: probe" in made
    assert "- `page load`: history, reckoned by the console" in made
    assert "- `API error rate`: prom, query" in made
    assert "- `key-flow success`: kai on 2026-11-21, by hand" in made
    assert 'avg_over_time(probe_success{service="api"}[1m])' in made
    assert "100 * sum(rate(errors[7d])) / sum(rate(all[7d]))" in made
    assert "Availability = 1 - downtime / observed time" in made


def test_means_say_over_how_many_alerts_they_are() -> None:
    cells = _row(_section(TERRIBLE, "Response to alerts"), "**All together**")
    assert cells[1:] == [
        "40", "28 of 40", "3 min 13 s (over 26)", "36 of 40", "30 min 11 s (over 32)", "2 h",
        "3", "2", "4",
        "5 min / 40 min",
    ]  # fmt: skip


def test_what_only_history_knows_does_not_read_as_nothing() -> None:
    alone = Response(None, 5, 0, 5, None, 60.0, 90.0, 0, 1, 0, 0, 5, untold=5)
    told = week(responses=(alone,), noise=(noise(acked=0, untouched=0, untold=12),))
    detailed = markdown_of(told, "detailed", Language.ENGLISH)
    unknown = "— (only history knows)"

    cells = _row(_section(detailed, "Response to alerts"), "**All together**")
    assert cells[1:11] == [
        "5", unknown, unknown, "5 of 5", "1 min", "1 min 30 s", unknown, "1", unknown,
        "— (not known)",
    ]  # fmt: skip
    assert _row(_section(detailed, "Noisiest alerts"), "`SlowResponse`")[-3:-1] == [unknown] * 2
    short = markdown_of(told, "short", Language.ENGLISH)
    assert f"MTTA {unknown} over {unknown}, MTTR 1 min over 5 of 5" in short
    # Where history tells of some, it is of these.
    some = week(responses=(Response(None, 5, 2, 5, 9.0, 60.0, 90.0, 0, 1, 0, 2, 5, untold=2),))
    assert "MTTA 9 s over 2 of 3" in markdown_of(some, "short", Language.ENGLISH)


@pytest.mark.parametrize("language", Language)
def test_an_empty_week_says_nothing_in_so_many_words(language: Language) -> None:
    text = markdown_of(week(), "detailed", language)
    word = {"en": "Nothing.", "zh-Hant": "無。", "zh-Hans": "无。"}[language]
    # Services, downtime, outages, objectives, responses, noise, incidents, changes, exclusions,
    # gaps.
    assert text.count(f"\n{word}\n") == 10


def test_where_there_is_no_service_nothing_was_excluded() -> None:
    assert "all excluded" not in markdown_of(week(), "detailed", Language.ENGLISH)


def test_the_short_form_fits_a_screen_and_names_what_needs_a_look() -> None:
    text = markdown_of(big_week(62), "short", Language.ENGLISH)
    assert len(text.splitlines()) <= 50
    short = markdown_of(terrible_week(), "short", Language.ENGLISH)
    assert "- `redis`: ✗ **missed**" in short
    assert "- `worker`: ? not enough data" in short
    assert "`api`" not in short.partition("**Objectives**")[0]
    assert "`SlowResponse` `api@k8s`: 12 times" in short
    assert "17 outages, 1 incident, 1 change" in short


def test_an_excluded_outage_says_by_what() -> None:
    start, end = datetime(2026, 11, 19, 18, tzinfo=UTC), datetime(2026, 11, 19, 18, 10, tzinfo=UTC)
    one = service(
        "redis", outages=(Outage(start, end, verbatim("CHG-20261119-9b1")),), outage_count=1
    )
    cells = _row(
        _section(markdown_of(week([one]), "detailed", Language.ENGLISH), "Outages"), "`redis`"
    )
    assert cells[1:] == [
        "2026-11-20 02:00:00", "2026-11-20 02:10:00", "10 min", "excluded by CHG-20261119-9b1",
    ]  # fmt: skip


def test_an_hour_that_comes_twice_is_told_with_its_offset() -> None:
    start, end = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    outage = Outage(
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    )
    one = service("redis", outages=(outage,), outage_count=1)
    made = week([one], zone="Europe/Berlin", start=start, end=end)
    text = markdown_of(made, "detailed", Language.ENGLISH)
    assert "2026-10-25 02:30:00 +02:00 | 2026-10-25 02:30:00 +01:00 | 1 h" in text


def test_titles_name_the_day_of_the_observation_window() -> None:
    assert title_of(daily(), Language.ENGLISH) == (
        "Daily report 2026-11-22, prod (day 3 of 7 of the observation window)"
    )
    assert title_of(daily(), Language.TRADITIONAL_CHINESE) == (
        "維運日報 2026-11-22，prod（觀察期第 3 天，共 7 天）"
    )
    later = daily(observation=Observation(date(2026, 11, 1), 7))
    assert title_of(later, Language.ENGLISH) == "Daily report 2026-11-22, prod"


@pytest.mark.parametrize(
    ("report", "name"),
    [
        (daily(), "reports/daily/2026-11-22-day-3"),
        (past_daily(), "reports/daily/2026-11-22"),
        (terrible_week(), "reports/7-day/2026-11-16_2026-11-22"),
        (week(first=date(2026, 11, 9)), "reports/14-day/2026-11-09_2026-11-22"),
        (kpi(), "reports/kpi/2026-11-16_2026-11-22"),
    ],
)
def test_files_lie_where_the_journal_wants_them(report: object, name: str) -> None:
    files = files_of(report, Language.ENGLISH)  # type: ignore[arg-type]
    assert [path for path, _ in files] == [f"{name}.{ending}" for ending in ("md", "json", "html")]
    assert all(content.endswith(b"\n") for _, content in files)
    assert path_fault(path_of(report, "md")) == ""  # type: ignore[arg-type]


def test_a_chat_gets_plain_text_that_says_where_it_is_cut() -> None:
    text = chat_text(terrible_week(), "short", Language.ENGLISH)
    assert "✗ Objectives missed." in text
    assert not {"**", "`", "\\", "| --"} & {part for part in ("**", "`", "\\") if part in text}
    long = chat_text(big_week(400), "detailed", Language.SIMPLIFIED_CHINESE)
    assert len(long) < MOST_CHARS + 100
    assert long.endswith("完整内容见归档的报告")


def test_a_thousand_services_are_each_told_and_queries_have_an_end() -> None:
    text = markdown_of(big_week(1_000), "detailed", Language.ENGLISH)
    assert all(f"| `service-{n:04d}-of-the-shop` |" in text for n in range(1_000))
    assert "940 more stand in the JSON form" in text


def test_a_figure_without_an_objective_has_no_verdict() -> None:
    told = figure("throughput", below=None, verdict=Verdict.NOT_MEASURED)
    text = markdown_of(week(objectives=(told,)), "detailed", Language.ENGLISH)
    assert _row(_section(text, "Objectives"), "`throughput`")[2] == "— (none set)"


def test_an_availability_is_never_told_without_its_coverage() -> None:
    text = markdown_of(kpi(), "short", Language.ENGLISH)
    assert _row(text, "`availability`")[3] == "99.996 % (coverage 99.1 %)"
    why = saying("{seen} % of the time was observed, {least} % is needed", seen=41, least=95)
    lacking = figure(verdict=Verdict.NOT_ENOUGH_DATA, lack=why)
    text = markdown_of(week(objectives=(lacking,)), "detailed", Language.ENGLISH)
    assert _row(_section(text, "Objectives"), "`page load`")[2:4] == [
        "? not enough data", f"1.3 s ({why.text})",
    ]  # fmt: skip
