"""The few PromQL shapes that the console sends, answered from the world's series.

A selector (`redis_up`, `probe_success{job="pages"}`, `ALERTS{alertstate="firing"}`,
`{__name__=~".+_build_info"}`), a selector compared with a number, two of these with `or`
between them, `max by (…)` of a selector, `count by (…)` of the alerts that fired within some
days, how often alerts came, what is derived from node_exporter's series, the text of any rule
with or without its comparison, `vector(n)` and a number. Everything else is refused, loudly,
so that a new query shape of the console cannot pass unseen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import msgspec

from console.demo.alerting import EVALUATION_S, Track, standing, times_active
from console.demo.inventory import DAY_S
from console.demo.matching import BadMatcherError, Matcher
from console.demo.metrics import Series
from console.demo.rules import RULES, rules_of
from console.demo.shape import COMPARE
from console.demo.world import COMPONENTS, RHYTHMIC, World
from console.sources.prometheus import nodes_decode as nodes

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_COMPARISON = re.compile(rf"(.+?)\s*(==|!=|>=|<=|>|<)\s*(bool\s+)?({_NUMBER})\s*", re.DOTALL)
_VECTOR = re.compile(rf"vector\(\s*({_NUMBER})\s*\)")
_NAME = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*")
_MATCHER = re.compile(
    r"""\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!=|!~|=)\s*"""
    r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)\s*(,|\})""",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}

_MAX_BY = re.compile(r"max by \(([^()]*)\) \((.*)\)", re.DOTALL)

_TIMES_ACTIVE = re.compile(r"topk\((\d+), changes\(ALERTS_FOR_STATE\[24h\]\) > 0\)")

_FIRED = re.compile(r"count by \(([^()]*)\) \(last_over_time\((ALERTS.*)\[(\d+)d\]\)\)", re.DOTALL)

_OF_NODES = {
    " ".join(query.split()): family
    for query, family in (
        (nodes.BUSY, "=node_busy"),
        (nodes.PROCESSORS, "=node_processors"),
        (nodes.RECEIVED, "=node_receive"),
        (nodes.SENT, "=node_transmit"),
        (nodes.AGE, "=node_age"),
        (nodes.OFFSET, "=node_offset"),
    )
}
"""What the console derives from node_exporter's series, and the series that stand for it."""

LOOKBACK_S = 300.0

_RULE_FAMILIES = frozenset(rule.family for rule in RULES if rule.keeps_name)
"""Metrics that a rule asks for exist, even in a scenario that has no series of them."""


class QueryRefusedError(Exception):
    """A query that is not answered. `kind` is Prometheus' `errorType`."""

    def __init__(self, kind: str, said: str) -> None:
        super().__init__(said)
        self.kind = kind
        self.said = said


class Line(msgspec.Struct, frozen=True):
    """One series of a result. `value_at` takes script seconds; `None` is no sample."""

    metric: dict[str, str]
    value_at: Callable[[float], float | None]
    edges: tuple[float, ...] | None = None
    """The script seconds between which it is there all the time or not at all; `None`: nobody
    has looked."""
    is_level: bool = False
    """Between two of them it is one value."""


class Scalar(msgspec.Struct, frozen=True):
    """A query that is just a number."""

    value: float


def answered(world: World, server: str, query: str) -> list[Line] | Scalar:
    """The series that a query yields on one server.

    Raises:
        QueryRefusedError: `bad_data` for what no Prometheus could parse, `execution` for what
            this one does not answer.
    """
    text = " ".join(query.split())
    if not text:
        said = 'invalid parameter "query": 1:1: parse error: no expression found in input'
        raise QueryRefusedError("bad_data", said)
    if re.fullmatch(_NUMBER, text):
        return Scalar(float(text))
    parts = [_vector(world, server, part) for part in text.split(" or ")]
    if all(part is not None for part in parts):
        return [line for part in parts for line in part or ()]
    said = f"the demo answers only the queries that the console sends, not: {text}"
    raise QueryRefusedError("execution", said)


def _vector(world: World, server: str, text: str) -> list[Line] | None:
    """One part of a query; `None` for what is not answered."""
    lines = _lines(world, server, text)
    if lines is not None:
        return lines
    compared = _COMPARISON.fullmatch(text)
    if compared is not None:
        left, op, with_bool, number = compared.groups()
        lines = _lines(world, server, left)
        if lines is not None:
            filtered = _as_bool if with_bool else _filtered
            return [filtered(line, op, float(number)) for line in lines]
    return None


def alert_lines(world: World, server: str, name: str) -> Iterator[Line]:
    """`ALERTS` or `ALERTS_FOR_STATE` of every alert that a server can raise."""
    for track in world.tracks:
        if track.rule.server != server:
            continue
        if name == "ALERTS_FOR_STATE":
            yield Line({"__name__": name, **track.labels}, _since(world, track))
            continue
        for state in ("pending", "firing"):
            metric = {"__name__": name, "alertstate": state, **track.labels}
            yield Line(metric, _is_in(world, track, state), _edges_of(world, track), True)


