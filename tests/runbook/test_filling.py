"""Values of parameters: from where they come, and that none is taken as it comes."""

from __future__ import annotations

import re
from typing import Final

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.model.labels import Labels
from console.model.registry import LOCAL, Host, Registry, Service, ServiceType
from console.model.run import Filled
from console.model.runbook import Origin, Param, ParamType, Runbook
from console.model.snapshot import KnownAlert
from console.runbook.filling import Subject, filled, judged, text_of
from console.runbook.values import MAX_TEXT
from console.safety.text import MAX_VALUE_CHARS, Raw, visible
from tests.build import alert, host_cell_of, known, service
from tests.soak import trials

REDIS: Final = Service(
    "redis", ServiceType.DOCKER, "data-1", host="data-1", port=6379, service_name="shop-redis",
    owner="data", expected_version="7.2.5", instances=("data-1:6379", "10.0.0.5:6379"),
)  # fmt: skip
API: Final = Service("api", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop")
PROXY: Final = Service(
    "proxy", ServiceType.HTTP, "web-1", host="web-1", port=80, instances=("127.0.0.1:81",)
)
ELSEWHERE: Final = Service(
    "odd", ServiceType.HTTP, "web-1", host="web-1", instances=("data-1:9121",)
)
REGISTRY: Final = Registry(
    (
        Host("data-1", "10.0.0.5", user="kai"),
        Host("web-1", "127.0.0.1", port=2201),
        Host("web-2", "127.0.0.1", port=2202),
        Host("six", "fd00::5"),
        Host("k8s-1", "10.0.0.9", roles=("k8s",)),
        Host("here", LOCAL),
        Host("dark"),
        Host("-rf", "10.0.0.66"),
    ),
    (REDIS, API, PROXY, ELSEWHERE),
)
HOST: Final = Param("TARGET_HOST", ParamType.HOST, Origin.LABEL, "instance")


def about(**labels: str) -> KnownAlert:
    return known(msgspec.structs.replace(alert(), labels=Labels({"alertname": "A", **labels})))


def one(param: Param, subject: Subject | None = None, **typed: str) -> Filled:
    book = Runbook("book", Raw("book"), "", params=(param,))
    return filled(book, subject or Subject(), REGISTRY, typed, frozenset())[0]


def fact(key: str, of: Service | None, kind: ParamType = ParamType.NAME) -> Filled:
    return one(Param("X", kind, Origin.REGISTRY, key), Subject(service=of))


@pytest.mark.parametrize(
    ("came", "host"),
    [
        ("data-1", "data-1"),
        ("10.0.0.5", "data-1"),
        ("10.0.0.5:9100", "data-1"),
        ("data-1:6379", "data-1"),
        ("[fd00::5]:9100", "six"),
        ("fd00::5", "six"),
        # Two share the address behind ports: the instance of a service tells which.
        ("127.0.0.1:81", "web-1"),
        ("here", "here"),
    ],
)
def test_a_label_that_calls_a_host_becomes_its_name_in_the_registry(came: str, host: str) -> None:
    got = one(HOST, Subject(about(instance=came)))
    assert (got.fault, text_of(got), got.source) == ("", host, "label instance")


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ("10.0.0.77:9100", 'a host of services.yaml, which has no "10.0.0.77:9100"'),
        ("evil.example", 'which has no "evil.example"'),
        ("127.0.0.1:9100", '"127.0.0.1:9100" may be web-1, web-2'),
        ("data-1:9121", "may be data-1, web-1"),
        ("local", 'which has no "local"'),
        ("DATA-1", 'which has no "DATA-1"'),
        ("data-1 ", 'which has no "data-1 "'),
        ("dark:9100", "there is no SSH to dark: give it an `address:`"),
        ("10.0.0.66", "no program takes for an option"),
        ("-rf", "does not begin with -"),
        ("data-1\n", "one line of readable characters"),
        ("http://data-1:9100/metrics", "which has no"),
    ],
)
def test_what_is_no_host_of_the_registry_is_given_to_no_command(came: str, said: str) -> None:
    got = one(HOST, Subject(about(instance=came)))
    assert said in got.fault
    assert (text_of(got), got.is_ready, got.resolved) == (None, False, "")
    assert got.value == Raw(came), "what came is shown beside what is wrong with it"


def test_what_a_person_typed_wins_over_label_registry_and_default() -> None:
    param = msgspec.structs.replace(HOST, default=Raw("web-1"))
    subject = Subject(about(instance="data-1:1"), REDIS)
    assert text_of(one(param, subject)) == "data-1"
    typed = one(param, subject, TARGET_HOST="k8s-1")
    assert (text_of(typed), typed.source, typed.is_given) == ("k8s-1", "typed", True)


