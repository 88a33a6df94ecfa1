"""When and How tell themselves from the events, and leave what a person writes there alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import pytest
from markdown_it import MarkdownIt

from console.journal.account import MOST
from console.journal.document import Document, DocumentFaults, read_document
from console.journal.incident_text import INCIDENTS
from console.journal.language import Language
from console.journal.timeline import Entry
from console.model.event import Event, EventKind
from console.model.incident import Detection, Impact, Incident, IncidentProse, IncidentState
from tests.hostile import ATTACKS

AT: Final = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
FILE: Final = "INC-20261122-7f3-redis-down.md"
OPEN: Final = Incident(
    "INC-20261122-7f3",
    "redis down",
    AT,
    started=AT,
    detected=AT + timedelta(minutes=1),
    acknowledged=AT + timedelta(minutes=3),
    lead="kai",
)
OVER: Final = msgspec.structs.replace(
    OPEN,
    state=IncidentState.RESOLVED,
    mitigated=AT + timedelta(minutes=9),
    resolved=AT + timedelta(minutes=20),
    scribe="mei",
    liaison="ada",
    reporter="kai",
    participants=("bo", "*eve*"),
    impact=Impact(1_200, 34_000, 12.5, True),
)


def entry(minute: int, kind: EventKind, subject: str, text: str = "", who: str = "") -> Entry:
    return Entry(Event(AT + timedelta(minutes=minute), kind, subject, text, who))


FIRED: Final = entry(0, EventKind.FIRED, "ServiceDown redis", "began to fire")
ACKED: Final = entry(3, EventKind.ACKED, "ServiceDown redis", "acked until 05:00 UTC", "kai")
SHELL: Final = entry(5, EventKind.SHELL, "data-1", "a shell was open for 4m", "kai")
SAID: Final = entry(9, EventKind.UPDATE, "redis down", "Conditions: up again.", "mei")
ENTRIES: Final = (SHELL, FIRED, SAID, ACKED, entry(20, EventKind.RESOLVED, "ServiceDown redis"))


def section(document: Document, name: str) -> list[str]:
    """The lines of a section, without the blank ones and the hints."""
    text = document.text.partition(f"<!-- oncall:{name} -->")[2].partition("\n## ")[0]
    lines = [line.rstrip("\r") for line in text.split("\n")]
    return [line for line in lines if line and not line.startswith("<!--")]


def prose(document: Document) -> IncidentProse:
    read = INCIDENTS.read(document)
    assert read.value is not None and not read.faults, read.faults
    return read.value.prose


def reread(document: Document) -> Document:
    return read_document(document.content, FILE)


def test_when_and_how_stand_there_although_nobody_has_written_a_word() -> None:
    document = INCIDENTS.new(OVER, Language.ENGLISH, ENTRIES)
    assert section(document, "when") == [
        "- **Started**: 2026-11-22 03:14:00 UTC",
        "- **Detected**: 2026-11-22 03:15:00 UTC (TTD 1m)",
        "- **Acknowledged**: 2026-11-22 03:17:00 UTC kai (TTA 2m)",
        "- **Mitigated**: 2026-11-22 03:23:00 UTC (TTM 9m)",
        "- **Resolved**: 2026-11-22 03:34:00 UTC (TTR 20m)",
    ]
    assert section(document, "how") == [
        "- 2026-11-22 03:14:00 UTC **noticed by alert** `ServiceDown redis`",
        "- 2026-11-22 03:17:00 UTC **acknowledged** `ServiceDown redis` (kai)",
        "- 2026-11-22 03:19:00 UTC **shell** `data-1` a shell was open for 4m (kai)",
        "- 2026-11-22 03:23:00 UTC **status update** `redis down` Conditions: up again. (mei)",
    ]
    assert prose(document) == IncidentProse()


@pytest.mark.parametrize(
    ("language", "when", "how"),
    [
        (Language.TRADITIONAL_CHINESE, "- **發現**: ", "**由告警發現** `ServiceDown redis`"),
        (Language.SIMPLIFIED_CHINESE, "- **发现**: ", "**由告警发现** `ServiceDown redis`"),
    ],
)
def test_they_stand_there_in_the_language_of_the_document(
    language: Language, when: str, how: str
) -> None:
    document = INCIDENTS.new(OPEN, language, [FIRED])
    assert section(document, "when")[1].startswith(when)
    assert section(document, "how")[0].endswith(how)
    updated = INCIDENTS.update(document, OVER, ENTRIES)
    assert len(section(updated, "when")) == 5
    assert len(section(updated, "how")) == 4


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_a_person_writes_around_them_stays_and_is_the_only_prose(ending: str) -> None:
    text = INCIDENTS.new(OPEN, Language.ENGLISH, [FIRED]).text.replace("\n", ending)
    how, end = text.index("## How"), text.index("<!-- oncall:to here -->", text.index("## How"))
    end = text.index("\n", end) + 1
    begin = text.index("<!-- oncall:from events -->", how)
    above, below = f"The pager rang.  {ending}{ending}", f"\tThen it was quiet.{ending}"
    written = text[:begin] + above + text[begin:end] + below + text[end:]
    before = read_document(written.encode(), FILE)
    assert prose(before).how == "The pager rang.  \n\n\tThen it was quiet."
    updated = INCIDENTS.update(before, msgspec.structs.replace(OVER, prose=prose(before)), ENTRIES)
    assert above in updated.text and below in updated.text
    assert prose(reread(updated)) == prose(before)
    assert len(section(updated, "how")) == 4 + 2
    after = updated.text.partition("Then it was quiet.")[2]
    assert after.partition("<!-- oncall:end facts")[0].startswith(ending)


def test_what_a_form_saves_stands_beside_them_where_it_stood() -> None:
    document = INCIDENTS.new(OPEN, Language.ENGLISH, [FIRED])
    for how in ("We looked.", "We looked.\n\n<!-- oncall:to here -->\n\nAnd found it.", ""):
        incident = msgspec.structs.replace(OVER, prose=IncidentProse(how=how))
        document = INCIDENTS.update(document, incident, ENTRIES)
        assert prose(reread(document)).how == how
        assert "- 2026-11-22 03:14:00 UTC **noticed by alert**" in document.text
        assert INCIDENTS.update(document, incident, ENTRIES).content == document.content
    above = document.text.replace(
        "## How <!-- oncall:how -->\n", "## How <!-- oncall:how -->\nOn top.\n"
    )
    incident = msgspec.structs.replace(OVER, prose=IncidentProse(how="On top, edited."))
    updated = INCIDENTS.update(read_document(above.encode(), FILE), incident, ENTRIES)
    assert section(updated, "how")[0] == "On top, edited."


def test_whoever_took_them_out_and_wrote_their_own_is_left_alone() -> None:
    by_hand = "---\nid: INC-20261122-7f3\ntitle: x\nopened: 2026-11-22T03:14:00Z\n---\n"
    by_hand += "## When <!-- oncall:when -->\nAt night.\n## How <!-- oncall:how -->\n<!-- ? so -->"
    before = read_document(by_hand.encode(), FILE)
    incident = msgspec.structs.replace(OVER, prose=prose(before))
    updated = INCIDENTS.update(before, incident, ENTRIES)
    assert "## When <!-- oncall:when -->\nAt night.\n## How <!-- oncall:how -->" in updated.text
    assert section(updated, "when") == ["At night."]
    assert len(section(updated, "how")) == 4  # nobody wrote anything there
    assert prose(reread(updated)) == prose(before)


def test_without_a_new_timeline_they_stay_as_they_are() -> None:
    document = INCIDENTS.new(OPEN, Language.ENGLISH, [FIRED, ACKED])
    updated = INCIDENTS.update(document, OVER)
    for name in ("when", "how"):
        assert section(updated, name) == section(document, name)


@pytest.mark.parametrize(
    "torn",
    [
        "<!-- oncall:from events -->",
        "<!-- oncall:to here -->",
        "<!-- oncall:to here -->\n<!-- oncall:from events -->",
        "<!-- oncall:from events -->\n<!-- oncall:from events -->\n<!-- oncall:to here -->",
        "<!-- oncall:from events -->\n## Why <!-- oncall:why -->\n<!-- oncall:to here -->",
    ],
)
def test_marks_that_were_torn_by_hand_are_named_with_their_place(torn: str) -> None:
    front = "---\nid: INC-20261122-7f3\ntitle: x\nopened: 2026-11-22T03:14:00Z\n---\n"
    document = read_document(f"{front}## How <!-- oncall:how -->\nmine\n{torn}\n".encode(), FILE)
    (fault,) = INCIDENTS.read(document).faults[:1]
    assert str(fault).startswith(f"{FILE}:8:1: expected one line <!-- oncall:from events -->")
    with pytest.raises(DocumentFaults):
        INCIDENTS.update(document, OPEN, ENTRIES)


def test_no_text_of_an_event_breaks_out_of_them() -> None:
    hostile = ("a\n## x <!-- oncall:why -->", "<!-- oncall:to here -->", "</p><script>", *ATTACKS)
    told = [entry(n, EventKind.NOTE, text, text, text) for n, text in enumerate(hostile[:MOST])]
    document = INCIDENTS.new(OPEN, Language.ENGLISH, [FIRED, *told])
    assert prose(reread(document)) == IncidentProse()
    assert len(section(document, "how")) == len(told) + 1
    html = MarkdownIt().render("\n".join(section(document, "how")))
    assert "<script" not in html and html.count("<li>") == len(told) + 1


def test_of_very_many_the_first_stand_there_and_the_others_are_counted() -> None:
    told = [entry(n, EventKind.NOTE, "", f"note {n}") for n in range(MOST + 1_000)]
    lines = section(INCIDENTS.new(OPEN, Language.ENGLISH, told), "how")
    assert len(lines) == MOST + 1
    assert lines[-1] == "- 1,000 more stand in the timeline"


def test_what_no_alert_noticed_was_said_by_somebody() -> None:
    incident = msgspec.structs.replace(OPEN, detected_by=Detection.USER, reporter="ada")
    lines = section(INCIDENTS.new(incident, Language.ENGLISH, [FIRED]), "how")
    assert lines == ["- 2026-11-22 03:15:00 UTC **reported by a user** (ada)"]


def test_roles_and_impact_stand_at_a_glance() -> None:
    facts = section(INCIDENTS.new(OVER, Language.ENGLISH, ENTRIES), "facts")
    for line in (
        "- **Scribe**: mei",
        "- **Liaison**: ada",
        "- **Reported by**: kai",
        "- **Participants**: bo, \\*eve\\*",
        "- **Users affected**: 1,200",
        "- **Failed requests**: 34,000",
        "- **Error budget spent**: 12.5 %",
        "- **SLA breached**: yes",
    ):
        assert line in facts
    for language in Language:
        bare = section(INCIDENTS.new(OPEN, language, ENTRIES), "facts")
        assert len(facts) == len(bare) + 4 + 8  # two times and their clocks
