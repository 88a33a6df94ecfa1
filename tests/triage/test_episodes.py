"""Clocks survive restarts of everything, and end by proof alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from console.model.policy import Policy
from console.model.snapshot import Snapshot, SourceKind, Standing
from console.model.state import State
from console.model.worklist import Episode, Worklist
from console.safety.clock import Instant
from console.triage.saved import episodes_from, episodes_to
from console.triage.triage import Triage
from tests.build import ack, ago, alert, at, known, resolved, snapshot, source


def start_of(worklist: Worklist) -> datetime:
    (row,) = worklist.rows
    return row.since


def firing(starts_at: datetime, seconds: float, **rest: object) -> Snapshot:
    now = at(seconds)
    return snapshot(known(alert(starts_at=starts_at), as_of=now, **rest), now=now)  # type: ignore[arg-type]


def over(when: float, seconds: float) -> Snapshot:
    return snapshot(now=at(seconds), resolved=[resolved(alert(), at(when).wall)])


def restarted(worklist: Worklist, policy: Policy | None = None) -> Triage:
    """A console that was closed after `worklist` and is opened again."""
    return Triage(policy or Policy(), episodes_from(episodes_to(worklist.episodes)))


def test_a_restarted_prometheus_does_not_rearm_the_clocks() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0))
    assert start_of(triage.worklist(firing(at(20).wall, 30))) == ago(600)


def test_an_earlier_start_from_another_replica_counts() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(60), 0))
    assert start_of(triage.worklist(firing(ago(90), 15))) == ago(90)
    assert start_of(triage.worklist(firing(ago(60), 30))) == ago(90)


def test_a_restarted_console_goes_on_with_its_clocks_and_acks() -> None:
    triage = Triage(Policy())
    last = triage.worklist(firing(ago(600), 0, acked=ack("mei", since=ago(300))))
    after = restarted(last).worklist(firing(at(30).wall, 60))
    assert start_of(after) == ago(600)
    (row,) = after.rows
    assert row.clocks is not None
    assert row.clocks.responded_at == ago(300)
    assert after.episodes[0].responded_by == "mei"


def test_a_swap_of_replicas_keeps_the_clocks() -> None:
    triage = Triage(Policy())
    a = alert(prometheus_replica="a", starts_at=ago(600))
    b = alert(prometheus_replica="b", starts_at=ago(5))
    triage.worklist(snapshot(known(a)))
    after = triage.worklist(snapshot(known(b), now=at(15), resolved=[resolved(a, at(15).wall)]))
    assert start_of(after) == ago(600)


def test_a_refire_within_the_gap_keeps_clocks_and_response() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0, acked=ack(since=ago(300))))
    triage.worklist(over(60, 60))
    row = triage.worklist(firing(at(350).wall, 360)).rows[0]
    assert row.since == ago(600)
    assert row.clocks is not None
    assert row.clocks.responded_at == ago(300)


def test_a_refire_within_the_gap_that_is_seen_late_keeps_the_clocks() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0))
    triage.worklist(over(60, 60))
    triage.worklist(over(60, 900))
    assert start_of(triage.worklist(firing(at(350).wall, 960))) == ago(600)


def test_a_refire_after_the_gap_starts_new_clocks() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0, acked=ack(since=ago(300))))
    triage.worklist(over(60, 60))
    again = at(361).wall
    row = triage.worklist(firing(again, 370)).rows[0]
    assert row.since == again
    assert row.clocks is not None
    assert row.clocks.responded_at is None


def test_the_gap_is_the_teams() -> None:
    triage = Triage(Policy(episode_gap=timedelta(seconds=30)))
    triage.worklist(firing(ago(600), 0))
    triage.worklist(over(60, 60))
    again = at(100).wall
    assert start_of(triage.worklist(firing(again, 105))) == again


def test_a_refire_within_the_gap_keeps_its_clocks_across_a_restarted_console() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0))
    last = triage.worklist(over(60, 60))
    assert start_of(restarted(last).worklist(firing(at(300).wall, 310))) == ago(600)


def test_absence_without_proof_ends_nothing() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0))
    triage.worklist(snapshot(now=at(60)))
    triage.worklist(snapshot(now=at(3600)))
    assert start_of(triage.worklist(firing(at(3500).wall, 3600))) == ago(600)


def test_what_ended_while_no_console_was_open_is_over_once_everything_has_been_well() -> None:
    last = Triage(Policy()).worklist(firing(ago(600), 0))
    triage = restarted(last)
    well = [source("am", healthy_since=at(7200)),
            source("prom", SourceKind.PROMETHEUS, healthy_since=at(7200))]  # fmt: skip
    triage.worklist(snapshot(now=at(7210), sources=well))
    triage.worklist(snapshot(now=at(7600), sources=well))
    again = at(8200).wall
    assert start_of(triage.worklist(firing(again, 8210))) == again


def test_a_sick_prometheus_proves_no_end() -> None:
    last = Triage(Policy()).worklist(firing(ago(600), 0))
    triage = restarted(last)
    sick = [source("am", healthy_since=at(-9000)),
            source("prom", SourceKind.PROMETHEUS, State.UNKNOWN, failing_since=ago(0))]  # fmt: skip
    triage.worklist(snapshot(now=at(7210), sources=sick))
    triage.worklist(snapshot(now=at(7900), sources=sick))
    again = at(8600).wall
    assert start_of(triage.worklist(firing(again, 8610))) == ago(600)


def test_an_episode_of_last_week_does_not_swallow_the_one_of_today() -> None:
    last = Triage(Policy()).worklist(firing(ago(600), 0))
    week = 8 * 86400
    again = at(week).wall
    worklist = restarted(last).worklist(firing(again, week + 10))
    assert start_of(worklist) == again
    assert worklist.old == ()


def test_an_alert_that_fires_all_week_keeps_its_start_over_a_closed_console() -> None:
    last = Triage(Policy()).worklist(firing(ago(600), 0))
    two_days = 2 * 86400
    assert start_of(restarted(last).worklist(firing(ago(600), two_days))) == ago(600)


def test_a_clock_that_is_set_back_rearms_nothing() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0))
    back = at(30, wall_jump=-7200)
    after = triage.worklist(
        snapshot(known(alert(starts_at=ago(600)), as_of=back), now=back)
    )  # fmt: skip
    assert start_of(after) == ago(600)


def test_a_clock_that_is_set_back_between_end_and_refire_rearms_nothing() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0))
    behind = at(60, wall_jump=-7200)
    triage.worklist(snapshot(now=behind, resolved=[resolved(alert(), behind.wall)]))
    assert start_of(triage.worklist(firing(at(100).wall, 110))) == ago(600)


def test_a_server_whose_clock_is_ahead_rearms_nothing() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0))
    triage.worklist(over(60, 60))
    ahead = at(100 + 900).wall
    assert start_of(triage.worklist(firing(ahead, 110))) == ago(600)


def test_other_ignored_labels_after_a_reload_rearm_nothing() -> None:
    triage = Triage(Policy())
    triage.worklist(snapshot(known(alert(pod="x-1", starts_at=ago(600)))))
    triage.reload(Policy(ignore_labels=frozenset({"pod"})))
    after = triage.worklist(snapshot(known(alert(pod="x-2", starts_at=ago(5))), now=at(15)))
    assert start_of(after) == ago(600)


def test_pending_is_no_episode_and_its_clock_starts_with_the_firing() -> None:
    triage = Triage(Policy())
    pending = known(alert(starts_at=ago(300)), standing=Standing.PENDING)
    worklist = triage.worklist(snapshot(pending))
    assert worklist.episodes == ()
    assert start_of(worklist) == ago(300)
    assert start_of(triage.worklist(firing(ago(0), 15))) == ago(0)


def test_episodes_that_ended_are_let_go_after_a_while() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0))
    assert len(triage.worklist(over(60, 60)).episodes) == 1
    assert triage.worklist(snapshot(now=at(60 + 2 * 3600))).episodes == ()


def test_an_old_end_in_the_list_does_not_shorten_the_gap_of_a_later_one() -> None:
    triage = Triage(Policy())
    triage.worklist(firing(ago(600), 0))
    triage.worklist(over(60, 60))
    triage.worklist(firing(at(100).wall, 1000))
    # The alert is gone again, and the list still holds its first end only.
    triage.worklist(over(60, 1015))
    assert start_of(triage.worklist(firing(at(1250).wall, 1400))) == ago(600)


def test_a_saved_state_without_a_network_is_no_news_and_no_sighting() -> None:
    saved = [Episode("unused", ago(99), ago(99))]
    triage = Triage(Policy(), saved)
    other_boot = Instant(ago(86400), 5_000_000.0)
    old = [known(alert(instance=f"h{n}"), as_of=other_boot) for n in range(20)]
    worklist = triage.worklist(snapshot(*old, restored=True, complete=False))
    assert worklist.counts.total == 20
    assert {episode.seen_at for episode in worklist.episodes if episode.key != "unused"} == {
        ago(86400)
    }
