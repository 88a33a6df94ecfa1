"""The alerting rules of the demo's two Prometheus servers."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from console.demo.metrics import CORE, EDGE, LabelPairs, Series

SITE_RUNBOOKS = "https://runbooks.example.org"


class Rule(msgspec.Struct, frozen=True):
    """One alerting rule: `expr op threshold` for `for_s` seconds."""

    alert: str
    server: str
    group: str
    family: str
    """The series family that `expr` yields; empty for the watchdog."""
    expr: str
    op: str
    threshold: float
    for_s: int
    severity: str
    summary: str
    """May name labels and the value: `{service}`, `{value}`."""
    description: str = ""
    only: LabelPairs = ()
    """Labels that the expression's selector asks for."""
    slug: str = ""

    @property
    def query(self) -> str:
        """The whole expression, as the server lists it."""
        if not self.op:
            return self.expr
        return f"{self.expr} {self.op} {self.threshold:g}"

    @property
    def keeps_name(self) -> bool:
        """Whether results carry `__name__`: only a bare selector's do."""
        return not self.family.startswith("=")

    def reads(self, series: Series) -> bool:
        """Whether the series is one that the expression yields."""
        return series.family == self.family and series.server == self.server and (
            not self.only or series.has(self.only)
        )  # fmt: skip

    def annotations(self, labels: Mapping[str, str], value: float | None) -> dict[str, str]:
        """The annotations, filled in; with no value, as the rule's template shows them."""
        slug = self.slug or _slug(self.alert)
        found = {"summary": self.summary, "runbook_url": f"{SITE_RUNBOOKS}/{slug}"}
        if self.description:
            found["description"] = self.description
        if value is None:
            return {key: _as_template(text) for key, text in found.items()}
        known = {**labels, "value": f"{value:.3g}" if value < 1000 else f"{value:,.0f}"}
        return {key: text.format_map(_Known(known)) for key, text in found.items()}


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _as_template(text: str) -> str:
    for name in ("service", "host", "namespace", "instance", "page", "endpoint", "queue", "rack",
                 "mountpoint", "pod", "partition", "target", "tenant"):  # fmt: skip
        text = text.replace("{" + name + "}", "{{ $labels." + name + " }}")
    return text.replace("{value}", "{{ $value }}")


