"""The reports' own words in every language. Names that people or servers gave stay as they are.

Terms are those of the journal's documents (`console.journal.language`): what has one there is
taken from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from console.journal.language import Language
from console.journal.language import word as journal_word
from console.reports.words.nouns import NOUNS, STATES, TERMS
from console.reports.words.sentences import SENTENCES
from console.reports.words.titles import TITLES

COLUMN: Final = {
    Language.ENGLISH: 0,
    Language.TRADITIONAL_CHINESE: 1,
    Language.SIMPLIFIED_CHINESE: 2,
}
TABLES: Final[tuple[Mapping[str, tuple[str, str, str]], ...]] = (
    TITLES,
    TERMS,
    STATES,
    SENTENCES,
    NOUNS,
)
_WORDS: Final = {key: words for table in TABLES for key, words in table.items()}
OF_JOURNAL: Final = frozenset(
    ["services", "incidents", "changes", "environment", "author", "none", "unknown", "notes",
     "yes", "no"]
)  # fmt: skip


def said(key: str, language: Language, **values: object) -> str:
    """What `key` is in `language`, with `values` in their places; plain text without meaning to
    Markdown or HTML, but for what `values` bring."""
    if key in OF_JOURNAL:
        return journal_word(key, language)
    text = _WORDS[key][COLUMN[language]]
    return text.format(**values) if values else text


def state_word(state: str, language: Language) -> str:
    """What a state of an incident, a change or a step is called; itself where it has no word."""
    words = STATES.get(f"state-{state}")
    return words[COLUMN[language]] if words else state


def counted(noun: str, count: int, language: Language) -> str:
    """`1 service`, `1,903 alerts`, `3 個服務`."""
    words = NOUNS[f"n-{noun}"][COLUMN[language]]
    one, _, several = words.partition("|")
    return (one if count == 1 or not several else several).format(n=f"{count:,}")
