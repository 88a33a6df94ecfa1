"""Pages to read: one of each kind that a team has."""

from __future__ import annotations

from typing import Final

from console.runbook.parse import Read, parse

OURS: Final = """\
---
title: ShopErrors
tag: "web,shop"
oncall:
  services: [shop]
  owner: team-shop
  reviewed: 2026-11-01
  alerts: [ShopErrors]
  matchers: ['env="prod"', 'job=~"shop.*"']
  params:
    TARGET_HOST: {type: host, from: label.instance, help: where it runs}
    BASE_URL: {type: url, from: registry.base_url, default: "https://shop.example"}
---

# Shop answers with errors

## Meaning

1. Explains, and is nothing to tick off.

## Impact

Nobody can pay.

## Diagnosis

- Look at the `last` release.

What it said:

```sh {"name":"look","oncall.risk":"read","oncall.timeout":"20s"}
ssh "$TARGET_HOST" -- journalctl -n 50 -u shop
```

## Mitigation

**Carts are lost.** One replica at a time:

```sh {"name":"restart","oncall.op":"service.restart","oncall.risk":"disruptive",\
"oncall.rollback":"back","excludeFromRunAll":"true","id":"01J"}
ssh "$TARGET_HOST" -- sudo systemctl restart shop
```

## Verify

```bash { name=answers oncall.risk=verify oncall.retry=5x3s }
curl -sS --max-time 5 "$BASE_URL/healthz"
```

```yaml {"ignore":"true","oncall.expect":"answers"}
# what passed means
- "[STATUS] == 200"
- "[BODY].status == UP"
- "[RESPONSE_TIME] < 800ms"
```

## Rollback

The one before:

```sh {"name":"back","oncall.risk":"reversible"}
ssh "$TARGET_HOST" -- 'sudo ln -sfn old current && sudo systemctl restart shop'
```

## Escalation

Call team-shop.
"""
"""Written for the console: no fault in it."""

OPERATOR: Final = """\
---
title: Etcd Slow
weight: 20
---

# EtcdSlow

## Meaning

The disk below etcd answers late. [More](https://example.org).

## Impact

Elections, and with them a control plane that stands still.

<details>
<summary>Full context</summary>

Every write waits for the slowest member.
</details>

## Diagnosis

* Look at the disk:

```shell
$ kubectl -n etcd get pods -o wide
$ iostat -x 1 3
```

* Compare the members:
  ```promql
  histogram_quantile(0.99, sum by (le) (rate(etcd_wal_fsync_seconds_bucket[5m])))
  ```

It prints:

```json
{"slow": true}
```

## Mitigation

Move it to a disk of its own.
"""
"""A page as public collections have them."""

RUNME: Final = """\
---
runme:
  id: 01HF
  version: v3
shell: bash
---

# Set up

```sh {"id":"01A","name":"setup","interactive":"false"}
$ export REGION=eu
$ make setup
```

```python { name=check background=true }
print("x")
```

1. [ ] tell the team
"""

PLAIN: Final = "Do this:\n\n1. one\n2. two\n   more of two\n\n- note\n- [ ] box\n"


def read(text: str, name: str = "page") -> Read:
    """`text` as the runbook `page.md`."""
    return parse(text.encode(), name)


def step(info: str, command: str, *, params: str = "", more: str = "") -> str:
    """A page with one block of code, behind as much front matter as it takes."""
    front = f"---\noncall:\n  params: {{{params}}}\n---\n" if params else ""
    return f"{front}```sh {info}\n{command}\n```\n{more}"