def _slug(alert: str) -> str:
    """`ContainerOOMKilled` is `container-oom-killed`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", alert).lower()


def _p95(by: str) -> str:
    rate = f"sum by (le, {by}) (rate(http_request_duration_seconds_bucket[5m]))"
    return f"histogram_quantile(0.95, {rate})"


def _ratio(top: str, bottom: str, by: str) -> str:
    return f"sum by ({by}) (rate({top}[5m])) / sum by ({by}) (rate({bottom}[5m]))"


BY_SERVICE = "namespace, service, team"


def _watchdog(server: str) -> Rule:
    return Rule("Watchdog", server, "meta", "", "vector(1)", "", 0, 0, "none",
                f"Prometheus {server} is alive and its alerts get through",
                "Always fires. When it is missing, no other alert from here can arrive either.",
                slug="source-lost",
                )  # fmt: skip


_SERVICE_RULES = (
    Rule("ServiceDown", CORE, "services", "redis_up", "redis_up", "==", 0, 60, "critical",
         "no PING reply from {service} on {host}",
         "redis_exporter has had no answer for a minute. Sessions, carts and the job queue "
         "live here.", slug="cache-down"),
    Rule("ServiceDown", CORE, "services", "pg_up", "pg_up", "==", 0, 60, "critical",
         "{service} on {host} refuses connections"),
    Rule("ServiceDown", CORE, "services", "rabbitmq_up", "rabbitmq_up", "==", 0, 60, "critical",
         "{service} on {host} refuses connections"),
    Rule("ServiceDown", CORE, "services", "up", 'up{job="services"}', "==", 0, 60, "high",
         "{service} has not answered a scrape for a minute", "Target {instance} is down.",
         (("job", "services"),)),
    Rule("HighErrorRate", CORE, "services", "=error_ratio",
         _ratio('http_requests_total{code=~"5.."}', "http_requests_total", BY_SERVICE),
         ">", 0.05, 120, "high", "{service} answers {value} of its requests with 5xx",
         "More than 5 % of the requests of {namespace}/{service} fail."),
    Rule("EndpointErrors", CORE, "services", "=endpoint_errors",
         _ratio('http_requests_total{code=~"5..",endpoint!=""}',
                'http_requests_total{endpoint!=""}', "endpoint, service, team"),
         ">", 0.1, 120, "high", "{value} of the requests to {endpoint} end in 5xx",
         "Nobody probes what is posted: this is what the callers get.",
         slug="high-error-rate"),
    Rule("SlowResponse", CORE, "services", "=p95", _p95(BY_SERVICE), ">", 2, 300, "high",
         "p95 of {service} is {value} s, over 2 s"),
    Rule("PaymentErrors", CORE, "services", "=payment_failures",
         _ratio("payment_failures_total", "payment_attempts_total", BY_SERVICE),
         ">", 0.1, 60, "critical", "{value} of all payments fail in {service}",
         "Customers cannot pay. Check the card processor's status first."),
    Rule("PaymentCallbackDelayed", CORE, "services", "=callback_delay",
         "max by (namespace, service, team) (payment_callback_delay_seconds)", ">", 60, 60,
         "warning", "支付回调延迟 {value} 秒，超过 60 秒",
         "支付渠道的异步回调到账变慢，订单会停留在“处理中”状态。", slug="slow-response"),
    Rule("SearchSlow", CORE, "services", "=search_p99",
         "histogram_quantile(0.99, sum by (le, host, service, team) "
         "(rate(opensearch_query_seconds_bucket[5m])))", ">", 1, 120, "warning",
         "search takes {value} s at p99", slug="slow-response"),
)  # fmt: skip

_WORK_RULES = (
    Rule("QueueBacklog", CORE, "work", "rabbitmq_queue_messages_ready",
         "rabbitmq_queue_messages_ready", ">", 1000, 120, "warning",
         "{value} jobs wait in {queue} for {service}"),
    Rule("WorkerStuck", CORE, "work", "=worker_idle",
         "time() - max by (namespace, service, team) (worker_last_success_timestamp_seconds)",
         ">", 300, 60, "warning", "{service} has finished no job for {value} s"),
    Rule("BackupTooOld", CORE, "work", "=backup_age",
         "(time() - backup_last_success_timestamp_seconds) / 3600", ">", 26, 0, "warning",
         "last good backup of {target} is {value} h old", slug="backup-failed"),
    Rule("RunnerOffline", CORE, "work", "ci_runner_online", "ci_runner_online", "==", 0, 300,
         "warning", "the CI runner on {host} is offline"),
    Rule("IngestPartitionLag", CORE, "work", "kafka_consumergroup_lag",
         "kafka_consumergroup_lag", ">", 10000, 0, "high",
         "partition {partition} is {value} messages behind", slug="queue-backlog"),
    Rule("ReplicaLagging", CORE, "work", "tenant_replica_lag_seconds",
         "tenant_replica_lag_seconds", ">", 120, 0, "warning",
         "the replica of {tenant} is {value} s behind", slug="slow-query"),
)  # fmt: skip

_KUBERNETES_RULES = (
    Rule("DeploymentReplicasMissing", CORE, "kubernetes", "=replicas_missing",
         "kube_deployment_spec_replicas - kube_deployment_status_replicas_available", ">", 0,
         120, "warning", "{value} replica(s) of {namespace}/{service} are not available",
         slug="pod-crash-loop"),
    Rule("PodCrashLoopBackOff", CORE, "kubernetes", "=restarts",
         "increase(kube_pod_container_status_restarts_total[15m])", ">", 3, 0, "high",
         "{namespace}/{service} restarted {value} times in 15 minutes", slug="pod-crash-loop"),
    Rule("VersionDrift", CORE, "kubernetes", "=versions",
         f"count by ({BY_SERVICE}) (count by ({BY_SERVICE}, version) (app_build_info))", ">", 1,
         120, "warning", "{value} versions of {service} run at the same time",
         slug="bad-deployment"),
    Rule("PodNotReady", CORE, "kubernetes", "kube_pod_status_ready",
         'kube_pod_status_ready{condition="true"}', "==", 0, 10, "high",
         "pod {pod} on {host} is not ready", slug="pod-crash-loop", only=(("condition", "true"),)),
    Rule("ContainerOOMKilled", CORE, "kubernetes", "=oom",
         "increase(container_oom_events_total[10m])", ">", 0, 0, "warning",
         "{service} on {host} was killed for lack of memory", slug="memory-high"),
    Rule("ImageTooOld", CORE, "kubernetes", "image_age_days", "image_age_days", ">", 90, 0,
         "info", "the image of {service} is older than 90 days"),
)  # fmt: skip

_NODE_RULES = (
    Rule("InstanceDown", CORE, "nodes", "up", 'up{job="node"}', "==", 0, 60, "critical",
         "{host} has not answered for a minute", "Rack {rack}.", (("job", "node"),),
         slug="host-down"),
    Rule("SwitchUnreachable", CORE, "nodes", "snmp_up", "snmp_up", "==", 0, 0, "critical",
         "switch {host} in rack {rack} does not answer", slug="alert-storm"),
    Rule("TenantEndpointDown", CORE, "nodes", "up", 'up{job="tenant"}', "==", 0, 10, "critical",
         "{tenant} on {host} does not answer", slug="alert-storm", only=(("job", "tenant"),)),
    Rule("NodeProbeTimeout", CORE, "nodes", "probe_success", 'probe_success{job="icmp"}', "==",
         0, 10, "warning", "no echo from {instance}", slug="host-down", only=(("job", "icmp"),)),
    Rule("HighCpuLoad", CORE, "nodes", "=cpu",
         '100 - avg by (host, instance, rack, zone) (rate(node_cpu_seconds_total'
         '{mode="idle"}[5m])) * 100', ">", 80, 300, "warning", "CPU of {host} at {value} %",
         slug="slow-response"),
    Rule("HighMemoryUsage", CORE, "nodes", "=memory",
         "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)", ">", 85,
         300, "warning", "memory of {host} at {value} %", slug="memory-high"),
    Rule("DiskFillingUp", CORE, "nodes", "=disk",
         "100 * (1 - node_filesystem_avail_bytes / node_filesystem_size_bytes)", ">", 90, 600,
         "warning", "{mountpoint} on {host} is {value} % full", slug="disk-full"),
    Rule("DiskWillFill", CORE, "nodes", "=disk_left",
         "predict_linear(node_filesystem_avail_bytes[1h], 4 * 3600) / 1e9", "<", 0, 300, "high",
         "{mountpoint} on {host} is full in less than 4 hours",
         "At the pace of the last hour {value} GB would be left. Look who writes: "
         "du -x -d1 -h {mountpoint}", slug="disk-full"),
    Rule("LogVolumeHigh", CORE, "nodes", "=log_bytes",
         "sum by (host, service, team) (rate(loki_distributor_bytes_received_total[1h])) / 1e6",
         ">", 5, 0, "info", "{service} takes in {value} MB/s of logs", slug="disk-full"),
)  # fmt: skip

_DATA_RULES = (
    Rule("RedisMemoryHigh", CORE, "data", "=redis_memory",
         "redis_memory_used_bytes / redis_memory_max_bytes", ">", 0.9, 300, "warning",
         "{service} uses {value} of its memory limit", slug="memory-high"),
    Rule("ReplicationLag", CORE, "data", "pg_replication_lag_seconds",
         "pg_replication_lag_seconds", ">", 30, 120, "warning",
         "{service} is {value} s behind its primary", slug="slow-query"),
    Rule("PoolNearlyFull", CORE, "data", "pgbouncer_pool_used_ratio",
         "pgbouncer_pool_used_ratio", ">", 0.9, 120, "warning",
         "{value} of the connections of {service} are taken", slug="database-connections"),
)  # fmt: skip

_EDGE_RULES = (
    Rule("PageDown", EDGE, "pages", "probe_success", 'probe_success{job="pages"}', "==", 0, 60,
         "critical", "{page} does not load", "{instance} fails from outside.",
         (("job", "pages"),), slug="page-errors"),
    Rule("SlowPageLoad", EDGE, "pages", "probe_duration_seconds",
         'probe_duration_seconds{job="pages"}', ">", 2, 60, "warning",
         "{page} takes {value} s, over 2 s", slug="page-errors", only=(("job", "pages"),)),
    Rule("EndpointDown", EDGE, "pages", "probe_success", 'probe_success{job="endpoints"}', "==",
         0, 60, "high", "{endpoint} fails from outside", slug="high-error-rate",
         only=(("job", "endpoints"),)),
    Rule("ExternalDown", EDGE, "external", "probe_success", 'probe_success{job="external"}',
         "==", 0, 120, "high", "{service} does not answer", slug="service-down",
         only=(("job", "external"),)),
    Rule("SmsDeliverySlow", EDGE, "external", "sms_delivery_seconds", "sms_delivery_seconds",
         ">", 60, 120, "warning", "簡訊閘道送達時間 {value} 秒，超過 60 秒",
         "驗證碼簡訊延遲，使用者可能無法登入。請先查看供應商狀態頁。", slug="slow-response"),
    Rule("SSLCertExpired", EDGE, "external", "=cert_days",
         "(probe_ssl_earliest_cert_expiry - time()) / 86400", "<=", 0, 0, "critical",
         "the certificate of {instance} has ended; its clients refuse it",
         slug="certificate-expiring"),
    Rule("SSLCertDaysLeft", EDGE, "external", "=cert_days",
         "(probe_ssl_earliest_cert_expiry - time()) / 86400", "<", 4, 0, "high",
         "the certificate of {instance} has {value} days left",
         slug="certificate-expiring"),
    Rule("SSLCertExpiringSoon", EDGE, "external", "=cert_days",
         "(probe_ssl_earliest_cert_expiry - time()) / 86400", "<", 14, 0, "warning",
         "the certificate of {instance} has {value} days left", slug="certificate-expiring"),
)  # fmt: skip

RULES: tuple[Rule, ...] = (
    _watchdog(CORE), *_SERVICE_RULES, *_WORK_RULES, *_KUBERNETES_RULES, *_NODE_RULES,
    *_DATA_RULES, _watchdog(EDGE), *_EDGE_RULES,
)  # fmt: skip


def rules_of(server: str) -> tuple[Rule, ...]:
    """The rules that one server evaluates, in the order of its rule files."""
    return tuple(rule for rule in RULES if rule.server == server)
