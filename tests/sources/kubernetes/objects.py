"""What `kubectl get -o json` prints of a small shop, of Kubernetes 1.21 and of 1.31.

One story in both: `web` is well after a restart, `api` runs out of memory again and again,
`pay` waits for an image that is not there, `db` is a stateful set, `logs` a daemon set, and the
pod of a job that is gone stands beside them. The two differ as the versions do: managed fields,
empty `selfLink`s and no `availableReplicas` of stateful sets in the old one; sidecars, `hostIPs`,
`observedGeneration` of conditions, what a container was given and further conditions in the new
one. Both leave things empty or null as the servers do, and have fields that nobody here reads.
"""

from __future__ import annotations

import json
from typing import Any, Final

VERSIONS: Final = ("v1.21.14", "v1.31.2")
Json = dict[str, Any]

_STARTED: Final = "2026-11-20T08:00:00Z"


def shop(version: str) -> Json:
    """The list, as the `kubectl` of that version prints it."""
    items = [
        deployment("web", version, replicas=2, ready=2, image="shop/web:2.14.0"),
        deployment(
            "api",
            version,
            replicas=2,
            ready=1,
            image="shop/api:3.1.0",
            conditions=[
                condition(
                    "Available",
                    "False",
                    "MinimumReplicasUnavailable",
                    "Deployment does not have minimum availability.",
                ),
                condition("Progressing", "True", "NewReplicaSetAvailable", "it has progressed."),
            ],
        ),
        deployment(
            "pay",
            version,
            replicas=1,
            ready=0,
            updated=1,
            image="shop/pay:9",
            conditions=[
                condition("Available", "False", "MinimumReplicasUnavailable", "no."),
                condition(
                    "Progressing",
                    "False",
                    "ProgressDeadlineExceeded",
                    'ReplicaSet "pay-7c9d8b6f54" has timed out progressing.',
                ),
            ],
        ),
        stateful_set("db", version),
        daemon_set("logs"),
        pod("web-5d4f8c7b9d-2x4kq", version, of=("ReplicaSet", "web-5d4f8c7b9d"), restarts=1),
        pod("web-5d4f8c7b9d-9h7wz", version, of=("ReplicaSet", "web-5d4f8c7b9d")),
        pod("api-6b5c4d7f8-aaaaa", version, of=("ReplicaSet", "api-6b5c4d7f8")),
        crashing_pod("api-6b5c4d7f8-bbbbb", version, of=("ReplicaSet", "api-6b5c4d7f8")),
        waiting_pod("pay-7c9d8b6f54-ccccc", version, of=("ReplicaSet", "pay-7c9d8b6f54")),
        pod("db-0", version, of=("StatefulSet", "db")),
        pod("logs-x5k2p", version, of=("DaemonSet", "logs"), node="node-a"),
        pod("report-28000000-zzzzz", version, of=("Job", "report-28000000")),
    ]
    return listing(items, version)


def listing(items: list[Json], version: str = VERSIONS[-1]) -> Json:
    """The list around `items`."""
    metadata = {"resourceVersion": ""}
    if version == VERSIONS[0]:
        metadata["selfLink"] = ""
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": metadata}


def printed(document: Json) -> bytes:
    """As `kubectl` writes it: indented by four, keys in order."""
    return json.dumps(document, indent=4, sort_keys=True).encode() + b"\n"


def server(version: str) -> Json:
    """What `kubectl version -o json` prints."""
    minor = version.split(".")[1]
    return {
        "clientVersion": {"major": "1", "minor": "28", "gitVersion": "v1.28.4"},
        "serverVersion": {"major": "1", "minor": minor, "gitVersion": version},
    }


def metadata(name: str, version: str = VERSIONS[-1], **more: Any) -> Json:
    content: Json = {
        "creationTimestamp": _STARTED,
        "name": name,
        "namespace": "shop",
        "resourceVersion": "184467",
        "uid": "6f2b6f0e-1d35-4a3f-8f0e-3c1f5d1b7a11",
        **more,
    }
    if version == VERSIONS[0]:
        content["selfLink"] = f"/apis/x/v1/namespaces/shop/{name}"
        content["managedFields"] = [
            managed("kubectl-client-side-apply", {"f:spec": {"f:template": _CONTAINERS}}),
            managed("kube-controller-manager", {"f:status": {"f:replicas": {}}}),
        ]
    return content


