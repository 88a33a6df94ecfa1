"""The documents that are made from the code: `python -m tests.generated` writes them again.

With `--check` it writes nothing and says which are out of date; that is what `make check` runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from config import reference
from console.actions import manual
from tests.spawn import PROJECT

DOCUMENTS: Mapping[Path, Callable[[], str]] = {
    PROJECT / "docs" / "settings.md": reference.render,
    PROJECT / "docs" / "keys.md": manual.render,
}


def out_of_date() -> list[Path]:
    """The documents that do not say what the code says."""
    return [
        path
        for path, render in DOCUMENTS.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != render()
    ]


def main() -> int:
    stale = out_of_date()
    checking = "--check" in sys.argv[1:]
    for path in stale:
        shown = path.relative_to(PROJECT)
        if checking:
            sys.stderr.write(f"{shown} is out of date: run `make docs`\n")
        else:
            path.write_text(DOCUMENTS[path](), encoding="utf-8")
            sys.stderr.write(f"{shown} written\n")
    return 1 if stale and checking else 0


if __name__ == "__main__":
    sys.exit(main())
