"""Kubernetes by kube-state-metrics: read through a real Prometheus, and piece by piece."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.schema import PrometheusSource
from console.model.failure import Failure, FailureKind
from console.model.labels import Labels
from console.model.query import InstantAnswer, Sample
from console.model.reading import KubernetesReading
from console.model.snapshot import SourceKind
from console.model.workload import Pod, RunState, Workload, WorkloadKind
from console.safety.clock import Clock, ManualClock, SystemClock
from console.safety.http import HttpClient
from console.safety.text import Raw
from console.sources.prometheus.kube import ABSENT_EVERY, KubeMetrics
from console.sources.prometheus.kube_decode import (
    CONDITIONS,
    WORKLOADS,
    ToldWorkload,
    with_pods,
    workloads_in,
)
from console.sources.prometheus.kube_jobs import JOBS, batch_in
from console.sources.prometheus.kube_pods import NUMBERS, STATES, pods_in
from console.sources.prometheus.poll import Prometheus
from tests.build import T0
from tests.servers import Program, ended, start_prometheus
from tests.soak import trials
from tests.sources.exposition import Exposition, exposed
from tests.waiting import until

INTERVAL = timedelta(seconds=30)
CREATED = 1_795_000_000

METRICS = """
kube_deployment_created{namespace="shop",deployment="web"} 1.795e9
kube_deployment_spec_replicas{namespace="shop",deployment="web"} 2
kube_deployment_status_replicas_ready{namespace="shop",deployment="web"} 2
kube_deployment_status_replicas_available{namespace="shop",deployment="web"} 2
kube_deployment_status_replicas_updated{namespace="shop",deployment="web"} 2
kube_deployment_metadata_generation{namespace="shop",deployment="web"} 4
kube_deployment_status_observed_generation{namespace="shop",deployment="web"} 4
kube_deployment_spec_paused{namespace="shop",deployment="web"} 0
kube_deployment_status_condition{namespace="shop",deployment="web",reason="MinimumReplicasAvailable",condition="Available",status="true"} 1
kube_deployment_status_condition{namespace="shop",deployment="web",reason="MinimumReplicasAvailable",condition="Available",status="false"} 0
kube_deployment_spec_replicas{namespace="shop",deployment="api"} 2
kube_deployment_status_replicas_ready{namespace="shop",deployment="api"} 0
kube_deployment_status_replicas_available{namespace="shop",deployment="api"} 0
kube_deployment_status_condition{namespace="shop",deployment="api",reason="MinimumReplicasUnavailable",condition="Available",status="false"} 1
kube_deployment_status_condition{namespace="shop",deployment="api",reason="ProgressDeadlineExceeded",condition="Progressing",status="false"} 1
kube_statefulset_replicas{namespace="shop",statefulset="db"} 1
kube_statefulset_status_replicas_ready{namespace="shop",statefulset="db"} 1
kube_daemonset_status_desired_number_scheduled{namespace="shop",daemonset="logs"} 3
kube_daemonset_status_number_ready{namespace="shop",daemonset="logs"} 2
kube_pod_info{namespace="shop",pod="web-5d4f8c7b9d-2x4kq",node="node-b",created_by_kind="ReplicaSet",created_by_name="web-5d4f8c7b9d",uid="1"} 1
kube_pod_status_phase{namespace="shop",pod="web-5d4f8c7b9d-2x4kq",phase="Running"} 1
kube_pod_status_phase{namespace="shop",pod="web-5d4f8c7b9d-2x4kq",phase="Pending"} 0
kube_pod_status_ready{namespace="shop",pod="web-5d4f8c7b9d-2x4kq",condition="true"} 1
kube_pod_status_ready{namespace="shop",pod="web-5d4f8c7b9d-2x4kq",condition="false"} 0
kube_pod_start_time{namespace="shop",pod="web-5d4f8c7b9d-2x4kq"} 1.795e9
kube_pod_container_info{namespace="shop",pod="web-5d4f8c7b9d-2x4kq",container="web",image="docker.io/shop/web:2.14.0",image_spec="shop/web:2.14.0"} 1
kube_pod_container_status_restarts_total{namespace="shop",pod="web-5d4f8c7b9d-2x4kq",container="web"} 1
kube_pod_info{namespace="shop",pod="api-6b5c4d7f8-bbbbb",node="node-a",created_by_kind="ReplicaSet",created_by_name="api-6b5c4d7f8",uid="2"} 1
kube_pod_status_phase{namespace="shop",pod="api-6b5c4d7f8-bbbbb",phase="Running"} 1
kube_pod_status_ready{namespace="shop",pod="api-6b5c4d7f8-bbbbb",condition="false"} 1
kube_pod_container_info{namespace="shop",pod="api-6b5c4d7f8-bbbbb",container="api",image="shop/api:3.1.0"} 1
kube_pod_container_status_waiting_reason{namespace="shop",pod="api-6b5c4d7f8-bbbbb",container="api",reason="CrashLoopBackOff"} 1
kube_pod_container_status_last_terminated_reason{namespace="shop",pod="api-6b5c4d7f8-bbbbb",container="api",reason="OOMKilled"} 1
kube_pod_container_status_last_terminated_exitcode{namespace="shop",pod="api-6b5c4d7f8-bbbbb",container="api"} 137
kube_pod_container_status_last_terminated_timestamp{namespace="shop",pod="api-6b5c4d7f8-bbbbb",container="api"} 1.7951e9
kube_pod_container_status_restarts_total{namespace="shop",pod="api-6b5c4d7f8-bbbbb",container="api"} 12
kube_pod_container_status_restarts_total{namespace="shop",pod="api-6b5c4d7f8-bbbbb",container="mesh"} 1
kube_pod_info{namespace="shop",pod="db-0",node="node-a",created_by_kind="StatefulSet",created_by_name="db",uid="3"} 1
kube_pod_status_phase{namespace="shop",pod="db-0",phase="Pending"} 1
kube_pod_status_unschedulable{namespace="shop",pod="db-0"} 1
kube_cronjob_info{namespace="shop",cronjob="backup",schedule="0 2 * * *",concurrency_policy="Forbid",timezone="local"} 1
kube_cronjob_created{namespace="shop",cronjob="backup"} 1.79e9
kube_cronjob_spec_suspend{namespace="shop",cronjob="backup"} 0
kube_cronjob_status_active{namespace="shop",cronjob="backup"} 0
kube_cronjob_status_last_schedule_time{namespace="shop",cronjob="backup"} 1.795e9
kube_job_created{namespace="shop",job_name="backup-29400600"} 1.795e9
kube_job_owner{namespace="shop",job_name="backup-29400600",owner_kind="CronJob",owner_name="backup",owner_is_controller="true"} 1
kube_job_status_start_time{namespace="shop",job_name="backup-29400600"} 1.795e9
kube_job_status_failed{namespace="shop",job_name="backup-29400600",reason="BackoffLimitExceeded"} 1
kube_job_status_failed{namespace="shop",job_name="backup-29400600",reason="DeadlineExceeded"} 0
kube_job_failed{namespace="shop",job_name="backup-29400600",condition="true"} 1
kube_job_failed{namespace="shop",job_name="backup-29400600",condition="false"} 0
kube_job_complete{namespace="shop",job_name="backup-29400600",condition="false"} 1
kube_pod_info{namespace="shop",pod="backup-29400600-x",node="node-a",created_by_kind="Job",created_by_name="backup-29400600",uid="5"} 1
kube_pod_status_phase{namespace="shop",pod="backup-29400600-x",phase="Failed"} 1
kube_pod_info{namespace="shop",pod="report-1",node="node-a",created_by_kind="Job",created_by_name="report",uid="4"} 1
kube_pod_status_phase{namespace="shop",pod="report-1",phase="Failed"} 1
""".lstrip()  # noqa: E501 - as it is scraped

SCRAPE = """  - job_name: kube-state-metrics
    honor_labels: {honor}
    static_configs:
      - targets: ['{address}']
        labels: {{namespace: monitoring, pod: ksm-0, container: ksm, node: node-z}}
