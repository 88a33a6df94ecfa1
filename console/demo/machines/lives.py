"""What has become of a service's process: since when it runs, or how it ended."""

from __future__ import annotations

import hashlib

import msgspec

from console.demo.inventory import age_s
from console.demo.world import World


class Life(msgspec.Struct, frozen=True):
    """A process at one moment, in script seconds."""

    runs: bool
    began_s: float
    ended_s: float | None
    """When the last one before it ended; `None` where there has been none."""
    exit_code: int = 0
    """Of that end."""
    oom_killed: bool = False
    restarts: int = 0
    """How often it ended and came back by itself."""


def life_of(world: World, service: str) -> Life:
    """The life of a service's process now."""
    now_s = world.now_s()
    ends = sorted(
        (trouble for trouble in world.troubles.get(service, ())
         if trouble.refuse and trouble.start_s <= now_s),
        key=lambda trouble: trouble.start_s,
    )  # fmt: skip
    born_s = -age_s(service)
    begun_s = world.begun_s(service)
    if not ends:
        return Life(True, max(born_s, begun_s if begun_s is not None else born_s), None)
    last = ends[-1]
    runs = last.end_s <= now_s
    began_s = last.end_s if runs else (ends[-2].end_s if len(ends) > 1 else born_s)
    if begun_s is not None and runs:
        began_s = max(began_s, begun_s)
    return Life(runs, began_s, last.start_s, last.exit_code, last.oom_killed, len(ends) - 1)


def number_of(key: str, below: int) -> int:
    """A number that is always the same for one key."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") % below


def hex_of(key: str, length: int = 64) -> str:
    """Hex digits that are always the same for one key."""
    return hashlib.sha256(key.encode()).hexdigest()[:length]
