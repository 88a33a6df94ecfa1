"""The docker containers of a machine, as `docker inspect` would have them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from console.demo.inventory import SERVICES, ServiceSpec, age_s
from console.demo.machines.lives import Life, hex_of, life_of
from console.demo.machines.moments import ago, nano
from console.demo.world import World

NEVER = "0001-01-01T00:00:00Z"

HAVE_CHECKS = frozenset({"opensearch", "grafana", "mail-worker"})
"""Containers with a health check of their own."""

_IMAGES = {
    "postgres-replica": "postgres",
    "opensearch": "opensearchproject/opensearch",
    "clickhouse": "clickhouse/clickhouse-server",
    "kafka": "apache/kafka",
    "minio": "minio/minio",
    "grafana": "grafana/grafana",
    "loki": "grafana/loki",
    "otel-collector": "otel/opentelemetry-collector",
    "langfuse": "langfuse/langfuse",
    "mail-worker": "registry.example.org/mail-worker",
    "waf-1": "owasp/modsecurity-crs",
    "waf-2": "owasp/modsecurity-crs",
}


class Box(msgspec.Struct, frozen=True):
    """One container now."""

    spec: ServiceSpec
    id: str
    image: str
    life: Life

    @property
    def status(self) -> str:
        """The word for its state."""
        return "running" if self.life.runs else "exited"


def boxes_on(world: World, host: str) -> list[Box]:
    """The containers of a machine, running or not."""
    return [box_of(world, spec) for spec in SERVICES if spec.type == "docker"
            and spec.place == host]  # fmt: skip


def box_of(world: World, spec: ServiceSpec) -> Box:
    """The container of a docker service."""
    image = _IMAGES.get(spec.name, spec.name)
    return Box(
        spec, hex_of("container " + spec.name), f"{image}:{spec.version}", life_of(world, spec.name)
    )


def has_docker(host: str) -> bool:
    """Whether anything runs in docker there."""
    return any(spec.type == "docker" and spec.place == host for spec in SERVICES)


def inspected(world: World, box: Box) -> Mapping[str, object]:
    """The fields of `docker inspect` that anybody reads."""
    life = box.life
    ended = NEVER if life.ended_s is None else nano(world.wall(life.ended_s))
    # Docker keeps the end of the process before this one, but not how that ended.
    state: dict[str, object] = {
        "Status": box.status,
        "Running": life.runs,
        "Paused": False,
        "Restarting": False,
        "OOMKilled": not life.runs and life.oom_killed,
        "Dead": False,
        "Pid": 4000 + int(box.id[:3], 16) if life.runs else 0,
        "ExitCode": 0 if life.runs else life.exit_code,
        "Error": "",
        "StartedAt": nano(world.wall(life.began_s)),
        "FinishedAt": ended,
    }
    if box.spec.name in HAVE_CHECKS and life.runs:
        sick = any(t.status or t.ready_status for t in world.troubles_of(box.spec.name))
        state["Health"] = {"Status": "unhealthy" if sick else "healthy", "FailingStreak": 0,
                           "Log": []}  # fmt: skip
    return {
        "Id": box.id,
        "Created": nano(world.wall(-age_s(box.spec.name) - 5)),
        "Path": "/entrypoint.sh",
        "Args": [],
        "State": state,
        "Image": "sha256:" + hex_of("image " + box.image),
        "Name": "/" + box.spec.name,
        "RestartCount": 0,
        "Driver": "overlay2",
        "HostConfig": {"RestartPolicy": {"Name": restart_policy(box.spec.name),
                                         "MaximumRetryCount": 0}},
        "Config": {"Image": box.image, "Hostname": box.id[:12], "Labels": {}, "Tty": False},
        "NetworkSettings": {"Ports": {f"{box.spec.port}/tcp": None}},
        "Mounts": [],
    }  # fmt: skip


def restart_policy(service: str) -> str:
    """What docker does when it ends."""
    return "no" if service == "redis" else "unless-stopped"


def up_since(world: World, box: Box) -> str:
    """`Up 3 days (healthy)`, `Exited (137) 4 minutes ago`."""
    life, now = box.life, world.now()
    if life.runs:
        said = f"Up {ago((now - world.wall(life.began_s)).total_seconds())}"
        state = inspected(world, box)["State"]
        health = state.get("Health") if isinstance(state, dict) else None
        return f"{said} ({health['Status']})" if isinstance(health, dict) else said
    ended = world.wall(life.ended_s or 0)
    return f"Exited ({life.exit_code}) {ago((now - ended).total_seconds())} ago"
