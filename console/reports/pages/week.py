"""The summary of some days, whole."""

from __future__ import annotations

from console.journal.language import Language
from console.model.summary import Week
from console.reports.judged import all_figures
from console.reports.page import Page, Para, Section
from console.reports.pages.alerts import noise_section, responses_section
from console.reports.pages.figures import figures_section
from console.reports.pages.lead import (
    before_line,
    facts,
    made_by,
    notices,
    title_text,
    total_line,
    week_verdict,
)
from console.reports.pages.made import made_section
from console.reports.pages.papers import (
    changes_table,
    exclusions_table,
    gaps_table,
    incidents_table,
    section,
)
from console.reports.pages.services import downtime_section, outages_section, services_section
from console.reports.telling import Telling


def week_page(week: Week, language: Language, pictures: bool = False) -> Page:
    """Everything that is known of it, the verdict first."""
    telling = Telling(week, language)
    lead = (
        Para(week_verdict(week, telling)),
        Para(total_line(week, telling)),
        Para(before_line(week, telling)),
        facts(week, telling),
    )
    sections: list[Section] = [*notices(week, telling)]
    if pictures:
        from console.reports.pages.charts import charts_section

        sections.append(charts_section(week, telling))
    sections += [
        services_section(week, telling),
        downtime_section(week, telling),
        outages_section(week, telling),
        figures_section("objectives", all_figures(week), telling),
        responses_section(week.responses, telling, week.responses_before),
        noise_section(week.noise, telling),
        section("incidents", incidents_table(week.incidents, telling), telling),
        section("changes", changes_table(week.changes, telling), telling),
        section("exclusions", exclusions_table(week.exclusions, telling), telling),
        section("gaps", gaps_table(week.gaps, telling), telling),
        made_section(week, telling),
    ]
    return Page(title_text(week, telling), lead, tuple(sections), (made_by(telling),))
