"""`oncall doctor`: tries everything that is set up, and says in a line each what to do."""

from __future__ import annotations

import asyncio
import locale
import os
import sys
from collections.abc import Iterator, Mapping

import click
import msgspec

from config.fault import SettingsFaults
from config.load import Loaded
from console.cli.chosen import Chosen, settings_of, source_options
from console.cli.finding import Finding, Grade
from console.cli.once import ask_once, state_of
from console.cli.open import NO_SCREEN
from console.cli.table import Cell, Ink, Paper, paper_for, put
from console.cli.tools import look_for_tools
from console.model.snapshot import Cell as ServiceCell
from console.model.snapshot import Snapshot, SourceHealth
from console.model.state import State
from console.model.words import age_text
from console.safety.secret import SecretError, SecretSource, resolve
from console.safety.text import visible

MAX_SKEW_S = 5.0
_WORDS: Mapping[Grade, tuple[str, Ink]] = {
    Grade.FINE: ("ok", "green"),
    Grade.NOTE: ("note", "yellow"),
    Grade.FAULT: ("FAULT", "red"),
}


@click.command()
@click.option("--ascii/--no-ascii", default=None, help="State shapes in ASCII.")
@source_options
def doctor(chosen: Chosen) -> None:
    """Try every source, secret and tool; say what to do. Exit code 1 where something fails."""
    paper = paper_for(chosen.ascii)
    faults = 0
    for finding in examine(chosen):
        faults += finding.grade is Grade.FAULT
        put("\n".join(_lines(finding, paper)))
    sys.exit(1 if faults else 0)


def examine(chosen: Chosen) -> Iterator[Finding]:
    """Every finding, as it is made: settings, state, secrets, sources, tools, terminal."""
    loaded = None
    try:
        loaded = settings_of(chosen)
    except SettingsFaults as error:
        count = len(error.faults)
        said = f"{count} faults, the first: {error.faults[0]}" if count > 1 else str(error)
        yield Finding("settings", Grade.FAULT, "oncall.yaml", said, "oncall check lists them")
    else:
        yield _settings(loaded)
    if loaded is not None:
        yield _state_folder(loaded)
        yield from asyncio.run(_secrets(loaded))
        yield from _sources(asyncio.run(ask_once(loaded, None)).snapshot)
    yield from asyncio.run(look_for_tools())
    yield from terminal(os.environ)


def _settings(loaded: Loaded | None) -> Finding:
    if loaded is None:
        remedy = "oncall init writes some; oncall --prometheus URL and oncall demo need none"
        return Finding("settings", Grade.NOTE, "none found", "", remedy)
    place = "from the command line" if loaded.folder is None else visible(str(loaded.folder))
    settings, registry = loaded.settings, loaded.registry
    said = (
        f"environment {settings.environment},"
        f" {len(settings.sources.prometheus)} Prometheus,"
        f" {len(settings.sources.alertmanager)} Alertmanager,"
        f" {len(registry.hosts)} hosts, {len(registry.services)} services"
    )
    return Finding("settings", Grade.FINE, place, said, "")


def _state_folder(loaded: Loaded) -> Finding:
    state, notice = state_of(loaded)
    if state is None:
        remedy = "set XDG_STATE_HOME to a folder of yours that can be written"
        return Finding("state", Grade.FAULT, "no folder", notice, remedy)
    where = visible(str(state.folder))
    if not os.access(state.folder, os.W_OK):
        remedy = f"make {where} writable"
        return Finding("state", Grade.FAULT, where, "cannot be written", remedy)
    return Finding("state", Grade.FINE, where, "can be written", "")


async def _secrets(loaded: Loaded) -> list[Finding]:
    found = []
    for path, source in secrets_in(loaded.settings):
        try:
            await resolve(source)
        except SecretError as error:
            remedy = f"{path} names it in the settings"
            found.append(Finding("secret", Grade.FAULT, path, visible(str(error)), remedy))
        else:
            said = visible(f"from {source}")
            found.append(Finding("secret", Grade.FINE, path, said, ""))
    return found


