"""What a new document looks like: the template of the team, else the one that ships."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec

from config.fault import Fault
from console.journal.body import mark_faults
from console.journal.document import Document, DocumentFaults, document_of
from console.journal.language import Language
from console.safety.files import FileError, read_capped
from console.safety.text import visible

MAX_BYTES: Final = 256 * 1024
DocumentKind = Literal["incident", "change"]


def template_of(kind: DocumentKind, language: Language, folder: Path | None = None) -> Document:
    """The template for a new document of that kind, with front matter in front of it.

    In `folder` the team may have its own: `incident.zh-Hant.md`, else `incident.md` for every
    language. Its other front-matter keys, headings and texts come into every new document.

    Raises:
        DocumentFaults: the team's template cannot be read, or its front matter is broken.
    """
    for name in (f"{kind}.{language}.md", f"{kind}.md") if folder is not None else ():
        try:
            text = read_capped(Path(folder or ".") / name, MAX_BYTES).decode("utf-8")
        except FileError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                continue
            fault = Fault(name, 0, 0, "", visible(str(error), cells=200))
            raise DocumentFaults([fault]) from error
        except UnicodeDecodeError as error:
            raise DocumentFaults([Fault(name, 0, 0, "", "expected UTF-8")]) from error
        return template_from(text, name)
    name = f"{kind}.{language}.md"
    return template_from(files(f"{__package__}.templates").joinpath(name).read_text("utf-8"), name)


def template_from(text: str, name: str) -> Document:
    """`text` as a template; front matter is put in front of it where it has none.

    Raises:
        DocumentFaults: its front matter is broken, or its marked headings are.
    """
    added = ""
    if not text.removeprefix("\ufeff").startswith("---"):
        newline = "\r\n" if "\r\n" in text else "\n"
        added = f"---{newline}---{newline}{newline}"
        text = added + text.removeprefix("\ufeff")
    document = document_of(text, name)
    faults = document.faults or mark_faults(document)
    if faults:
        # The team looks for them in its own file, which begins below what was added.
        lines = added.count("\n")
        raise DocumentFaults(
            msgspec.structs.replace(fault, line=max(0, fault.line - lines)) for fault in faults
        )
    return document
