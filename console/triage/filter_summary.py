"""What a filter looks at in the seven days: a service, a figure, an alert, a document."""

from __future__ import annotations

from console.model.summary import ChangeLine, Figure, IncidentLine, Noise, ServiceWeek
from console.triage.filter_facts import Facts, facts_made_of


def facts_of_service(of: ServiceWeek) -> Facts:
    """A service over the days."""
    values = {
        "name": of.service,
        "place": of.place,
        "owner": of.owner,
        "@critical": "yes" if of.critical else "no",
        "@verdict": of.verdict.value,
        "@source": of.source,
    }
    about = {name for slot in of.days for name in (*slot.incidents, *slot.changes)}
    return facts_made_of(
        [of.service, of.place, f"{of.service}@{of.place}", of.owner, of.verdict, of.source, *about],
        values,
    )


def facts_of_figure(of: Figure) -> Facts:
    """An objective."""
    values = {
        "name": of.name,
        "service": of.service,
        "@verdict": of.verdict.value,
        "@source": of.source,
        "@means": of.means.value,
    }
    return facts_made_of([of.name, of.service, of.verdict, of.source, of.query], values)


def facts_of_noise(of: Noise) -> Facts:
    """An alert by what it asked of people."""
    values = {"alertname": of.alert.exact, "service": of.service, "where": of.where.exact}
    return facts_made_of([of.alert.exact, of.service, of.where.exact, *of.incidents], values)


def facts_of_document(of: IncidentLine | ChangeLine) -> Facts:
    """An incident or a change."""
    author = of.author if isinstance(of, ChangeLine) else ""
    values = {"@id": of.id, "@state": of.state.value, "service": ",".join(of.services)}
    return facts_made_of([of.id, of.title, of.state, author, *of.services], values)