def test_a_value_that_cannot_be_used_is_not_replaced_by_the_default() -> None:
    param = msgspec.structs.replace(HOST, default=Raw("web-1"))
    assert text_of(one(param, Subject(about(instance="unheard-of")))) is None
    without = one(param, Subject(about()))
    assert (text_of(without), without.source) == ("web-1", "the default")


def test_a_missing_label_is_named() -> None:
    assert one(HOST, Subject(about())).fault == "the alert has no label instance"
    assert "there is no alert" in one(HOST).fault
    asked = one(Param("QUERY_PID", ParamType.INT))
    assert (asked.fault, asked.is_ready) == ("", False), "a person is asked, nothing is wrong"


def test_a_label_that_was_cut_is_given_to_no_command() -> None:
    cut = Labels({"alertname": "A", "url": "http://a/" + "a" * MAX_VALUE_CHARS}, over_cap=True)
    labels = Labels({"pod": cut.exact("url")[:MAX_VALUE_CHARS]}, over_cap=True)
    it = known(msgspec.structs.replace(alert(), labels=labels))
    got = one(Param("POD", ParamType.NAME, Origin.LABEL, "pod"), Subject(it))
    assert "longer than 4,096 characters" in got.fault
    assert not got.is_ready


@pytest.mark.parametrize(
    ("key", "of", "value"),
    [
        ("name", REDIS, "redis"),
        ("unit", REDIS, "shop-redis"),
        ("unit", API, "api"),
        ("host", REDIS, "data-1"),
        ("host", API, "k8s-1"),
        ("host", host_cell_of("web-2").service, "web-2"),
        ("place", API, "shop"),
        ("namespace", API, "shop"),
        ("port", REDIS, "6379"),
        ("base_url", REDIS, "http://10.0.0.5:6379"),
        ("owner", REDIS, "data"),
        ("version", REDIS, "7.2.5"),
    ],
)
def test_a_fact_of_the_registry_is_that_of_the_service(key: str, of: Service, value: str) -> None:
    kinds = {"host": ParamType.HOST, "port": ParamType.INT, "base_url": ParamType.URL}
    got = fact(key, of, kinds.get(key, ParamType.NAME))
    assert (text_of(got), got.fault, got.source) == (value, "", "the registry")


def test_the_health_url_is_the_one_that_the_console_asks_itself() -> None:
    from config.registry import probes_of
    from config.schema import HealthSource
    from console.model.probe import ProbeKind

    asked = [
        msgspec.structs.replace(PROXY, health="/healthz", health_kind=ProbeKind.HTTP),
        msgspec.structs.replace(PROXY, base_url="https://shop.example/x/", health="/ready",
                                health_kind=ProbeKind.HTTP, name="b"),
        msgspec.structs.replace(PROXY, health="http://other:1/x", health_kind=ProbeKind.HTTP,
                                name="c"),
        msgspec.structs.replace(PROXY, health=None, health_kind=ProbeKind.HTTP, name="d"),
    ]  # fmt: skip
    probes = probes_of(Registry(REGISTRY.hosts, tuple(asked)), HealthSource())
    targets = [one.target for one in probes if one.kind is ProbeKind.HTTP]
    assert [text_of(fact("health", of, ParamType.URL)) for of in asked] == targets
    assert targets[0] == "http://127.0.0.1:80/healthz"
    by_command = msgspec.structs.replace(
        REDIS, health="redis-cli ping", health_kind=ProbeKind.COMMAND
    )
    assert fact("health", by_command, ParamType.URL).fault == "services.yaml has no health of redis"


def test_nobody_guesses_what_runs_a_service_or_where_kubectl_is() -> None:
    assert "give it a `service_name:`" in fact("unit", PROXY).fault
    book = Runbook("b", Raw("b"), "", params=(Param("H", ParamType.HOST, Origin.REGISTRY, "host"),))
    without = Registry(REGISTRY.hosts[:2])
    got = filled(book, Subject(service=API), without, {}, frozenset())[0]
    assert "has the role k8s" in got.fault
    assert "no service to take its unit from" in fact("unit", None).fault


def test_what_was_found_running_and_stands_in_no_settings_says_so() -> None:
    found = service("cart", "shop", type=ServiceType.K8S_DEPLOYMENT)
    assert fact("unit", found).source == "what was found running"


