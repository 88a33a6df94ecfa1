"""Text from outside keeps its wrapper, and no markup is made from what is not constant."""

from __future__ import annotations

import ast

import pytest

from tests.safety.lint import Use, any_of, caught, findings, named, sources

EXACT_ROOMS = (
    *("console/safety/*", "console/model/*", "console/fleet/*", "console/triage/*"),
    *("console/sources/*", "console/actions/*", "console/engine/*", "console/demo/*", "config/*"),
    "console/runbook/*",
    # An episode is found again, in the file and in an export, by what its alert is really called.
    "console/history/*",
    # What a program reads of a report; `json_text` escapes it.
    "console/reports/json_form.py",
)

MARKUP_SINKS = frozenset(
    ["Static", "Label", "Button", "Checkbox", "RadioButton", "Option", "OptionList"]
)
TITLES = frozenset(["border_title", "border_subtitle", "tooltip"])


def true_value(use: Use) -> bool:
    return use.name.rpartition(".")[2] in ("exact", "exact_items") and use.name.startswith(".")


def is_safe(shown: ast.expr) -> bool:
    """A constant without brackets, or something that a function made, which is no `str`.

    What a function other than `str`, `format` and `join` returns is taken for `Content`: the
    type checker sees to it. A bare name may be a `str`, so it needs `markup=False`.
    """
    if isinstance(shown, ast.Constant):
        return not isinstance(shown.value, str) or "[" not in shown.value
    if isinstance(shown, ast.Call):
        name = shown.func.attr if isinstance(shown.func, ast.Attribute) else ""
        name = shown.func.id if isinstance(shown.func, ast.Name) else name
        return name not in ("str", "format", "join", "repr", "visible", "fit", "f")
    if isinstance(shown, ast.IfExp):
        return is_safe(shown.body) and is_safe(shown.orelse)
    return False


def markup_from_a_value(use: Use) -> bool:
    call = use.call
    if call is None:
        return False
    name = use.name.rpartition(".")[2]
    shown: ast.expr | None = call.args[0] if call.args else None
    for keyword in call.keywords:
        if keyword.arg == "markup":
            if isinstance(keyword.value, ast.Constant) and keyword.value.value is False:
                return False
        elif keyword.arg in ("content", "label", "message", "title") and shown is None:
            shown = keyword.value
    if name not in MARKUP_SINKS and name != "notify":
        return False
    return shown is not None and not is_safe(shown)


MARKUP = any_of(
    named("rich.markup", "textual.markup", "rich.print", "rich.console"),
    lambda use: use.name.rpartition(".")[2] in ("from_markup", "from_ansi", "render_markup"),
    markup_from_a_value,
)


def titles_from_values(text: str) -> list[int]:
    """The lines on which a title, which Textual parses as markup, is set from a value."""
    lines = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign):
            targets = [each for each in node.targets if isinstance(each, ast.Attribute)]
            if any(each.attr in TITLES for each in targets) and not is_safe(node.value):
                lines.append(node.lineno)
    return lines


def test_the_true_value_stays_in_the_rooms_that_need_it() -> None:
    assert findings(true_value, EXACT_ROOMS, sources()) == []


def test_no_markup_is_made_from_a_value() -> None:
    drawn = list(sources(("screens", "widgets")))
    assert findings(MARKUP, (), drawn) == []
    assert [(path, line) for path, text in drawn for line in titles_from_values(text)] == []


@pytest.mark.parametrize("snippet", ["alert.name.exact", "labels.exact('x')", "l.exact_items()"])
def test_the_lint_for_true_values_can_fail(snippet: str) -> None:
    assert caught(true_value, snippet)


@pytest.mark.parametrize(
    "snippet",
    [
        "from textual.content import Content\nContent.from_markup(f'[b]{x}')",
        "from rich.markup import escape",
        "from rich.text import Text\nText.from_ansi(x)",
        "Static(f'{x}')",
        "Static(name)",
        "Static(str(x))",
        "Static(visible(x))",
        "Label('a' + x)",
        "Label('[b]x')",
        "Label(x, markup=True)",
        "self.notify('%s' % x)",
        "self.app.notify(message=x)",
        "Button(label=', '.join(x))",
    ],
)
def test_the_lint_for_markup_can_fail(snippet: str) -> None:
    assert caught(MARKUP, snippet)


@pytest.mark.parametrize(
    "snippet",
    [
        "Static()",
        "Static('plain', id='x')",
        "Static(Content(visible(x)))",
        "Static(header_line(x))",
        "Label(x, markup=False)",
        "self.notify(f'{x}', markup=False)",
        "Label('a' if x else 'b')",
    ],
)
def test_the_lint_for_markup_lets_content_pass(snippet: str) -> None:
    assert not caught(MARKUP, snippet)


def test_the_lint_for_titles_can_fail() -> None:
    assert titles_from_values("self.border_title = f'{x}'\nself.border_title = x") == [1, 2]
    assert titles_from_values("self.border_title = 'Sources'\nself.x = x") == []
    assert titles_from_values("self.border_title = Content(visible(x))") == []
