"""The values that the steps of a run are given: from where, and whether they can be trusted.

Labels are written by whoever is monitored, an attacker among them. So no value is taken as it
comes: a host or a service is looked up in the registry, and all else has to look as its type says.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping, Set
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from config.fault import quoted
from config.registry import base_url_of, health_url_of
from console.fleet.discover import host_of
from console.model.registry import LOCAL, Host, Registry, Service, ServiceType, host_cell
from console.model.run import Filled, Run
from console.model.runbook import Origin, Param, ParamType, Runbook
from console.model.snapshot import KnownAlert
from console.runbook.values import expected_of
from console.safety.text import MAX_VALUE_CHARS, Raw, visible

TYPED: Final = "typed"
LABEL: Final = "label "
"""Begins the source of what a label says."""
GIVEN: Final = "given"
REGISTRY: Final = "the registry"
FOUND: Final = "what was found running"
DEFAULT: Final = "the default"
_LISTED: Final = 3
_RUN_BY_NAME: Final = (ServiceType.DOCKER, ServiceType.SYSTEMD, ServiceType.K8S_DEPLOYMENT)
"""Of these the name is that of the container, the unit or the deployment, unless said."""


class Subject(msgspec.Struct, frozen=True):
    """What a run is about; `None`: nothing of the kind."""

    alert: KnownAlert | None = None
    service: Service | None = None
    """As its cell has it: a host's cell is a service of type `host`."""


class _Offer(NamedTuple):
    """A value, before it is judged."""

    text: str | None
    source: str = ""
    fault: str = ""
    """Why there is none, or why it is none to be trusted."""


def filled(
    runbook: Runbook,
    subject: Subject,
    registry: Registry,
    given: Mapping[str, str],
    secrets: Set[str],
) -> tuple[Filled, ...]:
    """The parameters of `runbook` with their values, in its order.

    What a person typed wins over everything. Else the label or the fact of the registry that the
    parameter names, else its default. What is there and cannot be used stays with its fault, and
    nothing takes its place: a default may be another host.

    Args:
        given: what a person typed, by the parameter's name; raw. Of a secret it is not looked at.
        secrets: the parameters of which this console was given the secret.
    """
    return tuple(_filled(param, subject, registry, given, secrets) for param in runbook.params)


def judged(param: Param, text: str, registry: Registry) -> tuple[str, str]:
    """What the commands are given for `text`, and why it cannot be used; one of them is empty.

    A host may be called by its address, with a port or without, or by what the registry lists as
    an instance of a service on it: what comes out is its name in the registry, whatever came in.
    The fault is one sentence, safe to show.
    """
    if param.type is ParamType.SECRET:
        return "", "expected it to be given as a secret, which is shown nowhere"
    expected = expected_of(param.type, text, [one.exact for one in param.choices])
    if expected:
        return "", f"expected {expected}, got {quoted(text)}"
    if param.type is ParamType.HOST:
        return _host(text, registry)
    if param.type is ParamType.SERVICE:
        if any(one.name == text for one in registry.services):
            return _plain(text)
        return "", f"expected a service of services.yaml, which has no {quoted(text)}"
    return text, ""


def text_of(one: Filled) -> str | None:
    """What the commands are given; `None` where it is not ready, or a secret."""
    if not one.is_ready or one.value is None:
        return None
    return one.resolved or one.value.exact


def named_in(run: Run, names: Collection[str]) -> tuple[Filled, ...]:
    """Those parameters of `run`, in its runbook's order."""
    return tuple(one for one in run.params if one.name in names)


def value_in(run: Run, name: str) -> str | None:
    """What the commands of `run` are given for the parameter of that name."""
    return next((text_of(one) for one in run.params if one.name == name), None)


def _filled(
    param: Param,
    subject: Subject,
    registry: Registry,
    given: Mapping[str, str],
    secrets: Set[str],
) -> Filled:
    if param.type is ParamType.SECRET:
        is_given = param.name in secrets
        source = GIVEN if is_given else ""
        return Filled(param.name, param.type, is_given=is_given, source=source, help=param.help)
    typed = given.get(param.name)
    offer = _Offer(typed, TYPED) if typed is not None else _offered(param, subject, registry)
    resolved, fault = "", offer.fault
    if offer.text is not None and not fault:
        resolved, fault = judged(param, offer.text, registry)
        if not fault and param.type is ParamType.URL and offer.source.startswith(LABEL):
            fault = _elsewhere(offer.text, registry)
    return Filled(
        param.name,
        param.type,
        None if offer.text is None else Raw(offer.text),
        typed is not None,
        offer.source,
        fault,
        resolved if resolved != offer.text else "",
        param.help,
    )


def _offered(param: Param, subject: Subject, registry: Registry) -> _Offer:
    if param.origin is Origin.PERSON:
        offer = _Offer(None)
    elif param.type is ParamType.TEXT:
        offer = _Offer(None, fault="a text is given by a person, never taken from outside")
    elif param.origin is Origin.LABEL:
        offer = _of_label(param.key, subject.alert)
    else:
        offer = _of_registry(param.key, subject.service, registry)
    if offer.text is None and param.default is not None:
        return _Offer(param.default.exact, DEFAULT)
    return offer


