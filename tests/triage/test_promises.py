"""What holds for any world: nothing is hidden, counts add up, no clock is re-armed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.policy import Policy
from console.model.snapshot import KnownAlert, Standing
from console.model.state import State
from console.model.worklist import RowKind
from console.triage.order import place_of
from console.triage.saved import episodes_from, episodes_to
from console.triage.triage import Triage
from tests.build import T0, ack, ago, alert, at, cell, known, resolved, service, snapshot
from tests.soak import trials

CELLS = [cell(service("redis", "data-1")), cell(service("api", "web-1"))]
GROUPINGS = st.sampled_from(
    [
        ("alertname", "@cell"),
        ("alertname",),
        ("@cell",),
        ("rack",),
        ("severity", "rack"),
        (),
        ("@host",),
        ("@owner", "alertname"),
        ("@alert",),
    ]
)


@st.composite
def an_alert(draw: st.DrawFn, number: int) -> KnownAlert:
    """Any alert: of any age, taken or not, in any standing and state."""
    labels = {
        "instance": f"h{draw(st.integers(0, 5))}:9100",
        "rack": draw(st.sampled_from(["r10", "r11", "r12"])),
        "severity": draw(st.sampled_from(["critical", "high", "warning", "info", "odd"])),
        "n": str(number),
    }
    age_s = draw(st.one_of(st.integers(0, 90), st.integers(0, 86400), st.integers(0, 40 * 86400)))
    standing = draw(st.sampled_from([Standing.FIRING, Standing.FIRING, *Standing]))
    taken = standing is Standing.FIRING and draw(st.booleans())
    return known(
        alert(draw(st.sampled_from(["Down", "Slow", "Full"])), starts_at=ago(age_s), labels=labels),
        standing=standing,
        state=draw(st.sampled_from([State.FIRING, State.FIRING, State.STALE, State.LOST])),
        cell=draw(st.sampled_from([None, "redis", "api", "gone"])),
        acked=ack(since=ago(draw(st.integers(0, 900)))) if taken else None,
    )


@st.composite
def worlds(draw: st.DrawFn) -> list[KnownAlert]:
    """Between nothing and a small storm."""
    return [draw(an_alert(number)) for number in range(draw(st.integers(0, 30)))]


@settings(max_examples=trials(usual=60, soak=3_000), deadline=None)
@given(st.lists(worlds(), min_size=1, max_size=3), GROUPINGS)
def test_every_alert_stands_in_exactly_one_row(
    rounds: list[list[KnownAlert]], group_by: tuple[str, ...]
) -> None:
    triage = Triage(Policy(group_by=group_by))
    for number, alerts in enumerate(rounds):
        worklist = triage.worklist(snapshot(*alerts, cells=CELLS, now=at(15 * number)))
        shown = Counter(each.key for row in worklist.rows for each in row.alerts)
        assert shown == Counter(each.key for each in alerts)
        folded = [row for row in worklist.rows if row.kind is RowKind.OLD]
        assert sorted(each.key for row in folded for each in row.alerts) == sorted(
            each.key for row in worklist.old for each in row.alerts
        )
        assert len({row.key for row in worklist.rows}) == len(worklist.rows)


@settings(max_examples=trials(usual=50, soak=2_000), deadline=None)
@given(worlds(), GROUPINGS)
def test_the_counts_add_up(alerts: list[KnownAlert], group_by: tuple[str, ...]) -> None:
    worklist = Triage(Policy(group_by=group_by)).worklist(snapshot(*alerts, cells=CELLS))
    counts = worklist.counts
    firing = sum(each.total for each in counts.by_priority)
    assert firing == sum(each.standing is Standing.FIRING for each in alerts)
    resting = counts.silenced + counts.inhibited + counts.muted + counts.pending
    assert firing + resting == counts.total == len(alerts)
    rows = [row for row in worklist.rows if row.standing is Standing.FIRING]
    for priority, each in enumerate(counts.by_priority):
        assert sum(row.by_priority[priority] for row in rows) == each.total
        assert max(each.new, each.acked, each.old) <= each.total
    assert sum(row.count for row in worklist.old) == sum(each.old for each in counts.by_priority)


@settings(max_examples=trials(usual=50, soak=2_000), deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_is_total_and_the_same_for_the_same_world(
    alerts: list[KnownAlert], shuffle: st.DataObject
) -> None:
    first = Triage(Policy()).worklist(snapshot(*alerts, cells=CELLS))
    other = list(alerts)
    shuffle.shuffle(other)  # type: ignore[attr-defined]
    second = Triage(Policy()).worklist(snapshot(*other, cells=CELLS))
    assert [row.key for row in first.rows] == [row.key for row in second.rows]
    places = [place_of(row) for row in first.rows]
    assert places == sorted(set(places))


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_what_is_remembered_between_looks_changes_no_row(alerts: list[KnownAlert]) -> None:
    """A look over unchanged alerts shows what a console would that has no cache."""
    triage = Triage(Policy())
    first = triage.worklist(snapshot(*alerts, cells=CELLS))
    again = triage.worklist(snapshot(*alerts, cells=CELLS))
    fresh = Triage(Policy(), first.episodes).worklist(snapshot(*alerts, cells=CELLS))
    if first.storm is None:
        assert again.rows == first.rows
        assert [row.key for row in fresh.rows] == [row.key for row in first.rows]


class Model:
    """One alert's clock, as plainly as it can be said.

    It starts with the earliest `startsAt`; after a proven end, a start within five minutes
    of that end goes on, and so does anything that is seen again within five minutes.
    """

    def __init__(self) -> None:
        self.start: datetime | None = None
        self.responded: datetime | None = None
        self.ended: tuple[datetime, float] | None = None

    def fires(self, starts_at: datetime, true_s: float, taken: datetime | None) -> None:
        gap = timedelta(minutes=5)
        if self.start is not None and self.ended is not None:
            wall, mono_s = self.ended
            if true_s - mono_s > 300 and starts_at - wall > gap:
                self.start = self.responded = None
            self.ended = None
        self.start = starts_at if self.start is None else min(self.start, starts_at)
        if self.responded is None and taken is not None:
            self.responded = max(taken, self.start)

    def ends(self, wall: datetime, true_s: float) -> None:
        if self.start is not None and self.ended is None:
            self.ended = (wall, true_s)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["fires", "fires", "rearmed", "acked", "stale", "gone", "ends", "console", "reload"]
        ),
        st.integers(1, 400),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_clocks_do_as_the_model_says_over_restarts_and_refires(
    steps: list[tuple[str, int]],
) -> None:
    """Any order of firing, re-armed starts, acks, outages, proven ends and restarts."""
    triage, model, policy = Triage(Policy()), Model(), Policy()
    now_s = 0
    starts_at = T0
    is_firing = False
    for what, seconds in steps:
        now_s += seconds
        now = at(now_s)
        if what == "console":
            saved = triage.worklist(snapshot(now=now, complete=False)).episodes
            triage = Triage(policy, episodes_from(episodes_to(saved)))
            continue
        if what == "reload":
            triage.reload(policy)
            continue
        if what == "gone":
            triage.worklist(snapshot(now=now))
            continue
        if what == "ends":
            over = [resolved(alert(), now.wall)] if is_firing else []
            triage.worklist(snapshot(now=now, resolved=over))
            if is_firing:
                model.ends(now.wall, now_s)
            is_firing = False
            continue
        if what == "rearmed" or not is_firing:
            starts_at = at(now_s - min(seconds, 10)).wall
        is_firing = True
        taken = ack(since=now.wall) if what == "acked" else None
        state = State.STALE if what == "stale" else State.FIRING
        one = known(alert(starts_at=starts_at), state=state, as_of=now, acked=taken)
        model.fires(starts_at, now_s, now.wall if taken is not None else None)
        (row,) = triage.worklist(snapshot(one, now=now)).rows
        assert row.since == model.start
        assert row.clocks is not None
        assert row.clocks.responded_at == model.responded


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 280), st.integers(-90000, 90000), st.booleans()),
                max_size=12))  # fmt: skip
def test_no_jump_of_the_wall_clock_rearms_a_clock(steps: list[tuple[int, int, bool]]) -> None:
    """However the wall clock is set, an alert seen again within the gap keeps its start."""
    triage = Triage(Policy())
    begun = ago(600)
    taken = ack(since=ago(60))
    triage.worklist(snapshot(known(alert(starts_at=begun), acked=taken)))
    now_s = 0
    for seconds, jump_s, ends in steps:
        now_s += seconds
        now = at(now_s, wall_jump=jump_s)
        one = known(alert(starts_at=now.wall), as_of=now)
        (row,) = triage.worklist(snapshot(one, now=now)).rows
        assert row.since <= begun
        assert row.clocks is not None
        assert row.clocks.responded_at is not None
        if ends:
            over = [resolved(alert(), now.wall)]
            triage.worklist(snapshot(now=now, resolved=over))
