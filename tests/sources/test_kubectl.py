"""Kubernetes by `kubectl`: what is read, what is not known, and what each refusal says."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.schema import KubernetesSource, PrometheusSource, Settings, Sources
from console.model.failure import Failure, FailureKind
from console.model.reading import KubernetesReading
from console.model.registry import Host, Registry
from console.model.snapshot import SourceKind
from console.model.workload import Pod, Stray, Workload, WorkloadKind
from console.safety.clock import SystemClock
from console.safety.ssh.client import SshClient
from console.safety.text import Raw
from console.sources.answer import Unusable
from console.sources.kubernetes.decode import decoded_list, with_pods
from console.sources.kubernetes.poll import SELDOM_EVERY, KubectlPoller
from console.sources.kubernetes.settings import default_sources, watched_kubernetes
from console.sources.reach import Reach
from tests.soak import trials
from tests.sources.documents import spoiled
from tests.sources.kubernetes import objects

STAND_IN = """#!/bin/sh
cd "$(dirname "$0")" || exit 99
echo "$*" >>calls
[ "$1" = version ] && exec cat version
case "$2" in *pods*) answer=with-pods ;; *) answer=alone ;; esac
for word; do
  case "$word" in
    --namespace=*) [ -d "${word#--namespace=}" ] && cd "${word#--namespace=}" ;;
  esac
