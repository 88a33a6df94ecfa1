"""The shape of `oncall.yaml`. One attribute, one docstring: the settings reference in `docs/`
and the JSON Schema are made from these.

Durations are written `30s`, `5m`, `2h`, `7d`. Where a secret is expected, only a mapping with
exactly one of `env`, `file` and `command` is taken, never the value itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from config.changes import Changes
from config.history import History, Summary
from config.incidents import Incidents
from config.kinds import (
    BranchName,
    Count,
    CountOrNone,
    Duration,
    EmailRule,
    Environment,
    FilePath,
    FolderPath,
    GroupLabel,
    Interval,
    LabelName,
    Name,
    RemoteName,
    TimeOfDay,
    Url,
)
from config.people import Escalation, Person, Rota
from config.runbooks import Runbooks
from console.safety.secret import SecretSource

PriorityName = Literal["P0", "P1", "P2", "P3"]


class Basic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """HTTP basic authentication."""

    user: Name
    """The user's name."""
    password: SecretSource
    """Where the password comes from."""


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the console makes itself known; at most one of the two."""

    basic: Basic | None = None
    """User and password."""
    bearer: SecretSource | None = None
    """A token for `Authorization: Bearer`."""


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Transport security beside the system's own certificate authorities."""

    ca: FilePath | None = None
    """A file with the certificate authority to trust, PEM."""
    cert: FilePath | None = None
    """A client certificate for mutual TLS, PEM."""
    key: FilePath | None = None
    """The key of `cert`, PEM."""
    server_name: str | None = None
    """The name to expect in the certificate where it is not the URL's."""
    insecure_skip_verify: bool = False
    """Believe any certificate. The source is then marked degraded."""


