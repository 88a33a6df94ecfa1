"""Documents: what is written is read again, and what is somebody else's stays to the byte."""

from __future__ import annotations

import difflib
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from console.journal.change_text import CHANGES
from console.journal.document import MAX_CHARS, Document, DocumentFaults, read_document
from console.journal.incident_text import INCIDENTS
from console.journal.language import Language, language_of, word
from console.journal.template import template_from, template_of
from console.journal.timeline import Entry, link_of, timeline_lines
from console.model.change import Change, Plan, approvers_of, plan_hash
from console.model.event import Event, EventKind
from console.model.incident import (
    ActionItem,
    Incident,
    IncidentProse,
    IncidentState,
    PostMortem,
)
from console.model.state import Priority
from tests.hostile import hostile_strings
from tests.journal.made import changes, incidents, plans
from tests.soak import trials

AT = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
FILE = "INC-20261122-7f3-redis-down.md"
OPEN = Incident("INC-20261122-7f3", "redis down", AT)
FIRED = Entry(Event(AT, EventKind.FIRED, "redis@data", "no PING reply"))
EXAMPLES = trials(20, 1_000)


def by_hand(text: str) -> Document:
    return read_document(text.encode("utf-8", "surrogateescape"), FILE)


def incident_of(document: Document) -> Incident:
    read = INCIDENTS.read(document)
    assert not read.faults, read.faults
    assert read.value is not None
    return read.value


def change_of(document: Document) -> Change:
    read = CHANGES.read(document)
    assert not read.faults, read.faults
    assert read.value is not None
    return read.value


@settings(deadline=None, max_examples=EXAMPLES)
@given(incident=incidents, language=st.sampled_from(Language))
def test_an_incident_that_is_written_is_read_again(incident: Incident, language: Language) -> None:
    document = INCIDENTS.new(incident, language, [FIRED])

    assert incident_of(read_document(document.content, FILE)) == incident


@settings(deadline=None, max_examples=EXAMPLES)
@given(change=changes, language=st.sampled_from(Language))
def test_a_change_that_is_written_is_read_again(change: Change, language: Language) -> None:
    document = CHANGES.new(change, language, [FIRED])
    again = change_of(read_document(document.content, FILE))

    assert again == change
    assert plan_hash(again.plan) == plan_hash(change.plan)


@settings(deadline=None, max_examples=EXAMPLES)
@given(before=incidents, after=incidents, crlf=st.booleans())
def test_any_incident_becomes_any_other_in_its_own_file(
    before: Incident, after: Incident, crlf: bool
) -> None:
    document = INCIDENTS.new(before, Language.ENGLISH)
    if crlf and "\r" not in document.text:
        document = by_hand(document.text.replace("\n", "\r\n"))
    updated = INCIDENTS.update(document, after, [FIRED])

    assert incident_of(updated) == after
    # Said again, nothing is written.
    assert INCIDENTS.update(updated, after, [FIRED]).content == updated.content


@settings(deadline=None, max_examples=EXAMPLES)
@given(before=incidents, after=incidents, chance=st.randoms(use_true_random=False))
def test_keys_in_another_order_with_comments_between_them_stay_in_theirs(
    before: Incident, after: Incident, chance: random.Random
) -> None:
    document = INCIDENTS.new(before, Language.ENGLISH)
    front = document.text[document.front_start : document.front_end]
    chunks = re.split(r"^(?=[a-z_]+:)", front, flags=re.MULTILINE)[1:]
    chance.shuffle(chunks)
    ours = [f"# comment {number}\nx{number}: [a,  b] # kept\n\n" for number in range(len(chunks))]
    mixed = "".join(one for pair in zip(ours, chunks, strict=True) for one in pair)
    updated = INCIDENTS.update(document.with_front(mixed), after)

    assert incident_of(updated) == after
    lines = updated.text.split("\n")
    kept = [line for line in lines if re.match(r"# comment \d+$|x\d+: \[a,  b\] # kept$", line)]
    assert kept == "".join(ours).replace("\n\n", "\n").split("\n")[:-1]


OURS_ENDS = re.compile(
    rb"^(?:# .*<!-- oncall:title -->|<!-- oncall:end [a-z]+ -->)[ \t]*\r?\n", re.MULTILINE
)
"""What stands behind these lines, up to the next marked heading, is nobody's but the team's."""
foreign = (
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from(
            (b"## Ours", b"\t\r", b"  \n\n", "值班".encode(), b"```", b"---", b"\xff")
        ),
        max_size=4,
    )
    .map(lambda parts: b"\n".join((*parts, b"")))
    .filter(lambda text: b"<!--" not in text)
)


