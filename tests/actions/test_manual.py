"""The manual lists what the registry has."""

from __future__ import annotations

from console.actions.manual import render
from console.actions.registry import ACTIONS
from tests.generated import out_of_date


def test_every_action_stands_in_the_manual_once() -> None:
    text = render()
    for action in ACTIONS:
        assert text.count(f"| `{action.id}` |") == 1, action.id
        for command in filter(None, [action.command]):
            assert f"`:{command}" in text


def test_keys_are_written_as_people_say_them() -> None:
    text = render()
    assert "`gg`" in text
    assert "question_mark` |" not in text


def test_the_generated_documents_are_up_to_date() -> None:
    assert out_of_date() == []