_CONTAINERS: Final[Json] = {
    "f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:name": {}}}}
}


def managed(by: str, fields: Json) -> Json:
    """Who has set which fields; `kubectl` prints it unasked up to 1.20."""
    return {
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        "manager": by,
        "operation": "Update",
        "time": _STARTED,
    }


def condition(kind: str, status: str, reason: str, message: str) -> Json:
    return {
        "lastTransitionTime": _STARTED,
        "lastUpdateTime": _STARTED,
        "message": message,
        "reason": reason,
        "status": status,
        "type": kind,
    }


def deployment(
    name: str,
    version: str = VERSIONS[-1],
    *,
    replicas: int = 1,
    ready: int = 1,
    updated: int | None = None,
    image: str = "shop/web:1",
    conditions: list[Json] | None = None,
    generation: int = 4,
    observed: int | None = 4,
    **spec: Any,
) -> Json:
    """A deployment. Numbers that are 0 are left out of its status, as the server does it."""
    status: Json = {
        "conditions": conditions
        or [
            condition("Available", "True", "MinimumReplicasAvailable", "it has minimum."),
            condition("Progressing", "True", "NewReplicaSetAvailable", "it has progressed."),
        ],
        "replicas": replicas,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": replicas - ready,
        "updatedReplicas": replicas if updated is None else updated,
    }
    if observed is not None:
        status["observedGeneration"] = observed
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(name, version, generation=generation, labels={"app": name}),
        "spec": {
            "progressDeadlineSeconds": 600,
            "replicas": replicas,
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"rollingUpdate": {"maxSurge": "25%"}, "type": "RollingUpdate"},
            "template": {
                "metadata": {"creationTimestamp": None, "labels": {"app": name}},
                "spec": {"containers": [container(name, image)], "restartPolicy": "Always"},
            },
            **spec,
        },
        "status": {key: value for key, value in status.items() if value != 0},
    }


def stateful_set(name: str, version: str) -> Json:
    status: Json = {
        "collisionCount": 0,
        "currentReplicas": 1,
        "currentRevision": f"{name}-78d9",
        "observedGeneration": 1,
        "readyReplicas": 1,
        "replicas": 1,
        "updateRevision": f"{name}-78d9",
        "updatedReplicas": 1,
    }
    if version != VERSIONS[0]:
        status["availableReplicas"] = 1
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(name, version, generation=1),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "serviceName": name,
            "template": {
                "metadata": {"creationTimestamp": None, "labels": {"app": name}},
                "spec": {"containers": [container(name, "postgres:15.4")]},
            },
        },
        "status": status,
    }


def daemon_set(name: str) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata(name, generation=2),
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"creationTimestamp": None},
                "spec": {"containers": [container(name, "fluent-bit:2.1")]},
            },
        },
        "status": {
            "currentNumberScheduled": 3,
            "desiredNumberScheduled": 3,
            "numberAvailable": 2,
            "numberMisscheduled": 0,
            "numberReady": 2,
            "numberUnavailable": 1,
            "observedGeneration": 2,
            "updatedNumberScheduled": 3,
        },
    }


def container(name: str, image: str, **more: Any) -> Json:
    return {
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "name": name,
        "resources": {"limits": {"memory": "512Mi"}},
        "terminationMessagePath": "/dev/termination-log",
        **more,
    }


def running(name: str, restarts: int = 0, **more: Any) -> Json:
    last = {"terminated": ended(137, "OOMKilled", "2026-11-22T03:12:51Z")} if restarts else {}
    return {
        "containerID": "containerd://4f5e",
        "image": "docker.io/shop/web:2.14.0",
        "imageID": "docker.io/shop/web@sha256:77",
        "lastState": last,
        "name": name,
        "ready": True,
        "restartCount": restarts,
        "started": True,
        "state": {"running": {"startedAt": _STARTED}},
        "allocatedResources": {"memory": "512Mi"},
        "resources": {"limits": {"memory": "512Mi"}},
        "volumeMounts": [{"mountPath": "/etc/shop", "name": "settings", "readOnly": True}],
        **more,
    }


