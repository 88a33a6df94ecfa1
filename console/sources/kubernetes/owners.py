"""Which workload a pod belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from console.model.workload import WorkloadKind

_HASH: Final = re.compile(r"-(?:[bcdfghjklmnpqrstvwxz2456789]{1,10}|[0-9]{8,10})\Z")
"""What a deployment puts behind its name for a replica set: Kubernetes' alphabet without
vowels (`apimachinery/pkg/util/rand`), before 1.9 a decimal number."""

_KINDS: Final = {kind.value: kind for kind in WorkloadKind}


def owner_of(
    kind: str,
    name: str,
    is_known: Callable[[WorkloadKind, str], bool],
    pod_template_hash: str = "",
) -> tuple[WorkloadKind, str] | None:
    """The workload behind the controller `kind` `name` of a pod; `None` for one of no kind here.

    A pod names its replica set, and only that names the deployment. Asking for every replica
    set would bring ten old ones a deployment, so that the deployment is read off the name: it
    is the set's without the pod's `pod-template-hash`, and where that label is not at hand
    without what looks like one.

    Args:
        is_known: whether there is such a workload in the pod's namespace.
    """
    if kind != "ReplicaSet":
        found = _KINDS.get(kind)
        return (found, name) if found is not None and is_known(found, name) else None
    if pod_template_hash:
        deployment = name.removesuffix(f"-{pod_template_hash}")
    else:
        deployment = _HASH.sub("", name)
    if deployment != name and is_known(WorkloadKind.DEPLOYMENT, deployment):
        return WorkloadKind.DEPLOYMENT, deployment
    return None


def stray_names(controller: str) -> tuple[str, ...]:
    """What somebody may call what the controller of that name belongs to.

    Itself; and without what looks like a hash or a time what made it: an Argo Rollout puts one
    behind the names of its replica sets as a deployment does, a cron job the minute behind those
    of its jobs.
    """
    return tuple(dict.fromkeys((controller, _HASH.sub("", controller))))
