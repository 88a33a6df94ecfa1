"""The key figures of some days: every one that the settings name, measured or not."""

from __future__ import annotations

from console.model.daily import Kpi
from console.reports.days import day_edges, moments
from console.reports.figures import Figures
from console.reports.material import Material
from console.reports.seen import look


def kpi_of(material: Material) -> Kpi:
    """The key figures of `material.window`, up to the present where that is not over."""
    window, now = material.window, material.now
    start, end = moments(window, now)
    sights = look(material, day_edges(window, now))
    return Kpi(
        environment=material.environment,
        zone=window.zone_name,
        first=window.first,
        last=window.last,
        start=start,
        end=end,
        made_at=now,
        figures=Figures(material, sights).of(material.kpis),
        made_from=material.sources,
        to_know=(*material.notices, *sights.notices),
    )
