"""`oncall handover` on the embedded fleet: Markdown, JSON, and taking over."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from console.demo.serve import DemoHandle, start_demo
from tests.demo_settings import without_hosts
from tests.spawn import Ended, oncall

KAI = "Kai 黃凱"
"""Whom the demo takes its user for."""

SLOWLY = 0.01
"""So that nobody in it acts while a test looks."""


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoHandle]:
    handle = start_demo("redis-down", SLOWLY)
    yield handle
    handle.stop()


@pytest.fixture(scope="module")
def settings(demo: DemoHandle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return without_hosts(demo.settings_dir, tmp_path_factory.mktemp("demo") / "settings")


def on(settings: Path, *words: str) -> Ended:
    return oncall("handover", *words, "--config", str(settings))


def json_of(settings: Path) -> Any:
    return json.loads(on(settings, "--json").stdout)


def test_it_prints_markdown_with_every_section(settings: Path) -> None:
    ended = on(settings)
    assert ended.exit_code == 0
    assert ended.stdout.startswith("# Handover of demo, 20")
    parsed = MarkdownIt("commonmark").parse(ended.stdout)
    headings = [
        after.content
        for token, after in itertools.pairwise(parsed)
        if token.type == "heading_open" and token.tag == "h2"
    ]
    begun = ("on call, ", "P0 and P1 that are not taken: ", "acked and still firing: 2")
    for start in (*begun, "clocks breached: ", "silences that end by ", "this shift"):
        assert [text for text in headings if text.startswith(start)], (start, headings)
    assert "- **P0** `ServiceDown` on `redis@data-1`" in ended.stdout
    assert "phone +1 202 555 01" in ended.stdout
    assert "`mei` took it" in ended.stdout


def test_the_json_has_the_same_with_times_in_utc(settings: Path) -> None:
    printed = json_of(settings)
    assert printed["schema_version"] == 1
    assert printed["zone"] == "Asia/Taipei"
    now, after = printed["on_call"]["now"], printed["on_call"]["next"]
    assert now["name"] != after["name"]
    assert now["start"] <= printed["at"] < now["end"]
    assert printed["untaken"][0]["title"] == "ServiceDown"
    assert [
        (one["row"]["title"], ack["owner"], ack["mine"])
        for one in printed["acked"]
        for ack in one["acks"]
    ] == [("SlowResponse", "mei", False), ("LogVolumeHigh", KAI, True)]
    assert all(
        (one["respond_late_seconds"] or one["resolve_late_seconds"] or one["due_late_seconds"]) > 0
        for one in printed["breached"]
    )


def test_a_dry_run_says_whose_acks_would_be_taken_and_like_read_only_takes_none(
    settings: Path,
) -> None:
    ended = on(settings, "--accept", "--dry-run")
    assert ended.exit_code == 0
    assert ended.stdout.startswith("would take over 1 ack from mei\n")
    ended = oncall("--read-only", "--config", str(settings), "handover", "--accept")
    assert ended.exit_code == 4
    assert "read-only" in ended.stdout
    assert json_of(settings)["acked"][0]["acks"][0]["owner"] == "mei"


def test_a_dry_run_of_nothing_is_a_wrong_command_line(settings: Path) -> None:
    ended = on(settings, "--dry-run")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "--accept" in ended.stderr


def test_who_accepts_owns_the_ack_and_has_nothing_left_to_accept(tmp_path: Path) -> None:
    handle = start_demo("redis-down", SLOWLY)
    try:
        settings = without_hosts(handle.settings_dir, tmp_path / "settings")
        before = json_of(settings)["acked"][0]["acks"][0]
        ended = on(settings, "--accept")
        assert ended.exit_code == 0, ended
        assert ended.stdout.startswith("take over 1 ack from mei\n")
        after = json_of(settings)["acked"][0]["acks"][0]
        assert (after["owner"], after["mine"]) == (KAI, True)
        assert after["silence_id"] == before["silence_id"]
        assert after["note"].startswith(before["note"])
        again = on(settings, "--accept")
        assert again.exit_code == 1
        assert "nothing to take over: all acks are yours already" in again.stdout
    finally:
        handle.stop()