done
[ -f "$answer" ] || answer=with-pods
cat "$answer"
cat stderr >&2
exit "$(cat status)"
"""


class Kubectl:
    """A program called `kubectl` that prints what it was told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        program = folder / "kubectl"
        program.write_text(STAND_IN)
        program.chmod(0o755)
        self.version = folder / "version"
        self.version.write_bytes(objects.printed(objects.server(objects.VERSIONS[-1])))
        self.prints(objects.shop(objects.VERSIONS[-1]))

    def prints(
        self,
        document: dict[str, Any] | bytes,
        *,
        stderr: str = "",
        status: int = 0,
        namespace: str = "",
        answer: str = "with-pods",
    ) -> None:
        where = self.folder / namespace
        where.mkdir(exist_ok=True)
        body = document if isinstance(document, bytes) else objects.printed(document)
        (where / answer).write_bytes(body)
        (where / "stderr").write_text(stderr)
        (where / "status").write_text(str(status))

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kubectl:
    stand_in = Kubectl(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{stand_in.folder}:{os.environ['PATH']}")
    return stand_in


def poller(
    source: KubernetesSource | None = None, registry: Registry | None = None
) -> KubectlPoller:
    clock = SystemClock()
    reach = Reach(registry or Registry(), SshClient(clock))
    return KubectlPoller(source or KubernetesSource(), reach, clock)


async def reading(
    source: KubernetesSource | None = None, round_number: int = 0
) -> KubernetesReading:
    return await poller(source).poll(round_number)


def named(told: KubernetesReading, name: str) -> Workload:
    assert isinstance(told.workloads, tuple), told.workloads
    return next(each for each in told.workloads if each.name == Raw(name))


def failed(told: KubernetesReading) -> Failure:
    assert isinstance(told.workloads, Failure)
    assert told.failed
    return told.workloads


async def workloads_of(*items: dict[str, Any]) -> tuple[Workload, ...]:
    return with_pods(await decoded_list(objects.printed(objects.listing(list(items)))))


async def pod_of(*, version: str = objects.VERSIONS[-1], **told: Any) -> Pod:
    """The pod that the server describes with `told`."""
    owner = ("ReplicaSet", "web-5d4f8c7b9d")
    item = objects.pod("web-5d4f8c7b9d-1", version, of=owner, **told)
    (workload,) = await workloads_of(objects.deployment("web"), item)
    assert workload.pods is not None
    return workload.pods[0]


@pytest.mark.parametrize("version", objects.VERSIONS)
async def test_two_versions_of_kubernetes_tell_the_same_story(
    kubectl: Kubectl, version: str
) -> None:
    kubectl.prints(objects.shop(version))
    kubectl.version.write_bytes(objects.printed(objects.server(version)))
    told = await reading()
    assert told.version == Raw(version)
    assert told.failures == () and told.warnings == ()
    assert isinstance(told.workloads, tuple)
    assert [(each.kind, each.name.exact, each.desired, each.ready) for each in told.workloads] == [
        (WorkloadKind.DEPLOYMENT, "web", 2, 2),
        (WorkloadKind.DEPLOYMENT, "api", 2, 1),
        (WorkloadKind.DEPLOYMENT, "pay", 1, 0),
        (WorkloadKind.STATEFULSET, "db", 1, 1),
        (WorkloadKind.DAEMONSET, "logs", 3, 2),
    ]
    assert [len(each.pods or ()) for each in told.workloads] == [2, 2, 1, 1, 1]
    assert named(told, "web").images == (Raw("shop/web:2.14.0"),)
    assert named(told, "web").created_at == datetime(2026, 11, 20, 8, tzinfo=UTC)


async def test_a_number_that_is_zero_is_known_and_one_the_version_lacks_is_not(
    kubectl: Kubectl,
) -> None:
    kubectl.prints(objects.shop("v1.21.14"))
    old = await reading()
    assert named(old, "pay").ready == 0
    assert named(old, "pay").available == 0
    assert named(old, "db").available is None
    kubectl.prints(objects.shop("v1.31.2"))
    assert named(await reading(), "db").available == 1


async def test_a_pod_that_is_killed_again_and_again_says_why(kubectl: Kubectl) -> None:
    pods = named(await reading(), "api").pods
    assert pods is not None
    pod = next(each for each in pods if each.ready is False)
    assert pod.reason == Raw("CrashLoopBackOff")
    assert pod.message is not None and "back-off 5m0s" in pod.message.exact
    assert (pod.last_reason, pod.exit_code, pod.restarts) == (Raw("OOMKilled"), 137, 12)
    assert pod.ended_at == datetime(2026, 11, 22, 3, 12, 51, tzinfo=UTC)
    assert pod.node == Raw("node-b")


async def test_a_pod_that_is_well_keeps_how_it_last_ended(kubectl: Kubectl) -> None:
    pods = named(await reading(), "web").pods
    assert pods is not None
    restarted = next(each for each in pods if each.restarts)
    assert restarted.ready is True and restarted.reason is None
    assert restarted.last_reason == Raw("OOMKilled")


async def test_a_rollout_that_is_stuck_says_so(kubectl: Kubectl) -> None:
    pay = named(await reading(), "pay")
    assert pay.reason is not None
    assert pay.reason.exact.startswith("ProgressDeadlineExceeded: ReplicaSet")
    assert pay.pods is not None and pay.pods[0].reason == Raw("ImagePullBackOff")
    assert named(await reading(), "api").reason == Raw(
        "MinimumReplicasUnavailable: Deployment does not have minimum availability."
    )
    assert named(await reading(), "web").reason is None


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"phase": "Failed", "statuses": [], "ready": None,
          "status": {"reason": "Evicted", "message": "The node was low on resource: memory."}},
         "Evicted"),
        ({"phase": "Failed", "statuses": [], "ready": None}, "Failed"),
        ({"phase": "Pending", "statuses": [], "ready": None, "node": None,
          "status": {"conditions": [objects.condition(
              "PodScheduled", "False", "Unschedulable", "0/3 nodes are available")]}},
         "Unschedulable"),
        ({"statuses": [objects.waiting("web", "ContainerCreating")], "phase": "Pending",
          "ready": "False"}, "ContainerCreating"),
        ({"statuses": [objects.running("a"), objects.waiting("b", "CreateContainerConfigError")],
          "ready": "False"}, "CreateContainerConfigError"),
        ({"statuses": [objects.running("web", ready=False)], "ready": "False"},
         "ContainersNotReady"),
        ({"statuses": [objects.running("web", state={"terminated": objects.ended(2, "Error")})],
          "ready": "False"}, "Error"),
        ({"statuses": [objects.running("web", state={"terminated": {"exitCode": 3}})],
          "ready": "False"}, "ExitCode:3"),
        ({"statuses": [objects.running("web", state={"terminated": {"exitCode": 1, "signal": 9}})],
          "ready": "False"}, "Signal:9"),
        ({"meta": {"deletionTimestamp": "2026-11-22T03:00:00Z"}}, "Terminating"),
        ({"ready": "Unknown", "status": {"reason": "NodeLost"}}, "NodeLost"),
        ({"phase": "Succeeded", "ready": "False"}, None),
        ({}, None),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_pod_is_named_as_kubectl_names_it(
    told: dict[str, Any], reason: str | None
) -> None:
    pod = await pod_of(**told)
    assert pod.reason == (Raw(reason) if reason is not None else None)


