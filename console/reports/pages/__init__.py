"""What stands in a report and in what order, whatever it is written in."""

from __future__ import annotations

from config.history import Form
from console.journal.language import Language
from console.model.daily import AnyReport, Daily
from console.model.summary import Week
from console.reports.page import Page
from console.reports.pages.daily import daily_page
from console.reports.pages.kpi import kpi_page
from console.reports.pages.short import short_daily, short_week
from console.reports.pages.week import week_page


def page_of(report: AnyReport, form: Form, language: Language, pictures: bool = False) -> Page:
    """`report` as a page; with charts where `pictures` is asked for."""
    if isinstance(report, Week):
        short = form == "short"
        return short_week(report, language) if short else week_page(report, language, pictures)
    if isinstance(report, Daily):
        return short_daily(report, language) if form == "short" else daily_page(report, language)
    return kpi_page(report, form, language)