def secrets_in(value: object, path: str = "") -> Iterator[tuple[str, SecretSource]]:
    """Every secret that the settings name, with where it stands in them."""
    if isinstance(value, SecretSource):
        yield visible(path), value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from secrets_in(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from secrets_in(each, f"{path}.{key}")
    elif isinstance(value, tuple | list):
        for index, each in enumerate(value):
            named = str(getattr(each, "name", index))
            yield from secrets_in(each, f"{path}[{named}]")


def _sources(snapshot: Snapshot) -> Iterator[Finding]:
    for source in snapshot.sources:
        yield _source(source)
        skew_s = source.skew.total_seconds() if source.skew is not None else 0.0
        if source.skew is not None and abs(skew_s) > MAX_SKEW_S:
            behind = "behind" if skew_s > 0 else "ahead"
            said = f"this clock is {age_text(abs(source.skew))} {behind}"
            remedy = "run a time service on both hosts: clocks and ages are wrong meanwhile"
            yield Finding("clock", Grade.FAULT, source.name, said, remedy)
    if snapshot.cells:
        yield _services(snapshot.cells)
    for badge in snapshot.badges:
        yield Finding("source", Grade.NOTE, badge.source or badge.kind.value, badge.text, "")


def _source(source: SourceHealth) -> Finding:
    version = f" {visible(source.version)}" if source.version else ""
    name = f"{source.kind.value}{version}"
    if source.failures:
        first = source.failures[0]
        said = f"{name}: {first.part}: {first.cause} (expected {first.expected})"
        return Finding("source", Grade.FAULT, source.name, said, first.remedy)
    if source.state is not State.OK:
        said = f"{name}: no answer in time"
        return Finding("source", Grade.FAULT, source.name, said, f"try curl {source.url}")
    if source.degraded:
        return Finding("source", Grade.NOTE, source.name, f"{name}: {source.degraded}", "")
    took = f" in {source.took.total_seconds() * 1000:.0f} ms" if source.took else ""
    return Finding("source", Grade.FINE, source.name, f"{name} answers{took}", "")


def _services(cells: tuple[ServiceCell, ...]) -> Finding:
    silent = [cell for cell in cells if cell.state is State.UNKNOWN]
    said = f"{len(cells) - len(silent)} of {len(cells)} have a state"
    if not silent:
        return Finding("source", Grade.FINE, "services", said, "")
    first = silent[0]
    named = visible(f"{first.service.name}: {first.because}")
    return Finding("source", Grade.NOTE, "services", f"{said}; {named}", "oncall fleet lists them")


def terminal(environ: Mapping[str, str]) -> Iterator[Finding]:
    """What is known of the terminal from the environment alone."""
    term = environ.get("TERM", "")
    if term in NO_SCREEN:
        said = f"TERM={visible(term)} cannot show a console"
        yield Finding("terminal", Grade.NOTE, "TERM", said, "oncall status and oncall alerts can")
    else:
        yield Finding("terminal", Grade.FINE, "TERM", f"{visible(term)}, {_colours(environ)}", "")
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") == "utf8":
        yield Finding("terminal", Grade.FINE, "locale", encoding, "")
    else:
        said = f"{visible(encoding)} lacks most characters; shapes are drawn in ASCII"
        yield Finding("terminal", Grade.NOTE, "locale", said, "export LANG=C.UTF-8")
    if "SSH_CONNECTION" in environ and not {"TMUX", "STY"} & environ.keys():
        said = "over SSH, not inside tmux or screen"
        yield Finding("terminal", Grade.NOTE, "session", said, "run it in tmux to survive a cut")


def _colours(environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "no colours (NO_COLOR is set)"
    if environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "16 million colours"
    term = environ.get("TERM", "")
    return "256 colours" if "256" in term or "direct" in term else "16 colours"


def _lines(finding: Finding, paper: Paper) -> Iterator[str]:
    word, ink = _WORDS[finding.grade]
    yield paper.line(
        Cell(f"{word:<6}", ink),
        Cell(f"{finding.topic:<9}", "dim"),
        f"{finding.subject}: {finding.said}" if finding.said else finding.subject,
    )
    if finding.remedy:
        yield paper.line(" " * 15, Cell("do ", "bold"), finding.remedy)
