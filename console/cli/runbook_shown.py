"""A runbook on paper: what is read, and each step with its exact command."""

from __future__ import annotations

from collections.abc import Iterator

from config.durations import duration_text
from console.cli.table import Cell, Paper
from console.model.runbook import Origin, Param, Prose, Runbook, Step, StepKind
from console.safety.text import Raw, visible


def lines_of(runbook: Runbook, source: Raw, paper: Paper) -> Iterator[str]:
    """All of `runbook`, safe to show, in the order of its file."""
    yield paper.line(Cell(runbook.title, "bold"))
    reviewed = "never" if runbook.reviewed is None else runbook.reviewed.isoformat()
    owner = visible(runbook.owner) or "nobody"
    told = f"{visible(runbook.name)}, {visible(source)}; owner {owner}, reviewed {reviewed}"
    yield paper.line(told)
    for param in runbook.params:
        yield paper.line(_param(param))
    for section in runbook.sections:
        if section.level > 1 or (section.level == 1 and section.title != runbook.title):
            yield ""
            yield paper.line(Cell(f"{'#' * section.level} ", "bold"), Cell(section.title, "bold"))
        for part in section.parts:
            yield ""
            if isinstance(part, Prose):
                yield from visible(part.text, lines=True).split("\n")
            else:
                yield from _step(part, paper)


def _param(param: Param) -> str:
    where = {
        Origin.LABEL: f"from the label {param.key}",
        Origin.REGISTRY: f"from the registry: {param.key}",
        Origin.PERSON: "asked for",
    }[param.origin]
    default = "" if param.default is None else f", else {visible(param.default)}"
    told = f": {visible(param.help)}" if param.help else ""
    return f"  ${param.name} ({param.type}) {where}{default}{told}"


def _step(step: Step, paper: Paper) -> Iterator[str]:
    what = step.effect or "not declared"
    kind = "manual" if step.kind is StepKind.MANUAL else f"{step.kind}, {what}"
    if step.on:
        kind += f", on ${step.on}"
    if step.retry is not None:
        kind += f", {step.retry.times} times, {duration_text(step.retry.wait)} apart"
    if step.timeout is not None:
        kind += f", {duration_text(step.timeout)} at most"
    yield paper.line(Cell(f"{step.number}. {step.name}", "bold"), Cell(f"  [{kind}]", "dim"))
    if step.refusal:
        yield paper.line(Cell(f"   not run from here: {step.refusal}", "red"))
    indented = [(step.text, "   "), (step.command, "     ")]
    for text, indent in indented:
        if text:
            yield from (indent + line for line in visible(text, lines=True).split("\n"))
    for condition in step.expect:
        yield f"   expects {visible(condition.text)}"
    if step.rollback:
        yield f"   taken back by {visible(step.rollback)}"