async def test_an_init_container_that_fails_is_named_and_one_that_is_done_is_not() -> None:
    done = objects.running("setup", state={"terminated": objects.ended(0, "Completed")})
    init = {"initContainerStatuses": [done, objects.waiting("migrate", "CrashLoopBackOff")]}
    waiting = [objects.waiting("web", "PodInitializing")]
    pod = await pod_of(statuses=waiting, status=init, phase="Pending", ready="False")
    assert pod.reason == Raw("Init:CrashLoopBackOff")
    well = await pod_of(status={"initContainerStatuses": [done]})
    assert well.reason is None and well.last_reason is None


async def test_a_node_that_is_not_heard_of_leaves_ready_unknown() -> None:
    assert (await pod_of(ready="Unknown")).ready is None
    assert (await pod_of(ready=None)).ready is None
    assert (await pod_of(ready="False")).ready is False


@pytest.mark.parametrize(("generation", "observed"), [(5, 4), (1, None)])
async def test_a_status_of_an_older_spec_is_not_believed(
    generation: int, observed: int | None
) -> None:
    (web,) = await workloads_of(
        objects.deployment("web", replicas=3, ready=3, generation=generation, observed=observed)
    )
    assert web.desired == 3
    assert web.ready is None and web.available is None and web.updated is None
    assert web.reason is not None and "older spec" in web.reason.exact


async def test_without_a_status_nothing_is_known_but_what_is_wanted() -> None:
    item = objects.deployment("web", replicas=3)
    del item["status"]
    (web,) = await workloads_of(item)
    assert (web.desired, web.ready, web.pods) == (3, None, ())


async def test_a_paused_rollout_is_told() -> None:
    (web,) = await workloads_of(objects.deployment("web", paused=True))
    assert web.paused


async def test_pods_find_their_deployment_also_without_the_hash_label() -> None:
    def owned(by: str, labels: dict[str, str]) -> dict[str, Any]:
        return objects.pod(f"{by}-x", of=("ReplicaSet", by), labels=labels)

    web, canary = await workloads_of(
        objects.deployment("web"),
        objects.deployment("web-canary"),
        owned("web-5d4f8c7b9d", {}),
        owned("web-canary-5d4f8c7b9d", {"pod-template-hash": "5d4f8c7b9d"}),
        owned("web-by-hand", {"app": "web"}),
        owned("web-argo", {"app": "other"}),
    )
    assert [pod.name.exact for pod in web.pods or ()] == ["web-5d4f8c7b9d-x", "web-by-hand-x"]
    assert [pod.name.exact for pod in canary.pods or ()] == ["web-canary-5d4f8c7b9d-x"]


async def test_a_set_that_is_no_deployments_is_not_taken_for_one() -> None:
    (web,) = await workloads_of(
        objects.deployment("web"),
        objects.pod("web-canary-1", of=("ReplicaSet", "web-canary"), labels={"app": "canary"}),
        objects.pod("web-0", of=("ReplicaSet", "web"), labels={}),
        objects.pod("web-1", of=None, labels={"app": "web"}),
        objects.pod("web-2", of=("Job", "web"), labels={"app": "web"}),
    )
    assert web.pods == ()


async def test_the_command_names_everything_that_was_written_down(kubectl: Kubectl) -> None:
    source = KubernetesSource(context="prod", timeout=timedelta(seconds=10))
    told = await reading(source)
    assert not told.failed
    listed = next(call for call in kubectl.calls if call.startswith("get"))
    assert listed == (
        "get deployments,statefulsets,daemonsets,cronjobs.batch,jobs.batch,pods -o json "
        "--all-namespaces --context=prod --request-timeout=8s"
    )


async def test_each_namespace_is_asked_and_fails_for_itself(kubectl: Kubectl) -> None:
    kubectl.prints(objects.listing([objects.deployment("web")]), namespace="shop")
    kubectl.prints(b"", stderr=FORBIDDEN.format("deployments.apps"), status=1, namespace="till")
    told = await reading(KubernetesSource(namespaces=("shop", "till")))
    assert named(told, "web").ready == 1
    assert told.namespaces == ("shop", "till")
    assert [failure.part for failure in told.missing] == ["workloads in till"]
    assert "no right" in told.missing[0].cause


