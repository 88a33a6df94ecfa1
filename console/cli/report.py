"""`oncall report`: the daily report, the summary of some days, and the key figures.

Standard output is the report and nothing else; what became of `--keep` and `--send` is narration.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from console.cli.chosen import Chosen, settings_or_exit, source_options
from console.cli.days import day_or_exit
from console.cli.report_asked import Asked, report_options
from console.cli.report_made import tell_and_exit
from console.model.daily import AnyReport
from console.safety.clock import SystemClock

if TYPE_CHECKING:
    from config.load import Loaded
    from console.engine.engine import Engine


@click.group()
@source_options
@click.pass_context
def report(ctx: click.Context, chosen: Chosen) -> None:
    """Reports of what is remembered: a day, some days, the key figures."""
    ctx.obj = chosen


@report.command()
@click.option("--date", "day", default="today", metavar="DAY", help="today, yesterday, 2026-11-22.")
@click.option(
    "--now/--no-now",
    default=True,
    help="Of today: ask every source once for what is known of the present alone.",
)
@report_options
@source_options
def daily(day: str, now: bool, asked: Asked, chosen: Chosen) -> None:
    """What one day came to."""
    loaded = settings_or_exit(chosen)
    today = _today(loaded)
    wanted = day_or_exit(day, today, "--date")

    async def make(engine: Engine) -> AnyReport | str:
        return await engine.week.daily(wanted, asked.source)

    tell_and_exit(loaded, chosen, asked, make, looks=now and wanted == today)


@report.command()
@click.option("--end", default="today", metavar="DAY", help="The last day of it.")
@click.option("--days", type=click.IntRange(1, 92), default=7, help="How many; 7 by default.")
@report_options
@source_options
def week(end: str, days: int, asked: Asked, chosen: Chosen) -> None:
    """What some days came to: availability, objectives, noise, incidents and changes."""
    loaded = settings_or_exit(chosen)
    last = day_or_exit(end, _today(loaded), "--end")

    async def make(engine: Engine) -> AnyReport | str:
        return await engine.week.week(last, days, asked.source)

    tell_and_exit(loaded, chosen, asked, make)


@report.command()
@click.option("--end", default="today", metavar="DAY", help="The last day of it.")
@click.option("--days", type=click.IntRange(1, 92), default=7, help="How many; 7 by default.")
@report_options
@source_options
def kpi(end: str, days: int, asked: Asked, chosen: Chosen) -> None:
    """The key figures of some days, measured or not."""
    loaded = settings_or_exit(chosen)
    last = day_or_exit(end, _today(loaded), "--end")

    async def make(engine: Engine) -> AnyReport | str:
        return await engine.week.kpi(last, days, asked.source)

    tell_and_exit(loaded, chosen, asked, make)


def _today(loaded: Loaded) -> date:
    from console.engine.week.inspecting import day_of

    return day_of(loaded.settings, SystemClock().now().wall)
