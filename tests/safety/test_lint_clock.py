"""Only `console/safety/clock.py` asks the time."""

from __future__ import annotations

import pytest

from tests.safety.lint import any_of, caught, findings, named, sources

ALLOWED = ("console/safety/clock.py",)

RULE = any_of(
    named(
        *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns"),
        *("time.perf_counter", "time.perf_counter_ns", "time.clock_gettime*"),
        *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
        "datetime.date.today",
    ),
)


def test_nothing_else_asks_the_time() -> None:
    assert findings(RULE, ALLOWED, sources()) == []


@pytest.mark.parametrize(
    "snippet",
    [
        "import time\ntime.time()",
        "import time as t\nt.monotonic()",
        "from time import monotonic",
        "from datetime import datetime as d\nd.now()",
        "import datetime\ndatetime.datetime.utcnow()",
        "from datetime import date\ndate.today()",
    ],
)
def test_the_lint_can_fail(snippet: str) -> None:
    assert caught(RULE, snippet)


def test_the_lint_lets_a_clock_that_was_handed_in_pass() -> None:
    assert not caught(RULE, "self.clock.now()\nfrom datetime import datetime\ndatetime(2026, 1, 1)")
