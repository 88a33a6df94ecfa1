"""The stand-ins for `psql` and `pg_ctl` inside the database's container."""

from __future__ import annotations

from datetime import timedelta

from console.demo.machines.lives import number_of
from console.demo.machines.options import parsed
from console.demo.machines.said import Call, RefusedError, Said, not_in_this_world
from console.demo.script import Query
from console.demo.world import World

_WAITING = (
    ("accounts", "UPDATE orders SET status = $1 WHERE id = $2"),
    ("pricing", "SELECT price_minor FROM orders WHERE id = $1 FOR UPDATE"),
    ("api", "UPDATE orders SET updated_at = now() WHERE id = $1"),
)
"""Who stands behind a query that holds a lock."""
_USUAL = (("api", "active", 6), ("api", "idle", 22), ("accounts", "idle", 14),
          ("pricing", "idle", 9), ("ledger", "idle", 8), ("worker", "active", 2))  # fmt: skip


def psql(world: World, call: Call) -> Said:
    """`psql [-U USER] -c SQL`, for the questions to `pg_stat_activity` that runbooks ask."""
    options = parsed(call.args, {"-U/--username": True, "-d/--dbname": True, "-c/--command": True,
                                 "-t/--tuples-only": False, "-A/--no-align": False,
                                 "-X/--no-psqlrc": False, "-q/--quiet": False})  # fmt: skip
    _must_be_there(call)
    if not world.listens("postgres"):
        raise RefusedError(
            'psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" '
            "failed: No such file or directory\n\tIs the server running locally and accepting "
            "connections on that socket?", 2,
        )  # fmt: skip
    asked = " ".join(options.get("--command").split()).lower()
    if asked in ("select 1", "select 1;"):
        return Said(_table(("?column?",), [("1",)]))
    if "pg_stat_activity" not in asked:
        raise not_in_this_world(f"psql -c {asked[:40]!r}")
    if "count(*)" in asked:
        return Said(_table(("usename", "state", "count"), _counted(world)))
    if "cardinality(pg_blocking_pids" in asked:
        return Said(_table(("pid", "blocked_by", "query"), _blocked(world)))
    return Said(_table(("pid", "open_for", "state", "waits", "blocked_by", "query"),
                       _longest(world)))  # fmt: skip


def pg_ctl(world: World, call: Call) -> Said:
    """`pg_ctl kill INT|TERM PID`: asks a query, or its session, to end."""
    _must_be_there(call)
    if call.args[:1] != ("kill",) or len(call.args) != 3:
        raise not_in_this_world("pg_ctl " + " ".join(call.args))
    _, signal, pid = call.args
    if signal not in ("INT", "TERM"):
        raise RefusedError(f'pg_ctl: unrecognized signal name "{signal}"')
    query = _held(world)
    mine = {str(_pid(name)) for name, _ in _WAITING} if query else set()
    if query is not None and pid == str(query.pid):
        world.restore(query.cause)
    elif pid not in mine:
        raise RefusedError(f"pg_ctl: could not send stop signal (PID: {pid}): No such process")
    return Said()


def _must_be_there(call: Call) -> None:
    if not call.inside.startswith("postgres"):
        raise RefusedError(f'exec: "{call.program}": executable file not found in $PATH', 127)


def _held(world: World) -> Query | None:
    """The query that others wait for now."""
    query = world.scenario.query
    return None if query is None or world.is_mended(query.cause) else query


def _counted(world: World) -> list[tuple[str, ...]]:
    rows = list(_USUAL)
    query = _held(world)
    if query is not None:
        rows += [(name, "active", 11 + 9 * place) for place, (name, _) in enumerate(_WAITING)]
        rows.append((query.user, "active", 1))
    summed: dict[tuple[str, str], int] = {}
    for name, state, count in rows:
        summed[name, state] = summed.get((name, state), 0) + count
    ordered = sorted(summed.items(), key=lambda one: -one[1])
    return [(name, state, str(count)) for (name, state), count in ordered]


def _longest(world: World) -> list[tuple[str, ...]]:
    query = _held(world)
    if query is None:
        return [(str(_pid("vacuum")), "00:00:02.114", "active", "", "{}", "autovacuum: orders")]
    rows: list[tuple[str, ...]]
    rows = [(str(query.pid), _lasting(world, query.since_s), "active", "IO", "{}", query.text)]
    for place, (name, text) in enumerate(_WAITING):
        since_s = query.since_s + 20 + 31 * place
        rows.append((str(_pid(name)), _lasting(world, since_s), "active", "Lock",
                     f"{{{query.pid}}}", text))  # fmt: skip
    return rows


def _blocked(world: World) -> list[tuple[str, ...]]:
    query = _held(world)
    if query is None:
        return []
    return [(str(_pid(name)), f"{{{query.pid}}}", text) for name, text in _WAITING]


def _pid(name: str) -> int:
    return 40000 + number_of(f"backend of {name}", 8000)


def _lasting(world: World, since_s: float) -> str:
    gone = timedelta(seconds=world.now_s() - since_s)
    return f"{str(gone).rjust(8, '0')}.4{number_of(str(since_s), 100):02}"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """As psql aligns it, with the count below."""
    widths = [max(len(row[place]) for row in (heads, *rows)) for place in range(len(heads))]
    lines = [" | ".join(head.center(width) for head, width in zip(heads, widths, strict=True)),
             "-+-".join("-" * width for width in widths)]  # fmt: skip
    lines += [" | ".join(_set(cell, width) for cell, width in zip(row, widths, strict=True))
              for row in rows]  # fmt: skip
    said = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
    return "".join(f" {line}".rstrip() + "\n" for line in lines) + f"({said})\n\n"


def _set(cell: str, width: int) -> str:
    return cell.rjust(width) if cell.isdigit() else cell.ljust(width)
