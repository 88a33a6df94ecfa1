"""The files of a report in the journal."""

from __future__ import annotations

from console.journal.language import Language
from console.journal.places import daily_report_path, kpi_report_path, observation_report_path
from console.model.daily import AnyReport, Daily
from console.model.summary import Week
from console.reports.html import html_of
from console.reports.json_form import json_of
from console.reports.markdown import markdown_of


def files_of(report: AnyReport, language: Language) -> tuple[tuple[str, bytes], ...]:
    """Paths below `reports/` and their contents: Markdown, detailed, JSON and HTML."""
    return (
        (path_of(report, "md"), markdown_of(report, "detailed", language).encode()),
        (path_of(report, "json"), json_of(report)),
        (path_of(report, "html"), html_of(report, language)),
    )


def path_of(report: AnyReport, ending: str) -> str:
    """Where a form of it is kept: `reports/daily/2026-11-22-day-3.md`."""
    if isinstance(report, Daily):
        window = report.observation
        day = None if window is None else window.day(report.day)
        return daily_report_path(report.day, ending, day)
    if isinstance(report, Week):
        return observation_report_path(report.first, report.last, ending)
    return kpi_report_path(report.first, report.last, ending)
