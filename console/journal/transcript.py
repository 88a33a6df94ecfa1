"""The transcript of a run: a document that the console alone writes, and can read again.

Everything down to its last line of the console's own is sealed by a digest in that line. What
people write below it stays whatever happens to the run; where they changed what stands above
it, the seal is broken, and the file is theirs.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar, cast

import msgspec

from config.fault import Fault, quoted
from console.journal.document import document_of, read_document
from console.journal.front_matter import read_front, with_front
from console.journal.ids import Kind
from console.journal.language import Language
from console.journal.places import id_of
from console.journal.reading import id_faults, name_of
from console.journal.seal import TRANSCRIPT, sealed
from console.journal.transcript_text import body_of, counts_text, took_of, value_of
from console.model.papers import BrokenPaper, Sheet
from console.model.run import Filled, PastRun, Run, StepRun, StepState
from console.safety.masking import Masker
from console.safety.secret import Secret
from console.safety.text import Raw, visible

SCHEMA: Final = 1
_AS_THEY_ARE: Final = frozenset(("id", "runbook", "incident", "change", "name", "digest", "type"))
"""Fields of a run that name something: no secret stands in them."""
T = TypeVar("T")


class _Given(msgspec.Struct, frozen=True):
    name: str
    value: str = ""
    source: str = ""


class _Done(msgspec.Struct, frozen=True):
    name: str
    state: StepState
    exit: int | None = None
    took: timedelta | None = None
    attempts: int = 0


class _Front(msgspec.Struct, frozen=True):
    schema: int
    id: str
    runbook: str
    title: str
    digest: str
    began: datetime
    ended: datetime | None = None
    who: str = ""
    console: str = ""
    source: str = ""
    subject: str = ""
    alert: str = ""
    service: str = ""
    incident: str = ""
    change: str = ""
    language: str = ""
    passed: bool = False
    params: tuple[_Given, ...] = ()
    steps: tuple[_Done, ...] = ()


def transcript_of(
    run: Run, language: Language, secrets: Iterable[Secret], below: bytes = b""
) -> bytes:
    """What `run` has come to, as a file of Markdown with front matter.

    Args:
        secrets: what must not stand in it, wherever it came from.
        below: what people wrote below the last transcript's seal.

    Raises:
        DocumentFaults: it cannot be written so that it could be read again.
    """
    run = _without(run, Masker(secrets))
    blank = document_of("---\n---\n\n", f"{run.id}.md")
    document = with_front(blank, _front(run, language))
    body = "".join(f"{line}\n" for line in body_of(run, language))
    return sealed(document.with_body(f"\n{body}\n").content, TRANSCRIPT, below)


def read_transcript(sheet: Sheet) -> PastRun | BrokenPaper:
    """The run that the transcript in `sheet` tells of, or everything that is wrong with it."""
    name = name_of(sheet.path)
    front, found = read_front(read_document(sheet.content, name), _Front)
    faults = tuple(map(str, found))
    if front is not None:
        faults += id_faults(front.id, Kind.RUN, sheet.path)
        if front.schema != SCHEMA:
            message = f"expected {SCHEMA}, got {quoted(str(front.schema))}"
            faults += (str(Fault(name, 0, 0, "schema", message)),)
    if front is None or faults:
        return BrokenPaper(sheet.path, sheet.blob, faults)
    states = [one.state for one in front.steps]
    return PastRun(
        front.id,
        sheet.path,
        front.runbook,
        Raw(front.title),
        front.began,
        front.ended,
        Raw(front.who),
        Raw(front.subject),
        front.service,
        front.incident,
        front.digest,
        tuple((str(state), count) for state, count in _counted(states)),
        tuple(one.name for one in front.steps if one.state is StepState.SKIPPED),
        bool(front.passed),
        front.change,
    )


def is_transcript(path: str) -> bool:
    """Whether a transcript stands at `path`, by its name."""
    return path.startswith("runs/") and path.endswith(".md") and id_of(path).startswith(Kind.RUN)


def summary_of(run: Run) -> str:
    """`3 passed, 1 failed`."""
    return counts_text(one.state for one in run.steps)


def _counted(states: Iterable[StepState]) -> list[tuple[StepState, int]]:
    counts = Counter(states)
    return [(state, counts[state]) for state in StepState if counts[state]]


def _front(run: Run, language: Language) -> _Front:
    return _Front(
        SCHEMA,
        run.id,
        visible(run.runbook.name),
        visible(run.runbook.title),
        run.runbook.digest,
        run.began,
        run.ended,
        visible(run.who),
        visible(run.console),
        visible(run.source),
        visible(run.subject),
        visible(run.alert),
        visible(run.service),
        run.incident,
        run.change,
        str(language),
        run.passed,
        tuple(_given(one) for one in run.params),
        tuple(_done(one) for one in run.steps),
    )


def _given(one: Filled) -> _Given:
    return _Given(one.name, value_of(one), visible(one.source))


def _done(one: StepRun) -> _Done:
    last = one.last
    return _Done(
        one.name,
        one.state,
        None if last is None else last.exit_status,
        None if last is None else took_of(last),
        len(one.attempts),
    )


def _without(value: T, masker: Masker) -> T:
    """`value` with every text in it masked but for what names something."""
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return cast("T", _masked(value, masker))
    if isinstance(value, Raw):
        return cast("T", Raw(_masked(visible(value), masker)))
    if isinstance(value, tuple):
        return cast("T", tuple(_without(each, masker) for each in value))
    if isinstance(value, msgspec.Struct):
        names = [name for name in value.__struct_fields__ if name not in _AS_THEY_ARE]
        changed = {name: _without(getattr(value, name), masker) for name in names}
        return msgspec.structs.replace(value, **changed)
    return value


def _masked(text: str, masker: Masker) -> str:
    return masker.whole(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
