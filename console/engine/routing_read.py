"""The configuration that an Alertmanager tells of itself, read as far as routing goes.

Written by somebody else, and perhaps not by an Alertmanager at all: what cannot be read is
said in words. Both ways of writing matchers are read, `matchers:` and the older `match:` and
`match_re:`. Sources: config/config.go and pkg/labels/parse.go of Alertmanager.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec

from config.time_intervals import intervals_of
from config.yaml_nodes import Mapping, Node, Scalar, Sequence, read
from console.engine.routing import (
    GROUP_INTERVAL,
    GROUP_WAIT,
    REPEAT_INTERVAL,
    InhibitRule,
    Receiver,
    Route,
    Routing,
    Timer,
)
from console.model.labels import Matcher
from console.safety.text import Raw, visible

FILE: Final = "alertmanager.yml"
KINDS: Final = frozenset([
    "discord", "email", "incidentio", "jira", "mattermost", "msteams", "msteamsv2", "opsgenie",
    "pagerduty", "pushover", "rocketchat", "slack", "sns", "telegram", "victorops", "webex",
    "webhook", "wechat",
])  # fmt: skip
"""What a receiver can be; anything else under it is not shown, since it may hold a secret."""

_EXAMPLE: Final = " (`environment: prod`)"
"""In a message of the settings' reader; nothing that an Alertmanager has."""
_DURATION: Final = re.compile(
    r"(?:(\d{1,6})y)?(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,6})h)?"
    r"(?:(\d{1,6})m)?(?:(\d{1,9})s)?(?:(\d{1,12})ms)?",
    re.ASCII,
)
_UNITS_S: Final = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 0.001)
_MATCHER: Final = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|[^\s"=!~{},]+)\s*(=~|!~|!=|=)\s*(.*?)\s*', re.S
)


class RoutingUnreadableError(Exception):
    """A configuration that cannot be read here; the text says what came, safe to show."""


def read_routing(config: Raw) -> Routing:
    """The routing part of `config`, the YAML that `/api/v2/status` tells.

    Raises:
        RoutingUnreadableError: it is no such configuration, or is written in a way that is not
            taken from outside (aliases, tags, more than 8 MiB).
    """
    tree = read(config.exact.encode("utf-8", "replace"), FILE)
    if not isinstance(tree, Mapping):
        fault = tree[0]
        message = fault.message.replace(_EXAMPLE, "")
        raise RoutingUnreadableError(f"line {fault.line}: {message}")
    root = tree.value_of("route")
    if not isinstance(root, Mapping):
        raise RoutingUnreadableError("expected keys under `route`, got none")
    return Routing(
        root=_route(root, None),
        receivers=tuple(_receivers(tree)),
        inhibit_rules=tuple(_inhibit_rules(tree)),
        intervals=tuple(intervals_of(tree)),
    )


# Routes


def _route(node: Mapping, parent: Route | None) -> Route:
    receiver = _text(node, "receiver")
    if parent is None and not receiver:
        raise RoutingUnreadableError("expected a `receiver` in the root route, got none")
    by = _texts(node, "group_by")
    by_all = "..." in by
    inherited = parent is not None and not by
    route = Route(
        matchers=_matchers(node, "match", "match_re", "matchers"),
        receiver=Raw(receiver) if receiver or parent is None else parent.receiver,
        group_by=parent.group_by if inherited and parent else () if by_all else tuple(by),
        by_all=parent.by_all if inherited and parent else by_all,
        wait=_timer(node, "group_wait", parent.wait if parent else None, GROUP_WAIT),
        interval=_timer(
            node, "group_interval", parent.interval if parent else None, GROUP_INTERVAL
        ),
        repeat=_timer(node, "repeat_interval", parent.repeat if parent else None, REPEAT_INTERVAL),
        muted_in=tuple(map(Raw, _texts(node, "mute_time_intervals"))),
        active_in=tuple(map(Raw, _texts(node, "active_time_intervals"))),
        goes_on=_text(node, "continue").casefold() in ("true", "yes", "on", "y"),
    )
    below = tuple(_route(child, route) for child in _mappings(node, "routes"))
    return msgspec.structs.replace(route, routes=below)