def selected(world: World, server: str, text: str) -> list[Line] | None:
    """The series of a selector; `None` where the metric is not one of this world's.

    Raises:
        QueryRefusedError: what stands in the braces cannot be parsed.
    """
    head = _NAME.match(text)
    name = head[1] if head else None
    matchers = _matchers(text, head.end() if head else 0)
    if matchers is None:
        return None
    for matcher in matchers:
        if matcher.name == "__name__" and matcher.parts[2:] == (False, True):
            name = matcher.value
    if name in ("ALERTS", "ALERTS_FOR_STATE"):
        found: Iterable[Line] = alert_lines(world, server, name)
    elif name in _RULE_FAMILIES or name in {series.family for series in world.series}:
        found = (
            _line(world, series)
            for series in world.series
            if series.server == server and series.family == name
        )
    elif name is None and any(matcher.name == "__name__" for matcher in matchers):
        found = (
            _line(world, series)
            for series in world.series
            if series.server == server and not series.family.startswith("=")
        )
    else:
        return None
    return [line for line in found if all(m.matches(line.metric) for m in matchers)]


def _lines(world: World, server: str, text: str) -> list[Line] | None:
    constant = _VECTOR.fullmatch(text)
    if constant is not None:
        value = float(constant[1])
        return [Line({}, lambda _at_s: value)]
    for rule in rules_of(server):
        # A bare selector is left to `selected`, which reads the same series.
        if rule.expr == text and rule.family.startswith("="):
            return [_line(world, one) for one in world.series if rule.reads(one)]
    often = _TIMES_ACTIVE.fullmatch(text)
    if often is not None:
        return _changes(world, server)[: int(often[1])]
    fired = _FIRED.fullmatch(text)
    if fired is not None:
        return _fired(world, server, fired[2], fired[1].split(","), int(fired[3]) * DAY_S)
    if text in _OF_NODES:
        family = _OF_NODES[text]
        return [_line(world, one) for one in world.series
                if (one.server, one.family) == (server, family)]  # fmt: skip
    grouped = _MAX_BY.fullmatch(text)
    if grouped is not None:
        lines = _vector(world, server, grouped[2])
        return None if lines is None else _greatest(lines, grouped[1].split(","))
    return selected(world, server, text)


def _changes(world: World, server: str) -> list[Line]:
    """Of every alert that came again within a day, how often it did; the most often first."""
    alive = _alive(world, server)

    def again(track: Track, at_s: float) -> float | None:
        times = times_active(track, at_s - DAY_S, at_s) if alive(at_s) else 0
        return float(times - 1) if times > 1 else None

    now_s = float(world.now_s())
    found = [
        (-(again(track, now_s) or 0), Line(dict(track.labels), partial(again, track)))
        for track in world.tracks
        if track.rule.server == server
    ]
    return [line for _, line in sorted(found, key=lambda pair: pair[0])]


def _fired(
    world: World, server: str, selector: str, by: list[str], window_s: float
) -> list[Line] | None:
    """`count by (…)` of the alerts that fired at some moment of the window."""
    head = _NAME.match(selector)
    matchers = _matchers(selector, head.end() if head else 0)
    if matchers is None:
        return None
    wanted = {name.strip() for name in by}
    groups: dict[frozenset[tuple[str, str]], list[Track]] = {}
    for track in world.tracks:
        metric = {"__name__": "ALERTS", "alertstate": "firing", **track.labels}
        if track.rule.server == server and all(one.matches(metric) for one in matchers):
            kept = frozenset(pair for pair in track.labels.items() if pair[0] in wanted)
            groups.setdefault(kept, []).append(track)
    alive = _alive(world, server)

    def count(tracks: list[Track], at_s: float) -> float | None:
        found = [one for one in tracks if alive(at_s) and _has_fired(one, at_s - window_s, at_s)]
        return float(len(found)) or None

    return [Line(dict(kept), partial(count, tracks)) for kept, tracks in groups.items()]


def _has_fired(track: Track, start_s: float, end_s: float) -> bool:
    return any(
        span.start_s + track.rule.for_s <= min(end_s, span.end_s) and span.end_s > start_s
        for span in track.spans
    )


def _greatest(lines: list[Line], by: list[str]) -> list[Line]:
    """`max by (…)`: of the lines that agree in these labels the greatest."""
    wanted = {name.strip() for name in by}
    groups: dict[frozenset[tuple[str, str]], list[Line]] = {}
    for line in lines:
        kept = frozenset(pair for pair in line.metric.items() if pair[0] in wanted)
        groups.setdefault(kept, []).append(line)
    return [Line(dict(kept), _max_of(group)) for kept, group in groups.items()]


