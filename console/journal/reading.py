"""From a file's bytes to an incident or a change, with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

import msgspec

from config.fault import Fault, quoted
from console.journal.change_text import CHANGES
from console.journal.document import read_document
from console.journal.ids import ANY_ID, Kind
from console.journal.incident_text import INCIDENTS
from console.journal.paper_text import PaperText
from console.journal.places import id_of
from console.model.change import Change
from console.model.incident import Incident
from console.model.papers import BrokenPaper, ChangePaper, IncidentPaper, Sheet
from console.safety.text import visible

T = TypeVar("T", Incident, Change)
Paper = IncidentPaper | ChangePaper
P = TypeVar("P", bound=Paper)


class Shape(msgspec.Struct, Generic[T, P], frozen=True):
    """What belongs together in one kind of document."""

    text: PaperText[T]
    paper: Callable[[T, str, str, tuple[str, ...]], P]
    kind: Kind


INCIDENT_SHAPE: Final = Shape(INCIDENTS, IncidentPaper, Kind.INCIDENT)
CHANGE_SHAPE: Final = Shape(CHANGES, ChangePaper, Kind.CHANGE)


def name_of(path: str) -> str:
    """The file's name, safe to show, as faults have it."""
    return visible(path.rpartition("/")[2])


def paper_of(sheet: Sheet) -> Paper | BrokenPaper:
    """What stands in `sheet`: an incident below `incidents/`, else a change."""
    if sheet.path.startswith("incidents/"):
        return paper_in(INCIDENT_SHAPE, sheet)
    return paper_in(CHANGE_SHAPE, sheet)


def paper_in(shape: Shape[T, P], sheet: Sheet) -> P | BrokenPaper:
    """As `paper_of`, of a kind that is known."""
    name = name_of(sheet.path)
    read = shape.text.read(read_document(sheet.content, name))
    faults = tuple(map(str, read.faults))
    if read.value is None:
        return BrokenPaper(sheet.path, sheet.blob, faults)
    faults += id_faults(read.value.id, shape.kind, sheet.path)
    value = shape.text.doubted(read.value) if faults else read.value
    return shape.paper(value, sheet.path, sheet.blob, faults)


def id_faults(document_id: str, kind: Kind, path: str) -> tuple[str, ...]:
    """What is wrong with `document_id` as that of the document of that kind at `path`."""
    name = name_of(path)
    found = ANY_ID.fullmatch(document_id)
    if found is None or found["kind"] != kind:
        message = f"expected an id such as {kind}-20261122-7f3, got {quoted(document_id)}"
        return (str(Fault(name, 0, 0, "id", message)),)
    named = id_of(path)
    if named and named != document_id:
        message = f"the file is named for {named}, and {document_id} stands in it"
        return (str(Fault(name, 0, 0, "id", message)),)
    return ()
