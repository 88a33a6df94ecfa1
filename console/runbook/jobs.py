"""The command of a step with what it is given, as it is sent. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from console.model.action import Effect
from console.model.run import Run
from console.model.runbook import ParamType, Step
from console.runbook.around import GUARDED
from console.runbook.filling import named_in, text_of, value_in
from console.runbook.places import SHELLS
from console.runbook.plan import BY_HAND, timeout_of
from console.runbook.running.job import HERE, Job
from console.runbook.shell import used
from console.safety.secret import Secret
from console.safety.text import visible

_LOCK_CHARS: Final = 40


def job_of(run: Run, step: Step, number: int, secrets: Mapping[str, Secret], who: str) -> Job | str:
    """The command of `step`, with what it is given; a text, safe to show, says why there is none.

    Args:
        number: of the attempt, from 1.
        secrets: those given to this console, by the parameter's name.
    """
    if not step.is_runnable or step.effect is None:
        return step.refusal or BY_HAND
    host = value_in(run, step.on) if step.on else HERE
    if host is None or (step.on and not host):
        return f"{step.on} has no value that can be used"
    values: list[tuple[str, str]] = []
    hidden: list[tuple[str, Secret]] = []
    for one in named_in(run, used(step.script.exact)):
        text = text_of(one)
        if one.type is ParamType.SECRET:
            secret = secrets.get(one.name)
            if secret is None:
                return f"{one.name} has not been given"
            hidden.append((one.name, secret))
        elif text is None:
            return f"{one.name} has no value that can be used"
        else:
            values.append((one.name, text))
    language = step.language.exact
    return Job(
        id=f"{run.id}.{step.name}.{number}",
        script=step.script.exact,
        shell=language if language in SHELLS else SHELLS[0],
        host=host,
        timeout_s=timeout_of(step),
        values=tuple(values),
        secrets=tuple(hidden),
        keeps_marker=step.effect is not Effect.READ,
        lock=_lock(run, step) if step.effect in GUARDED else "",
        who=visible(f"{who}: {step.name} of {run.runbook.name} ({run.id})", cells=200),
    )


def _lock(run: Run, step: Step) -> str:
    """What is locked on the host: what the step works on, whichever runbook it is of.

    Letters and digits: the beginning for a reader, then a hash of all of it.
    """
    words = [
        text.removesuffix(".service")
        for one in named_in(run, used(step.script.exact))
        if one.type in (ParamType.NAME, ParamType.SERVICE, ParamType.CHOICE)
        and (text := text_of(one)) is not None
    ]
    about = " ".join(sorted(words)) or run.service or step.script.exact
    seen = re.sub(r"[^a-z0-9]", "", about.lower())[:_LOCK_CHARS]
    return f"{seen}x{hashlib.sha256(about.encode('utf-8', 'replace')).hexdigest()[:8]}"
