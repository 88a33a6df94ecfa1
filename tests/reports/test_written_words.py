"""Every word of the reports is there in each language, and each reads as that language does."""

from __future__ import annotations

import re
import string

import pytest

from console.journal.language import _WORDS as JOURNAL_WORDS
from console.journal.language import Language
from console.model.change import ChangeState
from console.model.daily import Daily, Kpi
from console.model.history import Sight
from console.model.incident import IncidentState
from console.model.run import StepState
from console.model.summary import Verdict, Week
from console.reports.html import html_of
from console.reports.markdown import markdown_of
from console.reports.words import COLUMN, OF_JOURNAL, TABLES, counted, said
from tests.reports import made

CHINESE = (Language.TRADITIONAL_CHINESE, Language.SIMPLIFIED_CHINESE)
ALL = [(key, words) for table in TABLES for key, words in table.items()]
# Characters that one of the two scripts writes otherwise.
_PAIRS = (
    "時时 間间 資资 訊讯 務务 級级 報报 觀观 總总 結结 關关 鍵键 標标 變变 維维 "
    "護护 應应 數数 個个 則则 項项 備备 憑凭 證证 緩缓 異异 狀状 靜静 錄录 災灾 "
    "損损 達达 確确 執执 處处 檢检 責责 觸触 發发 長长"
)
PAIRS = _PAIRS.split()
PARSE = string.Formatter().parse
ONLY_TRADITIONAL = {one[0] for one in PAIRS}
ONLY_SIMPLIFIED = {one[1] for one in PAIRS}


def test_no_key_is_told_twice_and_what_the_journal_has_is_taken_from_there() -> None:
    keys = [key for key, _ in ALL]
    assert len(keys) == len(set(keys))
    assert not OF_JOURNAL & set(keys)
    assert set(JOURNAL_WORDS) >= OF_JOURNAL


def test_all_languages_say_it_with_the_same_places() -> None:
    for key, words in ALL:
        assert len(words) == len(COLUMN), key
        assert all(words), key
        # "MTTA over {acked} taken" may name a place in another order, never leave one out.
        first, *others = ({name for _, name, _, _ in PARSE(one) if name} for one in words)
        assert all(one == first for one in others), key


@pytest.mark.parametrize("language", CHINESE)
def test_chinese_has_no_western_punctuation_beside_its_characters(language: Language) -> None:
    for key, words in ALL:
        text = words[COLUMN[language]]
        assert not re.search(
            r"[一-鿿)）}]\s?[,;:!?](?:\s|$)|[一-鿿][.,;:()]|[,;:(][一-鿿]", text
        ), key
        foreign = ONLY_SIMPLIFIED
        if language is Language.SIMPLIFIED_CHINESE:
            foreign = ONLY_TRADITIONAL
        assert not foreign & set(text), key


@pytest.mark.parametrize("language", Language)
def test_every_verdict_state_and_sight_has_a_word(language: Language) -> None:
    for verdict in Verdict:
        assert said(f"verdict-{verdict}", language)
        assert said(f"overall-{verdict}", language)
    for sight in Sight:
        assert said(f"sight-{sight.name}", language)
    for state in (*IncidentState, *ChangeState, *StepState):
        assert said(f"state-{state}", language)


def test_one_and_several_are_told_apart() -> None:
    assert counted("service", 1, Language.ENGLISH) == "1 service"
    assert counted("service", 1_903, Language.ENGLISH) == "1,903 services"
    assert counted("alert", 1, Language.TRADITIONAL_CHINESE) == "1 則告警"


@pytest.mark.parametrize("language", CHINESE)
@pytest.mark.parametrize("report", [made.terrible_week(), made.daily(), made.kpi()])
def test_a_chinese_report_has_no_english_of_ours(
    language: Language, report: Week | Daily | Kpi
) -> None:
    text = markdown_of(report, "detailed", language) + markdown_of(report, "short", language)
    text += html_of(report, language).decode().partition("</style>")[2]
    for key, (english, *chinese) in ALL:
        is_ours = english not in chinese  # `p95` is the same everywhere
        if is_ours and len(english) > 8 and "{" not in english:
            assert english not in text, key