@settings(deadline=None, max_examples=EXAMPLES)
@given(before=incidents, after=incidents, by_team=st.lists(foreign, min_size=4, max_size=4))
def test_what_a_team_wrote_between_the_consoles_parts_stays_to_the_byte(
    before: Incident, after: Incident, by_team: list[bytes]
) -> None:
    chunks = iter(by_team)
    content = INCIDENTS.new(before, Language.ENGLISH).content
    edited = b"\xef\xbb\xbf" + OURS_ENDS.sub(lambda line: line[0] + next(chunks), content)
    updated = INCIDENTS.update(read_document(edited, FILE), after, [FIRED])

    assert next(chunks, None) is None
    assert incident_of(updated) == after
    assert updated.content.startswith(b"\xef\xbb\xbf---\n")
    behind = OURS_ENDS.split(updated.content)[1:]
    assert len(behind) == len(by_team)
    for text, chunk in zip(behind, by_team, strict=True):
        assert text.startswith(chunk)


@settings(deadline=None, max_examples=EXAMPLES)
@given(change=changes, plan=plans)
def test_any_plan_becomes_any_other_in_its_own_file(change: Change, plan: Plan) -> None:
    document = CHANGES.new(change, Language.ENGLISH)
    after = msgspec.structs.replace(change, plan=plan)

    assert change_of(CHANGES.update(document, after)) == after


@settings(deadline=None, max_examples=EXAMPLES)
@given(incident=incidents)
def test_other_readers_of_yaml_take_the_front_matter_for_the_same(incident: Incident) -> None:
    document = INCIDENTS.new(incident, Language.ENGLISH)
    front = yaml.safe_load(document.text[document.front_start : document.front_end])

    assert front["title"] == incident.title
    assert tuple(front["services"]) == incident.services
    assert front["opened"] == incident.opened
    assert (front["lead"] or "") == incident.lead


HAND = """\
\ufeff---
# ours
id: INC-20261122-7f3   # never changes
title: redis down
team: payments         # not the console's

opened: 2026-11-22T03:14:00Z
state: open  # was a guess
severity: 'P2'\t# too low?
links: {wiki: "https://wiki.example/x", 'odd key': [1, 2]}
impact:
  # as counted by the gateway
  users: 12  # so far
  sla_breached: no
actions:
  - text: Add an alert
    owner: mei
# the end
---
\x20\x20
# INC-20261122-7f3 redis down <!-- oncall:title -->
Our own introduction.  \t
\x80\xff bytes that are no UTF-8
## What <!-- oncall:what -->
redis did not answer
### A heading of ours
* * *
## Why <!-- oncall:why -->

<!-- ? a hint -->

## Timeline <!-- oncall:timeline -->
old
<!-- oncall:end timeline -->
last line without an end   """