FORBIDDEN = (
    'Error from server (Forbidden): {} is forbidden: User "jane" cannot list resource at the '
    "cluster scope\n"
)


async def test_kinds_that_may_not_be_listed_are_missing_and_the_rest_is_known(
    kubectl: Kubectl,
) -> None:
    items = [each for each in objects.shop("v1.31.2")["items"] if each["kind"] != "DaemonSet"]
    stderr = FORBIDDEN.format("daemonsets.apps")
    kubectl.prints(objects.listing(items), stderr=stderr, status=1)
    told = await reading()
    assert named(told, "web").ready == 2
    assert [failure.part for failure in told.missing] == ["daemonsets"]
    assert told.missing[0].kind is FailureKind.AUTH
    assert told.missing[0] in told.failures
    assert told.pods is None and named(told, "web").pods


async def test_jobs_that_may_not_be_listed_cost_the_other_kinds_nothing(kubectl: Kubectl) -> None:
    stderr = FORBIDDEN.format("jobs.batch") + FORBIDDEN.format("cronjobs.batch")
    kubectl.prints(objects.shop("v1.31.2"), stderr=stderr, status=1)
    told = await reading()
    assert named(told, "web").ready == 2 and named(told, "web").pods
    assert {failure.part for failure in told.missing} == {"jobs", "cronjobs"}
    assert "no right" in told.missing[0].cause and "jobs, cronjobs" in told.missing[0].remedy
    assert Stray(Raw("shop"), Raw("report"), Raw("Job")) in told.strays


async def test_pods_that_may_not_be_listed_are_not_known_to_be_none(kubectl: Kubectl) -> None:
    items = [each for each in objects.shop("v1.31.2")["items"] if each["kind"] != "Pod"]
    kubectl.prints(objects.listing(items), stderr=FORBIDDEN.format("pods"), status=1)
    told = await reading()
    assert named(told, "web").pods is None
    assert told.pods is not None and told.pods.kind is FailureKind.AUTH
    assert told.missing == ()


async def test_a_list_that_is_empty_because_nothing_may_be_listed_is_a_failure(
    kubectl: Kubectl,
) -> None:
    apps = ("deployments.apps", "statefulsets.apps", "daemonsets.apps")
    kinds = (*apps, "cronjobs.batch", "jobs.batch", "pods")
    stderr = "".join(map(FORBIDDEN.format, kinds))
    kubectl.prints(objects.listing([]), stderr=stderr, status=1)
    assert failed(await reading()).kind is FailureKind.AUTH


async def test_a_failure_of_no_kind_leaves_the_list_in_doubt(kubectl: Kubectl) -> None:
    stderr = "E1122 03:14:00.1 memcache.go:265] noise\nError from server (InternalError): etcd\n"
    kubectl.prints(objects.shop("v1.31.2"), stderr=stderr, status=1)
    told = await reading()
    assert named(told, "web").ready == 2 and named(told, "web").pods is None
    assert [failure.part for failure in told.missing] == ["workloads"]
    assert told.pods is not None and "InternalError" in told.pods.cause


async def test_an_empty_cluster_is_an_answer(kubectl: Kubectl) -> None:
    kubectl.prints(objects.listing([]))
    told = await reading()
    assert told.workloads == () and told.failures == ()


