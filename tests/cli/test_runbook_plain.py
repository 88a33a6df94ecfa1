"""A runbook is still a page: what the console runs, plain `sh` runs as well, block by block."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from console.model.runbook import Step
from console.runbook.library import open_book, shipped
from tests.cli.runbook_place import Place

BLOCK: Final = re.compile(
    r'^```sh \{"name":"([a-z-]+)"[^\n]*\n(.*?)\n```$', re.MULTILINE | re.DOTALL
)
"""What a person copies out of the page."""
PAGE: Final = """\
---
oncall:
  params:
    TARGET_HOST: {type: host}
    UNIT: {type: name}
    NOTE: {type: text}
---

# A page

```sh {"name":"params"}
export TARGET_HOST="box"
export UNIT="shop@1.service"
export NOTE="it's  50% \\"off\\"; \\$(x) * \\$HOME \\\\n"
```

```sh {"name":"here","oncall.risk":"read"}
@FLAGS@/dump "$NOTE" "-n$UNIT"
```

```sh {"name":"several","oncall.risk":"read"}
count=2
for each in one "$UNIT"; do
  # with a comment
  @FLAGS@/dump "$each" "$count" "${NOTE}" \\
    last
done
```

```sh {"name":"there","oncall.risk":"read"}
ssh "$TARGET_HOST" -- @FLAGS@/dump --unit="$UNIT" -n 5 a,b=c:d
```

```sh {"name":"script","oncall.risk":"read"}
ssh "$TARGET_HOST" -- '@FLAGS@/dump a "b  c" | cat; @FLAGS@/dump "1;"; true'
```
"""
DUMP: Final = """\
#!/bin/sh
printf '%s|' "$#" "$@" >>"${0%/*}/dumped"
echo >>"${0%/*}/dumped"
"""
SSH: Final = """\
#!/bin/sh
[ "$2" = -- ] || exit 97
host=$1
shift 2
exec sh -c "$*"
"""
"""As ssh does: the words joined by blanks, for a shell of the host's."""
TOLD: Final = """\
#!/bin/sh
shift 2
case $(printf '%s' "$*" | head -n 1) in
  *[\\|\\&\\;\\<\\>\\(\\$\\`]*) printf '%s\\n' "$*" ;;
  *) sh -c "printf '<%s>' $*" ;;
esac
echo
"""
"""Its arguments as a program would get them; of what is more than one command, the text."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def by_plain_sh(script: str, folder: Path) -> str:
    """What `script` prints, with `ssh` from `folder`."""
    ended = subprocess.run(
        ["/bin/sh"],
        input=script.encode(),
        env={"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder)},
        capture_output=True,
        check=True,
    )
    return ended.stdout.decode()


def test_programs_are_given_the_same_arguments_by_the_console_and_by_plain_sh(
    place: Place,
) -> None:
    place.write("page", PAGE)
    dumped = program(place.flags / "dump", DUMP).with_name("dumped")
    program(place.base / "bin" / "ssh", SSH)
    page = (place.books / "page.md").read_text()
    params, *blocks = (block for _, block in BLOCK.findall(page))
    for block in blocks:
        by_plain_sh(f"{params}\n{block}\n", place.base / "bin")
    plain = dumped.read_text()
    dumped.unlink()
    note = 'it\'s  50% "off"; $(x) * $HOME \\n'
    place.run(
        *("run", "page", "--only", "read", "--no-keep", "--param", "TARGET_HOST=box"),
        *("--param", "UNIT=shop@1.service", "--param", f"NOTE={note}"),
    )
    assert dumped.read_text() == plain
    assert plain.splitlines()[0] == f"2|{note}|-nshop@1.service|"
    assert plain.count("\n") == 6


def test_what_ships_means_the_same_over_a_plain_ssh(tmp_path: Path) -> None:
    program(tmp_path / "ssh", TOLD)
    steps = [step for book in shipped() for step in open_book(book).runbook.steps if step.on]
    assert len(steps) > 100
    values = "".join(f'export {name}="v-{name}@1"\n' for name in sorted(names_in(steps)))
    by_page = by_plain_sh(values + "\n".join(step.command.exact for step in steps), tmp_path)
    asked = "\n".join(as_asked(step.script.exact) for step in steps)
    by_console = by_plain_sh(values + asked, tmp_path)
    assert by_page.splitlines() == by_console.splitlines()


def as_asked(script: str) -> str:
    """A script as the shell of the host reads it from the console, with its values set there."""
    if re.search(r"[|&;<>(`]", script.split("\n")[0]):
        return f"cat <<'END'\n{script}\n\nEND"
    return f"printf '<%s>' {script}\necho"


def names_in(steps: Iterable[Step]) -> set[str]:
    return {name for step in steps for name in re.findall(r"\$\{?([A-Z_]+)", step.command.exact)}
