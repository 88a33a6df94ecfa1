"""What the settings say of Prometheus servers, and what their own configuration adds."""

from __future__ import annotations

from typing import Final

import yaml

from config.schema import PrometheusSource
from console.model.snapshot import SourceKind, Watched
from console.safety.text import MAX_LABELS, cap, strip_credentials
from console.sources.access import degraded_by

MAX_CONFIG_CHARS: Final = 1024 * 1024
MAX_DEPTH: Final = 8


def watched_prometheus(source: PrometheusSource) -> Watched:
    """The server as the fleet has to know it."""
    return Watched(
        name=source.name,
        kind=SourceKind.PROMETHEUS,
        interval=source.interval,
        url=strip_credentials(source.url),
        external_labels=tuple(sorted(source.external_labels.items())),
        generator_urls=(strip_credentials(source.url).rstrip("/"), *source.generator_urls),
        degraded=degraded_by(source),
    )


def external_labels_in(config: str) -> tuple[tuple[str, str], ...]:
    """The external labels in a server's configuration, sorted; none where it has none.

    Reads libyaml's events only as far as the `global` section reaches: the text is from
    outside, and building its nodes would run into aliases and depth.
    """
    path: list[str] = []
    found: dict[str, str] = {}
    key: str | None = None
    try:
        for event in yaml.parse(config[:MAX_CONFIG_CHARS], Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                path.append(key or "")
                key = None if isinstance(event, yaml.MappingStartEvent) else "-"
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                if path == ["", "global"]:
                    break
                path.pop()
                key = None if not path or path[-1] != "-" else "-"
            elif isinstance(event, yaml.ScalarEvent):
                if key is None:
                    key = event.value
                elif key != "-":
                    if path == ["", "global", "external_labels"]:
                        found[cap(key)[0]] = cap(event.value)[0]
                    key = None
            if len(path) > MAX_DEPTH or len(found) > MAX_LABELS:
                break
    except (yaml.YAMLError, ValueError):
        return ()
    return tuple(sorted(found.items()))
