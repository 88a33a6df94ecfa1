"""Only `console/safety/files/` writes, removes or locks."""

from __future__ import annotations

import ast

import pytest

from tests.safety.lint import Use, any_of, caught, findings, method_called, named, sources

ALLOWED = ("console/safety/files/*.py",)


OPEN_TAKES = {"file", "mode", "buffering", "encoding", "errors", "newline", "closefd", "opener"}


def opens_to_write(use: Use) -> bool:
    if use.call is None or use.name not in ("open", "io.open", ".open"):
        return False
    if any(keyword.arg not in OPEN_TAKES for keyword in use.call.keywords if keyword.arg):
        return False  # something else that is opened
    position = 0 if use.name == ".open" else 1
    mode: ast.expr | None = None
    if len(use.call.args) > position:
        mode = use.call.args[position]
    for keyword in use.call.keywords:
        if keyword.arg == "mode":
            mode = keyword.value
    if mode is None:
        return False
    reads = isinstance(mode, ast.Constant) and isinstance(mode.value, str)
    return not reads or any(letter in str(mode.value) for letter in "wax+")  # type: ignore[attr-defined]


def renames_a_path(use: Use) -> bool:
    # `text.replace(a, b)`, `replace(struct, field=…)` and `rename({old: new})` are other things.
    call = use.call
    return (
        call is not None
        and use.name.rpartition(".")[2] in ("replace", "rename")
        and len(call.args) == 1
        and not isinstance(call.args[0], ast.Dict | ast.DictComp)
        and not call.keywords
    )


def opens_a_descriptor(use: Use) -> bool:
    if use.name != "os.open":
        return False
    # A descriptor on /dev/null, to put in the place of a closed pipe, writes nothing.
    return use.call is None or ast.unparse(use.call.args[0]) != "os.devnull"


RULE = any_of(
    opens_to_write,
    opens_a_descriptor,
    renames_a_path,
    method_called(
        *("write_text", "write_bytes", "mkdir", "rmdir", "unlink", "touch", "chmod"),
        *("symlink_to", "hardlink_to", "lchmod"),
    ),
    named(
        *("os.rename", "os.replace", "os.renames", "os.unlink", "os.remove"),
        *("os.mkdir", "os.makedirs", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
        *("os.chmod", "os.chown", "os.fdopen", "shutil.*move*", "shutil.*copy*", "shutil.rmtree"),
        *("tempfile", "fcntl.flock", "fcntl.lockf"),
    ),
)


def test_nothing_else_writes_files() -> None:
    assert findings(RULE, ALLOWED, sources()) == []


@pytest.mark.parametrize(
    "snippet",
    [
        "open('x', 'w')",
        "open('x', mode='ab')",
        "open('x', mode)",
        "open('x', mode, encoding='utf-8', **more)",
        "from pathlib import Path\nPath('x').write_text('y')",
        "p.open('w')",
        "p.replace(q)",
        "p.rename(q)",
        "p.mkdir()",
        "import os as o\no.rename('a', 'b')",
        "from os import replace as r\nr('a', 'b')",
        "import tempfile",
        "import os\nos.open('x', 1)",
        "import shutil\nshutil.rmtree('x')",
    ],
)
def test_the_lint_can_fail(snippet: str) -> None:
    assert caught(RULE, snippet)


@pytest.mark.parametrize(
    "snippet",
    [
        "open('x')",
        "open('x', 'rb')",
        "s.replace('a', 'b')",
        "replace(row, name=1)",
        "e.rename({a: b})",
        "p.open()",
        "dialog.open(prompt, text, completer=f)",
        "import os\nos.open(os.devnull, 1)",
    ],
)
def test_the_lint_lets_reading_pass(snippet: str) -> None:
    assert not caught(RULE, snippet)
