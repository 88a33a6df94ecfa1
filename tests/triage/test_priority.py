"""How urgent an alert is: the label, then the alert's name, then its severity, then the default."""

from __future__ import annotations

import pytest

from console.model.labels import Labels
from console.model.policy import Policy
from console.model.state import Priority
from console.triage.priority import Priorities

TEAM = Policy(
    by_alert=(("HighCpuLoad", Priority.P0), ("SSLCertExpiringSoon", Priority.P1)),
    default_priority=Priority.P3,
)


@pytest.mark.parametrize(
    ("labels", "policy", "expected"),
    [
        ({"severity": "critical"}, Policy(), Priority.P0),
        ({"severity": "high"}, Policy(), Priority.P1),
        ({"severity": "error"}, Policy(), Priority.P1),
        ({"severity": "warning"}, Policy(), Priority.P2),
        ({"severity": "info"}, Policy(), Priority.P3),
        ({"severity": "Critical"}, Policy(), Priority.P0),
        ({"severity": "purple"}, Policy(), Priority.P2),
        ({}, Policy(), Priority.P2),
        ({}, TEAM, Priority.P3),
        ({"severity": "info", "priority": "P0"}, Policy(), Priority.P0),
        ({"severity": "info", "priority": "p1"}, Policy(), Priority.P1),
        ({"severity": "critical", "priority": "urgent"}, Policy(), Priority.P0),
        ({"severity": "critical", "priority": ""}, Policy(), Priority.P0),
        ({"alertname": "HighCpuLoad", "severity": "info"}, TEAM, Priority.P0),
        ({"alertname": "HighCpuLoad", "priority": "P3"}, TEAM, Priority.P3),
        ({"alertname": "HighCpuLoad", "priority": "soon"}, TEAM, Priority.P0),
        ({"alertname": "SSLCertExpiringSoon", "severity": "warning"}, TEAM, Priority.P1),
        ({"level": "critical"}, Policy(severity_label="level"), Priority.P0),
        ({"urgency": "P3", "severity": "critical"}, Policy(priority_label="urgency"), Priority.P3),
    ],
)
def test_label_then_name_then_severity_then_default(
    labels: dict[str, str], policy: Policy, expected: Priority
) -> None:
    assert Priorities(policy).of(Labels(labels)) is expected
