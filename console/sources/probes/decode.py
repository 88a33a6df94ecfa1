"""What a health body tells: a word for its state, a version, its dependencies.

There is no one form. Read are those of Spring Boot's actuator (`components`), of
`application/health+json` (`checks`), of ASP.NET (`entries`), and the flat ones that people
write by hand (`{"status": "ok", "db": "up", "redis": true}`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from console.model.failure import FailureKind
from console.model.probe import Dependency, HealthFacts
from console.safety.text import Raw
from console.sources.answer import Unusable, capped, decoded

_GOOD: Final = """
ok okay up pass passed passing healthy alive live ready running success successful true yes
connected available online green active operational serving normal fine good 200
"""
_BAD: Final = """
down fail failed failing failure error err errored unhealthy degraded critical crit fatal dead
unavailable disconnected offline red out_of_service not_ready notready not_ok nok ko starting
stopping stopped draining maintenance timeout timed_out refused unreachable broken false no bad
inactive not_serving outage partial_outage major_outage
"""
_NAMES: Final = """
db database postgres postgresql mysql mariadb mongo mongodb redis cache memcached queue broker
kafka rabbitmq nats celery elasticsearch opensearch search storage s3 minio vector_store qdrant
milvus llm smtp mail disk
"""
GOOD_WORDS: Final = frozenset(_GOOD.split())
BAD_WORDS: Final = frozenset(_BAD.split())
_KNOWN_NAMES: Final = frozenset(_NAMES.split())

_STATUS: Final = ("status", "state", "health")
_VERSION: Final = ("version", "app_version", "appversion", "release", "release_id", "releaseid")
_SHA: Final = ("git_sha", "gitsha", "sha", "commit", "git_commit", "gitcommit", "revision")
_BUILT: Final = ("build_time", "buildtime", "built_at", "build_date", "builddate", "built")
_HOLDERS: Final = ("dependencies", "checks", "components", "services", "entries", "deps")
_NESTED: Final = ("build", "info", "app", "meta")
MAX_DEPENDENCIES: Final = 64

Body = Mapping[str, object]


class Told:
    """What a body said: the facts, and whether they are good."""

    def __init__(self, facts: HealthFacts, ok: bool | None) -> None:
        self.facts = facts
        self.ok = ok
        """By its own word for its state; `None` where it has none or one nobody knows."""

    @property
    def bad_dependencies(self) -> tuple[Dependency, ...]:
        return tuple(each for each in self.facts.dependencies if each.ok is False)


NOTHING: Final = Told(HealthFacts(), None)


def told_by(body: bytes, *, must_be_json: bool) -> Told:
    """What `body` tells. With `must_be_json` anything that is no JSON object is refused.

    Raises:
        Unusable: it had to be JSON and is not, or its state is not a word.
    """
    if not must_be_json and body.lstrip()[:1] != b"{":
        return NOTHING
    try:
        return _told(decoded(body, object))
    except Unusable:
        if must_be_json:
            raise
        return NOTHING


def _told(content: object) -> Told:
    if isinstance(content, str | bool):
        ok, said = _judged(content)
        return Told(HealthFacts(status=said), ok)
    if not isinstance(content, dict):
        raise _unusable("got JSON that is no object")
    if not content:
        raise _unusable("got an empty JSON object, which tells nothing")
    body: Body = {str(name).lower(): value for name, value in content.items()}
    status = _first(body, _STATUS)
    word: Raw | None = None
    good: bool | None = None
    if status is not None:
        if not isinstance(status, str | bool):
            raise _unusable("got a health body whose status is not a word")
        good, word = _judged(status)
    places = [body, *(_lower(body[name]) for name in _NESTED if name in body)]
    facts = HealthFacts(
        status=word,
        version=_text(places, _VERSION),
        git_sha=_text(places, _SHA),
        build_time=_text(places, _BUILT),
        dependencies=tuple(_dependencies(body))[:MAX_DEPENDENCIES],
    )
    return Told(facts, good)


def _unusable(cause: str) -> Unusable:
    return Unusable(FailureKind.SCHEMA, cause)


def _judged(word: str | bool) -> tuple[bool | None, Raw]:
    if isinstance(word, bool):
        return word, Raw("true" if word else "false")
    key = word.strip().lower().replace("-", "_").replace(" ", "_")
    return (True if key in GOOD_WORDS else False if key in BAD_WORDS else None), capped(word)


def _first(body: Body, names: Iterable[str]) -> object:
    return next((body[name] for name in names if body.get(name) is not None), None)


def _lower(value: object) -> Body:
    if not isinstance(value, dict):
        return {}
    return {str(name).lower(): inner for name, inner in value.items()}


def _text(places: Iterable[Body], names: Iterable[str]) -> Raw | None:
    for place in places:
        value = _first(place, names)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return capped(str(value))
    return None


def _dependencies(body: Body) -> Iterable[Dependency]:
    for holder in _HOLDERS:
        held = body.get(holder)
        if isinstance(held, dict):
            for name, value in held.items():
                yield _dependency(str(name), value)
        elif isinstance(held, list):
            for each in held:
                fields = _lower(each)
                name = fields.get("name")
                if isinstance(name, str):
                    yield _dependency(name, each)
    for name, value in body.items():
        if name in _KNOWN_NAMES and value is not None:
            yield _dependency(name, value)


def _dependency(name: str, value: object) -> Dependency:
    if isinstance(value, list):  # health+json: several measurements of one thing; the worst
        each = [_dependency(name, item) for item in value]
        rank = {False: 0, None: 1, True: 2}
        return min(each, key=lambda one: rank[one.ok]) if each else _unknown(name)
    if isinstance(value, dict):
        fields = _lower(value)
        value = _first(fields, (*_STATUS, "healthy", "ok", "up", "connected", "reachable"))
    if isinstance(value, str | bool):
        ok, said = _judged(value)
        return Dependency(capped(name), ok, said)
    return _unknown(name)


def _unknown(name: str) -> Dependency:
    return Dependency(capped(name), None, Raw(""))
