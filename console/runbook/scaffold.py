"""A runbook to start from, filled in as far as its alert is known."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from config.yaml_text import yaml_string
from console.model.markdown import escaped
from console.safety.text import visible

_TEXT: Final = """---
title: {title}
oncall:
  alerts: [{alert}]
{service}  owner: {owner}
  reviewed: {reviewed}
  params:
    TARGET_HOST: {{type: host, from: registry.host}}
    UNIT: {{type: name, from: registry.unit}}
    BASE_URL: {{type: url, from: registry.base_url}}
---

# {heading}

## Meaning

{meaning}

## Impact

Who notices, and what they cannot do meanwhile.

## Diagnosis

1. Is it this service, or the host it is on?

What it said last:

```sh {{"name":"last-words","oncall.risk":"read","oncall.timeout":"20s"}}
ssh "$TARGET_HOST" -- journalctl -n 50 --no-pager -u "$UNIT"
```

## Mitigation

**Requests in flight are lost.** Restart one replica at a time, never the last healthy one:

```sh {restart}
ssh "$TARGET_HOST" -- sudo systemctl restart "$UNIT"
```

## Verify

```sh {{"name":"answers","oncall.risk":"verify","oncall.retry":"5x3s"}}
curl --max-time 5 "$BASE_URL/healthz"
```

```yaml {{"ignore":"true","oncall.expect":"answers"}}
- "[STATUS] == 200"
- "[RESPONSE_TIME] < 800ms"
```

## Rollback

**It stays down until somebody starts it.** Where the restart made it worse:

```sh {stop}
ssh "$TARGET_HOST" -- sudo systemctl stop "$UNIT"
```

## Escalation

Not better after 15 minutes: {owner_shown}.
"""
_RESTART: Final = (
    '{"name":"restart","oncall.op":"service.restart","oncall.risk":"disruptive",'
    '"oncall.verify":"answers","oncall.rollback":"stop","excludeFromRunAll":"true"}'
)
_STOP: Final = (
    '{"name":"stop","oncall.op":"service.stop","oncall.risk":"disruptive",'
    '"oncall.verify":"answers","excludeFromRunAll":"true"}'
)


class Wanted(msgspec.Struct, frozen=True):
    """What is known of the alert that a runbook is missing for. None of it is trusted."""

    alert: str
    service: str = ""
    summary: str = ""
    owner: str = ""


def scaffold(wanted: Wanted, today: date) -> str:
    """The text of a runbook for that alert. It lints clean; its commands are to be replaced."""
    owner = wanted.owner or "whoever is on call"
    return _TEXT.format(
        title=yaml_string(wanted.alert),
        alert=yaml_string(wanted.alert),
        service=f"  services: [{yaml_string(wanted.service)}]\n" if wanted.service else "",
        owner=yaml_string(owner),
        reviewed=today.isoformat(),
        heading=escaped(visible(wanted.alert, cells=80)),
        meaning=escaped(wanted.summary) or "What is wrong when this alert fires.",
        restart=_RESTART,
        stop=_STOP,
        owner_shown=escaped(owner),
    )
