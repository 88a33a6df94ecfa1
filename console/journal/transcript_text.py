"""The body of a transcript: what was done in a run, for people. Pure.

Commands and what programs printed stand in fences that are longer than any run of backticks in
them; all else is escaped. Nobody's text is markup here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from config.durations import duration_text
from console.journal.language import Language, word
from console.journal.timeline import moment
from console.model.markdown import code, escaped, fenced
from console.model.run import Attempt, Filled, Run, StepRun, StepState
from console.model.runbook import ParamType
from console.safety.secret import MASK
from console.safety.text import visible

MOST_ATTEMPTS: Final = 10
"""Of one step; the earliest are left out, and that is said."""
MAX_LINES: Final = 200
"""Of a command, or of what one attempt printed: of a longer output the end."""
MAX_CHARS: Final = 16_000
_MOST_CHECKS: Final = 100
_TEXT_CELLS: Final = 2_000
_NAME_CELLS: Final = 200
_VALUE_CELLS: Final = 1_000
_LEFT_OUT: Final = "[…]"


def body_of(run: Run, language: Language) -> Iterator[str]:
    """The lines below the front matter."""
    title = visible(run.runbook.title, cells=_NAME_CELLS)
    yield f"# {escaped(run.id)} {escaped(title)}".rstrip()
    yield ""
    yield from _facts(run, language)
    if run.params:
        yield from ("", f"## {word('parameters', language)}", "")
        yield from (_given(one, language) for one in run.params)
    yield from ("", f"## {word('steps', language)}", "")
    yield from _table(run, language)
    for number, step in enumerate(run.steps, 1):
        if step.attempts or step.state is not StepState.PENDING:
            yield from _step(number, step, language)
    yield from ("", f"*{escaped(word('yours', language))}*")


def counts_text(states: Iterable[StepState]) -> str:
    """`3 passed, 1 failed`; what nobody came to is left out."""
    counts = Counter(states)
    told = [state for state in StepState if counts[state] and state is not StepState.PENDING]
    return ", ".join(f"{counts[state]} {state}" for state in told) or "nothing done"


def value_of(one: Filled) -> str:
    """What the commands were given, safe to show; a secret as `***`, empty where nothing was."""
    if one.type is ParamType.SECRET:
        return MASK if one.is_given else ""
    return visible(one.resolved or one.value or "", cells=_VALUE_CELLS)


def took_of(attempt: Attempt) -> timedelta | None:
    """How long it took; `None`: that is not known."""
    if attempt.ended is None or attempt.ended < attempt.began:
        return None
    return attempt.ended - attempt.began


def _facts(run: Run, language: Language) -> Iterator[str]:
    def fact(key: str, value: str) -> str:
        return f"- **{word(key, language)}**: {value}"

    yield fact("result", escaped(counts_text(one.state for one in run.steps)))
    book = code(visible(run.runbook.name, cells=_NAME_CELLS))
    yield fact("runbook", f"{book} ({escaped(visible(run.source, cells=_NAME_CELLS))})")
    yield fact("digest", code(run.runbook.digest))
    for key, text in (
        ("subject", run.subject),
        ("services", run.service),
        ("incidents", run.incident),
        ("changes", run.change),
    ):
        if text:
            yield fact(key, code(visible(text, cells=_NAME_CELLS)))
    yield fact("executor", _name(run.who))
    yield fact("console", _name(run.console))
    yield fact("started", moment(run.began))
    if run.ended is not None:
        taken = max(run.ended - run.began, timedelta())
        yield fact("ended", f"{moment(run.ended)} ({duration_text(_whole(taken))})")
    for note in run.notes:
        yield fact("notes", escaped(visible(note, cells=_TEXT_CELLS)))


def _given(one: Filled, language: Language) -> str:
    value = value_of(one)
    shown = code(value) if value else word("none", language)
    source = f" ({escaped(visible(one.source, cells=_NAME_CELLS))})" if one.source else ""
    return f"- {code(visible(one.name, cells=_NAME_CELLS))}: {shown}{source}"


def _table(run: Run, language: Language) -> Iterator[str]:
    names = ("steps", "state", "hosts", "exit", "took")
    yield f"| # | {' | '.join(word(name, language) for name in names)} |"
    yield f"|---|{'---|' * len(names)}"
    for number, step in enumerate(run.steps, 1):
        last = step.last
        where = exited = taken = ""
        if last is not None:
            where = escaped(visible(last.where, cells=_NAME_CELLS))
            exited = "" if last.exit_status is None else str(last.exit_status)
            taken = _took(last)
        name = escaped(visible(step.name, cells=_NAME_CELLS))
        yield f"| {number} | {name} | {step.state} | {where} | {exited} | {taken} |"


def _step(number: int, step: StepRun, language: Language) -> Iterator[str]:
    name = code(visible(step.name, cells=_NAME_CELLS))
    yield from ("", f"### {number} {name}: {step.state}")
    if step.at is not None or step.reason:
        at = f"{moment(step.at)} " if step.at is not None else ""
        why = f": {escaped(visible(step.reason, cells=_TEXT_CELLS))}" if step.reason else ""
        yield from ("", f"{at}**{step.state}** ({_name(step.who)}){why}")
    shown = step.attempts[-MOST_ATTEMPTS:]
    if len(shown) < len(step.attempts):
        yield from ("", f"{len(step.attempts) - len(shown):,} {word('older', language)}")
    for attempt in shown:
        yield from _attempt(attempt, language)


def _attempt(attempt: Attempt, language: Language) -> Iterator[str]:
    facts = [
        f"**{word('attempt', language)} {attempt.number}: {attempt.state}**",
        code(visible(attempt.where, cells=_NAME_CELLS)),
        moment(attempt.began),
        _name(attempt.who),
    ]
    if attempt.ended is not None:
        facts.append(f"{word('ended', language)} {moment(attempt.ended)} ({_took(attempt)})")
    if attempt.exit_status is not None:
        facts.append(f"{word('exit', language)} {attempt.exit_status}")
    if attempt.tries > 1:
        facts.append(f"{word('tries', language)} {attempt.tries}")
    yield from ("", ", ".join(facts))
    if attempt.said:
        yield from ("", escaped(visible(attempt.said, cells=_TEXT_CELLS)))
    yield ""
    yield from fenced(_first(attempt.typed))
    if attempt.values:
        yield ""
        yield from (
            f"- {code(visible(name, cells=_NAME_CELLS))}: {_value(value)}"
            for name, value in attempt.values
        )
    if attempt.checks:
        yield from ("", f"{word('conditions', language)}:", "")
        for check in attempt.checks[:_MOST_CHECKS]:
            holds = word("holds" if check.passed else "fails", language)
            yield f"- **{holds}**: {code(visible(check.shown, cells=_TEXT_CELLS))}"
    if attempt.by:
        steps = ", ".join(code(visible(one, cells=_NAME_CELLS)) for one in attempt.by)
        yield from ("", f"{word('verified-by', language)}: {steps}")
    if attempt.excerpt:
        size = f"{attempt.output_bytes:,} {word('bytes', language)}"
        shown = f" ({size})" if attempt.output_bytes else ""
        yield from ("", f"{word('output', language)}{shown}:", "")
        yield from fenced(_last(attempt.excerpt))


def _first(text: str) -> list[str]:
    """The beginning of a command: in practice all of it."""
    lines = visible(text[:MAX_CHARS], lines=True).split("\n")
    cut = len(text) > MAX_CHARS or len(lines) > MAX_LINES
    return [*lines[:MAX_LINES], _LEFT_OUT] if cut else lines


def _last(text: str) -> list[str]:
    """The end of what a program printed."""
    lines = visible(text[-MAX_CHARS:], lines=True).rstrip("\n").split("\n")
    cut = len(text) > MAX_CHARS or len(lines) > MAX_LINES
    return [_LEFT_OUT, *lines[-MAX_LINES:]] if cut else lines


def _took(attempt: Attempt) -> str:
    took = took_of(attempt)
    return "" if took is None else duration_text(_whole(took))


def _whole(taken: timedelta) -> timedelta:
    """Tenths of a second up to ten seconds, whole ones from there on."""
    step = timedelta(seconds=1) if taken >= timedelta(seconds=10) else timedelta(milliseconds=100)
    return taken // step * step


def _name(text: str) -> str:
    return escaped(visible(text, cells=_NAME_CELLS))


def _value(text: str) -> str:
    return code(visible(text, cells=_VALUE_CELLS))
