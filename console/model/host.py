"""What a host said of itself: load and disks, containers and units."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec

from console.model.failure import Failure
from console.safety.text import Raw


class Means(enum.StrEnum):
    """How a host's facts were learned."""

    SSH = "SSH"
    LOCAL = "local"
    NODE_EXPORTER = "node_exporter"


class Mount(msgspec.Struct, frozen=True):
    """A file system. Only those that hold something; no overlay, no tmpfs."""

    path: Raw
    size_bytes: int
    free_bytes: int
    """Free for ordinary users."""
    used_percent: float
    """As `df` counts: of what ordinary users can have."""
    inodes_percent: float | None = None
    read_only: bool | None = None


class Interface(msgspec.Struct, frozen=True):
    """A network interface: bytes since it came up, and a second where two looks are there."""

    name: Raw
    received_bytes: int
    sent_bytes: int
    received_per_s: float | None = None
    sent_per_s: float | None = None


class Use(msgspec.Struct, frozen=True):
    """What one container or unit takes of its host, by its cgroup; `None`: not known."""

    memory_bytes: int | None = None
    """Without the files that the kernel takes back first, as `docker stats` counts."""
    memory_limit_bytes: int | None = None
    """Its own limit; else all that its host has."""
    cpu_percent: float | None = None
    """Between two looks, of its quota; else of all processors of its host."""

    @property
    def memory_percent(self) -> float | None:
        """Of the limit, and never more than all of it."""
        if self.memory_bytes is None or not self.memory_limit_bytes:
            return None
        return min(100.0, 100 * self.memory_bytes / self.memory_limit_bytes)

    @property
    def said(self) -> str:
        """`mem 5.9 of 6 GiB 98 %, cpu 40 %`, safe to show; empty where nothing is known."""
        parts = []
        used, limit, share = self.memory_bytes, self.memory_limit_bytes, self.memory_percent
        if used is not None and limit is not None and share is not None:
            name, size = next(one for one in _BINARY_UNITS if limit >= one[1])
            parts.append(
                f"mem {_short(used / size)} of {_short(limit / size)} {name} {share:.0f} %"
            )
        if self.cpu_percent is not None:
            parts.append(f"cpu {self.cpu_percent:.0f} %")
        return ", ".join(parts)


class Container(msgspec.Struct, frozen=True):
    """A docker container, running or not."""

    name: Raw
    id: Raw
    image: Raw
    state: Raw
    """`running`, `exited`, `restarting`, `paused`, `dead`, `created`, `removing`."""
    health: Raw | None = None
    """`healthy`, `unhealthy`, `starting`; `None` where it has no check of its own."""
    exit_code: int | None = None
    """Of the last end; `None` while it runs."""
    oom_killed: bool = False
    restarts: int = 0
    """How often docker started it again by itself."""
    restart_policy: Raw | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: Raw | None = None
    use: Use = Use()

    @property
    def runs(self) -> bool:
        """Whether its process is there and not frozen."""
        return self.state.exact == "running"


class Unit(msgspec.Struct, frozen=True):
    """A systemd unit that the registry names, or that has failed."""

    name: Raw
    load: Raw
    """`loaded`, `not-found`, `masked`."""
    active: Raw
    """`active`, `activating`, `inactive`, `failed`, `reloading`."""
    sub: Raw
    """`running`, `exited`, `dead`, `auto-restart`."""
    result: Raw | None = None
    """`success`, `exit-code`, `oom-kill`, `signal`, `timeout`."""
    exit_status: int | None = None
    restarts: int | None = None
    since: datetime | None = None
    """When `active` became what it is."""
    use: Use = Use()


class HostFacts(msgspec.Struct, frozen=True):
    """What one look at a host told. `None` means not known, and `missing` says why."""

    means: Means
    uptime: timedelta | None = None
    cpus: int | None = None
    cpu_percent: float | None = None
    """Of all processors, between two looks."""
    load: tuple[float, float, float] | None = None
    """Over 1, 5 and 15 minutes."""
    memory_total_bytes: int | None = None
    """Of a container with a limit: that."""
    memory_available_bytes: int | None = None
    swap_total_bytes: int | None = None
    swap_free_bytes: int | None = None
    mounts: tuple[Mount, ...] | None = None
    interfaces: tuple[Interface, ...] | None = None
    clock_offset: timedelta | None = None
    """The host's clock less ours, as far as the way allows to tell (`clock_error`)."""
    clock_error: timedelta | None = None
    kernel: Raw | None = None
    containers: tuple[Container, ...] | Failure | None = None
    """`None`: there is no docker on it, or nobody asked."""
    units: tuple[Unit, ...] | Failure | None = None
    """Those that the registry names, and failed ones; `None`: no systemd, or nobody asked."""
    missing: tuple[str, ...] = ()
    """Facts that should have come and did not, in words: `memory: /proc/meminfo is empty`."""

    @property
    def memory_percent(self) -> float | None:
        """In use: what is not available to a new process."""
        if not self.memory_total_bytes or self.memory_available_bytes is None:
            return None
        return 100 * (1 - self.memory_available_bytes / self.memory_total_bytes)

    @property
    def is_clock_off(self) -> bool:
        """Whether the clock is certainly further from ours than `CLOCK_LIMIT`."""
        if self.clock_offset is None:
            return False
        return abs(self.clock_offset) - (self.clock_error or timedelta(0)) > CLOCK_LIMIT

    @property
    def fullest(self) -> Mount | None:
        """The mount that is nearest to full."""
        return max(self.mounts or (), key=lambda mount: mount.used_percent, default=None)


CLOCK_LIMIT = timedelta(seconds=5)
"""A clock that is further from ours is worth a word."""


def tag_of(image: Raw) -> Raw | None:
    """`7.2.5` of `registry:5000/redis:7.2.5@sha256:…`; `None` where there is no tag."""
    name = image.exact.partition("@")[0].rpartition("/")[2]
    tag = name.partition(":")[2]
    return Raw(tag) if tag else None


def containers_called(
    name: str, told: Iterable[Container], others: Collection[str] = ()
) -> list[Container]:
    """The container of that name, else its replicas, in the order in which docker told them.

    `others`: as `is_replica` takes them.
    """
    held = list(told)
    found = [one for one in held if one.name.exact == name]
    return found or [one for one in held if is_replica(one.name.exact, name, others)]


def unit_called(name: str, told: Iterable[Unit]) -> Unit | None:
    """The unit of that name, which may leave out `.service`."""
    return next((one for one in told if one.name.exact in (name, f"{name}.service")), None)


def is_replica(container: str, service: str, others: Collection[str] = ()) -> bool:
    """`shop-redis-1` and `redis_2` are replicas of `redis`, as docker compose names them.

    Args:
        others: what the containers of other services are called: `shop-web-api-1` is one of
            `web-api` and none of `api`, where there is a `web-api`.
    """
    plain = _NUMBER.sub("", container)
    if plain == container or not _ends_in(plain, service):
        return False
    return not any(
        container == other or (_ends_in(plain, other) and len(other) > len(service))
        for other in others
    )


def _ends_in(plain: str, service: str) -> bool:
    return plain == service or plain.endswith((f"-{service}", f"_{service}"))


def _short(count: float) -> str:
    return f"{count:.0f}" if count >= 99.95 else f"{count:.1f}".removesuffix(".0")


_NUMBER = re.compile(r"[-_]\d+$")
_BINARY_UNITS = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1))
"""In which limits are written: `--memory 6g` is 6 GiB."""
