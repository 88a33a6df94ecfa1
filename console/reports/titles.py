"""What a report is called."""

from __future__ import annotations

from console.journal.language import Language
from console.model.daily import AnyReport
from console.reports.pages.lead import title_text
from console.reports.telling import Telling
from console.safety.text import visible


def title_of(report: AnyReport, language: Language) -> str:
    """`Daily report 2026-11-22, prod (day 3 of 7 of the observation window)`, on one line."""
    return visible(title_text(report, Telling(report, language)))
