"""Whatever somebody writes into a name or a title, no form of a report obeys it."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from typing import Final, Literal
from xml.etree import ElementTree

import msgspec
import pytest
from markdown_it import MarkdownIt

from console.journal.language import Language
from console.model.daily import Daily, FreezeLine, Kpi, Now, Owed
from console.model.nag import NagKind
from console.model.saying import Saying, saying, verbatim
from console.model.summary import Week
from console.reports.chat import chat_text
from console.reports.html import POLICY, html_of
from console.reports.json_form import json_of
from console.reports.json_shape import WeekShape
from console.reports.markdown import markdown_of
from console.reports.titles import title_of
from console.safety.text import Raw, visible
from tests.hostile import ATTACKS
from tests.reports import made
from tests.soak import trials

_TAGS: Final = (
    "html head meta title style body header h1 h2 nav a main section p ul li span strong code pre "
    "small div table thead tbody tr th td figure figcaption details summary footer "
    "svg defs pattern path symbol rect g text use"
)
_ATTRIBUTES: Final = (
    "lang charset http-equiv content name id class scope aria-label aria-hidden role href "
    "viewbox width height x y rx d fill patternunits textlength overflow"
)
TAGS: Final = frozenset(_TAGS.split())
ATTRIBUTES: Final = frozenset(_ATTRIBUTES.split())
MORE: Final = (
    "a|b|c",
    "a\\|b",
    "`` ` ``",
    "# heading",
    "- [x] done",
    "1. one",
    "    code",
    "---",
    "===",
    "> quote",
    "![x](http://evil.example/x.png)",
    "[x](javascript:alert(1))",
    "<https://evil.example>",
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;&#60;b&#62;",
    "</title></style><script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "]]><!--",
    "{n} {} %s",
    "a" * 5_000,
    "長" * 500,
)
HOSTILE: Final = (*ATTACKS, *MORE)
PARSED: Final = (*ATTACKS[:: trials(3, 1)], *MORE)
"""What a whole page is parsed anew for: `ATTACKS` are on terminals, and leave `visible` alike."""
MARKDOWN: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])


class _Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.faults.append(f"{tag} {name}")
            if name == "href" and not (value or "").startswith("#"):
                self.faults.append(f"href {value}")
            if name == "fill" and not re.fullmatch(r"url\(#p-[a-z]+\)", value or ""):
                self.faults.append(f"fill {value}")
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"<!--{data}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(page: bytes) -> _Reader:
    reader = _Reader()
    reader.feed(page.decode())
    reader.close()
    assert not reader.faults, reader.faults[:5]
    assert not reader.open
    return reader


def _hostile_daily(text: str) -> Daily:
    names, said = (text,), verbatim(text)
    item = msgspec.structs.replace(made.INSPECTION.items[1], text=text, name=text)
    tick = item.tick
    assert tick is not None
    item = msgspec.structs.replace(item, tick=msgspec.structs.replace(tick, by=text, note=text))
    base = made.daily()
    return made.daily(
        environment=text,
        services=(made.service_day(text, made.seen(3.0), place=text, owner=text, source=text),),
        noise=(made.noise(text, where=Raw(text), service=text, incidents=names),),
        longest=(
            msgspec.structs.replace(
                base.longest[0], alert=Raw(text), where=Raw(text), acked_by=text
            ),
        ),
        overdue=(Owed(text, NagKind.ACTION, said, made.at(5), text),),
        freezes=(FreezeLine(text, None),),
        steps=(msgspec.structs.replace(base.steps[0], who=text, run=text, step=text, host=text),),
        now=(Now(text, (said,)), Now("handover", (said,))),
        inspection=msgspec.structs.replace(made.INSPECTION, items=(item,)),
        made_from=(said,),
        to_know=(said, Saying(text), saying("{why}", why=said)),
    )


@cache
def _reports(text: str) -> tuple[Week | Daily | Kpi, ...]:
    figure = made.figure(text, told_by=verbatim(text), query=text, service=text)
    said = (verbatim(text),)
    kpi = made.kpi(environment=text, figures=(figure,), made_from=said, to_know=said)
    return made.hostile_week(text), _hostile_daily(text), kpi


@pytest.mark.parametrize("text", PARSED, ids=range(len(PARSED)))
def test_html_has_no_tag_and_no_attribute_that_somebody_else_wrote(text: str) -> None:
    for report in _reports(text):
        page = html_of(report, Language.ENGLISH)
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", page)
        reader = _read(page)
        if 0 < len(text) < 100 and text.strip():
            assert visible(text) in "".join(reader.text)
        for chart in re.findall(rb"<svg.*?</svg>", page, re.DOTALL):
            ElementTree.fromstring(chart)


@pytest.mark.parametrize("text", PARSED, ids=range(len(PARSED)))
def test_markdown_stays_what_it_is(text: str) -> None:
    for index, form in FORMS:
        shown = markdown_of(_reports(text if text.strip() else "y")[index], form, Language.ENGLISH)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", shown)
        assert _outline(shown) == _harmless(index, form)


FORMS: Final[tuple[tuple[int, Literal["short", "detailed"]], ...]] = (
    (0, "short"),
    (0, "detailed"),
    (1, "detailed"),
)
"""Of a week, whose key figures are the same, and of a day."""


@cache
def _harmless(index: int, form: Literal["short", "detailed"]) -> list[str]:
    return _outline(markdown_of(_reports("x")[index], form, Language.ENGLISH))


@pytest.mark.parametrize("text", [one for one in HOSTILE if "|" in one or "`" in one])
def test_a_name_with_bars_stays_in_its_cell_and_whole(text: str) -> None:
    tokens = MARKDOWN.parse(markdown_of(made.hostile_week(text), "detailed", Language.ENGLISH))
    cells = [
        "".join(child.content for child in tokens[index + 1].children or ())
        for index, token in enumerate(tokens)
        if token.type == "td_open"
    ]
    # Its own table's, downtime, outages, objectives, noise, an incident, a change, an exclusion.
    assert cells.count(visible(text)) >= 8


def _outline(text: str) -> list[str]:
    """Blocks, and what within them is more than words: links, pictures, HTML."""
    tokens = MARKDOWN.parse(text)
    blocks = [one.type for one in tokens]
    within = [
        child.type
        for one in tokens
        for child in one.children or ()
        if child.type not in ("text", "code_inline", "text_special", "softbreak")
    ]
    return blocks + within


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_json_keeps_it_exact_and_chat_and_titles_show_it_harmlessly(text: str) -> None:
    for report in _reports(text):
        written = json_of(report)
        assert written.isascii()
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", written)
        for shown in (title_of(report, Language.ENGLISH), *_chats(report)):
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", shown)
        assert "\n" not in title_of(report, Language.SIMPLIFIED_CHINESE)
    if not re.search("[\ud800-\udfff]", text):
        read = msgspec.json.decode(json_of(_reports(text)[0]), type=WeekShape)
        assert read.noise[0].alert == text


def _chats(report: Week | Daily | Kpi) -> tuple[str, str]:
    short = chat_text(report, "short", Language.ENGLISH)
    return short, chat_text(report, "detailed", Language.ENGLISH)


@pytest.mark.parametrize("language", Language)
def test_a_page_asks_nothing_of_anybody_and_says_its_language(language: Language) -> None:
    for report in (made.terrible_week(), made.daily(), made.kpi(), made.week()):
        page = html_of(report, language).decode()
        _read(page.encode())
        assert f'<html lang="{language}">' in page
        assert f'content="{POLICY}"' in page
        assert POLICY == "default-src 'none'; style-src 'unsafe-inline'"
        assert not re.search(r"https?:|src=|@import|url\((?!#)|<script|<link|<base", page)


def test_the_strip_tells_every_day_without_colour() -> None:
    page = html_of(made.terrible_week(), Language.ENGLISH).decode()
    cells = re.findall(
        r'<g role="img"><title>([^<]*)</title><use href="#c-(\w+)"[^>]*/>(?:<text[^>]*>([^<]*)<)?',
        page,
    )
    assert len(cells) == 6 * 7
    title = "11-18: availability 98.12 %, coverage 100 %, downtime 27 min"
    assert (title, "missed", "27m") in cells
    assert (
        "11-20: availability 99.99 %, coverage 100 %, downtime 400 ms",
        "some",
        "400ms",
    ) in cells
    unseen = "11-22: availability — (not observed), coverage 0.0 %, downtime — (not observed)"
    assert (unseen, "lacking", "?") in cells
    assert len({sign for _, kind, sign in cells if kind in ("clean", "lacking")}) == 2
    assert ">!1<" in page  # an incident above its day
    assert ">C1<" in page
    assert "INC-20261118-7f3" in next(one for one, *_ in cells if "INC" in one)


def test_a_thousand_services_stay_small_and_folded() -> None:
    page = html_of(made.big_week(1_000), Language.TRADITIONAL_CHINESE)
    assert len(page) < 3_000_000
    reader = _read(page)
    assert "service-0999-of-the-shop" in "".join(reader.text)
    open_part = re.sub(rb"<details>.*?</details>", b"", page, flags=re.DOTALL)
    assert len(open_part) < 200_000
