"""Databases that are asked in SQL: psql, mysql."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from console.runbook.verdict import (
    READS,
    Inner,
    Judge,
    Kind,
    Verdict,
    acts,
    listed,
    not_known,
    plain_words,
    unknown,
)

_PURE: Final = listed(
    "count sum min max avg now age coalesce left right substr substring length lower upper round"
    " extract date_trunc to_char pg_size_pretty pg_database_size pg_relation_size"
    " pg_total_relation_size pg_table_size pg_indexes_size pg_blocking_pids pg_backend_pid"
    " cardinality array_agg string_agg current_setting pg_is_in_recovery pg_last_wal_receive_lsn"
    " pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_current_wal_lsn pg_wal_lsn_diff"
    " exists in any all cast row_number rank lag lead greatest least nullif format over filter and"
    " or not on as where values abs ceil floor trim concat replace split_part unnest version"
    " clock_timestamp current_database pg_postmaster_start_time pg_get_userbyid from"
    " select by having when then else using distinct interval md5 position"
)
_SQL_ACTS: Final = re.compile(
    r"\s*(?:insert|update|delete|drop|alter|truncate|create|vacuum|reindex|grant|revoke|cluster|lock"
    r"|copy|call|do|set|reset|kill|flush|checkpoint|refresh|merge|reassign|analyze|import)\b"
    r"|.*\b(?:pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_switch_wal|pg_promote|setval"
    r"|nextval|set_config|lo_unlink|lo_import|pg_rotate_logfile|pg_drop_replication_slot)\s*\(",
    re.IGNORECASE | re.DOTALL,
)
_SQL_READS: Final = re.compile(r"\s*(?:select|show|table|values|explain)\b", re.IGNORECASE)
_SQL_OPEN: Final = re.compile(r"[\0;\\]|\binto\b|\bfor\s+(?:no\s+key\s+)?(?:update|share)\b|\banalyze\b|--|/\*", re.IGNORECASE)  # fmt: skip # noqa: E501


_TEXT: Final = "\1"
_NAME: Final = "\2"
_QUOTED: Final = re.compile(r"('[^']*')|\"[^\"]*\"|`[^`]*`")
_SQL_HIDDEN: Final = re.compile(rf"{_NAME}\s*\(|['\"`#]|\$(?![0-9])")
"""What is called by a name in quotes, and what opens a text or a comment in some other way."""


def sql_judged(text: str) -> Verdict:
    """Whether one statement only reads: SELECT and SHOW, calling only what is known to be pure."""
    plain = text.strip().removesuffix(";")
    if any(_SQL_ACTS.match(one) for one in plain.split(";")):
        return acts("its SQL changes something")
    bare = _QUOTED.sub(lambda one: _TEXT if one[1] else _NAME, plain)
    called = {one.lower() for one in re.findall(r"([A-Za-z_][A-Za-z0-9_.]*)\s*\(", bare)}
    is_open = _SQL_OPEN.search(bare) or _SQL_HIDDEN.search(bare) or re.search(r"[\0\\]", plain)
    if not _SQL_READS.match(plain) or is_open or called - _PURE:
        return unknown("what its SQL does is not known here")
    return READS


_PSQL_VALUED: Final = listed(
    "-c --command -U --username -h --host -p --port -d --dbname -F -R -P -v -f --file -o --output"
)
_PSQL_LETTERS: Final = "AtXqxwn1le"
_PSQL_FLAGS: Final = re.compile(
    rf"-[{_PSQL_LETTERS}]+|--(?:csv|no-psqlrc|tuples-only|no-align|quiet|list)"
)


def _psql(words: list[str], inner: Inner) -> Verdict:
    words = _apart(words, _PSQL_LETTERS, "c")
    options, _ = plain_words(words, _PSQL_VALUED)
    statements = _statements(words, "-c", "--command")
    known = listed("-c --command -U --username -h --host -p --port -d --dbname -F -R -P")
    fine = all(
        one in known or one.startswith("--command=") or _PSQL_FLAGS.fullmatch(one)
        for one in options
    )
    found = [sql_judged(one) for one in statements]
    acting = next((one for one in found if one.kind is Kind.ACTS), None)
    if acting is not None:
        return acting
    is_list = bool({"-l", "--list"} & set(options))
    if fine and (statements or is_list) and all(one is READS for one in found):
        return READS
    return unknown("what psql is to do is not known here")


def _apart(words: list[str], letters: str, last: str) -> list[str]:
    """`-Atc` as `-At -c`."""
    form = re.compile(rf"(-[{letters}]+)({last})")
    found = [(one, form.fullmatch(one)) for one in words]
    return [part for word, one in found for part in ([one[1], f"-{one[2]}"] if one else [word])]


def _statements(words: list[str], short: str, long: str) -> list[str]:
    found = [words[at + 1] for at, one in enumerate(words[:-1]) if one in (short, long)]
    return found + [one.partition("=")[2] for one in words if one.startswith(f"{long}=")]


_MYSQL_VALUED: Final = listed(
    "-e --execute -u --user -h --host -P --port -D --database -S --socket"
)
_MYSQL_FLAGS: Final = re.compile(
    r"-[NBsstvrHX]+|-p.*|-[uhPDS].+|--(?:batch|silent|skip-column-names|table|vertical|raw|html|xml"
    r"|ssl|ssl-mode|compress|no-defaults)"
    r"|--(?:execute|user|host|port|database|socket|password|ssl-mode|connect-timeout|protocol)=.*",
    re.DOTALL,
)


def _mysql(words: list[str], inner: Inner) -> Verdict:
    words = _apart(words, "NBsstvrHX", "e")
    options, _ = plain_words(words, _MYSQL_VALUED)
    found = [sql_judged(one) for one in _statements(words, "-e", "--execute")]
    acting = next((one for one in found if one.kind is Kind.ACTS), None)
    if acting is not None:
        return acting
    fine = all(one in _MYSQL_VALUED or _MYSQL_FLAGS.fullmatch(one) for one in options)
    if fine and found and all(one is READS for one in found):
        return READS
    return not_known("mysql")


DATABASES: Final[Mapping[str, Judge]] = {"psql": _psql, "mysql": _mysql, "mariadb": _mysql}