SAYS = [
    ("The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or "
     "port?", FailureKind.REFUSED, "nothing listens"),
    ("The connection to the server localhost:8080 was refused - did you specify the right host or "
     "port?", FailureKind.SETTINGS, "no configuration"),
    ('error: context "prdo" does not exist', FailureKind.SETTINGS, "no such context"),
    ('Error in configuration: context was not found for specified context: prdo',
     FailureKind.SETTINGS, "no such context"),
    ('error: error loading config file "/etc/rancher/k3s/k3s.yaml": open '
     "/etc/rancher/k3s/k3s.yaml: permission denied", FailureKind.SETTINGS, "cannot read"),
    ("error: You must be logged in to the server (Unauthorized)", FailureKind.AUTH, "expired"),
    ("error: You must be logged in to the server (the server has asked for the client to provide "
     "credentials)", FailureKind.AUTH, "expired"),
    ("Unable to connect to the server: getting credentials: exec: executable aws failed with exit "
     "code 255", FailureKind.AUTH, "expired"),
    ("Please enter Username: error: EOF", FailureKind.AUTH, "expired"),
    ("Unable to connect to the server: x509: certificate has expired or is not yet valid",
     FailureKind.TLS, "certificate"),
    ("Unable to connect to the server: dial tcp: lookup k8s.test: no such host", FailureKind.DNS,
     "not known"),
    ("Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout", FailureKind.TIMEOUT,
     "in time"),
    ("Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while "
     "awaiting headers)", FailureKind.TIMEOUT, "in time"),
    ("Unable to connect to the server: net/http: TLS handshake timeout", FailureKind.TIMEOUT,
     "in time"),
    ("Unable to connect to the server: dial tcp 10.0.0.1:6443: connect: no route to host",
     FailureKind.UNREACHABLE, "no way"),
    ('error: the server doesn\'t have a resource type "deployments"', FailureKind.NOT_SERVED,
     "apps/v1"),
    ("sudo: a password is required", FailureKind.AUTH, "sudo"),
    ("sudo: kubectl: command not found", FailureKind.SETTINGS, "no such program"),
    ("error: unknown flag: --request-timeout", FailureKind.SETTINGS, "no kubectl"),
    ("Error from server (TooManyRequests): slow down", FailureKind.RATE, "too often"),
    ("something that nobody has seen yet\x1b[2J", FailureKind.STATUS, "something that nobody"),
    ("", FailureKind.STATUS, "said nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("stderr", "kind", "words"), SAYS, ids=[each[2] for each in SAYS])
async def test_each_complaint_is_a_failure_in_plain_words(
    kubectl: Kubectl, stderr: str, kind: FailureKind, words: str
) -> None:
    kubectl.prints(
        b"", stderr=f"Warning: beside the matter\n{stderr}\n" if stderr else "", status=1
    )
    failure = failed(await reading())
    assert failure.kind is kind
    assert words in failure.cause and failure.cause.isprintable()
    assert failure.remedy and failure.part == "workloads"
    assert failure.curl.startswith("kubectl get deployments,statefulsets,daemonsets,cronjobs")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty answer"),
        (b"<html>login</html>", "cut short"),
        (objects.printed(objects.shop("v1.31.2"))[:5000], "cut short"),
        (objects.printed(objects.deployment("web")), "another shape"),
        (objects.printed({"kind": "Status", "items": []}), "no list"),
        (b'{"kind": "List", "items": [{"kind": "Pod"}]}', "another shape"),
    ],
)
async def test_an_answer_that_is_no_list_is_refused(
    kubectl: Kubectl, body: bytes, words: str
) -> None:
    kubectl.prints(body)
    failure = failed(await reading())
    assert failure.kind is FailureKind.SCHEMA and words in failure.cause


async def test_half_an_answer_is_blamed_on_what_broke_it(kubectl: Kubectl) -> None:
    half = objects.printed(objects.shop("v1.31.2"))[:5000]
    kubectl.prints(half, stderr="error: unexpected EOF: connection reset by peer", status=1)
    assert failed(await reading()).kind is FailureKind.RESET


async def test_a_missing_program_is_named(kubectl: Kubectl) -> None:
    failure = failed(await reading(KubernetesSource(command=("kubectl-that-is-not-there",))))
    assert failure.kind is FailureKind.SETTINGS
    assert "there is no program `kubectl-that-is-not-there`" in failure.cause


async def test_a_program_that_never_ends_runs_into_the_deadline(tmp_path: Path) -> None:
    endless = tmp_path / "endless"
    endless.write_text("#!/bin/sh\nwhile :; do read line </dev/zero; done\n")
    endless.chmod(0o755)
    source = KubernetesSource(command=(str(endless),), timeout=timedelta(seconds=1))
    failure = failed(await reading(source))
    assert failure.kind is FailureKind.TIMEOUT


async def test_a_host_that_cannot_be_reached_is_a_failure(kubectl: Kubectl) -> None:
    failure = failed(await reading(KubernetesSource(on="k8s-1")))
    assert failure.kind is FailureKind.SETTINGS and "no SSH to k8s-1" in failure.cause
    assert failure.curl.startswith("ssh k8s-1 ")


