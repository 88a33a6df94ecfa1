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


def sql_judged(text: str) -> Verdict:
    """Whether one statement only reads: SELECT and SHOW, calling only what is known to be pure."""
    plain = text.strip().removesuffix(";")
    if any(_SQL_ACTS.match(one) for one in plain.split(";")):
        return acts("its SQL changes something")
    bare = re.sub(r"'[^']*'", "''", plain)
    called = {one.lower() for one in re.findall(r"([A-Za-z_][A-Za-z0-9_.]*)\s*\(", bare)}
    if not _SQL_READS.match(plain) or _SQL_OPEN.search(bare) or "\0" in plain or called - _PURE:
        return unknown("what its SQL does is not known here")
    return READS


_PSQL_VALUED: Final = listed(
    "-c --command -U --username -h --host -p --port -d --dbname -F -R -P -v -f --file -o --output"
)
_PSQL_FLAGS: Final = re.compile(
    r"-[AtXqxwn1le]+|--(?:csv|no-psqlrc|tuples-only|no-align|quiet|list)"
)


def _psql(words: list[str], inner: Inner) -> Verdict:
    options, _ = plain_words(words, _PSQL_VALUED)
    statements: list[str] = []
    for at, word in enumerate(words):
        if word in ("-c", "--command"):
            statements += words[at + 1 : at + 2]
        elif word.startswith("--command="):
            statements.append(word.partition("=")[2])
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


def _mysql(words: list[str], inner: Inner) -> Verdict:
    for at, word in enumerate(words):
        if word in ("-e", "--execute") and at + 1 < len(words):
            return sql_judged(words[at + 1])
        if word.startswith("--execute="):
            return sql_judged(word.partition("=")[2])
    return not_known("mysql")


DATABASES: Final[Mapping[str, Judge]] = {"psql": _psql, "mysql": _mysql, "mariadb": _mysql}
