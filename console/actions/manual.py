"""The key table of the manual: `python -m console.actions.manual` prints `docs/keys.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from console.actions.keys import spoken
from console.actions.registry import ACTIONS
from console.model.action import Action

_HEAD = """\
# Keys and commands

<!-- Made by `python -m console.actions.manual` from `console/actions/registry.py`. -->

`?` shows those of the screen that is open, `ctrl+p` finds any of them by name, and `:` takes the
commands, with completion. Keys are changed in `oncall.yaml`, by the action's id:

```yaml
keys:
  row.open: [enter, space]
  app.quit: Q
  row.copy: []        # no key at all
```

A key is one character (`x`, `X`), `f1` to `f12`, a named one (`enter`, `escape`, `pagedown`,
`question_mark`), any of these with `ctrl+`, `shift+` or `alt+`, or two of them one after the
other: `g,g`. `oncall check` tells unknown ids, keys that no terminal sends, and clashes.
"""

_TITLES = {
    "screens": "Screens",
    "console": "Everywhere",
    "move": "Moving",
    "row": "On a row",
    "triage": "Triage",
    "fleet": "Fleet",
}


def render() -> str:
    """All of `docs/keys.md`."""
    groups = dict.fromkeys(action.group for action in ACTIONS)
    parts = [_HEAD]
    for group in groups:
        rows = [_row(action) for action in ACTIONS if action.group == group]
        title = _TITLES.get(group, group.capitalize())
        parts.append("\n".join([f"\n## {title}\n", *_heading(), *rows, ""]))
    return "".join(parts)


def _heading() -> Iterator[str]:
    yield "| key | command | what it does | where | effect | id |"
    yield "|---|---|---|---|---|---|"


def _row(action: Action) -> str:
    keys = " ".join(_code(spoken(key)) for key in action.keys)
    command = " ".join(part for part in (action.command, action.argument) if part)
    where = ", ".join(action.where) or "all"
    cells = (
        keys,
        _code(f":{command}") if command else "",
        _escaped(action.help),
        where,
        action.effect.value,
        _code(action.id),
    )
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    return f"`{_escaped(text)}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(render())
