"""`oncall report`: the daily report, the summary of some days, and the key figures.

Standard output is the report and nothing else; what became of `--keep` and `--send` is narration.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeVar

import click
import msgspec

from console.cli.acting import CODES, engine_with_hands, tell_of
from console.cli.chosen import (
    EXIT_FAILED,
    EXIT_USAGE,
    Chosen,
    narrate,
    settings_or_exit,
    source_options,
)
from console.cli.days import day_or_exit
from console.cli.once import DEADLINE_S
from console.cli.table import put
from console.journal.language import Language, language_of
from console.model.acting import Outcome
from console.model.daily import Daily, Kpi
from console.model.summary import Verdict, Week
from console.safety.clock import SystemClock
from console.safety.files import FileError, write_atomic
from console.safety.text import visible

if TYPE_CHECKING:
    from config.load import Loaded
    from console.engine.engine import Engine
    from console.model.update import Update

R = TypeVar("R")
Report = Week | Daily | Kpi

EXIT_FAILING: Final = 1
"""`--fail-on`, and there is such a verdict."""
_FAILING: Final = {"missed": Verdict.MISSED, "no-data": Verdict.NOT_ENOUGH_DATA}
INTERRUPTED: Final = (
    "interrupted: the report may be archived or sent, or not; `oncall audit` shows what was meant"
)


class Asked(msgspec.Struct, frozen=True):
    """What the options ask for."""

    form: Literal["short", "detailed"]
    format: Literal["md", "json", "html"]
    output: Path | None
    keep: bool
    send: tuple[str, ...]
    source: Literal["auto", "history", "prometheus"] | None
    language: Language | None
    fail_on: tuple[str, ...]

    @property
    def acts(self) -> bool:
        """Whether anything but standard output is written."""
        return self.keep or bool(self.send)


class Came(msgspec.Struct, frozen=True):
    """What came of it."""

    content: bytes = b""
    """The report, as it is printed."""
    fault: str = ""
    """Why there is none."""
    outcomes: tuple[Outcome, ...] = ()
    verdicts: frozenset[Verdict] = frozenset()


Make = Callable[["Engine"], Awaitable[Report | str]]


def report_options(command: Callable[..., R]) -> Callable[..., R]:
    """What all reports have, as one `Asked`."""

    @functools.wraps(command)
    def with_asked(**given: Any) -> R:
        as_json, format_ = given.pop("as_json"), given.pop("format_")
        asked = Asked(
            form="short" if given.pop("short") else "detailed",
            format="json" if as_json else format_,
            output=given.pop("output"),
            keep=given.pop("keep"),
            send=given.pop("send"),
            source=given.pop("source"),
            language=_language(given.pop("language")),
            fail_on=given.pop("fail_on"),
        )
        return command(asked=asked, **given)

    with_options: Callable[..., R] = with_asked
    for option in (
        click.option(
            "--fail-on",
            multiple=True,
            type=click.Choice(sorted(_FAILING)),
            help="End with 1 where an objective is missed, or where data do not suffice.",
        ),
        click.option("--language", metavar="TAG", help="en, zh-Hant or zh-Hans."),
        click.option(
            "--source",
            type=click.Choice(["auto", "history", "prometheus"]),
            help="Where availability and latency are known from; else as the settings have it.",
        ),
        click.option("--send", multiple=True, metavar="NAME", help="Send it to that webhook."),
        click.option("--keep", is_flag=True, help="Archive it in the journal, in one commit."),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Write it there.",
        ),
        click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
        click.option(
            "--format",
            "format_",
            type=click.Choice(["md", "json", "html"]),
            default="md",
            help="Markdown by default.",
        ),
        click.option(
            "--short/--detailed", "short", default=True, help="How much of it, in Markdown."
        ),
    ):
        with_options = option(with_options)
    return with_options


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

    async def make(engine: Engine) -> Report | str:
        return await engine.week.daily(wanted, asked.source)

    _tell(loaded, chosen, asked, make, looks=now and wanted == today)


@report.command()
@click.option("--end", default="today", metavar="DAY", help="The last day of it.")
@click.option("--days", type=click.IntRange(1, 92), default=7, help="How many; 7 by default.")
@report_options
@source_options
def week(end: str, days: int, asked: Asked, chosen: Chosen) -> None:
    """What some days came to: availability, objectives, noise, incidents and changes."""
    loaded = settings_or_exit(chosen)
    last = day_or_exit(end, _today(loaded), "--end")

    async def make(engine: Engine) -> Report | str:
        return await engine.week.week(last, days, asked.source)

    _tell(loaded, chosen, asked, make)


@report.command()
@click.option("--end", default="today", metavar="DAY", help="The last day of it.")
@click.option("--days", type=click.IntRange(1, 92), default=7, help="How many; 7 by default.")
@report_options
@source_options
def kpi(end: str, days: int, asked: Asked, chosen: Chosen) -> None:
    """The key figures of some days, measured or not."""
    loaded = settings_or_exit(chosen)
    last = day_or_exit(end, _today(loaded), "--end")

    async def make(engine: Engine) -> Report | str:
        return await engine.week.kpi(last, days, asked.source)

    _tell(loaded, chosen, asked, make)


def _language(tag: str | None) -> Language | None:
    found = None if tag is None else language_of(tag)
    if tag is not None and found is None:
        narrate(f"--language {visible(tag, cells=40)}: expected en, zh-Hant or zh-Hans")
        sys.exit(EXIT_USAGE)
    return found


def _today(loaded: Loaded) -> date:
    from console.engine.week.inspecting import day_of

    return day_of(loaded.settings, SystemClock().now().wall)


def _tell(
    loaded: Loaded, chosen: Chosen, asked: Asked, make: Make, *, looks: bool = False
) -> NoReturn:
    """Make the report, print it, archive and send it as asked, and end."""
    unknown = [
        one for one in asked.send if one not in [e.name for e in loaded.settings.summary.webhooks]
    ]
    if unknown:
        narrate(f"--send {visible(unknown[0], cells=40)}: expected a name in summary.webhooks")
        sys.exit(EXIT_USAGE)
    try:
        came = asyncio.run(_came(loaded, chosen, asked, make, looks))
    except KeyboardInterrupt:
        if asked.acts:
            narrate(INTERRUPTED)
        raise
    if came.fault:
        narrate(came.fault)
        sys.exit(EXIT_FAILED)
    _put_out(came.content, asked.output)
    for outcome in came.outcomes:
        narrate(outcome.text, *outcome.details)
    codes = [CODES[outcome.ended] for outcome in came.outcomes]
    if any(codes):
        sys.exit(max(codes))
    failing = {_FAILING[one] for one in asked.fail_on}
    sys.exit(EXIT_FAILING if failing & came.verdicts else 0)


def _put_out(content: bytes, output: Path | None) -> None:
    if output is None:
        put(content.decode().removesuffix("\n"))
        return
    try:
        write_atomic(output, content, mode=0o644)
    except FileError as error:
        narrate(visible(str(error)))
        sys.exit(EXIT_FAILED)
    narrate(f"written: {visible(str(output))}")


async def _came(loaded: Loaded, chosen: Chosen, asked: Asked, make: Make, looks: bool) -> Came:
    engine = engine_with_hands(loaded, chosen)
    done: list[Came] = []

    async def then(_: Update | None) -> None:
        done.append(await _made(engine, asked, make))

    if looks:
        await engine.look_once(DEADLINE_S, then)
    else:
        try:
            await then(None)
        finally:
            await engine.papers.close()
    if asked.acts:
        tell_of(engine)
    else:
        narrate(*engine.notices)
    return done[0]


async def _made(engine: Engine, asked: Asked, make: Make) -> Came:
    made = await make(engine)
    if isinstance(made, str):
        return Came(fault=made)
    desk = engine.week
    language = asked.language or desk.language
    outcomes = []
    if asked.keep:
        outcomes.append(await desk.keep(made, language))
    outcomes += [await desk.send(made, name, language) for name in asked.send]
    content = await asyncio.to_thread(_formed, made, asked, language)
    return Came(content, "", tuple(outcomes), frozenset(_verdicts(made)))


def _formed(made: Report, asked: Asked, language: Language) -> bytes:
    # Late, each: who wants Markdown need not wait for pages and pictures.
    if asked.format == "json":
        from console.reports.json_form import json_of

        return json_of(made)
    if asked.format == "html":
        from console.reports.html import html_of

        return html_of(made, language)
    from console.reports.markdown import markdown_of

    return markdown_of(made, asked.form, language).encode()


def _verdicts(made: Report) -> Iterator[Verdict]:
    if isinstance(made, Week):
        yield from (one.verdict for one in made.services)
        yield from (one.verdict for one in made.objectives)
    else:
        yield from (one.verdict for one in made.figures)
