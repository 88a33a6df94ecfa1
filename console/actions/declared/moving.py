"""Moving in lists and documents."""

from __future__ import annotations

from console.actions.declared.where import SIDEWAYS, VIEWS
from console.model.action import Action, Effect

MOVING: tuple[Action, ...] = (
    Action("move.down", "down", "One row down.", ("j", "down"), "move", VIEWS, Effect.READ),
    Action("move.up", "up", "One row up.", ("k", "up"), "move", VIEWS, Effect.READ),
    Action("move.left", "left", "One cell left.", ("h", "left"), "move", SIDEWAYS, Effect.READ),
    Action("move.right", "right", "One cell right.", ("l", "right"), "move", SIDEWAYS, Effect.READ),
    Action(
        "move.top", "top", "To the first row; `gg`.", ("g,g", "home"), "move", VIEWS, Effect.READ
    ),
    Action("move.bottom", "bottom", "To the last row.", ("G", "end"), "move", VIEWS, Effect.READ),
    Action(
        "move.page-down", "page down", "One page down.", ("pagedown",), "move", VIEWS, Effect.READ
    ),
    Action("move.page-up", "page up", "One page up.", ("pageup",), "move", VIEWS, Effect.READ),
    Action(
        "move.half-down", "half down", "Half a page down.", ("ctrl+d",), "move", VIEWS, Effect.READ
    ),
    Action("move.half-up", "half up", "Half a page up.", ("ctrl+u",), "move", VIEWS, Effect.READ),
    Action(
        "move.next-pane",
        "next pane",
        "The keys go to the next pane.",
        ("tab",),
        "move",
        ("sources",),
        Effect.READ,
    ),
)