def changed_lines(before: Document, after: Document) -> list[str]:
    one, other = before.text.split("\n"), after.text.split("\n")
    return [line for line in difflib.ndiff(one, other) if line[0] in "+-"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_an_update_leaves_every_byte_that_is_not_the_consoles(ending: str) -> None:
    raw = (
        HAND.replace("\n", ending).encode("latin-1", "replace").replace(b"?---", b"\xef\xbb\xbf---")
    )
    before = read_document(raw, FILE)
    incident = incident_of(before)
    assert before.content == raw
    assert incident.severity is Priority.P2
    assert incident.impact.users == 12
    assert incident.impact.sla_breached is False
    assert incident.prose.what == "redis did not answer\n### A heading of ours\n* * *"
    assert incident.prose.why == ""
    assert INCIDENTS.update(before, incident).content == raw

    after = msgspec.structs.replace(
        incident,
        state=IncidentState.MITIGATED,
        severity=Priority.P1,
        lead="kai",
        mitigated=AT + timedelta(minutes=9),
        impact=msgspec.structs.replace(incident.impact, users=40),
    )
    updated = INCIDENTS.update(before, after, [FIRED])

    assert incident_of(updated) == after
    end = ending[:-1]
    assert changed_lines(before, updated) == [
        f"- state: open  # was a guess{end}",
        f"+ state: mitigated  # was a guess{end}",
        f"- severity: 'P2'\t# too low?{end}",
        f"+ severity: P1\t# too low?{end}",
        f"+ mitigated: 2026-11-22T03:23:00Z{end}",
        f"+ lead: kai{end}",
        f"-   users: 12  # so far{end}",
        f"+   users: 40  # so far{end}",
        f"- old{end}",
        f"+ {end}",
        f"+ - 2026-11-22 03:14:00 UTC **fired** `redis@data` no PING reply{end}",
        f"+ {end}",
    ]


def test_a_section_is_written_only_where_its_text_differs() -> None:
    before = by_hand(HAND.replace("\n", "\r\n"))
    incident = incident_of(before)
    prose = msgspec.structs.replace(incident.prose, why="The limit was too low.\nTwice.")
    updated = INCIDENTS.update(before, msgspec.structs.replace(incident, prose=prose))

    assert changed_lines(before, updated) == [
        "- <!-- ? a hint -->\r",
        "+ The limit was too low.\r",
        "+ Twice.\r",
    ]
    assert incident_of(updated).prose == prose


def test_what_a_document_lacks_is_added_at_its_end() -> None:
    before = by_hand(
        "---\nid: INC-20261122-7f3\ntitle: x\nopened: 2026-11-22T03:14:00Z\n---\nmy text"
    )
    incident = msgspec.structs.replace(incident_of(before), prose=IncidentProse(why="unknown"))
    updated = INCIDENTS.update(before, incident, [FIRED])

    assert updated.text.startswith(before.text + "\n\n## Why <!-- oncall:why -->\n\nunknown\n")
    assert updated.text.endswith("no PING reply\n\n<!-- oncall:end timeline -->\n")
    assert incident_of(updated) == incident


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", ":1:1: expected front matter"),
        ("# INC\n", ":1:1: expected front matter"),
        ("---\nid: INC-1\n", ":1:1: expected a line --- that ends it"),
        ("---\nid: a: b\n---\n", ":2:6: expected no `: ` inside a value"),
        ("---\nid: INC-1\n\tx: y\n---\n", ":3:1: expected spaces for indentation"),
        ("---\nid: INC-1\nid: INC-2\n---\n", ':3:1: "id" stands here already, in line 2'),
        ("---\n- a\n---\n", ":2:1: expected keys with values"),
        ("---\nid: &a x\n---\n", ":2:5: anchors"),
        ("---\nid: x\rtitle: y\n---\n", ":2:6: expected ordinary line breaks"),
        ("---\nid: INC-1\nopened: 2026-11-22T03:14:00Z\n---\n", "missing `title`"),
        ("---\nid: INC-1\ntitle:\nopened: 2026-11-22T03:14:00Z\n---\n", "missing `title`"),
        (HAND.replace("'P2'", "banana"), ":9:11: severity: expected one of P0, P1, P2, P3"),
        (HAND.replace("state: open", "state: shut"), ":8:8: state: expected one of open"),
        (HAND.replace("opened: 2026", "opened: at 2026"), ":7:9: opened: expected a time"),
        (HAND.replace("03:14:00Z", "03:14:00"), ":7:9: opened: expected a time with its zone"),
        (HAND.replace("users: 12", "users: many"), ":13:10: impact.users: expected a whole"),
        (HAND.replace("owner: mei", "owners: mei"), "actions[0]: unknown key"),
        (HAND.replace("owner: mei", "owner: [mei]"), "actions[0].owner: expected text"),
        (HAND.replace("## Why <!-- oncall:why", "## Why <!-- oncall:what"), ":28:1: the heading"),
        ("---\n" + "a: [\n" * 3_000 + "---\n", "expected at most 32 levels"),
        ("---\n" + "x: y\n" * 500_000 + "---\n", "expected a line --- that ends it"),
        ("---\n---\n" + "x" * MAX_CHARS, "expected at most 8,388,608 characters"),
    ],
)
def test_what_was_broken_by_hand_is_named_with_its_place_and_never_overwritten(
    text: str, place: str
) -> None:
    document = by_hand(text)
    read = INCIDENTS.read(document)

    assert any(place in str(fault) for fault in read.faults), read.faults
    assert document.text == text
    if "the heading" not in place:
        with pytest.raises(DocumentFaults):
            INCIDENTS.update(document, OPEN, [FIRED])


