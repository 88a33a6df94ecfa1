"""Whether a wish may be carried out: one pure function, asked by keys, `:` and commands alike."""

from __future__ import annotations

from typing import Final

import msgspec

from console.model.action import Action, Effect

READ_ONLY: Final = "read-only: nothing is changed from here"
_GUARDED: Final = (Effect.DISRUPTIVE, Effect.DESTRUCTIVE)


class Facts(msgspec.Struct, frozen=True):
    """What a decision depends on. Texts are safe to show."""

    read_only: bool = False
    disabled: str = ""
    """Why the action has nothing to do here; empty where it has."""
    audit_fault: str = ""
    """Why no record can be written; empty where it can."""
    broke_glass: bool = False
    """The person typed that it is to be done without a record on disk."""
    missing: tuple[str, ...] = ()
    """Facts that the effect depends on and that nobody knows now."""


class Decision(msgspec.Struct, frozen=True):
    """Yes, or every reason why not."""

    reasons: tuple[str, ...] = ()
    """Why not, the weightiest first; empty: it is allowed."""
    warnings: tuple[str, ...] = ()
    """What the person has to know, although it is allowed."""
    break_glass: bool = False
    """A typed confirmation would allow it."""

    @property
    def allowed(self) -> bool:
        """Whether it may be carried out."""
        return not self.reasons


def decide(action: Action, facts: Facts) -> Decision:
    """Whether `action` may be carried out.

    Read-only allows what only reads. Without a record on disk, what can be taken back goes on
    with a warning, and what cannot needs a typed break-glass. A missing fact denies what
    disrupts; of what can be taken back, an ack first of all, it is only said.
    """
    if action.effect is Effect.READ:
        return Decision((facts.disabled,) if facts.disabled else ())
    reasons: list[str] = []
    warnings: list[str] = []
    guarded = action.effect in _GUARDED
    if facts.read_only:
        reasons.append(READ_ONLY)
    if facts.disabled:
        reasons.append(facts.disabled)
    (reasons if guarded else warnings).extend(f"not known: {fact}" for fact in facts.missing)
    needs_glass = bool(facts.audit_fault) and guarded and not facts.broke_glass
    only_glass = needs_glass and not reasons
    if facts.audit_fault:
        said = f"no record can be written: {facts.audit_fault}"
        (reasons if needs_glass else warnings).append(said)
    return Decision(tuple(reasons), tuple(warnings), only_glass)
