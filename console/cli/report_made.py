"""A report made, printed, archived and sent."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from console.cli.acting import CODES, engine_with_hands, tell_of, with_sources
from console.cli.chosen import EXIT_FAILED, EXIT_USAGE, Chosen, narrate
from console.cli.report_asked import FAILING, Asked
from console.cli.table import put
from console.journal.language import Language
from console.model.acting import Outcome
from console.model.daily import AnyReport
from console.model.summary import Verdict, Week
from console.safety.files import FileError, write_atomic
from console.safety.text import visible

if TYPE_CHECKING:
    from config.load import Loaded
    from console.engine.engine import Engine
    from console.model.update import Update

Make = Callable[["Engine"], Awaitable[AnyReport | str]]
"""Makes the report; a sentence where it cannot."""

EXIT_FAILING: Final = 1
"""`--fail-on`, and there is such a verdict."""
INTERRUPTED: Final = (
    "interrupted: the report may be archived or sent, or not; `oncall audit` shows what was meant"
)


class Came(msgspec.Struct, frozen=True):
    """What came of it."""

    content: bytes = b""
    """The report, as it is printed."""
    fault: str = ""
    """Why there is none."""
    outcomes: tuple[Outcome, ...] = ()
    verdicts: frozenset[Verdict] = frozenset()


def tell_and_exit(
    loaded: Loaded, chosen: Chosen, asked: Asked, make: Make, *, looks: bool = False
) -> NoReturn:
    """Make the report, print it, archive and send it as asked, and end.

    Args:
        looks: ask every source once before.
    """
    unknown = [
        one for one in asked.send if one not in [e.name for e in loaded.settings.summary.webhooks]
    ]
    if unknown:
        named = ", ".join(visible(one.name) for one in loaded.settings.summary.webhooks)
        there = f"one of: {named}" if named else "a chat, and summary.webhooks names none"
        narrate(f"--send {visible(unknown[0], cells=40)}: expected {there}")
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
    failing = {FAILING[one] for one in asked.fail_on}
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

    await with_sources(engine, then, asks=looks)
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


def _formed(made: AnyReport, asked: Asked, language: Language) -> bytes:
    # Late, each: who wants Markdown need not wait for pages and pictures.
    if asked.format == "json":
        from console.reports.json_form import json_of

        return json_of(made)
    if asked.format == "html":
        from console.reports.html import html_of

        return html_of(made, language)
    from console.reports.markdown import markdown_of

    return markdown_of(made, asked.form, language).encode()


def _verdicts(made: AnyReport) -> Iterator[Verdict]:
    if isinstance(made, Week):
        yield from (one.verdict for one in made.services)
        yield from (one.verdict for one in made.objectives)
    else:
        yield from (one.verdict for one in made.figures)
