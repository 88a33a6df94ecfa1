"""The help, made from the registry: the keys of the screen one is on, then the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.actions.registry import ACTIONS, actions_on
from console.model.action import Action
from screens.keys import Keys
from widgets.detail import Part
from widgets.dialog import HelpGroup, HelpLine, help_parts

if TYPE_CHECKING:
    from screens.frame import Frame


def help_of(frame: Frame, keys: Keys) -> list[Part]:
    """What can be done on `frame`, with the keys as the settings have them."""
    here = [action for action in actions_on(frame.word) if action.where]
    everywhere = [action for action in ACTIONS if not action.where]
    return help_parts(
        (
            HelpGroup(f"on this screen ({frame.word})", _lines(here, keys, frame)),
            HelpGroup("everywhere", _lines(everywhere, keys, frame)),
        )
    )


def _lines(actions: list[Action], keys: Keys, frame: Frame) -> tuple[HelpLine, ...]:
    lines = []
    for action in actions:
        named = list(keys.of(action))
        if action.command:
            argument = f" {action.argument}" if action.argument else ""
            named.append(f":{action.command}{argument}")
        if named:
            lines.append(HelpLine(", ".join(named), action.help, frame.why_not(action)))
    return tuple(lines)
