"""Exactly what a step would do, for a person to say yes to. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec

from console.actions.decide import READ_ONLY
from console.model.action import Effect
from console.model.registry import Host, Registry, host_cell
from console.model.run import PLAN_S, Around, Filled, Run, StepPlan, StepState, Tone
from console.model.runbook import Origin, ParamType, Runbook, Step, StepKind
from console.runbook.around import GUARDED, PASSING
from console.runbook.around_agreed import APPROVAL, FREEZE
from console.runbook.filling import judged, named_in, text_of, value_in
from console.runbook.shell import needed, used
from console.runbook.typed import typed_of
from console.safety.secret import MASK
from console.safety.ssh import SshFailure, SshRoute
from console.safety.text import visible
from console.sources.reach import route_of

READ_TIMEOUT_S: Final = 30.0
"""Of a step that only reads and does not say how long it may take."""
ACT_TIMEOUT_S: Final = 60.0
"""Of one that changes something."""
HERE_SHOWN: Final = "here"
NOT_TRIED: Final = "nothing was tried out before: this is the exact command"
NO_VERIFY: Final = "no step verifies it: look for yourself whether it worked"
BY_HAND: Final = "this step is done by hand: y copies its command"
CHANGED: Final = "the runbook changed since its last run here: D shows what, and asks"
COLLEAGUE: Final = "colleague"


class PlanFacts(msgspec.Struct, frozen=True):
    """What a plan depends on, beside the run. All texts are safe to show."""

    registry: Registry
    now_mono: float
    """By the monotonic clock, in seconds."""
    around: tuple[Around, ...] = ()
    """As `console.runbook.around.around_of` tells it."""
    missing: tuple[str, ...] = ()
    read_only: bool = False
    disabled: tuple[str, ...] = ()
    """Why nothing is carried out from here at all."""
    is_changed: bool = False
    """The runbook is another one than at its last run here, and nobody has agreed to that."""
    holders: tuple[str, ...] = ()
    """Who carries one out there now."""
    holders_fault: str = ""
    """Why that cannot be told."""


def plan_of(run: Run, step: Step, facts: PlanFacts) -> StepPlan:
    """What `step` would do now.

    Its digest is of all that a person sees, and of what is sent: the exact bytes of the command,
    of its values and of the way to its host.
    """
    effect = step.effect or Effect.DESTRUCTIVE
    host = value_in(run, step.on) if step.on else None
    known = _host(facts.registry, host)
    route = _route(facts.registry, host)
    guarded = step.is_runnable and effect in GUARDED
    plan = StepPlan(
        run=run.id,
        step=step.name,
        effect=effect,
        typed=_typed(run, step, known, route),
        script=visible((step.script or step.command).exact, lines=True),
        where=_where(step, known, host),
        host=visible(host or ""),
        values=tuple((one.name, _shown(one)) for one in _used(run, step)),
        timeout_s=timeout_of(step),
        around=(*_colleagues(facts), *facts.around) if guarded else (),
        expects=tuple(_expects(run.runbook, step)),
        rollback=rolled.name if (rolled := rollback_of(run.runbook, step)) else "",
        word=_word(run, host) if guarded else "",
        refusals=tuple(_refusals(run, step, facts, route)),
        missing=facts.missing if guarded else (),
        warnings=tuple(_warnings(run, step, facts)),
        until_mono=facts.now_mono + PLAN_S,
    )
    return msgspec.structs.replace(plan, digest=_digest(plan, run, step, route))


def timeout_of(step: Step) -> float:
    """How long `step` may take, in seconds: what it says, else by what it does."""
    if step.timeout is not None:
        return step.timeout.total_seconds()
    return READ_TIMEOUT_S if step.effect is Effect.READ else ACT_TIMEOUT_S


def verifiers_of(runbook: Runbook, step: Step) -> tuple[Step, ...]:
    """The steps that show whether `step`, which changes something, worked.

    The one that `oncall.verify` names. Where none is named, the verifying steps below it: those
    of the first section, its own or a later one, that still has any, up to the next step that
    acts. Other acting steps in front of them are passed over: a Mitigation with a restart of the
    container and one of the unit is verified by the Verify that follows both.
    """
    if step.effect in (None, Effect.READ):
        return ()
    if step.verify:
        named = runbook.step(step.verify)
        return (named,) if named is not None and named.kind is StepKind.VERIFY else ()
    for section in runbook.sections:
        found: list[Step] = []
        for part in section.parts:
            if not isinstance(part, Step) or part.number <= step.number:
                continue
            if part.kind is StepKind.VERIFY:
                found.append(part)
            elif found and part.effect not in (None, Effect.READ):
                break
        if found:
            return tuple(found)
    return ()


def rollback_of(runbook: Runbook, step: Step) -> Step | None:
    """The step that takes `step` back."""
    return runbook.step(step.rollback) if step.rollback else None


def shows_colleague(plan: StepPlan) -> bool:
    """Whether whoever says yes to `plan` has read who carries one out there now."""
    return any(one.topic == COLLEAGUE and one.tone is Tone.BAD for one in plan.around)


def _used(run: Run, step: Step) -> tuple[Filled, ...]:
    """The parameters of which `step` uses the value, in the runbook's order."""
    return named_in(run, (step.on, *used(step.command.exact)))