def test_a_front_matter_that_is_no_utf_8_is_named_with_its_place() -> None:
    document = read_document(b"---\nid: INC-1\ntitle: caf\xe9\n---\n", FILE)

    assert "3:11: expected UTF-8, got byte 0xe9" in str(INCIDENTS.read(document).faults[0])
    assert document.content == b"---\nid: INC-1\ntitle: caf\xe9\n---\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<!-- oncall:end timeline -->\n", "", "expected a line <!-- oncall:end timeline -->"),
        ("<!-- oncall:end timeline -->\n", "## Mine <!-- oncall:mine -->\n", "before the next one"),
        ("## Why <!-- oncall:why", "## Timeline <!-- oncall:timeline", "stands here already"),
    ],
)
def test_a_timeline_whose_end_is_not_known_is_not_written_over(
    old: str, new: str, said: str
) -> None:
    document = by_hand(HAND.replace(old, new))
    with pytest.raises(DocumentFaults, match=re.escape(said)):
        INCIDENTS.update(document, incident_of(document), [FIRED])


def test_a_document_is_not_taken_for_another_incidents() -> None:
    with pytest.raises(DocumentFaults, match="expected the document of"):
        INCIDENTS.update(by_hand(HAND), msgspec.structs.replace(OPEN, id="INC-20261122-zzz"))


def test_front_matter_in_braces_is_read_and_not_written() -> None:
    document = by_hand("---\n{id: INC-20261122-7f3, title: x, opened: 2026-11-22T03:14:00Z}\n---\n")

    assert incident_of(document).title == "x"
    with pytest.raises(DocumentFaults, match="expected one key a line"):
        INCIDENTS.update(document, OPEN)


def test_a_change_with_a_fault_counts_as_approved_by_nobody() -> None:
    plan = Plan(services=("shop",), steps="x")
    change = Change("CHG-20261122-9b1", "x", "kai", AT, plan=plan)
    text = CHANGES.new(change, Language.ENGLISH).text
    approved = text.replace(
        "approvals: []",
        f"approvals:\n  - {{by: mei, at: 2026-11-22T03:00:00Z, plan: {plan_hash(plan)!r}}}",
    )

    assert approvers_of(change_of(by_hand(approved))) == ("mei",)
    twice = CHANGES.read(by_hand(f"{approved}\n## W <!-- oncall:reason -->\n"))
    assert twice.faults
    assert twice.value is not None
    assert approvers_of(twice.value) == ()
    read = CHANGES.read(by_hand(approved.replace("kind: normal", "kind: quick")))
    assert read.faults
    assert read.value is not None
    assert approvers_of(read.value) == ()
    edited = approved.replace("steps: x", "steps: rm -rf /")
    assert approvers_of(change_of(by_hand(edited))) == ()
    prose = approved.replace("## Reason <!-- oncall:reason -->", "\\g<0>\n\nbecause")
    assert approvers_of(change_of(by_hand(prose))) == ("mei",)


def test_a_comment_in_the_plan_stays_when_another_line_of_it_changes() -> None:
    plan = Plan(services=("shop",), steps="one\ntwo", executor="kai")
    change = Change("CHG-20261122-9b1", "x", "kai", AT, plan=plan)
    text = CHANGES.new(change, Language.ENGLISH).text
    document = by_hand(
        text.replace("  executor: kai", "\n\n  # on call that night\n  executor: kai")
    )
    after = msgspec.structs.replace(
        change, plan=msgspec.structs.replace(plan, steps="one\n\nthree")
    )
    updated = CHANGES.update(document, after)

    assert "  steps: |-\n    one\n\n    three\n\n\n  # on call that night\n" in updated.text
    assert change_of(updated) == after


def test_the_form_has_the_order_of_3_am_and_every_heading_in_every_language() -> None:
    for language in Language:
        body = template_of("incident", language).body
        found = re.findall(r"^#+ (\S.*) <!-- oncall:([a-z-]+) -->$", body, re.MULTILINE)
        marks = [mark for _, mark in found]
        assert marks[:8] == ["title", "facts", "what", "where", "when", "who", "how", "why"]
        assert {mark for _, mark in INCIDENTS.sections} <= set(marks)
        assert marks[-2:] == ["actions", "timeline"]
        assert all(text == word(mark, language) for text, mark in found if mark != "title")
        change = re.findall(r"oncall:([a-z-]+) -->$", template_of("change", language).body, re.M)
        assert {mark for _, mark in CHANGES.sections} | {"plan", "timeline"} <= set(change)


