"""The key figures of some days: all of them, measured or not."""

from __future__ import annotations

from config.history import Form
from console.journal.language import Language
from console.model.daily import Kpi
from console.model.summary import Verdict
from console.reports.judged import verdicts
from console.reports.page import Badge, Line, Page, Para, Section
from console.reports.pages.figures import figures_section
from console.reports.pages.lead import facts, made_by, notices, title_text
from console.reports.pages.made import made_section
from console.reports.telling import Telling


def kpi_page(kpi: Kpi, form: Form, language: Language) -> Page:
    """The figures; detailed with where they come from."""
    telling = Telling(kpi, language)
    sections: list[Section] = [*notices(kpi, telling)]
    sections.append(figures_section("figures", kpi.figures, telling, hide=False))
    if form == "detailed":
        sections.append(made_section(kpi, telling))
    lead = (Para(kpi_verdict(kpi, telling)), facts(kpi, telling))
    return Page(title_text(kpi, telling), lead, tuple(sections), (made_by(telling),))


def kpi_verdict(kpi: Kpi, telling: Telling) -> Line:
    """How many are measured, and how many missed what they ought to be."""
    counts = verdicts(kpi.figures)
    measured = sum(one.value is not None for one in kpi.figures)
    clauses = [telling.say("kpi-measured", n=measured, m=len(kpi.figures))]
    if counts[Verdict.MISSED]:
        clauses.append(telling.say("n-missed", n=counts[Verdict.MISSED]))
    if counts[Verdict.NOT_ENOUGH_DATA]:
        clauses.append(telling.say("n-lacking", n=counts[Verdict.NOT_ENOUGH_DATA]))
    if counts[Verdict.MISSED]:
        verdict = Verdict.MISSED
    elif measured == 0:
        verdict = Verdict.NOT_MEASURED
    else:
        verdict = Verdict.MET if counts[Verdict.MET] else Verdict.NOT_MEASURED
    return (Badge(verdict, telling.say("semicolon").join(clauses)),)