"""

pytestmark = pytest.mark.real("prometheus")


EITHER_WAY = pytest.mark.parametrize(
    "scraped", ["true", "false"][: trials(usual=1, soak=2)], indirect=True
)
"""What does not hang on where the labels stand, once they have been read."""


@pytest.fixture(params=["true", "false"], ids=["honored", "moved aside"])
def scraped(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Program, Exposition]]:
    """Prometheus with kube-state-metrics, whose labels it honours or moves aside."""
    with exposed(METRICS) as exposition:
        scrape = SCRAPE.format(honor=request.param, address=exposition.address)
        program = start_prometheus(tmp_path_factory.mktemp("prometheus"), scrapes=scrape)
        with ended(program):
            yield program, exposition


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.aclose()


def metrics_of(url: str, http: HttpClient, clock: Clock | None = None) -> KubeMetrics:
    source = PrometheusSource(name="prom", url=url)
    prometheus = Prometheus(source, http, SystemClock(), discover=False)
    return KubeMetrics(prometheus, clock or SystemClock(), INTERVAL)


def named(told: KubernetesReading, name: str) -> Workload:
    assert isinstance(told.workloads, tuple), told.workloads
    return next(each for each in told.workloads if each.name == Raw(name))


async def settled(metrics: KubeMetrics, is_so: Callable[[KubernetesReading], bool]) -> Any:
    return await until(lambda: metrics.poll(0), is_so)


async def test_what_prometheus_scrapes_becomes_workloads_and_pods(
    scraped: tuple[Program, Exposition], http: HttpClient
) -> None:
    # Nothing is asked for five minutes where nothing is: the first look must come late enough.
    metrics = metrics_of(scraped[0].url, http)
    await until_scraped(scraped[0], http)
    told = await metrics.poll(0)
    assert told.present and told.failures == () and told.warnings == ()
    assert told.source == "prom kube-state-metrics" == metrics.key
    web, api = named(told, "web"), named(told, "api")
    assert (web.desired, web.ready, web.available, web.updated) == (2, 2, 2, 2)
    assert (web.kind, web.namespace, web.reason) == (WorkloadKind.DEPLOYMENT, Raw("shop"), None)
    assert web.created_at == datetime.fromtimestamp(CREATED, UTC)
    assert web.images == (Raw("shop/web:2.14.0"),)
    assert (api.desired, api.ready, api.available, api.updated) == (2, 0, 0, None)
    assert api.reason == Raw("ProgressDeadlineExceeded")
    assert named(told, "db").kind is WorkloadKind.STATEFULSET
    assert (named(told, "logs").desired, named(told, "logs").ready) == (3, 2)
    assert named(told, "logs").pods == ()
    assert only_pod(web).ready is True and only_pod(web).reason is None
    assert only_pod(web).node == Raw("node-b") and only_pod(web).restarts == 1
    assert only_pod(web).started_at == datetime.fromtimestamp(CREATED, UTC)
    sick = only_pod(api)
    assert (sick.reason, sick.last_reason) == (Raw("CrashLoopBackOff"), Raw("OOMKilled"))
    assert (sick.exit_code, sick.restarts, sick.ready) == (137, 13, False)
    assert sick.ended_at == datetime.fromtimestamp(1_795_100_000, UTC)
    assert only_pod(named(told, "db")).reason == Raw("Unschedulable")
    assert only_pod(named(told, "db")).ready is None
    backup = named(told, "backup")
    assert backup.kind is WorkloadKind.CRONJOB and backup.last_over is not None
    assert backup.last_over.state is RunState.FAILED
    assert backup.last_over.reason == Raw("BackoffLimitExceeded")
    assert only_pod(backup).name == Raw("backup-29400600-x")
    assert isinstance(told.workloads, tuple) and len(told.workloads) == 5
    assert [stray.name.exact for stray in told.strays] == ["report"]


def only_pod(workload: Workload) -> Pod:
    assert workload.pods is not None and len(workload.pods) == 1
    return workload.pods[0]


async def until_scraped(program: Program, http: HttpClient) -> None:
    source = PrometheusSource(name="prom", url=program.url)
    prometheus = Prometheus(source, http, SystemClock(), discover=False)
    await until(
        lambda: prometheus.instant("kube_pod_info"),
        lambda answer: isinstance(answer, InstantAnswer) and answer.total > 0,
    )


@EITHER_WAY
async def test_metrics_that_vanish_are_a_fault_and_come_back(
    scraped: tuple[Program, Exposition], http: HttpClient
) -> None:
    program, exposition = scraped
    metrics = metrics_of(program.url, http)
    await until_scraped(program, http)
    assert not (await metrics.poll(0)).failed
    exposition.text = ""
    gone = await settled(metrics, lambda told: told.failed)
    assert isinstance(gone.workloads, Failure) and gone.present
    assert gone.workloads.kind is FailureKind.NOT_SERVED
    assert gone.workloads.source == "prom kube-state-metrics"
    exposition.text = METRICS
    back = await settled(metrics, lambda told: not told.failed)
    assert named(back, "web").ready == 2


@EITHER_WAY
async def test_a_series_that_is_missing_is_not_known_and_never_zero(
    scraped: tuple[Program, Exposition], http: HttpClient
) -> None:
    program, exposition = scraped
    metrics = metrics_of(program.url, http)
    await until_scraped(program, http)
    kept = [line for line in METRICS.splitlines() if "replicas_" not in line]
    exposition.text = "\n".join(kept) + "\n"
    told = await settled(
        metrics, lambda told: not told.failed and named(told, "web").available is None
    )
    assert (named(told, "web").desired, named(told, "web").ready) == (2, None)


async def test_a_prometheus_without_them_is_no_fault_and_is_left_alone(
    tmp_path_factory: pytest.TempPathFactory, http: HttpClient
) -> None:
    clock = ManualClock(T0)
    with exposed(METRICS) as exposition:
        folder = tmp_path_factory.mktemp("prometheus")
        scrape = SCRAPE.format(honor="true", address=exposition.address)
        exposition.text = ""
        program = start_prometheus(folder, scrapes=scrape)
        with ended(program):
            metrics = metrics_of(program.url, http, clock)
            told = await metrics.poll(0)
            assert not told.present and told.workloads == () and told.failures == ()
            exposition.text = METRICS
            await until_scraped(program, http)
            clock.advance(ABSENT_EVERY.total_seconds() - 1)
            assert not (await metrics.poll(1)).present
            clock.advance(1)
            assert (await metrics.poll(2)).present


async def test_a_prometheus_that_never_answered_speaks_for_itself(http: HttpClient) -> None:
    metrics = metrics_of("http://127.0.0.1:9", http)
    told = await metrics.poll(0)
    assert not told.present and told.failures == ()


@EITHER_WAY
async def test_a_prometheus_that_answers_no_more_is_a_failure(
    scraped: tuple[Program, Exposition], http: HttpClient
) -> None:
    metrics = metrics_of(scraped[0].url, http)
    await until_scraped(scraped[0], http)
    assert not (await metrics.poll(0)).failed
    scraped[0].kill()
    told = await metrics.poll(1)
    assert isinstance(told.workloads, Failure)
    assert (told.workloads.source, told.workloads.part) == (metrics.name, "workloads")
    assert told.workloads.kind is FailureKind.REFUSED


class Answers(Prometheus):
    """A Prometheus whose answers are written down, by query."""

    def __init__(self, answers: dict[str, InstantAnswer | Failure]) -> None:
        self.name = "prom"
        self._answers = answers

    @property
    def url(self) -> str:
        return "http://prom.test"

    async def instant(
        self, query: str, at: datetime | None = None, limit: int = 0
    ) -> InstantAnswer | Failure:
        return self._answers.get(query, InstantAnswer(()))


def sample(name: str, value: float, labels: Mapping[str, str], **more: str) -> Sample:
    return Sample(Labels({"__name__": name, **labels, **more}), T0, value)


def told_by(*samples: Sample, warnings: tuple[Raw, ...] = (), total: int = 0) -> InstantAnswer:
    return InstantAnswer(samples, warnings, total or len(samples))


def failure() -> Failure:
    return Failure("prom", "query", FailureKind.TIMEOUT, "too slow", "an answer", "wait", T0)


WEB = {"namespace": "shop", "deployment": "web"}
DESIRED = sample("kube_deployment_spec_replicas", 2, WEB)
AVAILABLE = sample("kube_deployment_status_replicas_available", 2, WEB)


async def read(**answers: InstantAnswer | Failure) -> KubernetesReading:
    by_name = {
        "workloads": WORKLOADS, "conditions": CONDITIONS, "states": STATES, "numbers": NUMBERS,
        "jobs": JOBS,
    }  # fmt: skip
    asked = {by_name[name]: answer for name, answer in answers.items()}
    return await KubeMetrics(Answers(asked), ManualClock(T0), INTERVAL).poll(0)


async def test_warnings_of_any_answer_are_carried() -> None:
    partial = Raw("a store did not answer")
    for part in ("conditions", "jobs", "states", "numbers"):
        told = await read(
            workloads=told_by(DESIRED, AVAILABLE), **{part: told_by(warnings=(partial,))}
        )
        assert told.warnings == (partial,) and named(told, "web").available == 2


async def test_an_answer_that_was_cut_says_so() -> None:
    told = await read(workloads=told_by(DESIRED, total=2_000))
    assert told.warnings == (Raw("only 1 of 2,000 series were read"),)


async def test_an_empty_partial_answer_proves_no_absence() -> None:
    clock = ManualClock(T0)
    answers: dict[str, InstantAnswer | Failure] = {WORKLOADS: told_by(warnings=(Raw("partial"),))}
    metrics = KubeMetrics(Answers(answers), clock, INTERVAL)
    assert not (await metrics.poll(0)).present
    answers[WORKLOADS] = told_by(DESIRED)
    assert (await metrics.poll(1)).present


async def test_jobs_that_are_not_told_may_be_there_all_the_same() -> None:
    told = await read(workloads=told_by(DESIRED, AVAILABLE), jobs=failure())
    assert named(told, "web").available == 2 and told.warnings == ()
    assert [one.part for one in told.missing] == ["jobs"]


async def test_pods_that_are_not_told_are_not_known() -> None:
    told = await read(workloads=told_by(DESIRED, AVAILABLE), states=failure())
    assert named(told, "web").pods is None
    assert told.pods is not None and told.pods.part == "pods"
    assert named(told, "web").available == 2


async def test_the_source_is_one_that_the_fleet_can_watch() -> None:
    watched = KubeMetrics(Answers({}), ManualClock(T0), INTERVAL).watched
    assert (watched.name, watched.kind) == ("prom kube-state-metrics", SourceKind.KUBERNETES)


def workloads(*samples: Sample) -> tuple[Workload, ...]:
    return with_pods(workloads_in(samples, ()), {})


def test_of_two_replicas_of_the_exporter_the_worse_word_counts() -> None:
    behind = sample(AVAILABLE.labels.exact("__name__"), 1, WEB, instance="b")
    (web,) = workloads(DESIRED, AVAILABLE, behind)
    assert (web.desired, web.available) == (2, 1)


def test_of_two_clusters_the_one_that_is_worse_off_is_told() -> None:
    def cluster(name: str, desired: int, available: int) -> Iterable[Sample]:
        labels = {**WEB, "cluster": name}
        yield sample("kube_deployment_spec_replicas", desired, labels)
        yield sample("kube_deployment_status_replicas_available", available, labels)

    both = [*cluster("a", 2, 2), *cluster("b", 5, 4)]
    for samples in (both, list(reversed(both))):
        (web,) = workloads(*samples)
        assert (web.desired, web.available) == (5, 4)


def test_pods_of_one_cluster_are_not_those_of_another() -> None:
    made = {"created_by_kind": "ReplicaSet", "created_by_name": "web-5d4f8c7b9d"}
    pods = pods_in(
        [sample("kube_pod_info", 1, made, cluster="b", namespace="shop", pod="web-x")], ()
    )
    desired = sample("kube_deployment_spec_replicas", 2, WEB, cluster="a")
    (web,) = with_pods(workloads_in([desired], ()), pods)
    assert web.pods == ()


def test_a_status_of_an_older_spec_is_not_believed() -> None:
    (web,) = workloads(
        DESIRED,
        AVAILABLE,
        sample("kube_deployment_metadata_generation", 5, WEB),
        sample("kube_deployment_status_observed_generation", 4, WEB),
    )
    assert (web.desired, web.available) == (2, None)
    assert web.reason is not None and "generation 4 of 5" in web.reason.exact


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_a_value_that_is_no_count_is_not_known(value: float) -> None:
    (web,) = workloads(DESIRED, sample("kube_deployment_status_replicas_ready", value, WEB))
    assert web.ready is None


NAMES = [
    *("kube_deployment_spec_replicas", "kube_deployment_status_replicas_ready"),
    *("kube_deployment_created", "kube_daemonset_status_number_ready", "kube_pod_info"),
    *("kube_pod_status_phase", "kube_pod_start_time", "kube_pod_container_info", "other"),
    *("kube_pod_container_status_restarts_total", "kube_pod_status_reason"),
    *("kube_pod_container_status_last_terminated_exitcode",),
    *("kube_pod_container_status_last_terminated_timestamp",),
    *("kube_pod_container_status_waiting_reason", "kube_cronjob_info", "kube_job_owner"),
    *("kube_job_created", "kube_job_failed", "kube_job_status_failed"),
    *("kube_cronjob_status_last_schedule_time", "kube_cronjob_next_schedule_time"),
]
LABELS = st.dictionaries(
    st.sampled_from(
        ["namespace", "exported_namespace", "deployment", "daemonset", "pod", "container", "reason",
         "phase", "created_by_kind", "created_by_name", "cluster", "condition", "job_name",
         "cronjob", "owner_kind", "owner_name", "schedule"]
    ),
    st.text(max_size=5) | st.sampled_from(["web", "ReplicaSet", "CronJob", "web-5d4f8c7b9d"]),
)  # fmt: skip
SAMPLES = st.lists(
    st.builds(
        lambda name, labels, value: sample(name, value, labels),
        st.sampled_from(NAMES),
        LABELS,
        st.floats() | st.sampled_from([0.0, 1.0, 3.0]),
    ),
    max_size=8,
)


@given(SAMPLES, SAMPLES)
@settings(deadline=None, max_examples=trials(usual=150, soak=10_000))
def test_any_series_become_sound_workloads(first: list[Sample], second: list[Sample]) -> None:
    both = [*first, *second]
    batch = batch_in(both)
    told = [*workloads_in(both, first), *(ToldWorkload(*each) for each in batch.workloads)]
    for each in with_pods(told, pods_in(both, second), batch.owners):
        numbers = (each.desired, each.ready, each.available, each.updated)
        assert all(number is None or number >= 0 for number in numbers)
        assert all(pod.restarts >= 0 for pod in each.pods or ())
