"""Proposals are added to the registry, and what a person wrote stays as it is."""

from __future__ import annotations

import re

import pytest

from config.fault import SettingsFaults
from config.load import parse_services
from config.registry import registry_of
from config.ssh_config import ssh_hosts
from config.write import propose
from console.model.registry import Host, Monitoring, Registry, Service, ServiceType
from tests.hostile import hostile_strings

EDITED = """\
# Ours. Do not sort.
hosts:
- name: web-1        # the old one
  address: 10.0.0.1
  labels: {rack: r10}

  # kept for the audit
services:
    - name: shop
      type:   http
      host: web-1
      port: 8080     # behind the proxy
      instances: ["10.0.0.1:8080"]
    # end of services

pages:
  - {name: home, path: /, base_url: "http://x"}
"""


def target(name: str, host: str, port: int) -> Service:
    return Service(
        name,
        ServiceType.TARGET,
        host,
        host=host,
        port=port,
        instances=(f"{host}:{port}",),
        labels=(("job", "node"),),
    )


FOUND = Registry(
    hosts=(Host("web-1"), Host("web-2", address="10.0.0.2", user="kai", port=2222, jump="web-1")),
    services=(target("node@10.0.0.1", "10.0.0.1", 8080), target("node@web-2", "web-2", 9100)),
)


def parsed(text: str) -> Registry:
    faults: list[object] = []
    file = parse_services(text.encode(), faults)  # type: ignore[arg-type]
    assert file is not None, faults
    assert faults == []
    return registry_of(file)


def added_lines(before: str, after: str) -> list[str]:
    """The lines that are new; every line of `before` must stand in `after`, in order."""
    rest = iter(after.splitlines(keepends=True))
    new: list[str] = []
    for line in before.splitlines(keepends=True):
        for each in rest:
            if each == line:
                break
            new.append(each)
        else:
            raise AssertionError(f"lost: {line!r}")
    return [*new, *rest]


def test_only_what_is_new_is_added_and_every_other_line_stays() -> None:
    proposal = propose(FOUND, EDITED)
    assert (proposal.hosts, proposal.services) == (("web-2",), ("node@web-2",))
    assert added_lines(EDITED, proposal.text) == [
        "- name: web-2\n",
        '  address: "10.0.0.2"\n',
        "  user: kai\n",
        "  port: 2222\n",
        "  jump: web-1\n",
        "    - name: node@web-2\n",
        "      type: http\n",
        "      host: web-2\n",
        "      port: 9100\n",
        "      probe: none\n",
        "      monitoring: {prometheus: true}\n",
        "      labels: {job: node}\n",
        '      instances: ["web-2:9100"]\n',
    ]
    assert [each.name for each in parsed(proposal.text).services] == ["shop", "node@web-2", "home"]


def test_a_second_run_adds_nothing() -> None:
    once = propose(FOUND, EDITED).text
    assert propose(FOUND, once).text == once


def test_a_service_that_was_renamed_is_not_added_again() -> None:
    once = propose(FOUND, EDITED).text
    renamed = once.replace("name: node@web-2", "name: node exporter of web-2")
    assert propose(FOUND, renamed).text == renamed


def test_a_workload_of_many_pods_that_was_renamed_is_not_added_again() -> None:
    pods = Service("api", ServiceType.TARGET, "shop", namespace="shop", labels=(("job", "api"),))
    once = propose(Registry((), (pods,)), "").text
    renamed = once.replace("name: api", "name: the-api")
    assert propose(Registry((), (pods,)), renamed).text == renamed


def test_an_empty_file_gets_both_sections() -> None:
    text = propose(FOUND, None).text
    assert text.startswith("hosts:\n  - name: web-1\n  - name: web-2\n")
    assert "\nservices:\n  - name: node@10.0.0.1\n" in text
    found = parsed(text)
    assert found.hosts[1] == FOUND.hosts[1]
    assert found.services[1].instances == ("web-2:9100",)
    assert found.services[1].health_kind is None