def test_a_document_keeps_its_language_when_it_is_brought_up_to_date() -> None:
    document = INCIDENTS.new(OPEN, Language.TRADITIONAL_CHINESE, [FIRED])
    lead = msgspec.structs.replace(OPEN, lead="陳")
    updated = INCIDENTS.update(document, lead)

    assert "- **負責人**: 陳" in updated.text
    assert "Lead" not in updated.text
    for tag, language in (
        ("zh-TW", Language.TRADITIONAL_CHINESE),
        ("zh_HK.UTF-8", Language.TRADITIONAL_CHINESE),
        ("zh", Language.SIMPLIFIED_CHINESE),
        ("zh-Hans-TW", Language.SIMPLIFIED_CHINESE),
        ("en_GB", Language.ENGLISH),
        ("C.UTF-8", None),
    ):
        assert language_of(tag) is language


def test_a_team_overrides_a_template_by_a_file_of_its_own(tmp_path: Path) -> None:
    own = "---\n# ask the bridge\nbridge: +886 2 0000\n---\n"
    own += "# T <!-- oncall:title -->\n\nCall first.\n"
    (tmp_path / "incident.md").write_text(own)
    (tmp_path / "incident.zh-Hant.md").write_text("請先打電話。\n")

    english = INCIDENTS.new(
        OPEN, Language.ENGLISH, [FIRED], template_of("incident", Language.ENGLISH, tmp_path)
    )
    chinese = template_of("incident", Language.TRADITIONAL_CHINESE, tmp_path)

    assert english.text.startswith('---\nid: INC-20261122-7f3\ntitle: "redis down"\n')
    assert "# ask the bridge\nbridge: +886 2 0000\n---\n" in english.text
    assert "# INC-20261122-7f3 redis down <!-- oncall:title -->\n\nCall first.\n" in english.text
    assert incident_of(english) == OPEN
    assert chinese.body == "\n請先打電話。\n"
    assert "oncall:what" in template_of("incident", Language.SIMPLIFIED_CHINESE, None).body
    (tmp_path / "change.md").write_bytes(b"\xff")
    with pytest.raises(DocumentFaults, match=r"change\.md: expected UTF-8"):
        template_of("change", Language.ENGLISH, tmp_path)
    with pytest.raises(DocumentFaults, match=r"own\.md:2:5"):
        template_from("---\na: b: c\n---\n", "own.md")


@pytest.mark.parametrize("front", ["", "---\nbridge: x\n---\n"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_template_with_a_faulty_heading_is_named_by_its_own_line(front: str, ending: str) -> None:
    above = front.count("\n")
    for body, line, said in (
        ("x\n## T <!-- oncall:timeline -->\n", 2, "expected a line <!-- oncall:end timeline -->"),
        ("## W <!-- oncall:why -->\n\n## W <!-- oncall:why -->\n", 3, "stands here already"),
    ):
        with pytest.raises(DocumentFaults) as caught:
            template_from((front + body).replace("\n", ending), "own.md")
        assert f"own.md:{above + line}:1: " in str(caught.value)
        assert said in str(caught.value)


def test_a_document_has_the_line_breaks_of_the_template_that_it_was_made_from() -> None:
    template = template_from("# T <!-- oncall:title -->\r\n\r\nCall first.\r\n", "own.md")
    incident = msgspec.structs.replace(OPEN, prose=IncidentProse(what="one\ntwo"))
    document = INCIDENTS.new(incident, Language.SIMPLIFIED_CHINESE, [FIRED], template)

    assert document.text.count("\n") == document.text.count("\r\n") > 40
    assert incident_of(document) == incident


def test_a_timeline_is_in_order_in_utc_and_says_what_it_leaves_out() -> None:
    later = Entry(Event(AT + timedelta(minutes=2), EventKind.ACKED, "redis@data", "looking", "kai"))
    lines = list(timeline_lines([later, FIRED, later], Language.ENGLISH))
    many = [
        Entry(Event(AT + timedelta(seconds=number), EventKind.CELL, "x", str(number)))
        for number in range(2_005)
    ]

    assert lines == [
        "- 2026-11-22 03:14:00 UTC **fired** `redis@data` no PING reply",
        "- 2026-11-22 03:16:00 UTC **acked** `redis@data` looking (kai)",
    ]
    assert next(iter(timeline_lines(many, Language.ENGLISH))) == "- 5 earlier ones are left out"
    assert list(timeline_lines([], Language.TRADITIONAL_CHINESE)) == ["無"]


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("https://g.example/d/x?from=1&to=2#p", "[e](<https://g.example/d/x?from=1&to=2#p>)"),
        ("events/2026-11-22/kai.jsonl#L3", "[e](events/2026-11-22/kai.jsonl#L3)"),
        ("../runs/a.json", "[e](../runs/a.json)"),
        ("https://x/a)b>c\\d", "[e](<https://x/a%29b%3Ec%5Cd>)"),
        ("javascript:alert(1)", "`javascript:alert(1)`"),
        ("//evil.example", "`//evil.example`"),
        ("https://x/\n# y", "`https://x/⏎# y`"),
        ("https://[broken", "`https://[broken`"),
    ],
)
def test_a_link_leads_only_to_the_web_or_into_the_journal(address: str, written: str) -> None:
    assert link_of(address, "e") == written


