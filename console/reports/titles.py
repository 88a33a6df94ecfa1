"""What a report is called."""

from __future__ import annotations

from console.journal.language import Language
from console.model.daily import Daily, Kpi
from console.model.summary import Week
from console.reports.pages.lead import title_text
from console.reports.telling import Telling
from console.safety.text import visible


def title_of(report: Week | Daily | Kpi, language: Language) -> str:
    """`Daily report 2026-11-22, prod (day 3 of 7 of the observation window)`, on one line."""
    return visible(title_text(report, Telling(report, language)))
