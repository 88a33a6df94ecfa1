"""The deployments of the demo's cluster and their pods, in the API's own shape."""

from __future__ import annotations

import math

import msgspec

from console.demo.inventory import K8S_HOST, SERVICES, ServiceSpec, age_s, pod_name
from console.demo.machines.lives import hex_of
from console.demo.machines.moments import seconds
from console.demo.world import World

REGISTRY = "registry.example.org"
_SICK_S = 45.0
"""After so long in trouble a pod has been restarted often enough to be held back."""


class PodState(msgspec.Struct, frozen=True):
    """One pod now."""

    name: str
    spec: ServiceSpec
    version: str
    ready: bool
    reason: str
    """Why it is not ready, as `kubectl get pods` says it; empty otherwise."""
    restarts: int
    began_s: float
    ended_s: float | None
    """When its process last ended."""
    exit_code: int

    @property
    def image(self) -> str:
        """With its tag."""
        return f"{REGISTRY}/{self.spec.name}:{self.version}"


def deployments(world: World, namespace: str | None) -> list[ServiceSpec]:
    """The deployments of a namespace, or of all."""
    del world
    return [spec for spec in SERVICES if spec.namespace and namespace in (None, spec.namespace)]


def pods_of(world: World, spec: ServiceSpec) -> list[PodState]:
    """The pods of a deployment. As many are ready as kube-state-metrics says."""
    count = spec.replicas or 1
    lost = round(_value(world, "=replicas_missing", spec))
    restarts = round(_value(world, "=restarts", spec))
    troubles = world.troubles_of(spec.name)
    ends = [trouble for trouble in world.troubles.get(spec.name, ())
            if trouble.refuse and trouble.start_s <= world.now_s()]  # fmt: skip
    newer = world.version_of(spec.name)
    found = []
    for number in range(count):
        # A release that goes wrong stops half way: the first half runs the new version.
        version = newer if number < math.ceil(count / 2) else spec.version
        down = number < lost
        since_s = max((t.start_s for t in troubles), default=0.0)
        ended_s = max((t.start_s for t in ends), default=since_s if down else None)
        again = max(restarts if down else 0, len(ends))
        if down and not again:
            again = 1 + int(max(0.0, world.now_s() - since_s) // _SICK_S)
        found.append(
            PodState(
                pod_name(spec.name, version, number), spec, version, not down,
                "CrashLoopBackOff" if down else "", again, _began_s(world, spec, version, number),
                ended_s, ends[-1].exit_code if ends else 1,
            )
        )  # fmt: skip
    return found


def _began_s(world: World, spec: ServiceSpec, version: str, number: int) -> float:
    """When a pod was made."""
    begun_s = world.begun_s(spec.name)
    if begun_s is not None:
        return begun_s + 3 * number
    for release in world.scenario.releases:
        if release.service == spec.name and release.version == version:
            return release.at_s + 4 * number
    return -age_s(f"{spec.name} {version}")


def deployment_json(world: World, spec: ServiceSpec) -> dict[str, object]:
    """A deployment as `-o json` has it."""
    pods = pods_of(world, spec)
    count, ready = len(pods), sum(pod.ready for pod in pods)
    newer = world.version_of(spec.name)
    updated = sum(pod.version == newer for pod in pods)
    whole = ready == count
    stamp = seconds(world.wall(-age_s(spec.name)))
    status: dict[str, object] = {
        "observedGeneration": 7,
        "replicas": count,
        "updatedReplicas": updated,
        "conditions": [
            {
                "type": "Available",
                "status": "True" if whole else "False",
                "reason": "MinimumReplicasAvailable" if whole else "MinimumReplicasUnavailable",
                "message": f"Deployment has {'' if whole else 'no '}minimum availability.",
                "lastTransitionTime": stamp,
            },
            {
                "type": "Progressing",
                "status": "True",
                "reason": "NewReplicaSetAvailable" if updated == count else "ReplicaSetUpdated",
                "lastTransitionTime": stamp,
            },
        ],
    }
    # What is 0 is left out, as the API does it.
    more = {"readyReplicas": ready, "availableReplicas": ready,
            "unavailableReplicas": count - ready}  # fmt: skip
    status |= {key: value for key, value in more.items() if value}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": spec.name,
            "namespace": spec.namespace,
            "generation": 7,
            "creationTimestamp": stamp,
            "labels": {"app": spec.name, "team": spec.owner},
            "uid": hex_of("deployment " + spec.name, 32),
        },
        "spec": {
            "replicas": count,
            "selector": {"matchLabels": {"app": spec.name}},
            "template": {
                "metadata": {"labels": {"app": spec.name}},
                "spec": {"containers": [{"name": spec.name,
                                         "image": f"{REGISTRY}/{spec.name}:{newer}"}]},
            },
        },
        "status": status,
    }  # fmt: skip


def pod_json(world: World, pod: PodState) -> dict[str, object]:
    """A pod as `-o json` has it."""
    began = seconds(world.wall(pod.began_s))
    crashed = pod.reason == "CrashLoopBackOff"
    running: dict[str, object] = {"running": {"startedAt": began}}
    state: dict[str, object] = running
    if crashed:
        back_off = f"back-off restarting failed container={pod.spec.name} pod={pod.name}"
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": back_off}}
    container: dict[str, object] = {
        "name": pod.spec.name,
        "image": pod.image,
        "ready": pod.ready,
        "started": not crashed,
        "restartCount": pod.restarts,
        "state": state,
        "lastState": {},
    }
    if pod.ended_s is not None:
        container["lastState"] = {"terminated": {
            "exitCode": pod.exit_code, "reason": "Error",
            "startedAt": began, "finishedAt": seconds(world.wall(pod.ended_s)),
        }}  # fmt: skip
    not_ready = {} if pod.ready else {
        "reason": "ContainersNotReady",
        "message": f"containers with unready status: [{pod.spec.name}]",
    }  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod.name,
            "namespace": pod.spec.namespace,
            "creationTimestamp": began,
            "labels": {"app": pod.spec.name},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
                                 "name": pod.name.rpartition("-")[0], "controller": True}],
        },
        "spec": {"nodeName": K8S_HOST,
                 "containers": [{"name": pod.spec.name, "image": pod.image}]},
        "status": {
            "phase": "Running",
            "startTime": began,
            "podIP": f"10.244.0.{int(hex_of(pod.name, 2), 16)}",
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {"type": "Initialized", "status": "True"},
                {"type": "ContainersReady", "status": str(pod.ready), **not_ready},
                {"type": "Ready", "status": str(pod.ready), **not_ready},
            ],
            "containerStatuses": [container],
        },
    }  # fmt: skip


def _value(world: World, family: str, spec: ServiceSpec) -> float:
    for series in world.series:
        if series.family == family and ("service", spec.name) in series.labels:
            return series.shape.at(world.now_s())
    return 0.0
