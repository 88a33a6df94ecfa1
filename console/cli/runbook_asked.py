"""What `oncall runbook run` was asked for, read and judged before anything is asked or run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from config.load import Loaded
from console.cli.acting import EXIT_NOTHING
from console.cli.chosen import EXIT_FAILED, EXIT_USAGE
from console.cli.papers import Stop
from console.model.action import Effect
from console.model.runbook import ParamType, Runbook, Step, StepKind
from console.model.snapshot import KnownAlert
from console.model.state import State
from console.model.update import Update
from console.runbook.library import library_of, open_book
from console.runbook.matching import called
from console.safety.files import FileError
from console.safety.masking import LEAST_CHARS, is_maskable
from console.safety.secret import Secret, SecretError, SecretSource, resolve
from console.safety.text import Raw, visible

_LISTED = 12
_PAIR = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


class Asked(msgspec.Struct, frozen=True):
    """The words of one command line."""

    name: str
    alert: str = ""
    service: str = ""
    params: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    only_read: bool = False
    dry_run: bool = False
    words: tuple[str, ...] = ()
    """What was said with `--yes`."""
    incident: str = ""
    change: str = ""
    as_json: bool = False
    keeps: bool = True


class Wanted(msgspec.Struct, frozen=True):
    """What of which runbook is to be run, with what."""

    runbook: Runbook
    steps: tuple[Step, ...]
    """Those that were asked for, in the order in which they are run."""
    values: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, Secret], ...] = ()


async def wanted_of(asked: Asked, loaded: Loaded) -> Wanted:
    """What `asked` means in the library of `loaded`.

    Raises:
        Stop: it means nothing that can be run.
    """
    library = library_of(map(Path, loaded.settings.runbooks.folders))
    book = called(asked.name, library.books)
    if book is None:
        told = f"no runbook is called {_shown(asked.name)}; `oncall runbook list` has them all"
        raise Stop(EXIT_USAGE, *map(str, library.faults), told)
    try:
        read = open_book(book)
    except FileError as error:
        raise Stop(EXIT_FAILED, visible(str(error))) from None
    values = _values(asked.params, read.runbook)
    sources = _sources(asked.secrets, read.runbook)
    steps = _steps(asked, read.runbook)
    secrets = [(name, await _resolved(name, source)) for name, source in sources]
    return Wanted(read.runbook, steps, values, tuple(secrets))


def alert_of(update: Update, word: str, service: str) -> KnownAlert:
    """The alert that `word` names: a fingerprint, or the name of one that fires.

    Raises:
        Stop: there is none, or more than one.
    """
    alerts = update.snapshot.alerts
    found = [one for one in alerts if one.key == word]
    found = found or [one for one in alerts if one.alert.name == Raw(word)]
    if service:
        found = [one for one in found if one.cell == service]
    if len(found) > 1:
        found = [one for one in found if one.state is State.FIRING] or found
    if len(found) == 1:
        return found[0]
    if found:
        each = (f"  {one.key}  {one.cell or '-'}" for one in found[:_LISTED])
        told = f"{len(found)} alerts are called {_shown(word)}: name one by its fingerprint, or"
        raise Stop(EXIT_USAGE, f"{told} add --service NAME", *map(visible, each))
    on = f" on {_shown(service)}" if service else ""
    raise Stop(EXIT_NOTHING, f"no alert {_shown(word)} is known{on}, so that nothing was run")


def _steps(asked: Asked, runbook: Runbook) -> tuple[Step, ...]:
    runnable = [step for step in runbook.steps if step.is_runnable]
    if asked.steps:
        return tuple(_step(name, runbook) for name in dict.fromkeys(asked.steps))
    if asked.only_read:
        # One that cannot be run for a fault is no pass: it is asked for, and not started.
        reads = (step for step in runbook.steps if step.kind is not StepKind.MANUAL)
        found = tuple(step for step in reads if step.effect is Effect.READ)
        if not found:
            raise Stop(EXIT_NOTHING, "it has no step that only reads", *_refusals(runbook))
        return found
    if asked.dry_run and runnable:
        return tuple(runnable)
    told = "expected --only read, or --step NAME; it has"
    listed = [f"  {step.name}  [{step.effect}]" for step in runnable]
    if not listed:
        told = "nothing of it is run from here: its steps are done by a person"
    raise Stop(EXIT_USAGE, told, *map(visible, listed), *_refusals(runbook))


def _step(name: str, runbook: Runbook) -> Step:
    step = runbook.step(name)
    if step is None:
        names = ", ".join(one.name for one in runbook.steps if one.is_runnable)
        raise Stop(EXIT_USAGE, f"it has no step {_shown(name)}; it has: {visible(names)}")
    if not step.is_runnable:
        why = step.refusal or "a person does it, and ticks it off in the console"
        raise Stop(EXIT_USAGE, f"{_shown(name)} is not run from here: {why}")
    return step


def _refusals(runbook: Runbook) -> list[str]:
    return [
        f"  {visible(step.name)}  not run from here: {step.refusal}"
        for step in runbook.steps
        if step.refusal
    ]


def _values(params: Iterable[str], runbook: Runbook) -> tuple[tuple[str, str], ...]:
    pairs = [_pair(param, "--param") for param in params]
    for name, _ in pairs:
        if _type(name, runbook, "--param") is ParamType.SECRET:
            told = f"--param {name}: it is a secret: --secret {name}=env:VAR, or {name}=file:PATH"
            raise Stop(EXIT_USAGE, told)
    return tuple(pairs)


def _sources(secrets: Iterable[str], runbook: Runbook) -> list[tuple[str, SecretSource]]:
    found = []
    for given in secrets:
        name, text = _pair(given, "--secret")
        if _type(name, runbook, "--secret") is not ParamType.SECRET:
            raise Stop(EXIT_USAGE, f"--secret {name}: it is no secret: --param {name}=VALUE")
        kind, colon, where = text.partition(":")
        if not (colon and where and kind in ("env", "file")):
            # What stands there may be the secret itself.
            raise Stop(EXIT_USAGE, f"--secret {name}: expected {name}=env:VAR or {name}=file:PATH")
        by_env = kind == "env"
        found.append((name, SecretSource(env=where) if by_env else SecretSource(file=where)))
    return found


def _pair(given: str, option: str) -> tuple[str, str]:
    found = _PAIR.fullmatch(given)
    if found is None:
        shown = "" if option == "--secret" else f", got {_shown(given)}"
        raise Stop(EXIT_USAGE, f"{option}: expected NAME=…{shown}")
    return found[1], found[2]


def _type(name: str, runbook: Runbook, option: str) -> ParamType:
    param = runbook.param(name)
    if param is None:
        names = ", ".join(one.name for one in runbook.params) or "none"
        raise Stop(EXIT_USAGE, f"{option} {_shown(name)}: its parameters are: {names}")
    return param.type


async def _resolved(name: str, source: SecretSource) -> Secret:
    try:
        secret = await resolve(source)
    except SecretError as error:
        raise Stop(EXIT_USAGE, f"--secret {name}: {visible(str(error))}") from None
    if not is_maskable(secret):
        told = f"expected at least {LEAST_CHARS} characters: less could not be kept out of outputs"
        raise Stop(EXIT_USAGE, f"--secret {name}: {told}")
    return secret


def _shown(text: str) -> str:
    return visible(text, cells=60)
