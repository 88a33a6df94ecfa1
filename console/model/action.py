"""What can be done from the keyboard, as data: keys, footer, help and palette are made of it."""

from __future__ import annotations

import enum

import msgspec


class Effect(enum.StrEnum):
    """The one vocabulary for danger, in actions and runbooks alike."""

    READ = "read"
    REVERSIBLE = "reversible"
    DISRUPTIVE = "disruptive"
    DESTRUCTIVE = "destructive"


class Action(msgspec.Struct, frozen=True):
    """One thing a person can do. Undeclared danger is the greatest."""

    id: str
    """`triage.open`: stable, the name by which a key is remapped."""
    label: str
    """For the footer: one or two words."""
    help: str
    """One sentence for `?`, the palette and the manual."""
    keys: tuple[str, ...] = ()
    """Default keys in Textual's names; empty for palette and `:` only."""
    group: str = "move"
    where: tuple[str, ...] = ()
    """Screens on which it is there; empty for all."""
    effect: Effect = Effect.DESTRUCTIVE
    command: str = ""
    """The word after `:`; empty where there is none."""
    argument: str = ""
    """What the command takes, for help and completion: `HOST`, `TEXT`; empty for nothing."""
    footer: int = 0
    """The higher, the longer it stays in a narrow footer; 0 is never shown there."""
