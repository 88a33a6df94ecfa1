"""Why an alert is seen, as told of real servers, held against what these say themselves."""

from __future__ import annotations

import asyncio
import random
import subprocess
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from console.engine.routing import Routing, routed
from console.engine.routing_read import read_routing
from console.engine.why_known import quiet_lines, rule_lines
from console.engine.why_words import Question, WhyLearned, WhyLine
from console.model.labels import Labels
from console.model.snapshot import KnownAlert, Snapshot, Standing
from console.safety.text import Raw, quoted, visible
from tests.real.world import ALWAYS_ON, get_json, world
from tests.servers import Program, ended, post_json, started, where_is
from tests.soak import trials
from tests.waiting import until
from tests.watching import alert_called, running

pytestmark = [
    pytest.mark.real("prometheus", "prometheus-alertmanager"),
    pytest.mark.timeout(120),
]

SETS: Final = 200
VOCABULARY: Final = {
    "team": ("shop", "data", "ops", "sh op", 'sh"op', "дата"),
    "severity": ("critical", "warning", "info"),
    "region": ("eu-1", "eu-2", "us", "ap-southeast"),
    "tier": ("prod", "lab", ""),
}
PATTERNS: Final = {
    "team": ("shop|data", "sh.op", "[a-o].*", "(ops|дата)", ".+"),
    "severity": ("crit.*", "warning|info", "c[a-z]+"),
    "region": (r"eu-\d", "us|ap-.*", ".*-1"),
    "tier": ("", "prod|", "l.b"),
}


def generated_tree(chance: random.Random, depth: int = 4) -> list[dict[str, Any]]:
    """The routes below one node, in all ways in which they can be written."""
    routes = []
    for _ in range(chance.randint(3, 5)):
        label = chance.choice(sorted(VOCABULARY))
        value = chance.choice(VOCABULARY[label])
        pattern = chance.choice(PATTERNS[label])
        route: dict[str, Any] = chance.choice(
            (
                {"match": {label: value}},
                {"match_re": {label: pattern}},
                {"matchers": [f"{label}={quoted(value)}"]},
                {"matchers": [f"{label}!={quoted(value)}", f"{label}=~{quoted(pattern)}"]},
                {"matchers": [f"{label}!~{quoted(pattern)}"]},
            )
        )
        if chance.random() < 0.7:
            route["receiver"] = f"r{chance.randint(1, 9)}"
        if chance.random() < 0.6:
            route["continue"] = True
        if chance.random() < 0.4:
            route["group_by"] = chance.choice((["..."], ["team"], ["tier", "severity"]))
        if depth > 1 and chance.random() < 0.7:
            route["routes"] = generated_tree(chance, depth - 1)
        routes.append(route)
    return routes


def generated_sets(chance: random.Random) -> list[dict[str, str]]:
    found = []
    for number in range(SETS):
        labels = {"alertname": f"A{number}"}
        for name, values in VOCABULARY.items():
            if chance.random() < 0.8 and (value := chance.choice(values)):
                labels[name] = value
        found.append(labels)
    return found