def test_a_text_is_taken_from_a_person_and_from_nobody_else() -> None:
    param = Param("NOTE", ParamType.TEXT, Origin.LABEL, "summary")
    assert "given by a person" in one(param, Subject(about(summary="rm -rf /"))).fault
    assert text_of(one(param, NOTE="-v; $(rm) 漢")) == "-v; $(rm) 漢"


def test_a_secret_stands_in_no_value_whoever_typed_it() -> None:
    book = Runbook("b", Raw("b"), "", params=(Param("TOKEN", ParamType.SECRET),))
    typed = filled(book, Subject(), REGISTRY, {"TOKEN": "hunter2"}, frozenset())[0]
    assert (typed.value, typed.is_ready) == (None, False)
    there = filled(book, Subject(), REGISTRY, {"TOKEN": "hunter2"}, frozenset({"TOKEN"}))[0]
    assert (there.value, there.is_ready, text_of(there)) == (None, True, None)
    assert "hunter2" not in repr((typed, there))


def test_the_parameters_keep_the_order_of_the_runbook() -> None:
    names = ("Z", "A", "M")
    book = Runbook("b", Raw("b"), "", params=tuple(Param(n, ParamType.NAME) for n in names))
    assert tuple(f.name for f in filled(book, Subject(), REGISTRY, {}, frozenset())) == names


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (ParamType.INT, ["0", "42"], ["-1", "+1", "1.0", "007", "", "1" * 30, "٣", "1\n"]),
        (ParamType.DURATION, ["5m", "1h30m"], ["5", "m", "", "-5m", "5 m", "٣m", "1m\n"]),
        (ParamType.NAME, ["redis", "a@b.service", "ns/pod:x"],
         ["-rf", "a b", ".a", "", "a;b", "é", "a" * 254, "a\n", "$(x)"]),
        (ParamType.CHOICE, ["one", "two words"], ["three", "", "-x"]),
        (ParamType.SERVICE, ["redis"], ["Redis", "redis ", "data-1", ""]),
        (ParamType.URL,
         ["http://a", "https://a.b:8443/x?y=1&z=%20#f", "http://[::1]:9/x"],
         ["ftp://a", "http://u:p@a/", "http://a@b/", "http:///x", "http://a b", "http://a/'x'",
          'http://a/"', "http://a/{1,2}", "http://a/[1-9]", "http://a:0/", "http://a:70000",
          "http://a\\@b/", "HTTP://a", "http://é/", "http://-a/", "http://a/\n",
          "http://a/" + "a" * 2_000, "http://a/`x`"]),
        (ParamType.TEXT, ["", "-v", "a $(b)"],
         ["a\nb", "a\x00", "a\x1b[0m", "\u202ea", "\ud800", "a" * (MAX_TEXT + 1)]),
    ],
)  # fmt: skip
def test_each_type_takes_what_it_says_and_nothing_near_it(
    kind: ParamType, good: list[str], bad: list[str]
) -> None:
    choices = (Raw("one"), Raw("two words"), Raw("-x"))
    param = Param("X", kind, choices=choices if kind is ParamType.CHOICE else ())
    for text in good:
        assert judged(param, text, REGISTRY) == (text, ""), text
    for text in bad:
        resolved, fault = judged(param, text, REGISTRY)
        assert resolved == "", text
        assert fault.startswith("expected "), text
        assert visible(fault) == fault, text


HOSTILE: Final = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="-$;|&`'\"\\ \n\t\x00/:.@[]{}a1\u202e", max_size=20),
    st.sampled_from([*(host.name for host in REGISTRY.hosts), "10.0.0.5:9100", "-rf", "redis"]),
    st.from_regex(r"https?://[a-z@:\[\]/{}' -]{1,20}", fullmatch=True),
)


@settings(max_examples=trials(1_000, 50_000), deadline=None)
@given(st.sampled_from(list(ParamType)), HOSTILE)
@example(ParamType.HOST, "-rf")
@example(ParamType.TEXT, "-rf")
def test_no_value_is_an_option_a_second_word_or_a_host_that_nobody_wrote_down(
    kind: ParamType, text: str
) -> None:
    choices = (Raw("a"), Raw(text)) if kind is ParamType.CHOICE else ()
    resolved, fault = judged(Param("X", kind, choices=choices), text, REGISTRY)
    assert visible(fault) == fault
    if fault:
        assert resolved == ""
        return
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", resolved)
    if kind is not ParamType.TEXT:
        assert not resolved.startswith("-")
    if kind not in (ParamType.TEXT, ParamType.CHOICE, ParamType.SERVICE):
        assert not re.search(r"\s", resolved)
    if kind is ParamType.HOST:
        assert resolved in {host.name for host in REGISTRY.hosts if host.is_reached}
