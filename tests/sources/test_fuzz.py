"""Spoiled answers: each is read or refused in words, and none ends in an exception."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
import pytest

from console.model.labels import Labels
from console.safety.text import Raw, visible
from console.sources.alertmanager import decode as alertmanager
from console.sources.answer import Unusable, said
from console.sources.probes.decode import told_by
from console.sources.prometheus import decode as prometheus
from console.sources.prometheus import decode_query
from console.sources.prometheus.settings import external_labels_in
from tests.soak import trials
from tests.sources.documents import (
    ALERT,
    GROUP,
    HEALTH,
    RULE_ALERT,
    RULE_GROUP,
    SILENCE,
    STATUS,
    TARGET,
    VECTOR,
    spoiled,
)

COUNT = trials(usual=200, soak=20_000)
"""Documents a decoder; there are ten of them, and two that refuse nothing."""


def _enveloped(read: Callable[[bytes], object]) -> Callable[[bytes], object]:
    return lambda body: read(prometheus.answered(body).content)


def _success(content: object) -> object:
    return {"status": "success", "data": content, "warnings": ["partial"]}


DECODERS: dict[str, tuple[Callable[[bytes], object], object]] = {
    "alerts": (lambda body: alertmanager.alerts_in(body, "am", "m"), [ALERT, ALERT]),
    "silences": (lambda body: alertmanager.silences_in(body, "am"), [SILENCE]),
    "groups": (alertmanager.groups_in, [GROUP]),
    "status": (alertmanager.status_in, STATUS),
    "rule alerts": (_enveloped(prometheus.alerts_in), _success({"alerts": [RULE_ALERT]})),
    "rules": (_enveloped(prometheus.rules_in), _success({"groups": [RULE_GROUP]})),
    "targets": (_enveloped(prometheus.targets_in), _success({"activeTargets": [TARGET]})),
    "alertmanagers": (
        _enveloped(prometheus.alertmanagers_in),
        _success({"activeAlertmanagers": [{"url": "http://am:9093/api/v2/alerts"}]}),
    ),
    "query": (
        lambda body: decode_query.instant_in(prometheus.answered(body), 100),
        _success(VECTOR),
    ),
    "health": (lambda body: told_by(body, must_be_json=True).facts, HEALTH),
}


@pytest.mark.parametrize("name", DECODERS)
def test_a_spoiled_answer_is_read_or_refused_in_words(name: str) -> None:
    read, good = DECODERS[name]
    refused = 0
    for body in spoiled(good, COUNT, seed=sum(name.encode())):
        assert said(body).isprintable()
        try:
            answer = read(body)
        except Unusable as error:
            refused += 1
            assert error.cause.isprintable()
        else:
            _assert_sound(answer)
    # Most of what is done to a document breaks it; and a decoder that refuses all is no decoder.
    assert 0 < refused < COUNT


def _assert_sound(value: object) -> None:
    """Times are UTC, text from outside is `Raw`, and all of it can be shown."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            _assert_sound(getattr(value, field))
    elif isinstance(value, tuple):
        for each in value:
            _assert_sound(each)
    elif isinstance(value, datetime):
        assert value.utcoffset() is not None and not value.utcoffset()
    elif isinstance(value, Labels):
        assert len(value) <= 64
        for name, text in value.exact_items():
            assert max(len(name), len(text)) <= 4096
    elif isinstance(value, Raw):
        assert visible(value, cells=80).isprintable()


def test_the_body_of_a_page_may_be_anything() -> None:
    for body in spoiled(HEALTH, COUNT, seed=2):
        _assert_sound(told_by(body, must_be_json=False).facts)


def test_spoiled_settings_of_a_server_never_raise() -> None:
    good = "global:\n  external_labels:\n    cluster: a\nscrape_configs: [{a: {b: [c]}}]\n"
    for body in spoiled(good, COUNT, seed=1):
        for name, value in external_labels_in(body.decode("utf-8", "replace")):
            assert isinstance(name, str) and isinstance(value, str)
