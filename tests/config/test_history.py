"""The memory and the reports: what is wrong in their settings is told with line and column."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.folder import faults, loaded

SERVICES = "services: [{name: shop, type: docker, host: h}]\n"
WHOLE = """
history: {keep_samples: 10d, keep: 30d}
summary:
  maintenance:
    - name: nightly
      services: [shop]
      times: [{times: [{start_time: "02:00", end_time: "02:30"}]}]
  objectives:
    - {name: errors, query: up, source: p, below: 1, services: [shop]}
    - {name: crash rate, value: 0.2, by: mei, on: 2026-11-22, below: 0.5}
  kpis: [{name: errors, figure: coverage}]
  inspection: {items: [{name: a, objective: errors}, {name: b, objective: page load}]}
  webhooks: [{name: team, kind: slack, url: {env: HOOK}}]
sources: {prometheus: [{name: p, url: "http://p"}]}
"""


def test_sound_settings_have_no_faults(tmp_path: Path) -> None:
    found = loaded(tmp_path, WHOLE, SERVICES).settings
    assert found.history.keep == timedelta(days=30)
    assert [one.name for one in found.summary.objectives] == ["errors", "crash rate"]
    assert found.summary.webhooks[0].name == "team"


@pytest.mark.parametrize(
    ("written", "place", "said"),
    [
        ("history: {every: 5s}", "2:18: history.every", "10s"),
        ("history: {keep: 7d}", "2:17: history.keep", "no less than `keep_samples`"),
        ("history: {keep_samples: 900d}", "2:25: history.keep_samples", "no less than"),
        (
            "summary: {maintenance: [{name: a}]}",
            "2:25: summary.maintenance[0]",
            "without them this maintenance never holds",
        ),
        (
            "summary: {maintenance: [{name: a, periods: "
            "[{start: 2026-11-22T02:00:00Z, end: 2026-11-22T01:00:00Z}]}]}",
            "summary.maintenance[0].periods[0].end",
            "after `start`",
        ),
        (
            "summary: {maintenance: [{name: a, times: [{weekdays: [monday]}], services: [shpo]}]}",
            "summary.maintenance[0].services[0]",
            "expected a service of services.yaml",
        ),
        ("summary: {objectives: [{name: a}, {name: a}]}", "2:42: ", "no other objective has"),
        ("summary: {objectives: [{name: a b}, {name: A B}]}", "2:44: ", "no other objective has"),
        ("summary: {kpis: [{name: a}, {name: a}]}", "2:36: ", "no other key figure has"),
        (
            "summary: {objectives: [{name: a, query: up, value: 1}]}",
            "2:45: summary.objectives[0].value",
            "expected `figure`, `query` or `value`, got query and value",
        ),
        (
            "summary: {kpis: [{name: a, figure: mtta, query: up}]}",
            "summary.kpis[0].query",
            "got figure and query",
        ),
        (
            "summary: {objectives: [{name: a, above: 1, below: 2}]}",
            "summary.objectives[0].below",
            "expected `above` or `below`, got both",
        ),
        (
            "summary: {objectives: [{name: a, query: up, source: prm}]}",
            "summary.objectives[0].source",
            'expected a name in `sources.prometheus`, got "prm"; did you mean "prom"?',
        ),
        (
            "summary: {objectives: [{name: a, source: prom}]}",
            "summary.objectives[0].source",
            "expected a `query` beside it",
        ),
        (
            "summary: {objectives: [{name: a, query: ' '}]}",
            "summary.objectives[0].query",
            "expected PromQL",
        ),
        (
            "summary: {objectives: [{name: a, by: mei}]}",
            "summary.objectives[0].by",
            "expected a `value` beside it",
        ),
        (
            "summary: {objectives: [{name: a, services: [shpo]}]}",
            "summary.objectives[0].services[0]",
            "expected a service of services.yaml",
        ),
        (
            "summary: {inspection: {items: [{name: a}, {name: a}]}}",
            "summary.inspection.items[1].name",
            "no other item has",
        ),
        (
            "summary: {inspection: {items: [{name: a, objective: crash rat}]}}",
            "summary.inspection.items[0].objective",
            'expected the name of an objective, got "crash rat"; did you mean "crash rate"?',
        ),
        (
            "summary: {webhooks: [{name: a, kind: json, url: {env: A}}, "
            "{name: a, kind: slack, url: {env: B}}]}",
            "summary.webhooks[1].name",
            "no other webhook has",
        ),
        (
            "summary: {webhooks: [{name: a, kind: json, url: 'https://hooks.example/x'}]}",
            "summary.webhooks[0].url",
            "where the secret comes from",
        ),
    ],
)
def test_a_fault_is_told_where_it_stands(
    tmp_path: Path, written: str, place: str, said: str
) -> None:
    sources = 'sources: {prometheus: [{name: prom, url: "http://p"}]}\n'
    (found,) = faults(tmp_path, f"{sources}{written}\n", SERVICES)
    assert place in found and said in found, found
    assert "hooks.example" not in found


def test_the_built_in_items_need_no_objective_that_was_renamed(tmp_path: Path) -> None:
    assert loaded(tmp_path, "summary: {objectives: [{name: crashes}]}\n").settings.summary
