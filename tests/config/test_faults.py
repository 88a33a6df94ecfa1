"""Every mistake is told, with its place and with what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.fault import SettingsFaults
from config.load import load
from console.actions.keys import key_faults
from tests.config.folder import faults, written

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("oncall", "expected"),
    [
        ("enviroment: prod", '1:1: unknown key "enviroment"; did you mean "environment"?'),
        ("zzz: 1", '1:1: unknown key "zzz"; expected one of environment, production, me,'),
        ("environment: ../x", "1:14: environment: expected 1 to 64 letters"),
        ("environment:", "1:13: environment: expected 1 to 64 letters, digits"),
        ("production: maybe", '1:13: production: expected true or false, got "maybe"'),
        ("production: 'yes'", '1:13: production: expected true or false, got the text "yes": le'),
        ("language: fr", "1:11: language: expected one of en, zh-CN, zh-TW"),
        ("sources: [a]", "1:10: sources: expected keys with values below it, got a list"),
        (
            "sources:\n  prometheus:\n    - name: p",
            "3:7: sources.prometheus[0]: missing `url`: expected a URL",
        ),
        (
            "sources:\n  prometheus:\n    - {name: p, url: prom:9090}",
            "3:22: sources.prometheus[0].url: expected a URL that begins with http:// or",
        ),
        (
            "sources:\n  prometheus: {name: p}",
            "2:15: sources.prometheus: expected a list (`[a, b]`, or lines with `- `), got keys",
        ),
        (
            "sources:\n  prometheus: [{name: p, url: http://a}, {name: p, url: http://b}]",
            '2:49: sources.prometheus[1].name: expected a name that no other source has, got "p"',
        ),
        (
            "sources:\n  alertmanager: [{name: health, members: [http://a]}]",
            "2:25: sources.alertmanager[0].name: expected a name that no other source has",
        ),
        (
            "sources:\n  alertmanager: [{name: a, members: []}]",
            "2:37: sources.alertmanager[0].members: expected at least 1 entry, got none",
        ),
        (
            "sources:\n  alertmanager: [{name: a, members: [http://a, http://a/]}]",
            "2:48: sources.alertmanager[0].members[1]: stands in this list already",
        ),
        ("sources: {health: {at_once: 0}}", "1:29: sources.health.at_once: expected a whole num"),
        (
            "sources: {health: {interval: 500ms}}",
            '1:30: sources.health.interval: expected a duration of 1s to 3650d, got "500ms"',
        ),
        (
            "sources: {health: {timeout: 5}}",
            "1:29: sources.health.timeout: expected a duration such as 30s, 5m, 2h, 7d or 1h30m, "
            'got "5"; write 5s for seconds',
        ),
        (
            "sla: {P0: {respond: 2h, resolve: 1h}}",
            "1:21: sla.P0.respond: expected `respond` to be no longer than `resolve`",
        ),
        ("sla: {P0: {respond: 2h}}", "1:11: sla.P0: missing `resolve`: expected a duration"),
        ("sla: {P4: {}}", '1:7: sla: unknown key "P4"; expected one of P0, P1, P2, P3'),
        ("priorities: {by_alert: {X: p1}}", "1:28: priorities.by_alert.X: expected one of P0, P1"),
        ("priorities: {label: a-b}", '1:21: priorities.label: expected a label name, got "a-b"'),
        (
            "triage: {storm: {new_per_minute: 3}}",
            "1:17: triage.storm.calm_per_minute: expected no more than `new_per_minute` (3), got 5",
        ),
        ("triage: {group_by: ['@rack']}", "1:21: triage.group_by[0]: expected a label name, @cel"),
        (
            "people: {kai: {name: Kai}}\nme: kia",
            '2:5: me: expected a key of `people`, got "kia"; d',
        ),
        ("people: {kai: {name: ' '}}", "1:22: people.kai.name: expected a name, without spaces"),
        ("rota: {zone: Asia/Taipeh}", "1:14: rota.zone: expected an IANA time zone such as"),
        ("rota: {zone: ../../etc/passwd}", "1:14: rota.zone: expected an IANA time zone"),
        (
            "rota: {overrides: [{person: mei, start: 2026-01-01T09:00:00, "
            "end: 2026-01-01T10:00:00Z}]}",
            "1:41: rota.overrides[0].start: expected a time with its zone (`2026-01-01T09:00:00",
        ),
        (
            "people: {mei: {name: Mei}}\nrota:\n  overrides:\n    - person: mei\n"
            "      start: 2026-01-01T09:00:00+08:00\n      end: 2026-01-01T01:00:00Z\n",
            "6:12: rota.overrides[0].end: expected a time after `start`",
        ),
        (
            "rota: {overrides: [{person: mei, start: 2026-01-01T09:00:00Z, "
            "end: 2026-01-01T10:00:00Z}]}",
            '1:29: rota.overrides[0].person: expected a key of `people`, got "mei"',
        ),
        (
            "people: {mei: {name: Mei}, kai: {name: Kai}}\nrota:\n  overrides:\n"
            "    - {person: mei, start: 2026-01-01T09:00:00Z, end: 2026-01-09T09:00:00Z}\n"
            "    - {person: kai, start: 2026-01-09T09:00:00Z, end: 2026-01-10T09:00:00Z}\n"
            "    - {person: kai, start: 2026-01-08T09:00:00Z, end: 2026-01-08T10:00:00Z}\n",
            '6:28: rota.overrides[2].start: expected no time in which "mei" has an override alre',
        ),
        (
            "people: {kai: {name: Kai}}\nrota:\n  rotations:\n"
            "    - {name: a, days: [mon], start: '09:00', end: '17:00', people: [], "
            "first: 2026-01-01}\n",
            "4:68: rota.rotations[0].people: expected at least 1 entry, got none",
        ),
        ("look: {theme: drak}", "1:15: look.theme: expected one of ansi-dark, ansi-light, auto,"),
        ("keys: [a]", "1:7: keys: expected keys with values (`name: value`), got a list"),
        ("keys: {row.open: {a: b}}", "1:18: keys.row.open: expected text, got keys with values"),
    ],
)
def test_a_mistake_in_oncall_yaml_is_told_with_its_place(
    tmp_path: Path, oncall: str, expected: str
) -> None:
    found = faults(tmp_path, oncall)
    assert len(found) == 1, found
    assert found[0].startswith(f"oncall.yaml:{expected}")


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ("hosts: [{name: a, port: abc}]", "1:25: hosts[0].port: expected a port number 1 to 65535"),
        ("hosts: [{name: a, port: 0}]", "1:25: hosts[0].port: expected a port number 1 to 65535, "),
        (
            "hosts: [{name: a, port: 022}]",
            '1:25: hosts[0].port: expected a port number 1 to 65535, got "022"; write 22',
        ),
        ("hosts: [{name: a, port: 10_0}]", "1:25: hosts[0].port: expected a port number 1 to 6553"),
        (
            "hosts: [{name: a, port: '22'}]",
            "1:25: hosts[0].port: expected a port number 1 to 65535,"
            ' got the text "22": leave out the quotes',
        ),
        ("hosts: [{name: a}, {name: a}]", "1:27: hosts[1].name: expected a name that no other hos"),
        ("hosts: [{name: a, jump: b}]", '1:25: hosts[0].jump: expected a host, got "b"'),
        (
            "hosts: [{name: a, jump: a}]",
            '1:25: hosts[0].jump: expected a way that ends, got "a" > ',
        ),
        ("hosts: [{name: a, transport: ssh}]", "1:30: hosts[0].transport: expected one of asyncss"),
        ("services: [{name: a, type: k8s}]", "1:28: services[0].type: expected one of docker, ext"),
        ("services: [{name: a}]", "1:12: services[0]: missing `type`: expected one of docker, ext"),
        ("services: [{type: external}]", "1:12: services[0]: missing `name`: expected a name"),
        (
            "services: [{name: a, type: k8s-deployment}]",
            "1:12: services[0]: a k8s-deployment needs",
        ),
        ("services: [{name: a, type: systemd}]", "1:12: services[0]: a systemd service needs `hos"),
        ("services: [{name: a, type: tcp, host: b}]", "1:12: services[0]: a tcp check needs `host"),
        ("services: [{name: a, type: http, host: b}]", "1:12: services[0]: a path needs `port` or"),
        (
            "services: [{name: a, type: http, health_endpoint: /x}]",
            "1:51: services[0].health_endpoint: a path needs `port` or `base_url` beside it",
        ),
        (
            "services: [{name: a, type: http, port: 80, health_endpoint: /x}]",
            "1:61: services[0].health_endpoint: a path with `port` needs `host`",
        ),
        (
            "services: [{name: a, type: external, health_endpoint: 'ftp://x/'}]",
            "1:55: services[0].health_endpoint: expected a URL that begins with http:// or https:/",
        ),
        (
            "services: [{name: a, type: external, probe: command}]",
            "1:12: services[0]: a command check needs a command as `health_endpoint`",
        ),
        (
            "services: [{name: a, type: external, ready_endpoint: ready}]",
            "1:54: services[0].ready_endpoint: expected a path that begins with / or a URL",
        ),
        (
            "services: [{name: a, type: external, depends_on: [b]}]",
            '1:51: services[0].depends_on[0]: expected a service, got "b"',
        ),
        (
            "services: [{name: a, type: external, expect: [99]}]",
            "1:47: services[0].expect[0]: expected an HTTP status 100 to 599",
        ),
        (
            "services: [{name: a, type: external, thresholds: {cpu: 101}}]",
            '1:56: services[0].thresholds.cpu: expected a percentage 0 to 100, got "101"',
        ),
        (
            "services: [{name: a, type: docker, host: h, thresholds: {disk: 95}}]",
            "1:64: services[0].thresholds.disk: expected none on a service: a disk is its host's, "
            "set it there",
        ),
        (
            "services: [{name: a, type: external, thresholds: {memory: 95}}]",
            "1:59: services[0].thresholds.memory: expected none on a service of type external: ",
        ),
        (
            "services: [{name: a, type: tcp, host: h, port: 1, thresholds: {cpu: 95}}]",
            "1:69: services[0].thresholds.cpu: expected none on a service of type tcp: only what a "
            "`docker` or a `systemd` service takes is measured; of a whole host, set it there",
        ),
        (
            "services: [{name: a, type: k8s-deployment, namespace: n, thresholds: {cpu: 95}}]",
            "1:76: services[0].thresholds.cpu: expected none on a service of type k8s-deployment",
        ),
        (
            "services: [{name: a, type: external, thresholds: {cpu: .nan}}]",
            '1:56: services[0].thresholds.cpu: expected a percentage 0 to 100, got ".nan"',
        ),
        (
            "services: [{name: a, type: external}]\npages: [{name: a, path: /, base_url: http://x}]",
            "2:16: pages[0].name: expected a name that no other service, page or endpoint has",
        ),
        ("pages: [{name: a, path: /}]", "1:25: pages[0].path: expected `base_url` here or at the "),
        ("base_url: http://x\npages: [{name: a, path: x}]", "2:25: pages[0].path: expected a path"),
        (
            "base_url: http://x\napi_endpoints: [{path: /a}, {path: /a}]",
            '2:36: api_endpoints[1].path: "GET /a" stands here twice; give one a `name`',
        ),
        ("base_url: http://x?y", "1:11: base_url: expected a base URL without `?` and `#`"),
    ],
)
def test_a_mistake_in_services_yaml_is_told_with_its_place(
    tmp_path: Path, services: str, expected: str
) -> None:
    found = faults(tmp_path, "", services)
    assert len(found) == 1, found
    assert found[0].startswith(f"services.yaml:{expected}")


def test_all_faults_of_both_files_are_told_at_once_in_the_order_of_the_lines(
    tmp_path: Path,
) -> None:
    found = faults(
        tmp_path,
        "look: {theme: x}\nme: 3\nrota: {zone: Mars/Base}\nfoo: 1\n",
        "services:\n  - name: a\n    type: x\n  - name: b\n    type: tcp\n    port: x\n",
    )
    assert [each.split(": ")[0] for each in found] == [
        "oncall.yaml:1:15",
        "oncall.yaml:3:14",
        "oncall.yaml:4:1",
        "services.yaml:3:11",
        "services.yaml:4:5",
        "services.yaml:6:11",
    ]


@pytest.mark.parametrize(
    "part",
    [
        f"auth: {{bearer: {SECRET}}}",
        f"auth: {{bearer: [{SECRET}]}}",
        f"auth: {{bearer: {{{SECRET}: }}}}",
        f"auth: {{bearer: {{env: A, file: {SECRET}}}}}",
        f"auth: {{bearer: {{env: '{SECRET} x'}}}}",
        f"auth: {{bearer: {{command: {SECRET}}}}}",
        f"auth: {{basic: u:{SECRET}}}",
        f"auth: {{basic: {{user: u, password: {SECRET}}}}}",
        f"auth: {SECRET}",
        f"headers: {{Authorization: Bearer {SECRET}}}",
        f"headers: {{X-Api-Key: {SECRET}}}",
        f"proxy: http://u:{SECRET}@proxy:3128",
        f"proxy: '{SECRET}@:['",
        f"tls: {{cert: a.pem}}\n      auth: {SECRET}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, part: str) -> None:
    text = f"sources:\n  prometheus:\n    - name: p\n      url: http://p:9090\n      {part}\n"
    found = faults(tmp_path, text)
    assert found
    assert SECRET not in "\n".join(found)


def test_a_password_in_a_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    url = f"http://u:{SECRET}@p:9090"
    found = faults(tmp_path, f"sources: {{prometheus: [{{name: p, url: '{url}'}}]}}\n")
    assert found == [
        "oncall.yaml:1:39: sources.prometheus[0].url: expected no user and password in the URL: "
        "they go under `auth`"
    ]
    found = faults(tmp_path, "", f"services: [{{name: a, type: http, health_endpoint: '{url}/x'}}]")
    assert len(found) == 1
    assert SECRET not in found[0]


def test_an_action_that_does_not_exist_is_told_at_its_key(tmp_path: Path) -> None:
    assert faults(tmp_path, "keys:\n  row.opne: enter\n", key_faults=key_faults) == [
        "oncall.yaml:2:3: keys.row.opne: no action has this id; expected one of those in `?`, "
        "such as row.open"
    ]


def test_what_a_fault_quotes_cannot_drive_a_terminal(tmp_path: Path) -> None:
    found = faults(tmp_path, 'look: {theme: "\\e]0;owned\\a"}\n"\\e[2J": 1\n')
    assert len(found) == 2
    assert all(each.isprintable() for each in found)


def test_services_that_depend_on_each_other_are_no_fault(tmp_path: Path) -> None:
    services = (
        "services:\n"
        "  - {name: a, type: external, depends_on: [b]}\n"
        "  - {name: b, type: external, depends_on: [a]}\n"
    )
    assert faults(tmp_path, "", services) == []


def test_a_host_that_has_a_fault_of_its_own_still_counts_as_a_way(tmp_path: Path) -> None:
    found = faults(tmp_path, "", "hosts: [{name: a, jump: b}, {name: b, port: x, sudo: maybe}]")
    assert [each.split(": ")[1] for each in found] == ["hosts[1].port", "hosts[1].sudo"]


def test_a_notice_filter_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    folder = written(tmp_path, "notice: {filter: '/x'}\n")
    with pytest.raises(SettingsFaults) as caught:
        load(folder, filter_fault=lambda text: f"column 3: expected more than {text}")
    assert [str(fault) for fault in caught.value.faults] == [
        "oncall.yaml:1:18: notice.filter: column 3: expected more than /x"
    ]