def _host(registry: Registry, name: str | None) -> Host | None:
    return next((one for one in registry.hosts if one.name == name), None)


def _route(registry: Registry, name: str | None) -> SshRoute | SshFailure | None:
    """The way to a host, or why there is none; `None`: nothing has to be gone."""
    known = _host(registry, name)
    if name is None or (known is not None and known.is_local):
        return None
    try:
        return route_of(name, {one.name: one for one in registry.hosts})
    except SshFailure as failure:
        return failure


def _where(step: Step, known: Host | None, host: str | None) -> str:
    if not step.on or (known is not None and known.is_local):
        return HERE_SHOWN
    if host is None:
        return f"${step.on}"
    user = "" if known is None or known.user is None else f"{known.user}@"
    return visible(f"{user}{host}")


def _typed(run: Run, step: Step, known: Host | None, route: SshRoute | SshFailure | None) -> str:
    """As a person types it; as it stands in the runbook where something of it is not known."""
    as_written = visible(step.command.exact, lines=True)
    script = step.script.exact
    values: dict[str, str] = {}
    for one in named_in(run, used(script)):
        text = MASK if one.type is ParamType.SECRET else text_of(one)
        if text is None:
            return as_written
        values[one.name] = text
    if not step.is_runnable or isinstance(route, SshFailure) or (step.on and known is None):
        return as_written
    return typed_of(script, values, route)


def _shown(one: Filled) -> str:
    if one.type is ParamType.SECRET:
        return MASK if one.is_given else ""
    text = text_of(one)
    return visible(text if text is not None else one.value or "")


def _colleagues(facts: PlanFacts) -> Iterator[Around]:
    for one in facts.holders:
        yield Around(COLLEAGUE, f"runs there now: {one}", Tone.BAD)
    if facts.holders_fault:
        said = f"nobody can tell who else runs one there: {facts.holders_fault}"
        yield Around(COLLEAGUE, said, Tone.WARNING)


def _expects(runbook: Runbook, step: Step) -> Iterator[str]:
    for one in (step, *verifiers_of(runbook, step)):
        yield from (f"{one.name}: {visible(each.text)}" for each in one.expect)


def _word(run: Run, host: str | None) -> str:
    return visible(host or run.service or run.runbook.name)


def _refusals(
    run: Run, step: Step, facts: PlanFacts, route: SshRoute | SshFailure | None
) -> Iterator[str]:
    if run.ended is not None:
        yield "this run is finished"
    if step.kind is StepKind.MANUAL:
        yield BY_HAND
        return
    if step.refusal or step.effect is None:
        yield step.refusal or BY_HAND
        return
    now = run.step(step.name)
    if now is not None and now.state is StepState.RUNNING:
        yield "it is being carried out now"
    yield from facts.disabled
    if facts.read_only and step.effect is not Effect.READ:
        yield READ_ONLY
    if facts.is_changed:
        yield CHANGED
    faults = tuple(_value_faults(run, step, facts.registry))
    yield from faults
    if not faults and isinstance(route, SshFailure):
        yield f"{route.message}; {route.remedy}" if route.remedy else route.message