@pytest.mark.parametrize(
    "before",
    [
        "# only words",
        "hosts:\n",
        "hosts:   # machines\n# - name: x\n",
        "services:\n\n\nhosts:\n",
        "pages: [{name: home, path: /, base_url: 'http://x'}]",
        "hosts:\r\n  - name: web-1\r\n    user: a\r\n",
        "services:\n  - {name: a, type: external}\nhosts:\n  - {name: web-1}",
        "services:\n  - name: a\n    type: external\n    owner:\n\n# the end\n",
    ],
)
def test_a_file_of_any_form_keeps_its_lines(before: str) -> None:
    proposal = propose(FOUND, before)
    lost = [line for line in before.splitlines() if line not in proposal.text.splitlines()]
    assert lost == []
    assert {each.name for each in parsed(proposal.text).hosts} >= {"web-1", "web-2"}
    if "\r\n" in before:
        assert "\n" not in proposal.text.replace("\r\n", "")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("hosts: [{name: a}]\n", "services.yaml:1:8: hosts: expected `hosts` as lines that begin"),
        ("hosts: []\n", "services.yaml:1:8: hosts: expected `hosts` as lines that begin"),
        ("{hosts: [{name: a}]}\n", "services.yaml:1:1: expected `key: value` lines"),
        ("base_url: http://x\n...\n", "services.yaml:1:1: expected no `...` line"),
        ("hosts:\n  - name: a\n    prot: 1\n", 'services.yaml:3:5: hosts[0]: unknown key "prot"'),
    ],
)
def test_a_file_that_cannot_be_added_to_says_why(before: str, expected: str) -> None:
    with pytest.raises(SettingsFaults) as raised:
        propose(FOUND, before)
    assert str(raised.value).startswith(expected)


def test_names_from_outside_cannot_break_the_file() -> None:
    count = 0
    for text in hostile_strings(600, seed=7):
        if len(text) > 10_000:
            continue
        service = Service(
            text, ServiceType.TARGET, "h", host="h", port=1, labels=((text, text),), owner=text
        )
        before = "services:\n  - {name: a, type: external}  # mine\n"
        proposal = propose(Registry((), (service,)), before)
        assert proposal.text.startswith(before)
        named = [each.name for each in parsed(proposal.text).services]
        assert named in (["a"], ["a", text.encode("utf-8", "replace").decode()]) or "\ufffd" in str(
            named
        )
        count += len(proposal.services)
    assert count > 200


def test_what_a_service_has_is_written_and_read_back() -> None:
    service = Service(
        "s", ServiceType.DOCKER, "h", host="h", port=80, health="/h", ready="/r",
        base_url="http://h:80", service_name="s-1", monitoring=Monitoring(prometheus=True),
        alerts=("A", "yes"), owner="on", depends_on=(), critical=True, replicas=2,
        labels=(("a", "012"),), instances=("h:80",),
    )  # fmt: skip
    (found,) = parsed(propose(Registry((), (service,)), "").text).services
    assert (found.owner, found.alerts, found.labels) == ("on", ("A", "yes"), (("a", "012"),))
    assert (found.health, found.ready, found.critical, found.replicas) == ("/h", "/r", True, 2)
    assert found.monitoring == Monitoring(prometheus=True)


SSH = """\
Include ~/.ssh/more
Host *
  User everybody
Host bastion
  HostName 192.0.2.1
  Port 2222
Host web-1 web-2 db-?
  HostName=%h.internal
  User deploy   # comment
  User late
  ProxyJump bastion
Match host x exec "reboot"
  User y
host "quoted"
  ProxyJump kai@jump.example:22,bastion
Host direct
  ProxyJump u@far.example:2200
Host circle
  ProxyJump circle
Host wrong
  Port 99999
"""


def test_hosts_of_an_ssh_client_configuration_are_proposed() -> None:
    found = ssh_hosts(SSH)
    hosts = found.registry.hosts
    assert {each.name: (each.address, each.user, each.port, each.jump) for each in hosts} == {
        "bastion": ("192.0.2.1", None, 2222, None),
        "web-1": ("web-1.internal", "deploy", 22, "bastion"),
        "web-2": ("web-2.internal", "deploy", 22, "bastion"),
        "quoted": ("quoted", None, 22, "bastion"),
        "direct": ("direct", None, 22, "far.example"),
        "far.example": ("far.example", "u", 2200, None),
        "circle": ("circle", None, 22, None),
        "wrong": ("wrong", None, 22, None),
    }  # fmt: skip
    assert found.notes == (
        "line 1: `Include` is not followed",
        "line 2: patterns of `Host` are left out",
        "line 7: patterns of `Host` are left out",
        "line 12: `Match` is not followed",
        "wrong: its port 99999 is left out",
        "quoted: of its ProxyJump only the last hop is taken",
        "circle: its ProxyJump leads back to itself",
    )
    parsed(propose(found.registry, None).text)


def test_any_text_in_place_of_an_ssh_configuration_is_read_without_harm() -> None:
    for text in hostile_strings(300, seed=3):
        found = ssh_hosts(f"Host {text}\nHostName {text}\nPort {text}\nProxyJump {text}\n{text}")
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", "".join(found.notes))
        propose(found.registry, None)
