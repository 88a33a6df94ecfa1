"""Containers, out of one JSON line each of `docker inspect`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import msgspec

from console.model.failure import FailureKind
from console.model.host import Container
from console.safety.text import Raw, visible
from console.sources.answer import Time, Unusable, capped, decoded, utc_or_never
from console.sources.hosts.decode_uses import UseOf
from console.sources.hosts.parts import Part

MAX_CONTAINERS: Final = 2_000
EXPECTED: Final = "what docker tells of its containers"

_NO_RIGHTS: Final = re.compile(rb"permission denied", re.IGNORECASE)
_NOT_RUNNING: Final = re.compile(
    rb"cannot connect to the docker daemon|is the docker daemon running|connection refused",
    re.IGNORECASE,
)
_GONE: Final = re.compile(rb"no such (object|container)", re.IGNORECASE)
_NOISE: Final = re.compile(rb"^(WARNING:|Emulate Docker CLI|time=)", re.IGNORECASE)


class _Inspected(msgspec.Struct, frozen=True):
    name: str
    id: str
    image: str
    state: str
    exit: int = 0
    oom: bool = False
    error: str | None = None
    started: Time | None = None
    finished: Time | None = None
    restarts: int = 0
    policy: str | None = None
    health: str | None = None


def containers_in(part: Part, limit_s: int, use_of: UseOf) -> tuple[Container, ...]:
    """Every container of the host, running or not.

    Raises:
        Unusable: docker did not tell, or what it told cannot be read: leaving one container
            out would say of it that it is not there.
    """
    if part.status != 0 and not _only_gone(part):
        raise docker_trouble(part.status, part.err, limit_s)
    lines = [line for line in part.out.splitlines() if line.strip()]
    if len(lines) > MAX_CONTAINERS:
        raise Unusable(FailureKind.TOO_BIG, f"docker told of {len(lines):,} containers")
    return tuple(_container(line, use_of) for line in lines)


def docker_trouble(status: int, said: bytes, limit_s: float) -> Unusable:
    """Why `docker` did nothing, in words; for any status that is not 0."""
    last = _complaint(said)
    if status in (124, 137, 143):
        return Unusable(
            FailureKind.TIMEOUT,
            f"docker gave no answer within {limit_s:g} s",
            expected=EXPECTED,
            remedy="look at the docker daemon there: `systemctl status docker`",
        )
    if status == 127:
        return Unusable(
            FailureKind.NOT_SERVED,
            "there is no program docker on it, or not in its PATH",
            expected=EXPECTED,
            remedy="install docker there, or correct the type of its services in services.yaml",
        )
    if _NO_RIGHTS.search(said):
        return Unusable(
            FailureKind.FORBIDDEN,
            f"docker does not let this login in: {last}",
            expected=EXPECTED,
            remedy="add the login to the group docker there, "
            "or set `sudo: true` for the host in services.yaml",
        )
    if _NOT_RUNNING.search(said):
        return Unusable(
            FailureKind.REFUSED,
            f"the docker daemon does not run: {last}",
            expected=EXPECTED,
            remedy="start it there: `systemctl start docker`, and look at `journalctl -u docker`",
        )
    return Unusable(
        FailureKind.STATUS,
        f"docker ended with status {status}" + (f": {last}" if last else ""),
        expected=EXPECTED,
        remedy="run `docker ps -a` there",
    )


def _only_gone(part: Part) -> bool:
    """Whether it complains of nothing but containers that went while it was asked."""
    told = [line for line in part.err.splitlines() if line.strip() and not _NOISE.match(line)]
    return part.status == 1 and bool(told) and all(_GONE.search(line) for line in told)


def _complaint(said: bytes) -> str:
    lines = [line for line in said[:8192].splitlines() if line.strip() and not _NOISE.match(line)]
    return visible(lines[0].strip().decode("utf-8", "replace"), cells=140) if lines else ""


def _container(line: bytes, use_of: UseOf) -> Container:
    try:
        told = decoded(line, _Inspected)
    except Unusable as error:
        cause = f"what docker told of a container: {error.cause}"
        raise Unusable(FailureKind.SCHEMA, cause, expected=EXPECTED) from None
    ended = told.state in ("exited", "dead", "restarting", "removing")
    return Container(
        name=capped(told.name.removeprefix("/")),
        id=capped(told.id),
        image=capped(told.image),
        state=capped(told.state),
        health=_word(told.health),
        exit_code=told.exit if ended else None,
        oom_killed=told.oom,
        restarts=max(told.restarts, 0),
        restart_policy=_word(told.policy),
        started_at=_moment(told.started),
        finished_at=_moment(told.finished),
        error=_word(told.error),
        use=use_of(told.id),
    )


def _word(told: str | None) -> Raw | None:
    return capped(told) if told and told != "none" else None


def _moment(told: datetime | None) -> datetime | None:
    """In UTC; docker writes the year 1 for what never happened."""
    if told is None:
        return None
    try:
        return utc_or_never(told)
    except OverflowError:
        return None