def _value_faults(run: Run, step: Step, registry: Registry) -> Iterator[str]:
    """Which values of `step` are missing or cannot be used; judged by the registry of now."""
    command = step.command.exact
    declared = (name for name in used(command) if run.runbook.param(name) is not None)
    names = dict.fromkeys((*([step.on] if step.on else []), *declared, *needed(command)))
    for name in names:
        param = run.runbook.param(name)
        one = next((each for each in run.params if each.name == name), None)
        if param is None or one is None:
            yield f"{name} is no parameter of this runbook"
        elif one.fault:
            yield f"{name}: {one.fault}; p gives it another value"
        elif param.type is ParamType.SECRET:
            if not one.is_given:
                yield f"{name} has not been given: p gives it"
        elif one.value is None:
            yield f"{name} has no value: p gives it one"
        else:
            resolved, fault = judged(param, one.value.exact, registry)
            if not fault and resolved != text_of(one):
                fault = f"by services.yaml as it is now it would be {visible(resolved, cells=60)}"
            if fault:
                yield f"{name}: {fault}; p gives it another value"


def _warnings(run: Run, step: Step, facts: PlanFacts) -> Iterator[str]:
    if not step.is_runnable or step.effect in (None, Effect.READ):
        return
    if step.effect not in GUARDED:
        yield from (one.text for one in facts.around if one.topic in (APPROVAL, FREEZE))
    now = run.step(step.name)
    if now is not None and now.state is StepState.UNKNOWN:
        yield "what became of it the last time has not been learnt yet"
    yield from _astray(run, step, facts.registry)
    verifiers = verifiers_of(run.runbook, step)
    if not verifiers:
        yield NO_VERIFY
    for one in verifiers:
        if one.refusal:
            yield f"{one.name}, which verifies it, is not run: {one.refusal}"
        for fault in _value_faults(run, one, facts.registry):
            yield f"{one.name}, which verifies it, cannot run: {fault}"
    if step.effect in GUARDED:
        if rollback_of(run.runbook, step) is None:
            yield "no step takes it back"
        yield NOT_TRIED


def _astray(run: Run, step: Step, registry: Registry) -> Iterator[str]:
    """A host that a label names, and that is another one than the service is on: whoever sends an
    alert writes its labels."""
    services = {one.name: one.host for one in registry.services}
    hosts = {host_cell(one.name): one.name for one in registry.hosts}
    home = services.get(run.service) or hosts.get(run.service)
    for one in _used(run, step):
        param = run.runbook.param(one.name)
        host = text_of(one)
        if param is None or param.type is not ParamType.HOST or host is None or home is None:
            continue
        if param.origin is Origin.LABEL and host != home:
            yield (
                f"{one.name} is {visible(host)}, as the alert says; by services.yaml"
                f" {visible(run.service)} is on {visible(home)}"
            )


def _digest(plan: StepPlan, run: Run, step: Step, route: SshRoute | SshFailure | None) -> str:
    """SHA-256 of the plan and of what is sent, in hexadecimal.

    What is shown may spell two texts alike, so that the exact ones count as well. How many alerts
    fire around it and how its dependants are does not: in an outage that is another figure every
    few seconds, and no yes would ever hold.
    """
    exact = (
        run.runbook.digest,
        step.script.exact,
        step.language.exact,
        [(one.name, text_of(one), one.is_given) for one in _used(run, step)],
        repr(route),
    )
    lasting = tuple(one for one in plan.around if one.topic not in PASSING)
    shown = msgspec.structs.replace(plan, digest="", until_mono=0.0, around=lasting)
    return hashlib.sha256(msgspec.json.encode((shown, repr(exact)))).hexdigest()
