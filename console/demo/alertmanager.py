"""The Alertmanager API (v2) of the demo, shaped like that of Alertmanager 0.25."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from urllib.parse import unquote

import msgspec

from console.demo.alerting import Delivery, Track
from console.demo.matching import BadMatcherError, Matcher, anchored, parse_filter
from console.demo.prometheus import generator_url
from console.demo.routing import (
    RECEIVERS,
    Inhibition,
    config_text,
    group_labels,
    route_of,
)
from console.demo.silences import Silence, SilenceRefusedError
from console.demo.wire import (
    JSON,
    Answer,
    Request,
    go_quoted,
    json_answer,
    rfc3339_ms,
    text_answer,
)
from console.demo.wished import BodyRefusedError, silence_wish
from console.demo.world import World

PREFIX = "/api/v2"
_SILENCE = re.compile(r"/silence/([^/]+)")
_ANSWERS_KEPT = 16


class ClusterMember(msgspec.Struct, frozen=True):
    """One member as its peers know it."""

    service: str
    """`alertmanager-a`: its name in the registry."""
    peer: str
    """Its name in the cluster."""
    address: str


class ShownAlert(msgspec.Struct, frozen=True, rename="camel"):
    """One element of `/alerts`, in the order in which the real one writes it."""

    annotations: dict[str, str]
    ends_at: str
    fingerprint: str
    receivers: list[dict[str, str]]
    starts_at: str
    status: dict[str, str | list[str]]
    updated_at: str
    generator_url: str = msgspec.field(name="generatorURL")
    labels: dict[str, str]


class AlertmanagerApi:
    """One member of the cluster."""

    def __init__(
        self,
        world: World,
        member: ClusterMember,
        cluster: tuple[ClusterMember, ...],
        prometheus_urls: dict[str, str],
    ) -> None:
        """
        Args:
            prometheus_urls: base URL of each Prometheus, for `generatorURL`.
        """
        self._world = world
        self._member = member
        self._cluster = cluster
        self._urls = prometheus_urls
        self._answers: dict[object, Answer] = {}
        self._receiver_of: dict[str, list[dict[str, str]]] = {}
        self._inhibition = Inhibition()
        self._links: dict[tuple[str, str], str] = {}
        self._routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("/status", "GET"): self._status,
            ("/receivers", "GET"): self._receivers,
            ("/alerts", "GET"): self._alerts,
            ("/alerts/groups", "GET"): self._groups,
            ("/silences", "GET"): self._silences,
            ("/silences", "POST"): self._post_silence,
        }

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path in ("/-/healthy", "/-/ready"):
            return text_answer("OK")
        if not request.path.startswith(PREFIX + "/"):
            return text_answer("404 page not found\n", 404)
        path = request.path.removeprefix(PREFIX)
        one = _SILENCE.fullmatch(path)
        methods = [method for known, method in self._routes if known == path]
        if one is not None:
            methods = ["DELETE", "GET"]
        if not methods:
            return _fault(404, f"path {request.path} was not found")
        if request.method not in methods:
            return _not_allowed(request.method, methods)
        if one is not None:
            return self._one_silence(unquote(one[1]), delete=request.method == "DELETE")
        if request.method == "POST" and request.content_type != "application/json":
            kind = request.content_type or "application/octet-stream"
            said = f'unsupported media type "{kind}", only [application/json]'
            return _fault(415, f"{said} are allowed")
        try:
            return self._routes[(path, request.method)](request)
        except BadMatcherError as error:
            return json_answer(str(error), 400)

    # What it tells of itself

    def _status(self, request: Request) -> Answer:
        world = self._world
        started = world.wall(world.component_start_s(self._member.service))
        peers = [
            {"address": peer.address, "name": peer.peer}
            for peer in self._cluster
            if world.listens(peer.service)
        ]
        return json_answer(
            {
                "cluster": {"name": self._member.peer, "peers": peers, "status": "ready"},
                "config": {"original": config_text()},
                "uptime": rfc3339_ms(started),
                "versionInfo": {
                    "branch": "HEAD",
                    "buildDate": "20221222-14:51:36",
                    "buildUser": "oncall demo",
                    "goVersion": "go1.19.4",
                    "revision": "demo",
                    "version": "0.25.0",
                },
            }
        )

    def _receivers(self, request: Request) -> Answer:
        return json_answer([{"name": name} for name in RECEIVERS])

    # Alerts

    def _alerts(self, request: Request) -> Answer:
        return self._kept(request, lambda: [shown for _, shown in self._wanted(request)])

    def _groups(self, request: Request) -> Answer:
        def build() -> object:
            groups: dict[tuple[tuple[tuple[str, str], ...], str], list[ShownAlert]] = {}
            for one, shown in self._wanted(request):
                route = route_of(one.track.sent_labels)
                labels = group_labels(route, one.track.sent_labels)
                key = (tuple(sorted(labels.items())), route.receiver)
                groups.setdefault(key, []).append(shown)
            return [
                {"alerts": alerts, "labels": dict(labels), "receiver": {"name": receiver}}
                for (labels, receiver), alerts in sorted(groups.items(), key=lambda item: item[0])
            ]

        return self._kept(request, build)

    def _kept(self, request: Request, build: Callable[[], object]) -> Answer:
        """The answer of this second, made once however many ask for it."""
        world = self._world
        second = int(world.now().timestamp())
        moment = (world.now_s(), second, world.revision, world.silences.version)
        key = (moment, request.path, request.params)
        if key not in self._answers:
            if len(self._answers) >= _ANSWERS_KEPT:
                self._answers.clear()
            self._answers[key] = json_answer(build())
        return self._answers[key]

    def _wanted(self, request: Request) -> list[tuple[Delivery, ShownAlert]]:
        """The alerts that the request's parameters ask for."""
        matchers = [parse_filter(text) for text in request.all_params("filter")]
        receiver = _receiver_pattern(request.param("receiver"))
        flags = {name: _flag(request, name) for name in ("active", "silenced", "inhibited")}
        found = []
        for one, shown in self._world.held(("shown", self._member.service, *self._moment()),
                                           self._shown):  # fmt: skip
            status = shown.status
            if not flags["active"] and status["state"] == "active":
                continue
            if not flags["silenced"] and status["silencedBy"]:
                continue
            if not flags["inhibited"] and status["inhibitedBy"]:
                continue
            if receiver is not None and not receiver.fullmatch(shown.receivers[0]["name"]):
                continue
            if all(matcher.matches(shown.labels) for matcher in matchers):
                found.append((one, shown))
        return found

    def _moment(self) -> tuple[int, int]:
        return int(self._world.now().timestamp()), self._world.silences.version

    def _shown(self) -> list[tuple[Delivery, ShownAlert]]:
        world = self._world
        held = world.deliveries(self._member.service)
        active = world.silences.active(world.now())
        inhibited = self._inhibition.inhibitors(held)
        found = []
        for one in held:
            track = one.track
            silenced_by = [
                silence.id
                for silence in active
                if world.silences.covers(silence, track.fingerprint, track.sent_labels)
            ]
            inhibited_by = [inhibited[track.fingerprint]] if track.fingerprint in inhibited else []
            state = "suppressed" if silenced_by or inhibited_by else "active"
            found.append((one, ShownAlert(
                world.annotations(track),
                world.stamp(one.ends_s),
                track.fingerprint,
                self._receivers_of(track),
                world.stamp(one.starts_s),
                {"inhibitedBy": inhibited_by, "silencedBy": silenced_by, "state": state},
                world.stamp(one.updated_s),
                self._link(track),
                track.sent_labels,
            )))  # fmt: skip
        return found

    def _receivers_of(self, track: Track) -> list[dict[str, str]]:
        known = self._receiver_of.get(track.fingerprint)
        if known is None:
            known = [{"name": route_of(track.sent_labels).receiver}]
            self._receiver_of[track.fingerprint] = known
        return known

    def _link(self, track: Track) -> str:
        key = (track.rule.server, track.rule.query)
        if key not in self._links:
            self._links[key] = generator_url(self._urls[track.rule.server], track.rule.query)
        return self._links[key]

    # Silences

    def _silences(self, request: Request) -> Answer:
        wanted = [parse_filter(text).parts for text in request.all_params("filter")]
        now = self._world.now()
        found = [
            self._silence(silence)
            for silence in self._world.silences.listed(now)
            if all(part in [m.parts for m in silence.matchers] for part in wanted)
        ]
        return json_answer(found)

    def _post_silence(self, request: Request) -> Answer:
        try:
            wish = silence_wish(request.body)
            silence_id = self._world.silences.put(wish, self._world.now())
        except BodyRefusedError as error:
            status = 422 if error.code >= 600 else error.code
            return _fault(status, error.said, error.code)
        except SilenceRefusedError as error:
            return json_answer(error.said, error.status)
        return json_answer({"silenceID": silence_id})

    def _one_silence(self, silence_id: str, *, delete: bool) -> Answer:
        try:
            uuid.UUID(silence_id)
        except ValueError:
            said = f"silenceID in path must be of type uuid: {go_quoted(silence_id)}"
            return _fault(422, said, 601)
        if delete:
            try:
                self._world.silences.expire(silence_id, self._world.now())
            except SilenceRefusedError as error:
                return json_answer(error.said, error.status)
            return Answer(200)
        silence = self._world.silences.get(silence_id)
        return Answer(404) if silence is None else json_answer(self._silence(silence))

    def _silence(self, silence: Silence) -> object:
        return {
            "id": silence.id,
            "status": {"state": silence.state(self._world.now())},
            "updatedAt": rfc3339_ms(silence.updated_at),
            "comment": silence.comment,
            "createdBy": silence.created_by,
            "endsAt": rfc3339_ms(silence.ends_at),
            "matchers": [_shown_matcher(matcher) for matcher in silence.matchers],
            "startsAt": rfc3339_ms(silence.starts_at),
        }


def _shown_matcher(matcher: Matcher) -> dict[str, str | bool]:
    return {
        "isEqual": matcher.is_equal,
        "isRegex": matcher.is_regex,
        "name": matcher.name,
        "value": matcher.value,
    }


def _receiver_pattern(text: str) -> re.Pattern[str] | None:
    if not text:
        return None
    try:
        return anchored(text)
    except BadMatcherError as error:
        raise BadMatcherError(f"failed to parse receiver param: {error}") from error


def _flag(request: Request, name: str) -> bool:
    """A boolean parameter; go-openapi takes these words for true, and all others for false.

    Given twice, the last counts; empty, none.
    """
    text = (request.all_params(name) or [""])[-1] or "true"
    return text in ("true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled")


def _fault(status: int, said: str, code: int | None = None) -> Answer:
    body = msgspec.json.encode({"code": code or status, "message": said})
    return Answer(status, body, JSON)


def _not_allowed(method: str, methods: list[str]) -> Answer:
    allowed = ",".join(sorted(methods, reverse=True))
    answer = _fault(405, f"method {method} is not allowed, but [{allowed}] are")
    return msgspec.structs.replace(answer, headers=(("Allow", allowed),))
