"""Which Alertmanagers are watched because a Prometheus names them, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from config.load import from_prometheus
from console.engine.discovery import Discovery
from console.model.snapshot import SentTo, SourceKind, Watched
from console.safety.clock import ManualClock
from console.safety.http import HttpClient
from tests.build import T0
from tests.watching import QUICK

OLD, NEW = "http://127.0.0.1:9093", "http://127.0.0.1:9193"
OLD_KEY, NEW_KEY = "alertmanager/127.0.0.1:9093", "alertmanager/127.0.0.1:9193"
PROM = Watched("prometheus", SourceKind.PROMETHEUS, QUICK)


@pytest.fixture
async def found() -> AsyncIterator[Discovery]:
    """A Prometheus has named one Alertmanager."""
    clock = ManualClock(T0)
    http = HttpClient(clock)
    settings = from_prometheus(["http://127.0.0.1:9090"]).settings
    yield Discovery(settings, http, clock, (PROM,), (SentTo("prometheus", (OLD,)),))
    await http.aclose()


def clusters(found: Discovery) -> dict[str, tuple[str, ...]]:
    return {one.name: one.members for one in found.watched if one is not PROM}


async def test_what_was_found_before_is_watched_from_the_start(found: Discovery) -> None:
    assert list(found.members) == [OLD_KEY]
    assert clusters(found) == {"alertmanager": ("127.0.0.1:9093",)}
    assert PROM in found.watched


async def test_a_member_is_new_once(found: Discovery) -> None:
    new = found.take(SentTo("prometheus", (OLD, NEW)))
    assert [member.key for member in new] == [NEW_KEY]
    assert found.take(SentTo("prometheus", (OLD, NEW))) == ()
    assert clusters(found) == {"alertmanager": ("127.0.0.1:9093", "127.0.0.1:9193")}
    assert found.sent_to == (SentTo("prometheus", (OLD, NEW)),)


async def test_what_nobody_names_is_forgotten_after_two_lists_if_it_is_dead(
    found: Discovery,
) -> None:
    found.take(SentTo("prometheus", (NEW,)))
    assert found.forget({OLD_KEY}) == ()
    assert found.forget({OLD_KEY}) == (OLD_KEY,)
    assert list(found.members) == [NEW_KEY]
    assert clusters(found) == {"alertmanager": ("127.0.0.1:9193",)}
    assert [member.key for member in found.take(SentTo("prometheus", (OLD, NEW)))] == [OLD_KEY]


async def test_what_answers_or_is_named_is_never_forgotten(found: Discovery) -> None:
    for _ in range(5):
        found.take(SentTo("prometheus", (NEW,)))
        assert found.forget(set()) == ()
        assert found.forget({OLD_KEY}) == ()
    for _ in range(5):
        found.take(SentTo("prometheus", (OLD, NEW)))
        assert found.forget({OLD_KEY, NEW_KEY}) == ()


async def test_a_prometheus_that_names_nobody_yet_takes_nothing_away(found: Discovery) -> None:
    assert found.take(SentTo("prometheus", ())) == ()
    assert found.sent_to == (SentTo("prometheus", (OLD,)),)
    assert clusters(found) == {"alertmanager": ("127.0.0.1:9093",)}


async def test_an_address_that_is_none_is_not_asked(found: Discovery) -> None:
    assert found.take(SentTo("prometheus", ("http://user:secret@evil.test/x?y", "nonsense"))) == ()
