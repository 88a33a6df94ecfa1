"""Rows as text: one line for a chat, Markdown for an incident or an editor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

from console.model.alert import Ack
from console.model.labels import Labels
from console.model.markdown import code, fenced
from console.model.snapshot import KnownAlert
from console.model.state import State
from console.model.words import age_text, breach_text, count_text
from console.model.worklist import Clocks, Row
from console.safety.text import Raw, cell_width, strip_credentials, visible

SHOWN_ALERTS: Final = 20
"""Alerts of one row that the Markdown lists whole."""
_NOT_IN_A_LINK: Final = re.compile(r"[^\x21-\x7e]|[\"'`\\<>()\[\]]")


def text_of(row: Row) -> str:
    """A row as one line of text, to be pasted into a chat. Safe to show."""
    parts = [str(row.priority), *filter(None, (row.document,)), visible(row.title)]
    if row.where:
        parts.append(visible(row.where))
    parts.append(f"since {row.since:%Y-%m-%d %H:%M:%S} UTC")
    if row.acked_by is not None:
        has = "owed by" if row.owed else "acked by"
        parts.append(f"{has} {visible(row.acked_by)}")
    if row.summary:
        parts.append(visible(row.summary))
    return "  ".join(parts)


def texts_of(rows: Sequence[Row]) -> str:
    """Several rows, a line each."""
    return "\n".join(map(text_of, rows))


def markdown_of(rows: Sequence[Row], now: datetime) -> str:
    """Rows as CommonMark, one section each: what, clocks, ack, labels, links. Safe to show."""
    return "\n\n".join("\n".join(_section(row, now)) for row in rows) + "\n"


def _section(row: Row, now: datetime) -> Iterator[str]:
    place = f" on {code(row.where)}" if row.where else ""
    yield f"### {row.priority} {code(row.title)}{place}"
    yield ""
    if row.summary:
        yield f"- summary: {code(row.summary)}"
    if row.owed:
        if row.document:
            yield f"- document: {code(Raw(row.document))}"
        yield from _owed(row, now)
        return
    state = row.state.value if row.state is not State.FIRING else row.standing.value
    yield f"- state: {state}, since {_moment(row.since)}, for {age_text(now - row.since)}"
    if row.clocks is not None:
        yield from _clocks(row.clocks, now)
    yield from _acks(row)
    if row.failure is not None:
        yield f"- source: {code(row.failure.source)}: {code(row.failure.cause)}"
    alerts = row.alerts[:SHOWN_ALERTS]
    for number, known in enumerate(alerts, start=1):
        if row.count > 1:
            yield ""
            yield f"#### alert {number} of {count_text(row.count)}"
        yield from _alert(known)
    if row.count > len(alerts):
        yield ""
        yield f"{count_text(row.count - len(alerts))} more alerts are left out."


def _owed(row: Row, now: datetime) -> Iterator[str]:
    for nag in row.owed:
        when = f"{breach_text(nag.left(now))}, by {_moment(nag.due)}"
        owner = code(Raw(nag.owner)) if nag.owner else "nobody has it"
        yield f"- owed: {code(Raw(nag.text))}, {owner}, {when}"


def _clocks(clocks: Clocks, now: datetime) -> Iterator[str]:
    if clocks.responded_at is None:
        left = breach_text(clocks.respond_by - now)
        yield f"- respond: {left}, by {_moment(clocks.respond_by)}"
    else:
        yield f"- respond: done at {_moment(clocks.responded_at)}"
    yield f"- resolve: {breach_text(clocks.resolve_by - now)}, by {_moment(clocks.resolve_by)}"


def _acks(row: Row) -> Iterator[str]:
    for ack in row.acks:
        yield f"- acked by {code(ack.owner)}{_ack_words(ack)}"
    if not row.acks and row.acked_by is not None:
        yield f"- acked by {code(row.acked_by)}"
    if row.acked_by is None and row.acked_count:
        yield f"- acked: {count_text(row.acked_count)} of {count_text(row.count)}"


def _ack_words(ack: Ack) -> str:
    note = f": {code(ack.note)}" if ack.note else ""
    return f" since {_moment(ack.since)}, until {_moment(ack.until)}{note}"


def _alert(known: KnownAlert) -> Iterator[str]:
    alert = known.alert
    # A Markdown table cannot hold every value: a `|` ends its cell, within code too.
    yield ""
    yield from fenced(_table(alert.labels))
    links = [(name, address_in_link(url)) for name, url in alert.links]
    if links:
        yield ""
    for name, address in links:
        if address:
            yield f"- {code(name)}: <{address}>"


def address_in_link(url: Raw | str) -> str:
    """`url` for between `<` and `>`; empty where it is none of http. Secrets are left out."""
    shown = strip_credentials(url)
    if not shown.lower().startswith(("http://", "https://")):
        return ""
    return _NOT_IN_A_LINK.sub(lambda bad: quote(bad.group(), safe=""), shown)


def plain_address(url: Raw) -> str:
    """`url` where it is http or https with nothing in it that cannot be seen; else empty."""
    exact = url.exact
    plain = (
        exact.lower().startswith(("http://", "https://"))
        and visible(exact) == exact
        and not any(char.isspace() or char in "\"'`\\<>" for char in exact)
    )
    return exact if plain else ""


def _table(labels: Labels) -> list[str]:
    pairs = [(visible(name), visible(value)) for name, value in sorted(labels.exact_items())]
    width = max((cell_width(name) for name, _ in pairs), default=0)
    return [f"{name}{' ' * (width - cell_width(name))}  {value}".rstrip() for name, value in pairs]


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
