"""Which silences an ack becomes: as few as the groups, and none that mutes a stranger."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from config.schema import Acks
from console.actions.acks.group_marks import grouped
from console.actions.acks.plan import plan_acks
from console.actions.acks.split import Marked, Splitter
from console.model.acting import Plan
from console.model.alert import Ack, Alert, AlertGroup, AlertState
from console.model.labels import Labels, Matcher
from console.model.policy import Policy
from console.model.snapshot import ClusterGroups, KnownAlert, Standing
from console.model.state import State
from console.safety.clock import Instant
from console.safety.http import HttpClient
from console.safety.text import Raw
from console.sources.alertmanager.cluster import AlertmanagerCluster
from tests.actions.real_cluster import RealCluster, covered, real_cluster, written
from tests.servers import ended, start_alertmanager
from tests.soak import trials

REAL = pytest.mark.real("prometheus-alertmanager")
NOW = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
LEAVE_OUT = frozenset(Acks().ignore_labels)
SEVERITIES = frozenset(["severity", "priority"])
BY_NAME = frozenset(["alertname"])


def disk(instance: str, device: str, **more: str) -> dict[str, str]:
    return {"alertname": "DiskFull", "instance": instance, "device": device, **more}


def by(known: KnownAlert, *names: str) -> tuple[str, ...]:
    return tuple(known.alert.labels.exact(name) for name in names)


def known_of(
    labels: dict[str, str], fingerprint: str = "00", cluster: str = "am", *, cut: bool = False
) -> KnownAlert:
    alert = Alert(
        fingerprint, Labels(labels, over_cap=cut), Labels({}), NOW, AlertState.ACTIVE, cluster
    )
    return KnownAlert(alert, State.FIRING, Standing.FIRING, Instant(NOW, 1.0))


def mutes(splitter: Splitter, marked: list[Labels]) -> list[Labels]:
    """Strangers that the pieces for `marked` mute; every marked one is seen to be covered."""
    pieces = splitter.pieces([Marked(str(n), each) for n, each in enumerate(marked)], BY_NAME)
    assert sorted(int(one.key) for piece in pieces for one in piece.marked) == list(
        range(len(marked))
    )
    for piece in pieces:
        assert all(piece.reach.matches(one.labels) for one in piece.marked)
    return [each for piece in pieces for each in splitter.muted_by(piece.reach)]


# -- karma's form ----------------------------------------------------------------------------


@REAL
async def test_two_alerts_of_a_group_become_the_silence_that_karma_makes(tmp_path: Path) -> None:
    alerts = [{"alertname": "DiskFull", "instance": f"db{n}:9100"} for n in (2, 1)]
    async with real_cluster(tmp_path, alerts) as here:
        plan = await here.plan(here.known)
        (silence,) = plan.silences
        posted = [
            {"name": m.name, "value": m.value.exact, "isRegex": m.is_regex, "isEqual": m.is_equal}
            for m in silence.matchers
        ]
        assert posted == json.loads(
            '[{"name":"alertname","value":"DiskFull","isRegex":false,"isEqual":true},'
            '{"name":"instance","value":"(db1:9100|db2:9100)","isRegex":true,"isEqual":true}]'
        )
        assert silence.counted
        assert silence.covers == tuple(sorted(one.key for one in here.known))
        assert (silence.strangers, silence.joins, plan.left_out, plan.failures) == (
            (),
            False,
            (),
            (),
        )


@REAL
async def test_values_are_escaped_as_karma_escapes_them(tmp_path: Path) -> None:
    values = ("a-b/c", "(x|y)", "[1]{2}", "^$*+?.", "back\\slash")
    alerts = [{"alertname": "A", "v": value} for value in values]
    async with real_cluster(tmp_path, alerts) as here:
        plan = await here.plan(here.known)
        ((_, listed),) = [one.matchers for one in plan.silences]
        assert listed.value.exact == (r"(\(x\|y\)|\[1\]\{2\}|\^\$\*\+\?\.|a\-b\/c|back\\slash)")
        await here.silence(*plan.silences)
        assert await here.muted() == {one.key for one in here.known}


# -- strangers -------------------------------------------------------------------------------


@REAL
async def test_a_cross_product_never_mutes_what_nobody_marked(tmp_path: Path) -> None:
    alerts = [disk("a", "sda"), disk("b", "sdb"), disk("a", "sdb")]
    async with real_cluster(tmp_path, alerts) as here:
        marked = [one for one in here.known if by(one, "instance", "device") != ("a", "sdb")]
        plan = await here.plan(marked)
        await here.silence(*plan.silences)
        assert await here.muted() == {one.key for one in marked}
        assert len(plan.silences) == 2


@REAL
async def test_a_stranger_that_only_the_server_knows_is_cut_out(tmp_path: Path) -> None:
    async with real_cluster(tmp_path, [disk("a", "sda"), disk("b", "sdb")]) as here:
        here.post(disk("b", "sda"))  # after the last poll
        plan = await here.plan(here.known)
        assert all(one.counted and not one.strangers for one in plan.silences)
        assert covered(plan) == {one.key for one in here.known}
        await here.silence(*plan.silences)
        assert await here.muted() == {one.key for one in here.known}


@REAL
async def test_an_alert_that_has_more_labels_is_told_apart_by_them(tmp_path: Path) -> None:
    alerts = [{"alertname": "Down", "instance": "a"}, {"alertname": "Down", "instance": "b"}]
    async with real_cluster(tmp_path, alerts) as here:
        here.post({"alertname": "Down", "instance": "a", "shard": "7"})
        plan = await here.plan(here.known)
        assert written(plan) == ['alertname="Down", instance=~"(a|b)", shard=""']
        await here.silence(*plan.silences)
        assert await here.muted() == {one.key for one in here.known}


class Storming(AlertmanagerCluster):
    """A real cluster in which another alert fires whenever it is asked about some."""

    def __init__(self, here: RealCluster) -> None:
        super().__init__("am", [here.member.writer], here.clock)
        self.here = here
        self.asked = 0

    async def matching(self, matchers: Sequence[Matcher]) -> tuple[Alert, ...]:
        self.asked += 1
        self.here.post(disk("a", "sda", **{f"new_{self.asked}": "x"}))
        return await super().matching(matchers)


@REAL
async def test_strangers_that_keep_coming_are_named_in_the_plan(tmp_path: Path) -> None:
    async with real_cluster(tmp_path, [disk("a", "sda"), disk("b", "sdb")]) as here:
        here.cluster = Storming(here)
        plan = await here.plan(here.known)
        assert here.cluster.asked <= 8
        assert covered(plan) == {one.key for one in here.known}
        exact, doubtful = sorted(plan.silences, key=lambda one: len(one.strangers))
        assert exact.strangers == ()
        assert doubtful.strangers
        # Cut out is what came while it was being planned, up to the last.
        assert 'new_1=""' in ", ".join(each.written.exact for each in doubtful.matchers)


def test_a_generated_crowd_is_covered_whole_and_no_stranger_with_it() -> None:
    chance = random.Random(11)
    for _ in range(trials(120, 4_000)):
        names = ["instance", "device", "pod", "shard"][: chance.randint(1, 4)]
        crowd = {
            Labels(
                {"alertname": "A"}
                | {
                    name: chance.choice("abcd"[: chance.randint(1, 4)])
                    for name in names
                    if chance.random() < 0.8
                }
            )
            for _ in range(chance.randint(1, 60))
        }
        everyone = sorted(crowd, key=lambda each: each.written.exact)
        marked = chance.sample(everyone, chance.randint(1, len(everyone)))
        strangers = [each for each in everyone if each not in marked]
        assert mutes(Splitter(strangers, LEAVE_OUT, SEVERITIES), marked) == []


# -- groups ----------------------------------------------------------------------------------


@REAL
async def test_an_alert_that_came_after_the_groups_were_listed_goes_into_its_own(
    tmp_path: Path,
) -> None:
    async with real_cluster(tmp_path, [{"alertname": "A", "n": "1"}]) as here:
        listed = here.groups
        here.post({"alertname": "A", "n": "2"}, {"alertname": "B"})
        await here.learn()
        here.groups = listed
        plan = await here.plan(here.known)
        assert written(plan) == ['alertname="A", n=~"(1|2)"', 'alertname="B"']
        here.groups = ()
        assert written(await here.plan(here.known)) == written(plan)


def test_an_alert_is_taken_with_the_narrowest_group_that_it_fits_into_and_only_once() -> None:
    wide, narrow = Labels({"job": "db"}), Labels({"job": "db", "rack": "r12"})
    groups = (
        AlertGroup(wide, Raw("team"), ("01", "02")),
        AlertGroup(narrow, Raw("noc"), ("02",)),
    )
    labels = {"alertname": "A", "job": "db", "rack": "r12"}
    wanted = {key: known_of(labels | {"n": key}, key) for key in ("01", "02", "03")}
    listed = ClusterGroups("am", groups, Instant(NOW, 1.0))
    assert {one.names: one.keys for one in grouped(wanted, "am", listed)} == {
        frozenset(wide): ("01", "02"),
        frozenset(narrow): ("03",),
    }


# -- labels that are left out ----------------------------------------------------------------


@REAL
async def test_an_ack_still_holds_when_the_pod_is_another_one(tmp_path: Path) -> None:
    alerts = [{"alertname": "Slow", "job": "api", "pod": f"api-{n}"} for n in range(3)]
    async with real_cluster(tmp_path, alerts) as here:
        plan = await here.plan(here.known)
        assert written(plan) == ['alertname="Slow", job="api"']
        await here.silence(*plan.silences)
        here.post({"alertname": "Slow", "job": "api", "pod": "api-9"})
        assert len(await here.learn()) == 4
        assert len(await here.muted()) == 4


@REAL
async def test_the_pod_stays_in_where_another_pod_was_not_marked(tmp_path: Path) -> None:
    alerts = [{"alertname": "Slow", "job": "api", "pod": f"api-{n}"} for n in range(3)]
    async with real_cluster(tmp_path, alerts) as here:
        marked = here.those("pod", "api-0", "api-2")
        plan = await here.plan(marked)
        assert written(plan) == [r'alertname="Slow", job="api", pod=~"(api\\-0|api\\-2)"']
        await here.silence(*plan.silences)
        assert await here.muted() == {one.key for one in marked}


@REAL
async def test_both_halves_of_an_ha_pair_are_muted(tmp_path: Path) -> None:
    alerts = [{"alertname": "A", "instance": "a", "replica": each} for each in "01"]
    async with real_cluster(tmp_path, alerts) as here:
        one, twin = here.known
        folded = msgspec.structs.replace(one, duplicates=(twin.key,))
        here.known = (folded,)
        plan = await here.plan([folded])
        assert written(plan) == ['alertname="A", instance="a"']
        assert plan.silences[0].strangers == ()
        await here.silence(*plan.silences)
        assert await here.muted() == {one.key, twin.key}


# -- many ------------------------------------------------------------------------------------


@REAL
async def test_a_thousand_alerts_need_as_few_silences_as_groups(tmp_path: Path) -> None:
    alerts = [
        {"alertname": f"A{n % 4}", "instance": f"host-{n}:9100", "rack": "r12", "severity": "page"}
        for n in range(1_000)
    ]
    async with real_cluster(tmp_path, alerts) as here:
        plan = await here.plan(here.known)
        assert written(plan) == [f'alertname="A{n}", rack="r12", severity="page"' for n in range(4)]
        assert all(one.joins and one.counted for one in plan.silences)
        assert covered(plan) == {one.key for one in here.known}
        await here.silence(*plan.silences)
        assert len(await here.muted()) == 1_000


@REAL
async def test_a_long_list_is_cut_where_leaving_it_out_would_mute_a_stranger(
    tmp_path: Path,
) -> None:
    alerts = [{"alertname": "Down", "instance": f"host-{n:03}", "rack": "r"} for n in range(120)]
    async with real_cluster(tmp_path, alerts) as here:
        here.post({"alertname": "Down", "instance": "stranger", "rack": "r"})
        plan = await here.plan(here.known)
        assert len(plan.silences) == 3
        assert not any(one.joins or one.strangers for one in plan.silences)
        await here.silence(*plan.silences)
        assert await here.muted() == {one.key for one in here.known}


def test_what_says_only_how_bad_it_is_is_never_all_that_a_silence_names() -> None:
    marked = [
        Marked(str(n), Labels({"alertname": f"A{n}", "severity": "page"})) for n in range(120)
    ]
    pieces = Splitter([], LEAVE_OUT, SEVERITIES).pieces(marked, frozenset(["severity"]))
    assert len(pieces) == 3
    assert all(piece.reach.values_of("alertname") is not None for piece in pieces)


def test_one_stranger_in_a_large_cross_product_costs_one_silence_more() -> None:
    crowd = [Labels(disk(f"h{i}", f"d{j}")) for i in range(40) for j in range(25)]
    splitter = Splitter(crowd[500:501], LEAVE_OUT, SEVERITIES)
    marked = [Marked(str(n), each) for n, each in enumerate(crowd) if n != 500]
    assert len(splitter.pieces(marked, BY_NAME)) == 2


# -- what cannot be acked --------------------------------------------------------------------


async def plan_of(*alerts: KnownAlert, **clusters: AlertmanagerCluster) -> Plan:
    return await plan_acks(
        alerts, known=alerts, groups=(), clusters=clusters, policy=Policy(), acks=Acks()
    )


async def test_what_cannot_be_acked_is_left_out_with_the_reason() -> None:
    ack = Ack(Raw("mei"), NOW, NOW + timedelta(hours=1), Raw(""), "s-1", "am")
    theirs = msgspec.structs.replace(known_of({"alertname": "A"}, "01"), ack=ack)
    cut = known_of({"alertname": "B"}, "02", cut=True)
    pending = known_of({"alertname": "C"}, "p:03", "prom")
    elsewhere = known_of({"alertname": "D"}, "04", "gone")
    replica = known_of({"replica": "a"}, "05")
    plan = await plan_of(theirs, cut, pending, elsewhere, replica)
    assert plan.silences == ()
    assert plan.kept_here == ("alert:p:03",)
    reasons = dict(plan.left_out)
    assert reasons["01"] == "mei acked it"
    assert "no exact matcher can be made" in reasons["02"]
    assert reasons["04"] == "the settings have no Alertmanager that knows it"
    assert reasons["05"] == "it has no label that an ack could name"


@REAL
async def test_an_ack_that_waits_here_to_be_sent_is_planned(tmp_path: Path) -> None:
    unsent = Ack(Raw("kai"), NOW, NOW, Raw(""), "alert:x", "", unsent="am did not answer")
    async with real_cluster(tmp_path, [{"alertname": "A"}]) as here:
        (known,) = here.known
        plan = await here.plan([msgspec.structs.replace(known, ack=unsent)])
        assert covered(plan) == {known.key}


@REAL
async def test_an_alert_that_is_over_is_left_out(tmp_path: Path) -> None:
    async with real_cluster(tmp_path, [{"alertname": "A"}, {"alertname": "B"}]) as here:
        over = known_of({"alertname": "C"}, "0c")
        plan = await here.plan([*here.known, over])
        assert len(plan.silences) == 2
        assert [key for key, _ in plan.left_out] == ["0c"]


@REAL
async def test_a_server_that_does_not_answer_leaves_an_uncounted_plan(tmp_path: Path) -> None:
    async with real_cluster(tmp_path, [{"alertname": "A"}]) as here:
        here.program.kill()
        plan = await here.plan(here.known)
        assert written(plan) == ['alertname="A"']
        assert not plan.silences[0].counted
        (failure,) = plan.failures
        assert "refused the connection" in failure.cause


@REAL
async def test_an_alert_that_two_clusters_have_is_muted_in_both(tmp_path: Path) -> None:
    alerts = [{"alertname": "A", "instance": each} for each in "ab"]
    async with real_cluster(tmp_path / "one", alerts) as here:
        http = HttpClient(here.clock)
        with ended(start_alertmanager(tmp_path / "two")) as (program,):
            other = RealCluster(program, http, "am-2")
            other.post(*alerts, {"alertname": "A", "instance": "b", "zone": "z"})
            plan = await plan_acks(
                here.known,
                known=here.known,
                groups=here.groups,
                clusters={"am": here.cluster, "am-2": other.cluster},
                policy=Policy(),
                acks=Acks(),
            )
            await http.aclose()
    assert [one.cluster for one in plan.silences] == ["am", "am-2"]
    assert [len(one.matchers) for one in plan.silences] == [2, 3]
    assert all(
        one.covers == tuple(sorted(each.key for each in here.known)) for one in plan.silences
    )
    assert plan.left_out == ()
