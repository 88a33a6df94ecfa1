"""What a container or a unit takes, judged where its own service says so and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from console.fleet.fleet import Fleet
from console.model.host import Container, Unit, Use
from console.model.registry import Host, Registry, Service, ServiceType
from console.model.snapshot import Cell
from console.model.state import State
from console.safety.text import Raw
from tests.fleet import world as w
from tests.fleet.world import at, the_cell

GIB = 1 << 30
DATA_1 = Host("data-1", "10.0.0.1")
REDIS = Service("redis", ServiceType.DOCKER, "data-1", host="data-1", max_memory_percent=90)
NGINX = Service("nginx", ServiceType.SYSTEMD, "data-1", host="data-1", max_cpu_percent=80)
FREE = replace(REDIS, max_memory_percent=None)
"""It sets no limits of its own."""


def use(memory: float | None = 50, cpu: float | None = 10) -> Use:
    return Use(None if memory is None else int(memory / 100 * 6 * GIB), 6 * GIB, cpu)


def redis(told: Use, **more: Any) -> Container:
    return w.container(use=told, **more)


def seen(service: Service, *looks: Container | Unit | Iterable[Container] | None) -> list[Cell]:
    """The cell of `service` after each of `looks`, a minute apart; `None`: the host is dark."""
    world = w.fleet(w.HOSTS, registry=Registry((DATA_1,), (service,)))
    return list(looked(world, service, 0, looks))


def looked(
    world: Fleet,
    service: Service,
    from_s: float,
    looks: Iterable[Container | Unit | Iterable[Container] | None],
) -> Iterable[Cell]:
    for number, one in enumerate(looks):
        second = from_s + 60 * number
        if one is None:
            world.take(w.host_down(second))
        elif isinstance(one, Unit):
            world.take(w.host_reading(second, w.facts(units=(one,))))
        else:
            boxes = (one,) if isinstance(one, Container) else tuple(one)
            world.take(w.host_reading(second, w.facts(containers=boxes)))
        yield the_cell(world.snapshot(at(second)), service.name)


def states(cells: Iterable[Cell]) -> list[State]:
    return [cell.state for cell in cells]


def test_memory_over_its_limit_at_two_looks_fires_and_names_value_and_limit() -> None:
    once, twice, after = seen(REDIS, redis(use(98, 40)), redis(use(98, 40)), redis(use(60, 40)))
    assert (once.state, once.because) == (
        State.OK,
        "container redis:7.2.5 runs, mem 5.9 of 6 GiB 98 %, cpu 40 %"
        " (memory over 90 % at one look)",
    )
    assert (twice.state, twice.because) == (
        State.FIRING,
        "container redis:7.2.5 runs, memory 98 %, over 90 %, mem 5.9 of 6 GiB 98 %, cpu 40 %",
    )
    assert (after.state, after.because) == (
        State.OK,
        "container redis:7.2.5 runs, mem 3.6 of 6 GiB 60 %, cpu 40 %",
    )


def test_processors_of_a_unit_are_judged_alike() -> None:
    busy, idle = w.unit(use=use(cpu=95)), w.unit(use=use(cpu=80))
    cells = seen(NGINX, busy, idle, busy, busy)
    assert states(cells) == [State.OK, State.OK, State.OK, State.FIRING]
    assert "nginx.service active (running), cpu 95 %, over 80 %" in cells[-1].because


def test_nobody_is_judged_who_sets_no_limit() -> None:
    full = redis(use(100, 100))
    assert states(seen(FREE, full, full, full)) == [State.OK] * 3
    assert states(seen(FREE, redis(Use()), redis(Use()))) == [State.OK] * 2


@pytest.mark.parametrize(
    ("service", "told"),
    [
        (REDIS, redis(Use())),
        (REDIS, redis(use(memory=None))),
        (NGINX, w.unit(use=Use())),
        (NGINX, w.unit(use=use(cpu=None))),
    ],
)
def test_what_has_a_limit_and_is_not_known_is_not_green(
    service: Service, told: Container | Unit
) -> None:
    (cell,) = seen(service, told)
    assert cell.state is State.UNKNOWN
    what = "memory" if service is REDIS else "cpu"
    assert f", and its {what} cannot be told" in cell.because


def test_what_does_not_run_is_told_as_that_and_not_judged() -> None:
    full, dead = redis(use(98)), redis(Use(), state="exited", exit_code=137)
    *_, over, ended = seen(REDIS, full, full, dead)
    assert over.state is ended.state is State.FIRING
    assert "Exited(137)" in ended.because
    assert "memory" not in ended.because


def test_a_look_that_failed_between_two_does_not_begin_anew() -> None:
    full = redis(use(98))
    cells = seen(REDIS, full, None, full)
    assert states(cells) == [State.OK, State.UNKNOWN, State.FIRING]


def test_another_container_of_the_same_name_begins_anew() -> None:
    full = redis(use(98))
    assert states(seen(REDIS, full, replace(full, id=Raw("77aa")))) == [State.OK] * 2


def test_another_limit_begins_anew_and_the_same_one_goes_on() -> None:
    world = w.fleet(w.HOSTS, registry=Registry((DATA_1,), (REDIS,)))
    full = redis(use(98))
    assert states(looked(world, REDIS, 0, [full, full])) == [State.OK, State.FIRING]
    tuned = replace(REDIS, owner="data")
    world.reload(Registry((DATA_1,), (tuned,)), (w.HOSTS,), world.policy)
    assert states(looked(world, tuned, 120, [full])) == [State.FIRING]
    other = replace(tuned, max_memory_percent=97)
    world.reload(Registry((DATA_1,), (other,)), (w.HOSTS,), world.policy)
    assert states(looked(world, other, 180, [full, full])) == [State.OK, State.FIRING]


def test_of_replicas_the_one_that_takes_too_much_is_told() -> None:
    pair = [redis(use(98), name="shop-redis-1"), redis(use(20), name="shop-redis-2")]
    pair[1] = replace(pair[1], id=Raw("77aa"))
    _, cell = seen(REDIS, pair, pair)
    assert cell.state is State.FIRING
    assert "1 of 2 are within their limits: redis:7.2.5 runs, memory 98 %" in cell.because
