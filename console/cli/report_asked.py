"""What a report is asked for with: the options that all of them have."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import click
import msgspec

from config.history import Form, KnownFrom
from console.cli.chosen import EXIT_USAGE, narrate
from console.journal.language import Language, language_of
from console.model.summary import Verdict
from console.safety.text import visible

R = TypeVar("R")

FAILING: Final = {"missed": Verdict.MISSED, "no-data": Verdict.NOT_ENOUGH_DATA}
"""By what `--fail-on` names them."""


class Asked(msgspec.Struct, frozen=True):
    """What the options ask for."""

    form: Form
    format: Literal["md", "json", "html"]
    output: Path | None
    keep: bool
    send: tuple[str, ...]
    source: KnownFrom | None
    language: Language | None
    fail_on: tuple[str, ...]

    @property
    def acts(self) -> bool:
        """Whether anything but standard output is written."""
        return self.keep or bool(self.send)


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
            type=click.Choice(sorted(FAILING)),
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


def _language(tag: str | None) -> Language | None:
    found = None if tag is None else language_of(tag)
    if tag is not None and found is None:
        narrate(f"--language {visible(tag, cells=40)}: expected en, zh-Hant or zh-Hans")
        sys.exit(EXIT_USAGE)
    return found