def _max_of(group: list[Line]) -> Callable[[float], float | None]:
    def value_at(at_s: float) -> float | None:
        values = [value for line in group if (value := line.value_at(at_s)) is not None]
        return max(values, default=None)

    return value_at


def _line(world: World, series: Series) -> Line:
    name = {} if series.family.startswith("=") else {"__name__": series.family}
    alive = _alive(world, series.server)

    def value_at(at_s: float) -> float | None:
        if not alive(at_s) or at_s < series.since_s:
            return None
        value = world.value(series, at_s)
        return None if series.absent_at_zero and value == 0 else value

    moments = (at_s for at_s, _ in series.shape.knots)
    edges = (*moments, series.since_s, *_edges_of_server(world, series.server))
    strays = series.wobble or series.family in RHYTHMIC
    is_level = not strays and series.shape.is_stepped
    # Where it is not level it may be gone at any moment at which it is 0.
    is_known = is_level or not series.absent_at_zero
    return Line({**name, **dict(series.labels)}, value_at, edges if is_known else None, is_level)


def _filtered(line: Line, op: str, number: float) -> Line:
    def value_at(at_s: float) -> float | None:
        value = line.value_at(at_s)
        return value if value is not None and COMPARE[op](value, number) else None

    return Line(line.metric, value_at)


def _as_bool(line: Line, op: str, number: float) -> Line:
    def value_at(at_s: float) -> float | None:
        value = line.value_at(at_s)
        return None if value is None else float(COMPARE[op](value, number))

    metric = {name: value for name, value in line.metric.items() if name != "__name__"}
    return Line(metric, value_at)


def _is_in(world: World, track: Track, state: str) -> Callable[[float], float | None]:
    outage = world.outage_of(COMPONENTS[track.rule.server])
    alive = _alive(world, track.rule.server)

    def value_at(at_s: float) -> float | None:
        found = standing(track, at_s, outage) if alive(at_s) else None
        if found is None:
            return None
        return 1.0 if (found.fired_s is not None) == (state == "firing") else None

    return value_at


def _edges_of(world: World, track: Track) -> tuple[float, ...]:
    server = track.rule.server
    outage = world.outage_of(COMPONENTS[server])
    late = () if outage is None else (outage.end_s + EVALUATION_S,)
    spans = (
        edge
        for span in track.spans
        for edge in (span.start_s, span.start_s + track.rule.for_s, span.end_s)
    )
    return (*spans, *late, *_edges_of_server(world, server))


def _edges_of_server(world: World, server: str) -> tuple[float, ...]:
    outage = world.outage_of(COMPONENTS[server])
    gap = () if outage is None else (outage.start_s, outage.end_s)
    # Past it nothing is known: the first moment that is later.
    return (*gap, math.nextafter(world.now_s() + LOOKBACK_S, math.inf))


def _since(world: World, track: Track) -> Callable[[float], float | None]:
    outage = world.outage_of(COMPONENTS[track.rule.server])
    alive = _alive(world, track.rule.server)

    def value_at(at_s: float) -> float | None:
        found = standing(track, at_s, outage) if alive(at_s) else None
        return None if found is None else float(int(world.wall(found.active_s).timestamp()))

    return value_at


def _alive(world: World, server: str) -> Callable[[float], bool]:
    """Whether the server was there to scrape at a moment. Nothing is known of the future."""
    outage = world.outage_of(COMPONENTS[server])
    latest_s = world.now_s() + LOOKBACK_S

    def alive(at_s: float) -> bool:
        gap = outage is not None and outage.start_s <= at_s < outage.end_s
        return at_s <= latest_s and not gap

    return alive


def _matchers(text: str, at: int) -> list[Matcher] | None:
    if at == len(text):
        return []
    if text[at] != "{":
        return None
    at += 1
    found: list[Matcher] = []
    if text[at:].strip() == "}":
        return found
    while True:
        part = _MATCHER.match(text, at)
        if part is None:
            said = f'invalid parameter "query": 1:{at + 1}: parse error: bad label matcher'
            raise QueryRefusedError("bad_data", said)
        name, operator, quoted, ending = part.groups()
        try:
            found.append(
                Matcher(
                    name, _unquoted(quoted), is_regex=operator.endswith("~"),
                    is_equal=operator.startswith("="),
                )
            )  # fmt: skip
        except BadMatcherError as error:
            raise QueryRefusedError("bad_data", f'invalid parameter "query": {error}') from error
        at = part.end()
        if ending == "}":
            return found if not text[at:].strip() else None
        if text[at:].strip() == "}":
            return found


def _unquoted(quoted: str) -> str:
    inner = quoted[1:-1]
    if quoted[0] == "`":
        return inner
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), inner)
