"""What runs to an end, in words: its runs, and what of it counts in the row of its namespace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from console.model.snapshot import NamespaceState
from console.model.workload import Cron, Pod, Run, RunState, Workload, WorkloadKind
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens.host_facts import namespace_note
from screens.service_facts import pod_fields

NOW = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)
NIGHT = NOW - timedelta(hours=1)
SHOP = Raw("shop")


def backup(state: RunState) -> Workload:
    why = Raw("BackoffLimitExceeded") if state is RunState.FAILED else None
    runs = (
        Run(Raw("backup-2"), state, why, NIGHT, NIGHT),
        Run(Raw("backup-1"), RunState.COMPLETE, None, NIGHT - timedelta(days=1), None),
    )
    pods = (Pod(Raw("backup-1-x"), SHOP, Raw("Succeeded"), ready=False),)
    cron = Cron(Raw("0 2 * * *"), False, True, 0, NIGHT, missed_after=NOW + timedelta(days=1))
    return Workload(
        Raw("backup"), SHOP, WorkloadKind.CRONJOB, pods=pods, runs=runs, cron=cron
    )  # fmt: skip


def test_a_cron_job_shows_its_runs_and_no_pod_of_one_that_is_done_as_sick() -> None:
    fields = list(pod_fields(backup(RunState.FAILED), None, NOW))
    shown = [f"{visible(field.name)}: {visible(field.value)}" for field in fields]
    assert "failed" in shown[0] and shown[0].endswith("!")
    assert "BackoffLimitExceeded" in shown[1] and "complete" in shown[2]
    assert shown[3] == "backup-1-x: Succeeded"


def test_the_row_of_a_namespace_counts_what_runs_to_an_end_and_no_pods_of_it() -> None:
    web = Workload(Raw("web"), SHOP, WorkloadKind.DEPLOYMENT, desired=2, ready=2)
    for state, whole in ((RunState.COMPLETE, 2), (RunState.FAILED, 1)):
        shop = NamespaceState("shop", "k8s", Instant(NOW, 1.0), (web, backup(state)))
        assert namespace_note(shop) == f"2 of 2 pods, {whole} of 2 workloads"
