"""The JSON form is exact, and has the shape that its documentation tells of."""

from __future__ import annotations

import json
import re
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from console import __version__
from console.journal.language import Language
from console.model.daily import Daily, Kpi
from console.model.history import KnownBy
from console.model.summary import Week
from console.reports import json_shape
from console.reports.json_form import json_of
from console.reports.json_shape import SCHEMA_VERSION, DailyShape, HeadShape, KpiShape, WeekShape
from console.reports.markdown import markdown_of
from tests.reports import made

DOCS: Final = Path(__file__).parents[2] / "docs" / "reports.md"
SHAPES: Final = [
    one
    for one in vars(json_shape).values()
    if isinstance(one, type) and issubclass(one, msgspec.Struct)
]


@pytest.mark.parametrize(
    ("report", "shape"),
    [
        (made.terrible_week(), WeekShape),
        (made.healthy_week(), WeekShape),
        (made.week(), WeekShape),
        (made.daily(), DailyShape),
        (made.past_daily(), DailyShape),
        (made.kpi(), KpiShape),
    ],
)
def test_a_report_is_read_back_whole(report: Week | Daily | Kpi, shape: type[HeadShape]) -> None:
    written = json_of(report)
    read = msgspec.json.decode(written, type=shape)
    assert read.schema_version == SCHEMA_VERSION == 1
    assert (read.generator.name, read.generator.version) == ("oncall", __version__)
    assert read.zone == "Asia/Taipei"
    again = json.loads(msgspec.json.encode(read))
    assert json.loads(written) == again, "a key that the shape does not have"
    assert json_of(report) == written


def test_times_are_utc_and_the_order_of_keys_is_that_of_the_shape() -> None:
    local = made.MADE_AT.astimezone(timezone(timedelta(hours=8)))
    week = msgspec.structs.replace(made.terrible_week(), made_at=local)
    written = json_of(week).decode()
    read: dict[str, Any] = json.loads(written)
    assert list(read) == list(WeekShape.__struct_fields__)
    assert read["made_at"] == "2026-11-22T17:30:00Z"
    assert read["start"] == "2026-11-15T16:00:00Z"
    times = re.findall(r'"(\d{4}-\d\d-\d\dT[^"]*)"', written)
    assert len(times) > 20
    assert all(one.endswith("Z") for one in times)


def test_shares_are_between_0_and_1_and_nothing_is_rounded() -> None:
    read = msgspec.json.decode(json_of(made.terrible_week()), type=WeekShape)
    redis = read.services[0]
    total = made.terrible_week().services[0].total
    assert redis.total.ratio == total.ratio
    assert redis.total.down_s == 1_681.4
    assert redis.target == 0.999
    errors = next(one for one in read.objectives if one.name == "API error rate")
    assert (errors.unit, errors.value, errors.below) == ("ratio", 0.012, 0.01)
    assert errors.query == made.ASKED.query
    assert redis.p95_s is not None and 0.1 < redis.p95_s < 1


def test_what_is_not_known_is_null_and_what_is_not_measured_is_there() -> None:
    read = msgspec.json.decode(json_of(made.terrible_week()), type=WeekShape)
    legacy = next(one for one in read.services if one.service == "legacy")
    assert legacy.total.ratio is None
    assert legacy.p95_s is None
    assert legacy.before is None
    hidden = next(one for one in read.objectives if one.name == "crash rate")
    assert (hidden.value, hidden.verdict) == (None, "not measured")


def test_a_reader_of_this_version_can_tell_a_later_one() -> None:
    later = json.loads(json_of(made.week())) | {"schema_version": 2, "services": "another thing"}
    head = msgspec.json.decode(json.dumps(later), type=HeadShape)
    assert head.schema_version == 2


@pytest.mark.parametrize("shape", SHAPES, ids=[one.__name__ for one in SHAPES])
def test_every_key_is_in_the_documentation(shape: type[msgspec.Struct]) -> None:
    text = DOCS.read_text(encoding="utf-8")
    missing = [name for name in shape.__struct_fields__ if f"`{name}`" not in text]
    assert not missing


def test_how_much_of_a_service_each_source_observed_stands_in_every_form() -> None:
    week = made.terrible_week()
    both = (KnownBy("history", 72_000_500), KnownBy("prom: probe_success", 28_000_500))
    filled = msgspec.structs.replace(
        week.services[0], source="history; prom: probe_success", known_by=both
    )
    week = msgspec.structs.replace(week, services=(filled, *week.services[1:]))
    read = msgspec.json.decode(json_of(week), type=WeekShape)
    assert [(one.source, one.known_s) for one in read.services[0].known_by] == [
        ("history", 72_000.5),
        ("prom: probe_success", 28_000.5),
    ]
    alone = read.services[1]
    assert [(one.source, one.known_s) for one in alone.known_by] == [
        (alone.source, alone.total.raw_known_s)
    ]
    for language, history in (
        (Language.ENGLISH, "history 71.99 %, "),
        (Language.TRADITIONAL_CHINESE, "歷史紀錄 71.99%、"),
        (Language.SIMPLIFIED_CHINESE, "历史记录 71.99%、"),
    ):
        assert history in markdown_of(week, "detailed", language)