def start_on(folder: Path, routes: list[dict[str, Any]]) -> Program:
    """An Alertmanager that routes by `routes`."""
    import json

    config = {
        "route": {"receiver": "r0", "group_by": ["alertname"], "routes": routes},
        "receivers": [{"name": f"r{number}"} for number in range(10)],
    }
    (folder / "alertmanager.yml").write_text(json.dumps(config, ensure_ascii=False))
    return started(
        lambda port: [
            "prometheus-alertmanager",
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        r"(msg=Listening|Listening on)",
    )


def receivers_by(routing: Routing, labels: dict[str, str]) -> list[str]:
    found = routed(routing.root, Labels(labels))
    assert found.unjudged == () and not found.endless
    return [one.exact for one in found.receivers]


def receivers_by_amtool(config: Path, labels: dict[str, str]) -> list[str]:
    path = where_is("amtool")
    assert path is not None
    told = subprocess.run(
        [path, "config", "routes", "test", f"--config.file={config}",
         *(f"{name}={quoted(value)}" for name, value in labels.items())],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    return told.stdout.strip().split(",")


@pytest.mark.parametrize("seed", range(1, 1 + trials(usual=1, soak=3)))
async def test_an_alert_is_routed_as_the_server_and_amtool_route_it(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    sets = generated_sets(chance)
    program = await asyncio.to_thread(start_on, tmp_path, generated_tree(chance))
    with ended(program):
        await asyncio.to_thread(
            partial(post_json, f"{program.url}/api/v2/alerts", [{"labels": one} for one in sets])
        )
        listed = await until(
            lambda: get_json(f"{program.url}/api/v2/alerts"), lambda found: len(found) == SETS
        )
        status = await get_json(f"{program.url}/api/v2/status")
        routing = read_routing(Raw(status["config"]["original"]))
        written = read_routing(Raw((tmp_path / "alertmanager.yml").read_text()))

        by_server = {
            one["labels"]["alertname"]: [each["name"] for each in one["receivers"]]
            for one in listed
        }
        ours = {one["alertname"]: receivers_by(routing, one) for one in sets}
        assert ours == by_server
        assert ours == {one["alertname"]: receivers_by(written, one) for one in sets}
        assert max(map(len, ours.values())) > 1, "no alert took two ways: the tree shows nothing"
        assert len({tuple(one) for one in ours.values()}) > 5

        amtool = await asyncio.to_thread(
            lambda: [receivers_by_amtool(tmp_path / "alertmanager.yml", one) for one in sets]
        )
        assert amtool == [ours[one["alertname"]] for one in sets]
        await groups_are_the_servers_own(program, routing, sets)


async def groups_are_the_servers_own(
    program: Program, routing: Routing, sets: list[dict[str, str]]
) -> None:
    """By receiver and labels, each alert stands in the groups in which the server has it."""
    ours = {
        (one["alertname"], way.last.receiver.exact,
         tuple(sorted(way.last.group_labels(Labels(one)).exact_items())))
        for one in sets
        for way in routed(routing.root, Labels(one)).ways
    }  # fmt: skip

    def by_server(groups: list[dict[str, Any]]) -> set[object]:
        return {
            (one["labels"]["alertname"], group["receiver"]["name"],
             tuple(sorted(group["labels"].items())))
            for group in groups
            for one in group["alerts"]
        }  # fmt: skip

    found = await until(
        lambda: get_json(f"{program.url}/api/v2/alerts/groups"),
        lambda groups: len(by_server(groups)) >= len(ours),
    )
    assert by_server(found) == ours


MINOR: Final = """
      - alert: Minor
        expr: vector(7) > 3
        for: 1s
        labels: {severity: warning, team: night}
"""


async def test_the_inhibitor_and_its_rule_are_named_and_the_rule_has_its_value_now(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, ALWAYS_ON, MINOR) as real, running(real.loaded()) as (engine, seen):
        update = await seen.until(
            lambda update: (
                (minor := alert_called(update, "Minor")) is not None
                and minor.standing is Standing.INHIBITED
                and any(held.rules for held in update.snapshot.rules)
                and alert_called(update, "AlwaysOn") is not None
            )
        )
        minor, always = alert_called(update, "Minor"), alert_called(update, "AlwaysOn")
        assert minor is not None and always is not None
        answers: dict[Question, WhyLearned] = {}

        def take(learned: WhyLearned) -> None:
            answers[learned.question] = learned

        await engine.why.gather(minor, update.snapshot, take)
        asked = [line for answer in answers.values() for line in answer.lines]
        assert told(asked, "by rule") == [
            'source severity="critical"; target severity="warning"; equal instance='
        ]
        assert told(asked, "notified") == ["nobody is notified while this way is muted"]
        assert told(asked, "route") == ['root > team="night"']
        assert told(asked, "receiver") == ["nobody: notifies nobody, it has no integration"]
        assert told(asked, "intervals")[0].startswith("mute always: muted now, ")
        assert told(asked, "value now") == ["7; fires while > 3"]
        inhibited = told(known_lines(minor, update.snapshot), "inhibited by")
        assert inhibited == [f"AlwaysOn, FIRING, fingerprint {always.key}"]
        assert told(known_lines(minor, update.snapshot), "health") == ["ok"]

        answers.clear()
        await engine.why.gather(always, update.snapshot, take)
        asked = [line for answer in answers.values() for line in answer.lines]
        assert told(asked, "route") == ["root"]
        assert told(asked, "group")[0].startswith("by alertname: alertname=AlwaysOn")
        assert told(asked, "notified")[0].startswith("by its timers: first about ")
        assert told(asked, "timers") == ["wait 1s, interval 2s, repeat 4h (default)"]


async def test_an_alertmanager_that_is_gone_is_said_and_the_value_comes_all_the_same(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, ALWAYS_ON) as real, running(real.loaded()) as (engine, seen):
        update = await seen.until(
            lambda update: (
                (known := alert_called(update, "AlwaysOn")) is not None
                and known.alert.cluster == "alertmanager"
                and any(held.rules for held in update.snapshot.rules)
            )
        )
        known = alert_called(update, "AlwaysOn")
        assert known is not None
        real.am.kill()
        lines: list[WhyLine] = []
        await engine.why.gather(known, update.snapshot, lambda one: lines.extend(one.lines))
        (route,) = told(lines, "route")
        assert route.startswith("not known: ") and "refused" in route
        assert told(lines, "value now") == ["1; no threshold is written"]


def known_lines(known: KnownAlert, snapshot: Snapshot) -> list[WhyLine]:
    return [*quiet_lines(known, snapshot), *rule_lines(known, snapshot)]


def told(lines: list[WhyLine], label: str) -> list[str]:
    return [visible(line.text) for line in lines if line.label == label]
