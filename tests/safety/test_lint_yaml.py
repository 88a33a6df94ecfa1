"""Only `config/yaml*` reads YAML, and nothing anywhere builds objects from it."""

from __future__ import annotations

import pytest

from tests.safety.lint import caught, findings, named, sources

ALLOWED = ("config/yaml*",)

# Reads one section of a Prometheus' own settings, event by event: builds no nodes.
EVENTS_ALLOWED = (*ALLOWED, "console/sources/prometheus/settings.py")

RULE = named(
    *("yaml.load*", "yaml.safe_load*", "yaml.full_load*", "yaml.unsafe_load*"),
    *("yaml.compose*", "yaml.reader", "yaml.loader", "yaml.composer", "yaml.constructor"),
)
EVENTS = named("yaml.parse", "yaml.scan", "yaml.*Loader")
UNSAFE = named(
    *("yaml.load", "yaml.load_all", "yaml.full_load*", "yaml.unsafe_load*", "yaml.UnsafeLoader"),
    *("yaml.Loader", "yaml.CLoader", "yaml.FullLoader", "yaml.CUnsafeLoader", "yaml.CFullLoader"),
    *("pickle", "marshal", "shelve"),
)


def test_nothing_else_reads_yaml() -> None:
    assert findings(RULE, ALLOWED, sources()) == []
    assert findings(EVENTS, EVENTS_ALLOWED, sources()) == []


def test_nothing_builds_objects_from_a_file() -> None:
    assert findings(UNSAFE, (), sources()) == []


@pytest.mark.parametrize(
    "snippet",
    [
        "import yaml\nyaml.safe_load(x)",
        "import yaml\nyaml.load(x)",
        "from yaml import compose_all",
    ],
)
def test_the_lint_can_fail(snippet: str) -> None:
    assert caught(RULE, snippet)


@pytest.mark.parametrize(
    "snippet", ["from yaml import CSafeLoader", "import yaml as y\ny.SafeLoader\ny.parse(x)"]
)
def test_the_lint_for_events_can_fail(snippet: str) -> None:
    assert caught(EVENTS, snippet)


@pytest.mark.parametrize("snippet", ["import yaml\nyaml.load(x, y)", "import pickle"])
def test_the_lint_for_unsafe_readers_can_fail(snippet: str) -> None:
    assert caught(UNSAFE, snippet)


def test_the_lint_lets_writing_pass() -> None:
    assert not caught(RULE, "import yaml\nyaml.safe_dump(x)")