class Http(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every HTTP source has."""

    headers: dict[str, str | SecretSource] = {}
    """Sent with every request, for instance `X-Scope-OrgID: team-a` for Mimir."""
    auth: Auth = Auth()
    """How the console makes itself known."""
    tls: Tls = Tls()
    """Certificates."""
    timeout: Duration = timedelta(seconds=10)
    """The total deadline of one request, from connect to the last byte."""
    interval: Interval = timedelta(seconds=15)
    """How often it is asked."""
    max_bytes: Count = 64 * 1024 * 1024
    """The largest answer that is read, in decompressed bytes."""
    proxy: Url | None = None
    """An HTTP proxy. The environment's proxy variables are not used."""
    via: Name | None = None
    """A host of `services.yaml`: every connection goes through an SSH tunnel to it."""


class PrometheusSource(Http, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One Prometheus, Thanos, Mimir or VictoriaMetrics."""

    name: Name
    """Unique among all sources; shown in the header."""
    url: Url
    """Base URL with its path prefix: what stands before `/api/v1/…`."""
    watchdog: dict[LabelName, str] | None = msgspec.field(
        default_factory=lambda: {"alertname": "Watchdog"}
    )
    """Labels of the alert that must always fire. Missing, it is a badge and a row; `null`
    where the server has none."""
    external_labels: dict[LabelName, str] = {}
    """Its external labels; read from its configuration where that is open."""
    generator_urls: tuple[Url, ...] = ()
    """Further base URLs under which it names itself in an alert's `generatorURL`."""
    discover_alertmanagers: bool = True
    """Take the Alertmanagers that it sends to as sources when none are given."""


class AlertmanagerSource(Http, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One Alertmanager cluster."""

    name: Name
    """Unique among all sources; shown in the header."""
    members: Annotated[tuple[Url, ...], msgspec.Meta(min_length=1)]
    """Base URL of every member, with its route prefix: what stands before `/api/v2/…`."""


class HealthSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How services' own health endpoints are asked."""

    interval: Interval = timedelta(seconds=30)
    """How often liveness is asked."""
    ready_interval: Interval = timedelta(seconds=10)
    """How often readiness is asked."""
    timeout: Duration = timedelta(seconds=5)
    """The total deadline of one probe."""
    at_once: Count = 20
    """How many probes run at the same time."""
    tls_warn_days: CountOrNone = 14
    """A certificate with fewer days left than this is not healthy."""
    ca: FilePath | None = None
    """A file with the certificate authority to trust in place of the system's, PEM."""
    max_bytes: Count = 256 * 1024
    """The largest body that is read."""


class HostsSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How hosts that have an `address` are looked at."""

    enabled: bool = True
    """Run the one command that gathers a host's facts. Command and file probes, `kubectl`,
    logs and `via:` use SSH in any case."""
    interval: Interval = timedelta(seconds=60)
    """How often a host is looked at."""
    timeout: Duration = timedelta(seconds=15)
    """The total deadline of one look once connected; the look ends on the host too."""
    node_exporter: bool = True
    """Take the facts of hosts out of node_exporter too, where a Prometheus scrapes it."""


class KubernetesSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One cluster, asked by `kubectl`, read only."""

    name: Name = "kubernetes"
    """Unique among all sources; shown in the header."""
    on: Name = "local"
    """The host of `services.yaml` on which `kubectl` runs, or `local`."""
    command: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("kubectl",)
    """The program and what stands before its verb, for instance `[k3s, kubectl]`."""
    context: str | None = None
    """The context of the client configuration; unset: the current one."""
    namespaces: tuple[Name, ...] = ()
    """Where to look; empty: in all of them."""
    interval: Interval = timedelta(seconds=30)
    """How often it is asked."""
    timeout: Duration = timedelta(seconds=15)
    """The total deadline of one answer."""
    max_bytes: Count = 64 * 1024 * 1024
    """The largest answer that is read."""


class Ssh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How hosts are reached. Host keys are always checked, and the agent is never forwarded."""

    config: FilePath | None = None
    """An OpenSSH client configuration; unset: `~/.ssh/config` where it is there, and
    behind it `/etc/ssh/ssh_config` where that is root's."""
    known_hosts: tuple[FilePath, ...] = ()
    """Files of host keys; empty: those of `~/.ssh/config`, else `~/.ssh/known_hosts` and
    `/etc/ssh/ssh_known_hosts`."""
    identities: tuple[FilePath, ...] = ()
    """Private keys; empty: those of the configuration, else the usual ones in `~/.ssh`."""
    passphrase: SecretSource | None = None
    """Where the passphrase of encrypted keys comes from."""
    agent: bool = True
    """Ask the agent of `$SSH_AUTH_SOCK`."""
    connect_timeout: Duration = timedelta(seconds=10)
    """From the name's lookup to the end of the authentication, for each hop."""


class Sources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the console looks."""

    prometheus: tuple[PrometheusSource, ...] = ()
    """Every Prometheus-compatible server."""
    alertmanager: tuple[AlertmanagerSource, ...] = ()
    """Every Alertmanager cluster. Empty: those that the Prometheus servers send to."""
    health: HealthSource = HealthSource()
    """The services' own health endpoints."""
    hosts: HostsSource = HostsSource()
    """The hosts themselves."""
    kubernetes: tuple[KubernetesSource, ...] = ()
    """Every Kubernetes cluster. Empty: the first host with the role `k8s`, by its `kubectl`;
    kube-state-metrics are read where a Prometheus has them."""


class SlaEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two deadlines of one priority."""

    respond: Interval
    """Until somebody has acknowledged the alert."""
    resolve: Interval
    """Until it no longer fires."""


class SlaTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Deadlines by priority, counted from the start of an alert's episode."""

    P0: SlaEntry = SlaEntry(timedelta(minutes=5), timedelta(minutes=30))
    """All users cannot use it, or a life-safety function fails."""
    P1: SlaEntry = SlaEntry(timedelta(minutes=15), timedelta(hours=2))
    """A main function fails."""
    P2: SlaEntry = SlaEntry(timedelta(hours=1), timedelta(hours=8))
    """One module is degraded, or a trend is odd."""
    P3: SlaEntry = SlaEntry(timedelta(hours=4), timedelta(hours=24))
    """Good to know."""


class Priorities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an alert gets its priority: the label `label` first, then its name, then severity."""

    label: LabelName = "priority"
    """An alert label whose value `P0` to `P3` decides."""
    severity_label: LabelName = "severity"
    """The alert label that `by_severity` looks at."""
    by_alert: dict[str, PriorityName] = {}
    """By alert name, for instance `HighErrorRate: P1`."""
    by_severity: dict[str, PriorityName] = msgspec.field(
        default_factory=lambda: {
            "critical": "P0",
            "page": "P0",
            "high": "P1",
            "error": "P1",
            "warning": "P2",
            "info": "P3",
            "none": "P3",
        }
    )
    """By severity. Entries add to the defaults, and win over them."""
    default: PriorityName = "P2"
    """Where nothing else decides."""
    failing_probe: PriorityName = "P2"
    """A failing health check about which no alert fires; one more urgent when critical."""
    sick_source: PriorityName = "P1"
    """A source that gives no usable answer, and a missing watchdog."""


class Storm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When many new alerts become one storm."""

    new_per_minute: Count = 10
    """More new alerts than this within a minute begin a storm."""
    calm_per_minute: CountOrNone = 5
    """No more than this many within a minute, for as long as `calm_for`, end it."""
    calm_for: Interval = timedelta(minutes=3)
    """See `calm_per_minute`."""


class Triage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How alerts become rows."""

    ignore_labels: tuple[LabelName, ...] = ("replica", "prometheus_replica", "__replica__")
    """Labels in which the replicas of one Prometheus differ: alerts that are equal without
    them are one."""
    group_by: Annotated[tuple[GroupLabel, ...], msgspec.Meta(min_length=1)] = ("alertname", "@cell")
    """Alerts that agree in these labels are one row. `@cell` is the service that an alert is
    about, `@host` the host or namespace where it lives, `@owner` the team that owns it, and
    `@alert` the alert itself."""
    episode_gap: Interval = timedelta(minutes=5)
    """An alert that fires again within this time keeps its clocks."""
    fold_after: Interval = timedelta(days=7)
    """Alerts that fire for longer than this fold into one row."""
    flaps_from: Count = 4
    """An alert that came this often in 24 hours is marked as one that flaps."""
    lost_for: Interval = timedelta(hours=24)
    """How long an alert that vanished without proof stays."""
    storm: Storm = Storm()
    """When many new alerts become one storm."""
    ack_prefixes: tuple[Name, ...] = ("ACK!",)
    """A silence whose comment starts with one of these is an acknowledgement."""


class Acks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How alerts are acknowledged: by silences that karma and kthxbye read as acks."""

    ignore_labels: tuple[LabelName, ...] = ("pod", "pod_name", "pod_uid", "container_id", "uid")
    """Labels that an ack leaves out, so that it still holds when the pod is another one; they
    are left in where it would else hold an alert that nobody marked."""
    lasts: Interval = timedelta(minutes=60)
    """How long an ack lasts where nobody extends it; this console extends it by as much."""
    extended_lasts: Interval = timedelta(minutes=15)
    """How long an ack lasts in a cluster where kthxbye is seen to extend them."""
    extend_before: Interval = timedelta(minutes=5)
    """How long before its end an ack is extended."""
    remind_after: Interval = timedelta(hours=4)
    """An ack that is older than this is told of again."""


class SilenceTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A silence that the team makes often."""

    name: Name
    """By which it is chosen."""
    matchers: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """As Alertmanager writes them: `job="backup"`, `instance=~"db-.*"`."""
    lasts: Interval = timedelta(hours=1)
    """For how long."""
    comment: str = ""
    """Why."""


class Silences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How alerts are silenced."""

    lasts: Interval = timedelta(hours=1)
    """What the form begins with."""
    presets: Annotated[tuple[Interval, ...], msgspec.Meta(min_length=1)] = (
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=4),
        timedelta(hours=8),
        timedelta(hours=24),
    )
    """The durations that one key goes through."""
    until: TimeOfDay = "09:00"
    """The time of day that `until` means, in the rota's zone."""
    confirm_over: CountOrNone = 10
    """A silence of more alerts than this, or of any P0 or P1, is confirmed in writing."""
    longest: Interval = timedelta(days=7)
    """A longer one is refused."""
    templates: tuple[SilenceTemplate, ...] = ()
    """Silences that are made often."""


class JournalRemote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the journal is shared. It is reached with the person's own git settings."""

    name: RemoteName = "origin"
    """The remote's name in the repository; `git remote add` makes one."""
    branch: BranchName | None = None
    """Its branch. Unset: the one of the same name as the branch here."""
    push: bool = True
    """Send commits there. Off: they are only fetched."""
    interval: Interval = timedelta(minutes=5)
    """How often it is looked at; commits are sent at once."""
    timeout: Duration = timedelta(seconds=30)
    """The total deadline of one fetch or push."""


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where incidents, changes and reports are written down: a folder with a git repository."""

    folder: FolderPath | None = None
    """The folder; made, and made a repository, where it is none. Unset: `journal` in the state
    folder of the environment."""
    remote: JournalRemote | None = None
    """Where it is shared. Unset: nowhere."""
    email: EmailRule | None = None
    """The address on commits, with `{login}` and `{me}` filled in: `{login}@example.com`.
    Unset: `user.email` of your git settings, else the login at this host."""
    templates: FolderPath | None = None
    """A folder with templates of documents that are the team's own, by the names of those that
    ship. Unset: those that ship."""


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the console calls somebody who looks elsewhere."""

    filter: str = '@priority="P0" @step="ack"'
    """New rows that this matches are told of, written as behind `/`; empty: none."""
    every: Interval = timedelta(seconds=30)
    """No more than one notice in this time; in a storm one altogether."""
    bell: bool = True
    """Ring the terminal's bell."""
    desktop: Literal["auto", "osc9", "osc777", "off"] = "auto"
    """Which escape sequence asks the terminal for a desktop notification. `auto`: the one that
    the terminal is known to understand, else none."""


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it looks."""

    theme: Literal["auto", "dark", "light", "ansi-dark", "ansi-light"] = "auto"
    """`auto` is `dark`, or `light` where `COLORFGBG` tells of a light background. On a terminal
    of 16 colours, and with `NO_COLOR`, the ANSI theme of that lightness is taken in its place."""
    ascii: bool | None = None
    """State shapes in ASCII. Unset: where the locale or the terminal cannot draw others."""
    mouse: bool | None = None
    """Take the mouse. Unset: not over SSH."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `oncall.yaml`."""

    environment: Environment = "default"
    """Name of what is watched; shown in the header, and the name of the state folder. Letters,
    digits, `-`, `_` and `.`."""
    production: bool = False
    """Draws the environment's name in the colour of danger."""
    me: str | None = None
    """Who you are: a key in `people`. Unset: the login name, marked as unverified where
    several people share it."""
    language: Literal["en", "zh-TW", "zh-CN"] = "en"
    """Language of the documents that are written."""
    sources: Sources = Sources()
    """Where the console looks."""
    ssh: Ssh = Ssh()
    """How hosts are reached."""
    sla: SlaTable = SlaTable()
    """Deadlines by priority."""
    priorities: Priorities = Priorities()
    """How an alert gets its priority."""
    triage: Triage = Triage()
    """How alerts become rows."""
    acks: Acks = Acks()
    """How alerts are acknowledged."""
    silences: Silences = Silences()
    """How alerts are silenced."""
    notice: Notice = Notice()
    """How somebody is called who looks elsewhere."""
    shared: FolderPath | None = None
    """A folder that all consoles of the team can write, for acks on what no Alertmanager knows.
    Unset: they are seen by this person's consoles only."""
    journal: Journal = Journal()
    """Where incidents, changes and reports are written down."""
    incidents: Incidents = Incidents()
    """By when an incident needs what."""
    changes: Changes = Changes()
    """When changes may be made."""
    history: History = History()
    """What the console remembers."""
    summary: Summary = Summary()
    """How a day and a week are judged."""
    runbooks: Runbooks = Runbooks()
    """Runbooks of the team's own, beside those that ship."""
    people: dict[str, Person] = {}
    """Everybody who can be on call, by a short key."""
    rota: Rota = Rota()
    """Who is on call when."""
    escalation: Escalation = Escalation()
    """Who is told next."""
    look: Look = Look()
    """How it looks."""
    keys: dict[str, str | tuple[str, ...]] = {}
    """Keys by action id, for instance `row.open: enter`; an empty list takes the key
    away. `?` and `docs/keys.md` list the ids."""