async def test_too_many_pods_cost_the_pods_and_not_the_workloads(kubectl: Kubectl) -> None:
    items = [each for each in objects.shop("v1.31.2")["items"] if each["kind"] != "Pod"]
    alone = objects.listing(items)
    kubectl.prints(alone, answer="alone")
    kubectl.prints(objects.shop("v1.31.2"))
    source = KubernetesSource(max_bytes=len(objects.printed(alone)))
    asking = poller(source)
    for round_number in (1, 2):
        told = await asking.poll(round_number)
        assert named(told, "web").ready == 2 and named(told, "web").pods is None
        assert told.pods is not None and told.pods.kind is FailureKind.TOO_BIG
    with_pods_asked = [call for call in kubectl.calls if ",pods" in call]
    assert len(with_pods_asked) == 1
    await asking.poll(1 + SELDOM_EVERY)
    assert len([call for call in kubectl.calls if ",pods" in call]) == 2


async def test_a_version_that_is_not_told_costs_nothing_else(kubectl: Kubectl) -> None:
    kubectl.version.unlink()
    told = await reading()
    assert told.version is None and not told.failures


def k8s_host(name: str, address: str | None) -> Host:
    return Host(name, address=address, roles=("k8s",))


def test_the_first_reached_host_with_the_role_is_asked_where_nothing_is_written() -> None:
    registry = Registry(
        hosts=(Host("web-1", address="web-1"), k8s_host("a", None), k8s_host("b", "b.test"))
    )
    (source,) = default_sources(registry, Settings())
    assert (source.name, source.on) == ("kubernetes", "b")
    watched = watched_kubernetes(source)
    assert (watched.name, watched.kind) == ("kubernetes", SourceKind.KUBERNETES)
    assert watched.url == "kubectl on b"
    assert default_sources(Registry(), Settings()) == ()


def test_what_is_written_down_is_taken_as_it_stands() -> None:
    mine = KubernetesSource(name="edge", on="local")
    registry = Registry(hosts=(k8s_host("b", "b.test"),))
    assert default_sources(registry, Settings(sources=Sources(kubernetes=(mine,)))) == (mine,)


def test_a_default_source_never_takes_the_name_of_another() -> None:
    prometheus = PrometheusSource(name="kubernetes", url="http://127.0.0.1:9090")
    settings_ = Settings(sources=Sources(prometheus=(prometheus,)))
    registry = Registry(hosts=(k8s_host("b", "b.test"),))
    assert [each.name for each in default_sources(registry, settings_)] == ["kubernetes-b"]


def assert_sound(workloads: Iterable[Workload]) -> None:
    for each in workloads:
        numbers = (each.desired, each.ready, each.available, each.updated)
        assert all(number is None or number >= 0 for number in numbers)
        for pod in each.pods or ():
            assert pod.restarts >= 0
            for moment in (pod.started_at, pod.ended_at):
                assert moment is None or moment.utcoffset() == timedelta(0)


def decoded(body: bytes) -> tuple[Workload, ...] | Unusable:
    try:
        return with_pods(asyncio.run(decoded_list(body)))
    except Unusable as error:
        assert error.cause.isprintable()
        return error


def test_a_spoiled_list_is_read_or_refused_in_words() -> None:
    refused = 0
    count = trials(usual=300, soak=20_000)
    for version in objects.VERSIONS:
        for body in spoiled(objects.shop(version), count, seed=7):
            told = decoded(body)
            if isinstance(told, Unusable):
                refused += 1
            else:
                assert_sound(told)
    assert 0 < refused < 2 * count


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=trials(usual=100, soak=5_000))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    told = decoded(body)
    assert isinstance(told, Unusable) or told == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(["Deployment", "StatefulSet", "DaemonSet", "Pod"]),
    st.dictionaries(
        st.sampled_from(["replicas", "readyReplicas", "numberReady", "observedGeneration",
                         "conditions", "phase", "containerStatuses", "startTime"]),
        JSON | st.integers(-5, 5),
        max_size=5,
    ),
)  # fmt: skip
@settings(deadline=None, max_examples=trials(usual=100, soak=5_000))
def test_any_status_is_read_or_refused(kind: str, status: dict[str, Any]) -> None:
    item = {
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop", "generation": 1},
        "spec": {"replicas": status.get("replicas")},
        "status": status,
    }
    told = decoded(json.dumps({"kind": "List", "items": [item]}).encode())
    if not isinstance(told, Unusable):
        assert_sound(told)