def waiting(
    name: str, reason: str, message: str = "", *, restarts: int = 0, last: Any = None
) -> Json:
    return {
        "image": "shop/api:3.1.0",
        "imageID": "",
        "lastState": {"terminated": last} if last else {},
        "name": name,
        "ready": False,
        "restartCount": restarts,
        "started": False,
        "state": {"waiting": {"reason": reason, "message": message}},
    }


def ended(code: int, reason: str, at: str = "2026-11-22T03:12:51Z", **more: Any) -> Json:
    return {
        "containerID": "containerd://4f5e",
        "exitCode": code,
        "finishedAt": at,
        "reason": reason,
        "startedAt": "2026-11-22T03:00:00Z",
        **more,
    }


def pod(
    name: str,
    version: str = VERSIONS[-1],
    *,
    of: tuple[str, str] | None = None,
    node: str | None = "node-b",
    restarts: int = 0,
    phase: str = "Running",
    statuses: list[Json] | None = None,
    ready: str | None = "True",
    labels: Json | None = None,
    status: Json | None = None,
    spec: Json | None = None,
    meta: Json | None = None,
) -> Json:
    """A pod that is well unless said otherwise."""
    kind, owner = of or ("", "")
    app = name.split("-")[0]
    if labels is None:
        labels = {"app": app}
        if kind == "ReplicaSet":
            labels["pod-template-hash"] = owner.rpartition("-")[2]
    owners = (
        [
            {
                "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
                "blockOwnerDeletion": True,
                "controller": True,
                "kind": kind,
                "name": owner,
                "uid": "1",
            }
        ]
        if of is not None
        else None
    )
    conditions = [
        {"lastProbeTime": None, "lastTransitionTime": _STARTED, "status": "True", "type": each}
        for each in ("Initialized", "PodScheduled")
    ]
    if ready is not None:
        reason = "" if ready == "True" else "ContainersNotReady"
        message = "" if ready == "True" else f"containers with unready status: [{app}]"
        conditions.append(condition("Ready", ready, reason, message))
    whole: Json = {
        "conditions": conditions,
        "containerStatuses": statuses if statuses is not None else [running(app, restarts)],
        "hostIP": "10.0.0.7",
        "phase": phase,
        "podIP": "10.42.0.19",
        "podIPs": [{"ip": "10.42.0.19"}],
        "qosClass": "Burstable",
        "startTime": _STARTED,
        **(status or {}),
    }
    if version == VERSIONS[-1]:
        whole["hostIPs"] = [{"ip": "10.0.0.7"}]
        whole["ephemeralContainerStatuses"] = [
            running("debugger-x2k4q", ready=False, started=None)
            | {"state": {"terminated": ended(1, "Error")}}
        ]
        whole["resize"] = ""
        conditions.append(condition("PodReadyToStartContainers", "True", "", ""))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(
            name,
            version,
            generateName=f"{owner}-",
            labels=labels,
            ownerReferences=owners,
            **(meta or {}),
        ),
        "spec": {
            "containers": [container(app, f"shop/{app}:2.14.0")],
            "nodeName": node,
            "enableServiceLinks": True,
            "imagePullSecrets": None,
            "initContainers": None,
            "tolerations": [{"effect": "NoExecute", "operator": "Exists"}],
            **(spec or {}),
        },
        "status": whole,
    }


def crashing_pod(name: str, version: str, of: tuple[str, str]) -> Json:
    """Killed for its memory again and again; in 1.31 beside a sidecar that is well."""
    last = ended(137, "OOMKilled")
    back_off = "back-off 5m0s restarting failed container=api pod=" + name
    statuses = [waiting("api", "CrashLoopBackOff", back_off, restarts=12, last=last)]
    more: Json = {}
    spec: Json = {}
    if version == VERSIONS[-1]:
        spec["initContainers"] = [container("mesh", "mesh:1", restartPolicy="Always")]
        more["initContainerStatuses"] = [running("mesh")]
    return pod(name, version, of=of, statuses=statuses, ready="False", status=more, spec=spec)


def waiting_pod(name: str, version: str, of: tuple[str, str]) -> Json:
    statuses = [waiting("pay", "ImagePullBackOff", 'Back-off pulling image "shop/pay:9"')]
    return pod(name, version, of=of, statuses=statuses, ready="False", phase="Pending")