def _of_label(name: str, known: KnownAlert | None) -> _Offer:
    if known is None:
        return _Offer(None, fault=f"there is no alert to take the label {visible(name)} from")
    labels = known.alert.labels
    value = labels.exact(name)
    source = f"{LABEL}{visible(name, cells=40)}"
    if len(value) >= MAX_VALUE_CHARS and labels.over_cap:
        return _Offer(value, source, f"the label is longer than {MAX_VALUE_CHARS:,} characters")
    if value:
        return _Offer(value, source)
    return _Offer(None, fault=f"the alert has no {source}")


def _of_registry(key: str, service: Service | None, registry: Registry) -> _Offer:
    if service is None:
        return _Offer(None, fault=f"no alert and no service to take its {key} from")
    value = _fact(key, service, registry)
    name = visible(service.name, cells=40)
    if value is not None:
        is_written = any(one.name == service.name for one in registry.services)
        is_host = any(host_cell(one.name) == service.name for one in registry.hosts)
        return _Offer(value, REGISTRY if is_written or is_host else FOUND)
    if key == "host" and service.type is ServiceType.K8S_DEPLOYMENT:
        said = "no host of services.yaml that is reached has the role k8s, to run kubectl there"
        return _Offer(None, fault=said)
    if key == "unit":
        said = f"services.yaml does not say what runs {name}: give it a `service_name:`"
        return _Offer(None, fault=said)
    return _Offer(None, fault=f"services.yaml has no {key} of {name}")


def _fact(key: str, service: Service, registry: Registry) -> str | None:
    """One of `console.runbook.places.FACTS` of a service; `None` where there is none."""
    is_host = service.type is ServiceType.HOST
    match key:
        case "name":
            return service.host if is_host else service.name
        case "unit":
            return service.unit if service.type in _RUN_BY_NAME else service.service_name
        case "host" if service.type is ServiceType.K8S_DEPLOYMENT:
            on = registry.kubectl_host
            return None if on is None else on.name
        case "host":
            return service.host
        case "place":
            return service.place
        case "namespace":
            return service.namespace
        case "port":
            return None if service.port is None else str(service.port)
        case "base_url":
            return base_url_of(service, registry)
        case "health":
            return health_url_of(service, registry)
        case "owner":
            return service.owner
        case "version":
            return service.expected_version
        case _:
            return None


def _host(text: str, registry: Registry) -> tuple[str, str]:
    named = [one for one in registry.hosts if one.name == text]
    found = named or _called(text, registry)
    if not found:
        return "", f"expected a host of services.yaml, which has no {quoted(text)}"
    if len(found) > 1:
        names = ", ".join(visible(one.name, cells=30) for one in found[:_LISTED])
        more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        return "", f"expected the name of one host, and {quoted(text)} may be {names}{more}"
    host = found[0]
    if not host.is_reached:
        shown = visible(host.name, cells=40)
        return "", f"there is no SSH to {shown}: give it an `address:` in services.yaml"
    return _plain(host.name)


def _called(text: str, registry: Registry) -> list[Host]:
    """The hosts that `text` may mean by address or instance; one, where it is clear.

    Several may share an address, behind ports: then the instance of a service tells which. Where
    the two contradict each other it is both, and so neither.
    """
    by_instance = {
        one.host for one in registry.services if text in one.instances and one.host is not None
    }
    # As it stands too: the last part of an IPv6 address looks like a port.
    spelt = {text, host_of(text)} - {""}
    # `local` is a word of the settings and nobody's address.
    by_address = {
        one.name
        for one in registry.hosts
        if one.name in spelt or (one.address in spelt and not one.is_local)
    }
    names: Iterable[str] = (by_instance & by_address) or (by_instance | by_address)
    return [one for one in registry.hosts if one.name in names]


def _elsewhere(url: str, registry: Registry) -> str:
    """Why a label may not lead to `url`: it is on no host that the registry has."""
    urls = [
        each
        for one in registry.services
        for each in (base_url_of(one, registry), health_url_of(one, registry), one.ready)
    ]
    names = {each for one in registry.hosts for each in (one.name, one.address) if each}
    names |= {_host_in(each) for each in urls if each}
    names |= {host_of(each) for one in registry.services for each in one.instances}
    if _host_in(url) in {each.lower() for each in names} - {"", LOCAL}:
        return ""
    return f"expected the address of a host or a service of services.yaml, got {quoted(url)}"


def _host_in(url: str) -> str:
    """In lower case; empty where there is none."""
    with contextlib.suppress(ValueError):
        return urlsplit(url).hostname or ""
    return ""


def _plain(name: str) -> tuple[str, str]:
    """A name of the registry, unless a program would take it for something else."""
    if name.startswith("-") or visible(name) != name:
        return "", f"expected a name that no program takes for an option, got {quoted(name)}"
    return name, ""