def rendered(text: str) -> list[tuple[str, str]]:
    """What a reader sees: block kinds with the text in them."""
    tokens = MarkdownIt("commonmark").parse(text)
    found = []
    for index, token in enumerate(tokens):
        if token.type == "inline":
            kinds = {child.type for child in token.children or ()}
            found.append((tokens[index - 1].tag, " ".join(sorted(kinds))))
        elif token.type in ("html_block", "fence", "code_block", "hr"):
            found.append((token.type, token.content))
    return found


def test_no_text_from_outside_changes_how_a_document_is_rendered() -> None:
    def document(text: str) -> str:
        event = Event(AT, EventKind.FIRED, text, text, text)
        incident = msgspec.structs.replace(
            OPEN,
            title=f"x{text}",
            lead=f"x{text}",
            environment=f"x{text}",
            services=(f"x{text}",),
            actions=(ActionItem(f"x{text}", owner=f"x{text}"),),
            post_mortem=PostMortem(),
        )
        return INCIDENTS.new(incident, Language.ENGLISH, [Entry(event)]).body

    def shape(text: str) -> list[str]:
        return [kind for kind, _ in rendered(document(text))]

    plain = shape("plain")
    assert plain.count("h2") == 17
    for text in hostile_strings(trials(30, 1_000), seed=3):
        if not text.strip():
            continue
        assert shape(text) == plain, repr(text)
        for kind, inline in rendered(document(text)):
            assert not {"image", "link_open", "html_inline"} & set(inline.split()) or kind in (
                "h1",
                "h2",
            ), repr(text)
        html = MarkdownIt("commonmark").render(document(text))
        assert "<script" not in html


def test_an_action_item_and_a_plan_are_rendered_as_what_they_are() -> None:
    done = ActionItem(
        "Add an alert", owner="mei", due=AT.date(), done=AT, link="https://t.example/1"
    )
    incident = msgspec.structs.replace(OPEN, actions=(done,), severity=Priority.P1)
    html = MarkdownIt("commonmark").render(INCIDENTS.new(incident, Language.ENGLISH, [FIRED]).body)
    change = Change("CHG-20261122-9b1", "x", "kai", AT, plan=Plan(steps="echo '```'\nls"))
    plan = MarkdownIt("commonmark").render(CHANGES.new(change, Language.ENGLISH).body)

    assert "[x] Add an alert — mei due 2026-11-22 done 2026-11-22 03:14:00 UTC" in html
    assert '<a href="https://t.example/1">evidence</a>' in html
    assert "<strong>Severity</strong>: P1" in html
    assert "<pre><code class=\"language-text\">echo '```'\nls\n</code></pre>" in plan


def test_half_characters_and_nul_come_back_as_a_sign_and_are_no_error() -> None:
    incident = msgspec.structs.replace(
        OPEN, title="a\0b\ud800", prose=IncidentProse(what="x\udc80y")
    )
    document = INCIDENTS.new(incident, Language.ENGLISH)
    again = incident_of(read_document(document.content, FILE))

    assert again.title == "a\ufffdb\ufffd"
    assert again.prose.what == "x\ufffdy"


def test_a_megabyte_that_was_pasted_is_kept() -> None:
    text = "line of a log `` ``` <!-- oncall:end timeline --> \n" * 25_000
    incident = msgspec.structs.replace(OPEN, prose=IncidentProse(how=text.rstrip()))
    document = INCIDENTS.new(incident, Language.ENGLISH, [FIRED])

    assert incident_of(read_document(document.content, FILE)).prose.how == text.rstrip()
