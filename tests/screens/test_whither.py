"""`:host` reaches every place and every service, also where they share a name."""

from __future__ import annotations

import pytest

from console.model.registry import API, Host, Service, ServiceType
from screens.whither import Goal, goal_of, names_to
from tests.build import cell, snapshot
from tests.screens.console import Console, console_on, typed, until

HOSTS = (Host("redis"), Host("web-1"))
CELLS = tuple(
    cell(service)
    for service in (
        Service("GET /orders", ServiceType.HTTP, API),
        Service("api", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop"),
        Service("redis", ServiceType.DOCKER, "redis", host="redis"),
        Service("shop", ServiceType.SYSTEMD, "web-1", host="web-1"),
        Service("shop.example/cart", ServiceType.PAGE, "pages"),
    )
)


@pytest.mark.parametrize(
    ("typed_name", "goal"),
    [
        ("web-1", Goal("web-1", is_service=False)),
        ("api", Goal("api", is_service=True)),
        ("API/", Goal("api", is_service=False)),
        ("api/get /orders", Goal("GET /orders", is_service=True)),
        ("redis", Goal("redis", is_service=False)),
        ("redis/redis", Goal("redis", is_service=True)),
        ("shop", Goal("shop", is_service=False)),
        ("shop/api", Goal("api", is_service=True)),
        ("web-1/shop", Goal("shop", is_service=True)),
        ("shop.example/cart", Goal("shop.example/cart", is_service=True)),
        ("web-1/api", None),
        ("nothing", None),
        ("nothing/api", None),
    ],
)
def test_a_name_leads_to_a_place_or_to_a_service(typed_name: str, goal: Goal | None) -> None:
    assert goal_of(typed_name, HOSTS, CELLS) == goal


def test_every_name_that_is_offered_leads_to_its_own_place_or_service() -> None:
    goals = [goal_of(name, HOSTS, CELLS) for name in names_to(HOSTS, CELLS)]
    assert len(set(goals)) == len(goals)
    assert {goal.name for goal in goals if goal and goal.is_service} == {
        each.service.name for each in CELLS
    }
    assert {goal.name for goal in goals if goal and not goal.is_service} == {
        "redis", "web-1", "api", "shop", "pages",
    }  # fmt: skip


def below(console: Console) -> str:
    """What is told of that on which the cursor is."""
    return console.text.partition("── api ──")[2]


async def test_a_service_is_gone_to_though_the_endpoints_have_its_name() -> None:
    async with console_on(snapshot(cells=CELLS), size=(80, 24)) as (console, pilot):
        await typed(pilot, "colon", "host api")
        await until(pilot, lambda: "state OK" in below(console))
        await typed(pilot, "colon", "host api/")
        await until(pilot, lambda: "score 100.0: 1 of 1 OK" in below(console))