def _timer(node: Mapping, key: str, inherited: Timer | None, default: timedelta) -> Timer:
    written = _text(node, key)
    if written:
        return Timer(_duration(written, key))
    if inherited is None or inherited.by == "default":
        return Timer(default, "default")
    return Timer(inherited.value, "inherited")


def _duration(written: str, key: str) -> timedelta:
    match = _DURATION.fullmatch(written)
    if match is None:
        got = visible(written, cells=30)
        raise RoutingUnreadableError(f"expected a duration such as 5m under `{key}`, got {got}")
    parts = zip(match.groups(), _UNITS_S, strict=True)
    return timedelta(seconds=sum(int(part) * worth for part, worth in parts if part))


# Matchers


def _matchers(node: Mapping, equal: str, regex: str, written: str) -> tuple[Matcher, ...]:
    found = [Matcher(name, Raw(value)) for name, value in _pairs(node, equal)]
    found += [Matcher(name, Raw(value), is_regex=True) for name, value in _pairs(node, regex)]
    for text in _texts(node, written):
        found += _parsed(text)
    return tuple(found)


def _parsed(text: str) -> list[Matcher]:
    """What one entry of `matchers:` holds: one matcher, or several as `{a="b", c=~"d"}`."""
    inner = text.strip()
    if inner.startswith("{"):
        inner = inner[1:]
    if inner.endswith("}"):
        inner = inner[:-1]
    return [_matcher(part) for part in _split(inner) if part.strip()]


def _split(text: str) -> Iterator[str]:
    """The parts between commas that stand outside double quotes."""
    start, inside, escaped = 0, False, False
    for at, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            inside = not inside
        elif character == "," and not inside:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _matcher(text: str) -> Matcher:
    match = _MATCHER.fullmatch(text)
    if match is None:
        got = visible(text, cells=60)
        raise RoutingUnreadableError(f'expected a matcher such as team="shop", got {got}')
    name, operator, value = match.groups()
    return Matcher(
        _unquoted(name),
        Raw(_unquoted(value)),
        is_regex=operator in ("=~", "!~"),
        is_equal=operator in ("=", "=~"),
    )


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    inner = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    return re.sub(r"\\(.)", _unescaped, inner, flags=re.S)


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", '"': '"', "\\": "\\"}.get(match[1], match[0])


# The rest


def _receivers(tree: Mapping) -> Iterator[Receiver]:
    for node in _mappings(tree, "receivers"):
        kinds = []
        for key, value in node.entries:
            kind, is_kind, _ = key.text.partition("_configs")
            if is_kind and isinstance(value, Sequence) and value.items:
                kinds.append((kind if kind in KINDS else "another kind", len(value.items)))
        yield Receiver(Raw(_text(node, "name")), tuple(kinds))


def _inhibit_rules(tree: Mapping) -> Iterator[InhibitRule]:
    for node in _mappings(tree, "inhibit_rules"):
        yield InhibitRule(
            source=_matchers(node, "source_match", "source_match_re", "source_matchers"),
            target=_matchers(node, "target_match", "target_match_re", "target_matchers"),
            equal=tuple(_texts(node, "equal")),
        )


def _text(node: Mapping, key: str) -> str:
    value = node.value_of(key)
    return value.text if isinstance(value, Scalar) and not value.is_null else ""


def _texts(node: Mapping, key: str) -> list[str]:
    value = node.value_of(key)
    if isinstance(value, Scalar):
        return [] if value.is_null else [value.text]
    items: list[Node] = value.items if isinstance(value, Sequence) else []
    return [item.text for item in items if isinstance(item, Scalar)]


def _pairs(node: Mapping, key: str) -> list[tuple[str, str]]:
    value = node.value_of(key)
    entries = value.entries if isinstance(value, Mapping) else []
    return [(name.text, one.text) for name, one in entries if isinstance(one, Scalar)]


def _mappings(node: Mapping, key: str) -> list[Mapping]:
    value = node.value_of(key)
    items: list[Node] = value.items if isinstance(value, Sequence) else []
    return [item for item in items if isinstance(item, Mapping)]
