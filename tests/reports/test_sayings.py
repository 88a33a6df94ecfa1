"""Every sentence of the console's own that may stand in a report stands there in every language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.history import KPIS, OBJECTIVES, InspectionSettings
from console.journal.language import Language
from console.model.history import ending_of
from console.model.saying import ANY, Moment, Saying, listed, saying, verbatim
from console.reports.telling import Telling
from console.reports.words.sayings import SAYINGS, template_of
from tests.reports.made import week

CONSOLE = Path(__file__).parents[2] / "console"
CHINESE = (Language.TRADITIONAL_CHINESE, Language.SIMPLIFIED_CHINESE)
WEEK = week()
PLACE = re.compile(r"\{(\w+)\}")
OWN = {one.text for one in InspectionSettings().items}
OWN |= {one.name for one in (*OBJECTIVES, *KPIS)}
BETWEEN = re.compile(r"[\u4e00-\u9fff] ?[,:;()] ?|[,;()] ?[\u4e00-\u9fff]")


def written() -> Iterator[tuple[str, str]]:
    """Every template that the source calls `saying` with, and where."""
    for path in sorted(CONSOLE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "saying(" not in text or path.name == "saying.py":
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "saying":
                first = node.args[0]
                either = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                for one in either:
                    assert isinstance(one, ast.Constant), f"{path.name}:{node.lineno}"
                    yield str(one.value), f"{path.name}:{node.lineno}"


def test_every_sentence_of_the_source_is_told_in_every_language() -> None:
    found = dict(written())
    assert len(found) > 90
    missing = {template: where for template, where in found.items() if template not in SAYINGS}
    assert not missing


def test_what_the_settings_have_built_in_is_told_in_every_language() -> None:
    assert SAYINGS.keys() >= OWN


def test_no_language_has_a_sentence_that_nothing_says() -> None:
    joints = {"{first}, {rest}", "{first}; {rest}"}
    assert not SAYINGS.keys() - dict(written()).keys() - OWN - joints


@pytest.mark.parametrize("language", CHINESE)
def test_a_sentence_has_the_same_values_in_every_language(language: Language) -> None:
    for english in SAYINGS:
        told = template_of(english, language)
        assert sorted(PLACE.findall(told)) == sorted(PLACE.findall(english)), english
        assert not BETWEEN.search(PLACE.sub("中", told)), told


def test_a_sentence_is_told_with_its_values_in_the_language_and_the_zone_of_the_report() -> None:
    inner = saying("{server}: {n} series of {metric} are too many and left out",
                   server="prom {n}", n=1903, metric="up")  # fmt: skip
    ends = saying("ends {at}", at=Moment(WEEK.start))
    whole = listed((inner, ends), apart=True)
    assert whole is not None
    assert whole.text.startswith("prom {n}: 1,903 series of up are too many and left out; ends 2")
    assert whole.text.endswith("UTC")
    told = Telling(WEEK, Language.TRADITIONAL_CHINESE).told(whole)
    assert told.startswith("prom {n}：up 有 1,903 個序列")
    local = Telling(WEEK, Language.ENGLISH).moment(WEEK.start)
    assert local in told
    assert "UTC" not in told


@pytest.mark.parametrize("language", CHINESE)
def test_what_nobody_translates_stays_as_it_is(language: Language) -> None:
    telling = Telling(WEEK, language)
    assert telling.told(verbatim("Look, {this}")) == "Look, {this}"
    assert telling.told(Saying("the team's own item {n}")) == "the team's own item {n}"
    assert template_of(ANY, language) == ANY


@pytest.mark.parametrize(
    "kept", ["the clock jumped by -3600 s", "the machine slept", "`oncall record` took over"]
)
def test_why_a_recording_ended_is_told_in_every_language_and_kept_in_english(kept: str) -> None:
    assert ending_of(kept).text == kept
    assert re.search(r"[\u4e00-\u9fff]", Telling(WEEK, CHINESE[0]).told(ending_of(kept)))
    assert ending_of("the disk, they said").text == "the disk, they said"
