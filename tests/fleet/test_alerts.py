"""One row an alert, whoever told of it and however often."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from console.model.alert import AlertGroup, AlertState
from console.model.labels import Labels, Matcher
from console.model.policy import Policy
from console.model.snapshot import SourceKind, Standing, Watched
from console.model.state import State
from console.safety.text import Raw
from tests.fleet.world import (
    AM,
    INTERVAL,
    PAIR,
    PROM,
    START,
    alert,
    am_down,
    am_reading,
    at,
    fleet,
    prom_down,
    prom_reading,
    rule,
    series,
    silence,
    the_alert,
)

LOAD = alert(instance="web:9100")


def test_members_of_a_cluster_are_one_row_with_the_earliest_start() -> None:
    world = fleet(PAIR)
    later = msgspec.structs.replace(LOAD, starts_at=START)
    suppressed = msgspec.structs.replace(
        LOAD, state=AlertState.SUPPRESSED, silenced_by=("s1",), starts_at=LOAD.starts_at
    )
    world.take(am_reading(0, suppressed, member="a"))
    world.take(am_reading(1, later, member="b"))
    known = the_alert(world.snapshot(at(2)))
    assert known.alert.starts_at == LOAD.starts_at
    assert known.alert.members == ("a", "b")
    assert (known.standing, known.seen_by) == (Standing.FIRING, (2, 2))


def test_the_same_alert_in_two_clusters_is_one_row() -> None:
    other = Watched("am2", SourceKind.ALERTMANAGER, INTERVAL, ("x",))
    world = fleet(AM, other)
    world.take(am_reading(0, LOAD))
    world.take(am_reading(1, LOAD, member="x", source="am2"))
    known = the_alert(world.snapshot(at(2)))
    assert (known.seen_by, known.duplicates) == ((2, 2), ())


def test_replicas_fold_into_one_row_that_names_its_duplicates() -> None:
    one = alert(instance="web:9100", replica="a", starts_s=-60)
    two = alert(instance="web:9100", replica="b", starts_s=-50)
    world = fleet(AM)
    world.take(am_reading(0, two, one))
    known = the_alert(world.snapshot(at(1)))
    assert known.alert == one
    assert known.duplicates == (two.fingerprint,)


def test_one_replica_that_ends_is_not_a_resolution() -> None:
    one = alert(instance="web:9100", replica="a", generator="", ends_s=900)
    two = alert(instance="web:9100", replica="b", generator="", ends_s=900)
    world = fleet(AM)
    world.take(am_reading(0, one, two))
    world.take(am_reading(15, two))
    snapshot = world.snapshot(at(15))
    assert the_alert(snapshot).state is State.FIRING
    assert snapshot.resolved == ()
    world.take(am_reading(30))
    snapshot = world.snapshot(at(30))
    assert snapshot.alerts == ()
    assert len(snapshot.resolved) == 1


def test_an_ack_is_a_silence_whose_comment_says_so_and_leaves_the_alert_firing() -> None:
    acked = alert(instance="a", state=AlertState.SUPPRESSED, silenced_by=("s1",))
    both = alert(instance="b", state=AlertState.SUPPRESSED, silenced_by=("s1", "s2"))
    other = alert(instance="c", state=AlertState.SUPPRESSED, silenced_by=("s2",))
    unknown = alert(instance="d", state=AlertState.SUPPRESSED, silenced_by=("s9",))
    ack = silence("s1", "ACK! looking, disk first")
    world = fleet(AM)
    world.take(
        am_reading(0, acked, both, other, unknown, silences=(ack, silence("s2", "maintenance")))
    )
    known = {one.alert.labels.exact("instance"): one for one in world.snapshot(at(1)).alerts}
    assert [known[one].standing for one in "abcd"] == [
        Standing.FIRING,
        Standing.SILENCED,
        Standing.SILENCED,
        Standing.SILENCED,
    ]
    taken = known["a"].ack
    assert taken is not None
    assert (taken.owner, taken.since, taken.until) == (Raw("mei"), START, ack.ends_at)
    assert taken.note == Raw("looking, disk first")
    assert known["b"].ack == taken
    assert known["c"].ack is None
    assert known["b"].silences == ("s1", "s2")


def test_prefixes_of_acks_come_from_the_policy() -> None:
    acked = alert(state=AlertState.SUPPRESSED, silenced_by=("s1",))
    world = fleet(AM, policy=Policy(ack_prefixes=("ACK!", "ACK: ")))
    world.take(am_reading(0, acked, silences=(silence("s1", "ACK: mine"),)))
    taken = the_alert(world.snapshot(at(1))).ack
    assert taken is not None
    assert taken.note == Raw("mine")


def test_inhibited_and_muted_alerts_say_so() -> None:
    inhibited = alert("A", state=AlertState.SUPPRESSED, inhibited_by=("f1",))
    muted = alert("B", state=AlertState.SUPPRESSED)
    groups = (
        AlertGroup(
            Labels({}), Raw("ops"), (muted.fingerprint,), ((muted.fingerprint, (Raw("nights"),)),)
        ),
    )
    world = fleet(AM)
    world.take(msgspec.structs.replace(am_reading(0, inhibited, muted), groups=groups))
    snapshot = world.snapshot(at(1))
    assert the_alert(snapshot, "A").standing is Standing.INHIBITED
    assert the_alert(snapshot, "B").standing is Standing.MUTED
    assert the_alert(snapshot, "B").alert.muted_by == (Raw("nights"),)


def test_a_lost_alert_can_be_acked() -> None:
    world = fleet()
    for seconds in (0, 15):
        world.take(prom_reading(seconds, series(instance="web:9100")))
        world.take(am_reading(seconds, LOAD))
        world.snapshot(at(seconds))
    ack = silence("s1", "ACK! mine", ("alertname", "HighLoad"), ("instance", "web:9100"))
    other = silence("s2", "ACK! not this", ("alertname", "Other"))
    world.take(prom_down(30))
    world.take(am_reading(30, silences=(ack, other)))
    known = the_alert(world.snapshot(at(31)))
    assert known.state is State.LOST
    assert known.ack is not None
    assert known.ack.silence_id == "s1"


def test_silences_with_lists_of_values_cover_and_other_patterns_are_not_guessed() -> None:
    for pattern, covered in (
        (r"(web\:9100|db\:9100)", True),
        (r"web:9100|db:9100", True),
        (r"(db:9100|x)", False),
        (r"web.*", False),
        (r"(web:9100", False),
    ):
        world = fleet(PROM, AM)
        world.take(prom_reading(0, series(instance="web:9100")))
        matcher = Matcher("instance", Raw(pattern), is_regex=True)
        ack = msgspec.structs.replace(silence("s1", "ACK!"), matchers=(matcher,))
        world.take(am_reading(0, silences=(ack,)))
        for seconds in (15, 30, 45):
            world.take(am_down(seconds))
            world.take(prom_reading(seconds, series(instance="web:9100")))
            world.snapshot(at(seconds))
        assert (the_alert(world.snapshot(at(45))).ack is not None) is covered, pattern


def test_pending_alerts_are_early_warnings() -> None:
    world = fleet()
    pending = series("Soon", state=AlertState.PENDING, active_s=-10, instance="web:9100")
    world.take(prom_reading(0, pending, external=(("cluster", "eu"),)))
    world.take(am_reading(0))
    known = the_alert(world.snapshot(at(1)), "Soon")
    assert (known.standing, known.state, known.owner) == (Standing.PENDING, State.FIRING, "prom")
    assert known.key.startswith("p:")
    assert known.alert.starts_at == START - timedelta(seconds=10)
    assert known.alert.labels.exact("cluster") == "eu"
    world.take(prom_reading(15))
    snapshot = world.snapshot(at(16))
    assert (snapshot.alerts, snapshot.resolved) == ((), ())


def test_what_both_tell_is_never_doubled_and_gets_its_owner() -> None:
    foreign_url = "http://some-pod:9090/graph?g0.expr=up"
    sent = alert(instance="web:9100", cluster_name="eu", generator=foreign_url)
    world = fleet()
    world.take(am_reading(0, sent))
    world.take(prom_reading(0, series(instance="web:9100"), external=(("cluster_name", "eu"),)))
    known = the_alert(world.snapshot(at(1)))
    assert (known.key, known.owner) == (sent.fingerprint, "prom")
    sibling = alert("Other", instance="db:9100", generator=foreign_url)
    world.take(am_reading(15, sent, sibling))
    assert the_alert(world.snapshot(at(16)), "Other").owner == "prom"


def test_another_servers_alert_is_not_taken_for_its_own() -> None:
    sent = alert(instance="web:9100", site="us", generator="")
    world = fleet()
    world.take(am_reading(0, sent))
    for seconds in (0, 15, 30, 45):
        world.take(prom_reading(seconds, series(instance="web:9100"), external=(("site", "eu"),)))
        world.take(am_reading(seconds, sent))
        snapshot = world.snapshot(at(seconds))
    assert {one.alert.labels.exact("site"): one.owner for one in snapshot.alerts} == {
        "us": None,
        "eu": "prom",
    }


def test_a_firing_alert_that_no_alertmanager_has_is_shown_after_two_intervals() -> None:
    world = fleet()
    shown = []
    for seconds in (0, 15, 30, 45):
        world.take(am_reading(seconds))
        world.take(prom_reading(seconds, series(instance="web:9100", active_s=-120)))
        shown.append(len(world.snapshot(at(seconds)).alerts))
    assert shown == [0, 0, 0, 1]
    known = the_alert(world.snapshot(at(45)))
    assert known.standing is Standing.FIRING
    assert known.why == "Alertmanager am does not have it"
    assert known.alert.starts_at == START - timedelta(seconds=60)  # active at -120 s, for: 60 s
    world.take(am_reading(60, LOAD))
    snapshot = world.snapshot(at(60))
    assert [one.key for one in snapshot.alerts] == [LOAD.fingerprint]
    assert snapshot.resolved == ()


def test_without_alertmanager_the_firing_alerts_of_prometheus_are_the_alerts() -> None:
    world = fleet(PROM)
    world.take(
        prom_reading(0, series(instance="web:9100"), rules=(rule("HighLoad", evaluated_s=0),))
    )
    known = the_alert(world.snapshot(at(0)))
    assert (known.standing, known.state, known.owner) == (Standing.FIRING, State.FIRING, "prom")
    assert known.why == ""


def test_alertmanagers_that_are_about_to_be_watched_are_waited_for() -> None:
    world = fleet(PROM)
    told = prom_reading(0, series(instance="web:9100"), alertmanagers=(Raw("http://am:9093"),))
    world.take(told)
    assert world.snapshot(at(0)).alerts == ()
    world.watch((PROM, AM))
    world.take(am_reading(1, LOAD))
    assert the_alert(world.snapshot(at(1))).owner == "prom"


def test_what_was_pending_stays_on_the_list_until_alertmanager_tells_of_it() -> None:
    world = fleet()
    world.take(am_reading(0))
    world.take(prom_reading(0, series(state=AlertState.PENDING, instance="web:9100")))
    assert the_alert(world.snapshot(at(0))).standing is Standing.PENDING
    world.take(prom_reading(15, series(instance="web:9100")))
    assert the_alert(world.snapshot(at(15))).standing is Standing.PENDING
    world.take(am_reading(16, LOAD))
    assert the_alert(world.snapshot(at(16))).standing is Standing.FIRING


def test_a_dead_alertmanager_does_not_hide_what_prometheus_tells() -> None:
    world = fleet()
    world.take(am_down(0))
    world.take(prom_reading(0, series(instance="web:9100")))
    known = the_alert(world.snapshot(at(0)))
    assert (known.standing, known.why) == (Standing.FIRING, "Alertmanager am does not answer")


def test_two_servers_that_tell_the_same_are_one_row() -> None:
    second = Watched("prom2", SourceKind.PROMETHEUS, INTERVAL)
    world = fleet(PROM, second)
    world.take(prom_reading(0, series(instance="w"), external=(("replica", "a"),)))
    world.take(prom_reading(0, series(instance="w"), external=(("replica", "b"),), source="prom2"))
    known = the_alert(world.snapshot(at(0)))
    assert len(known.duplicates) == 1


def test_asking_twice_gives_the_same() -> None:
    world = fleet()
    world.take(am_reading(0, LOAD))
    world.take(prom_reading(0, series(instance="web:9100"), series("Other", instance="x")))
    assert world.snapshot(at(5)) == world.snapshot(at(5))


def test_external_labels_that_become_known_later_resolve_nothing() -> None:
    world = fleet(PROM)
    for seconds in (0, 15, 30):
        world.take(prom_reading(seconds, series(instance="w")))
        world.snapshot(at(seconds))
    world.take(prom_reading(45, series(instance="w"), external=(("site", "eu"),)))
    snapshot = world.snapshot(at(45))
    assert the_alert(snapshot).alert.labels.exact("site") == "eu"
    assert snapshot.resolved == ()
