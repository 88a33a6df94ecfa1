"""Every action there is, as data. Keys, footer, `?`, palette and `:` are made from it."""

from __future__ import annotations

from collections.abc import Iterator

from console.actions.declared.effects import EFFECTS
from console.actions.declared.everywhere import EVERYWHERE
from console.actions.declared.lists import LISTS
from console.actions.declared.logs import LOGS
from console.actions.declared.moving import MOVING
from console.actions.declared.papers import PAPER
from console.actions.declared.rows import ON_ROWS
from console.actions.declared.runbooks import RUNBOOKS
from console.actions.declared.summary import SUMMARY
from console.model.action import Action

ACTIONS: tuple[Action, ...] = (
    *(*EVERYWHERE, *MOVING, *ON_ROWS, *EFFECTS, *PAPER, *RUNBOOKS, *SUMMARY, *LOGS, *LISTS),
)


def action_by_id(action_id: str) -> Action:
    """The action of that id.

    Raises:
        KeyError: there is none.
    """
    return _BY_ID[action_id]


def actions_on(screen: str) -> Iterator[Action]:
    """The actions that a screen has, in the registry's order."""
    return (action for action in ACTIONS if not action.where or screen in action.where)


def commands() -> dict[str, Action]:
    """What can be typed after `:`."""
    return {action.command: action for action in ACTIONS if action.command}


_BY_ID = {action.id: action for action in ACTIONS}
