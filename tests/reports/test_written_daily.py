"""What a day's report says: whole, and in its short form in each language."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import pytest

from console.journal.language import Language
from console.model.daily import Now, Tick
from console.reports.markdown import markdown_of
from tests.reports.made import INSPECTION, daily, past_daily, seen, service_day

DETAILED = markdown_of(daily(), "detailed", Language.ENGLISH)

GOLDEN: Final = Path(__file__).parent / "golden"


def _section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("language", Language)
def test_the_short_form_of_a_day(language: Language) -> None:
    wanted = (GOLDEN / f"daily-short.{language}.md").read_text(encoding="utf-8")
    assert markdown_of(daily(), "short", language) == wanted


def test_the_inspection_says_who_looked_when_and_at_what() -> None:
    assert _section(DETAILED, "Daily inspection").strip().splitlines() == [
        "✗ **Overdue: 2 of 3 items looked at (due 2026-11-22 10:00)**",
        "",
        "- [x] API error rate of yesterday: as it ought to be, read off 0.42 %, kai, "
        "2026-11-22 09:12 (measured 0.42 %)",
        "- [x] Daily snapshot is there, 30 days of cold copies: ✗ **not as it ought to be**, mei, "
        "2026-11-22 09:20; the snapshot of 21 Nov is missing",
        "- [ ] Security patrol: audit of sensitive operations: nobody has looked",
    ]


@pytest.mark.parametrize(
    ("minute", "sentence"),
    [
        (30, "✓ Done 2026-11-22 09:30, 3 of 3 items looked at (due 2026-11-22 10:00)"),
        (75, "✗ **Done late, at 2026-11-22 10:15; 3 of 3 items looked at (due 2026-11-22 10:00)**"),
    ],
)
def test_an_inspection_that_was_late_says_so(minute: int, sentence: str) -> None:
    at = datetime(2026, 11, 22, 1 + minute // 60, minute % 60, tzinfo=UTC)
    last = msgspec.structs.replace(INSPECTION.items[2], tick=Tick("audit", at, "kai", True))
    done = msgspec.structs.replace(INSPECTION, items=(*INSPECTION.items[:2], last))
    assert sentence in markdown_of(daily(inspection=done), "detailed", Language.ENGLISH)


def test_what_is_known_of_the_present_alone_is_unknown_for_a_day_that_is_over() -> None:
    assert "redis on data-1, ends 2026-11-23 04:00, kai" in _section(DETAILED, "As of now")
    assert "**Certificates**\n\nNothing." in _section(DETAILED, "As of now")
    assert "- watch redis: restarted once" in _section(DETAILED, "Handover notes")
    past = markdown_of(past_daily(), "detailed", Language.ENGLISH)
    unknown = "Not known: the day is over, and this is known of the present alone."
    assert _section(past, "As of now").strip() == unknown
    assert _section(past, "Handover notes").strip() == unknown
    empty = markdown_of(daily(now=(Now("handover"),)), "detailed", Language.ENGLISH)
    assert _section(empty, "Handover notes").strip() == "Nothing."


def test_a_day_without_downtime_and_a_day_without_data_differ() -> None:
    assert "✓ No downtime was seen on 1 service" in markdown_of(
        past_daily(), "short", Language.ENGLISH
    )
    unseen = seen(known_s=0.0)
    nothing = daily(services=(service_day("redis", unseen, last=None),), total=unseen)
    text = markdown_of(nothing, "short", Language.ENGLISH)
    assert "? Nothing was observed on this day" in text
    assert "0 s" not in text.partition("Response to alerts")[0].replace("excluded 0 s", "")


def test_incidents_are_told_as_open_settled_and_closed() -> None:
    text = _section(DETAILED, "Incidents")
    assert "**Open at the end of the day**" in text
    assert "| open | P0 | `redis`, `api` | 2026-11-18 03:14 | going on |" in text
    assert "**Mitigated or resolved on the day**\n\nNothing." in text
    assert "**Closed on the day**\n\nNothing." in text
