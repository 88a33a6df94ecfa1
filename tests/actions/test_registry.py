"""The registry is one consistent piece of data."""

from __future__ import annotations

import pytest

from console.actions.keys import key_faults, keymap
from console.actions.registry import ACTIONS, action_by_id, commands
from console.model.action import Effect


def test_every_action_declares_its_effect() -> None:
    changing = {action.id for action in ACTIONS if action.effect is not Effect.READ}
    assert changing == {
        *("row.ack", "row.unack", "row.hand-over", "row.silence", "row.shell"),
        *("silences.expire", "silences.extend", "silences.edit", "handover.accept", "app.undo"),
        *("row.incident", "row.change", "app.note", "app.note-line", "journal.discard"),
        *("paper.edit", "paper.move", "paper.editor", "paper.attach"),
        *("incident.update", "incident.done"),
        *("change.approve", "change.except", "change.review"),
        *("books.new", "run.step", "run.rollback", "run.skip", "run.tick"),
        *("run.finish", "run.keep"),
        *("summary.keep", "summary.send", "noise.action"),
        *("inspection.tick", "inspection.note", "inspection.wrong"),
    }


def test_ids_and_commands_are_unique() -> None:
    ids = [action.id for action in ACTIONS]
    words = [action.command for action in ACTIONS if action.command]
    assert len(ids) == len(set(ids))
    assert len(words) == len(set(words)) == len(commands())


def test_the_default_keys_do_not_clash() -> None:
    assert key_faults({action.id: action.keys for action in ACTIONS}) == []


def test_a_chosen_key_takes_the_place_of_the_default() -> None:
    keys = keymap({"row.open": "x", "app.quit": []})
    assert keys["row.open"] == ("x",)
    assert keys["app.quit"] == ()
    assert keys["app.help"] == action_by_id("app.help").keys


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"row.opne": "x"}, "such as row.open"),
        ({"row.open": "ctl+x"}, "'ctl+x' is not a key"),
        ({"row.open": ""}, "'' is not a key"),
        ({"row.open": "q"}, "is the key of app.quit too"),
        ({"row.open": "g"}, "'g'"),
        ({"fleet.wrong": "7"}, "is the key of app.sources too"),
    ],
)
def test_a_key_that_cannot_be_is_said_with_its_action(chosen: dict[str, str], said: str) -> None:
    faults = key_faults(chosen)
    assert faults
    assert said in " ".join(fault.message for fault in faults)
    assert {fault.action for fault in faults} == set(chosen)


def test_one_key_may_mean_two_things_on_two_screens() -> None:
    assert key_faults({"fleet.wrong": "t"}) == []
