"""Tools with commands of their own: docker, kubectl, redis-cli, psql, curl, openssl and kin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from console.runbook.verdict import (
    READS,
    Inner,
    Judge,
    Kind,
    Verdict,
    acts,
    leading,
    plain_words,
    unknown,
)
from console.runbook.words import VALUE


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _open(program: str) -> Verdict:
    return unknown(f"what {program} is to do is not known here")


_DOCKER_READS: Final = _words(
    "ps logs inspect stats images info version top port diff history events search"
)
_DOCKER_ACTS: Final = _words(
    "start stop restart kill rm rmi run create pause unpause update rename pull push build"
    " commit load import tag prune attach"
)
_DOCKER_GROUPS: Final = _words("container image volume network system service node stack compose")
_DOCKER_GROUP_READS: Final = _words(
    "ls ps list inspect logs top stats df info history config tasks"
)
_EXEC_VALUED: Final = _words("-u --user -w --workdir -e --env --env-file --detach-keys")


def _docker(words: list[str], inner: Inner) -> Verdict:
    _, rest = leading(words, _words("-H --host -c --context -l --log-level --config"))
    sub, *more = rest or [""]
    if sub in _DOCKER_READS:
        return READS
    if sub in _DOCKER_ACTS:
        return acts(f"docker {sub} changes something")
    if sub == "exec":
        return inner(leading(more, _EXEC_VALUED)[1][1:])
    if sub in _DOCKER_GROUPS:
        valued = _words("-f --file -p --project-name --profile")
        verb, *behind = leading(more, valued)[1] or [""]
        if verb == "exec":
            return inner(leading(behind, _EXEC_VALUED)[1][1:])
        if verb in _DOCKER_GROUP_READS:
            return READS
        if verb and VALUE not in verb and verb not in ("events", "port", "images", "version"):
            return acts(f"docker {sub} {verb} changes something")
    return _open("docker")


_KUBE_VALUED: Final = _words(
    "-n --namespace --context --cluster --kubeconfig --request-timeout -s --server --as --user"
    " --token -l --selector -o --output -c --container -f --filename --tail --since --field-selector"
)
_KUBE_READS: Final = _words(
    "get describe logs top version explain events diff api-resources api-versions wait"
)
_KUBE_ACTS: Final = _words(
    "delete apply create replace patch edit scale autoscale expose run set label annotate taint"
    " cordon uncordon drain cp attach"
)
_KUBE_SECOND: Final[Mapping[str, frozenset[str]]] = {
    "rollout": _words("status history"),
    "config": _words("view get-contexts current-context get-clusters get-users"),
    "auth": _words("can-i whoami"),
}


def _kubectl(words: list[str], inner: Inner) -> Verdict:
    at = words.index("--") if "--" in words else len(words)
    rest = plain_words(words[:at], _KUBE_VALUED)[1]
    sub = rest[0] if rest else ""
    second = rest[1] if len(rest) > 1 else ""
    if sub in _KUBE_READS:
        return READS
    if sub in _KUBE_ACTS:
        return acts(f"kubectl {sub} changes something")
    if sub == "exec" and at < len(words):
        return inner(words[at + 1 :])
    if sub in _KUBE_SECOND and second and VALUE not in second:
        reads = second in _KUBE_SECOND[sub]
        return READS if reads else acts(f"kubectl {sub} {second} changes something")
    return _open("kubectl")


_REDIS_VALUED: Final = _words("-h -p -a -n -s -u --user --pass -r -i -d -D --pattern --cacert --cert --key --sni -t --count")  # fmt: skip # noqa: E501
_REDIS_READS: Final = _words(
    "ping info get mget llen lrange lindex strlen exists ttl pttl type dbsize hget hgetall hlen"
    " hkeys hmget scard smembers sismember zcard zrange zscore zcount xlen xinfo xrange xpending"
    " role lastsave time scan sscan hscan zscan keys echo randomkey getrange bitcount"
)
_REDIS_SECOND: Final[Mapping[str, frozenset[str]]] = {
    "memory": _words("usage stats doctor"),
    "slowlog": _words("get len"),
    "client": _words("list info getname id"),
    "config": _words("get"),
    "cluster": _words("info nodes slots shards links keyslot countkeysinslot"),
    "latency": _words("latest history doctor histogram"),
    "object": _words("encoding idletime freq refcount"),
    "acl": _words("whoami list users"),
    "sentinel": _words("masters master replicas slaves get-master-addr-by-name ckquorum sentinels"),
    "command": _words("count info"),
}
_REDIS_ACTS: Final = _words(
    "flushall flushdb del unlink set setex setnx mset append incr decr incrby decrby expire persist"
    " rename move copy lpush rpush lpop rpop ltrim lrem sadd srem spop hset hdel zadd zrem xadd xdel"
    " xtrim shutdown bgsave save bgrewriteaof eval evalsha script slaveof replicaof failover migrate"
    " restore swapdb publish debug function getdel getset psync reset"
)


def _redis(words: list[str], inner: Inner) -> Verdict:
    options, rest = leading(words, _REDIS_VALUED)
    if any(one in ("--eval", "--pipe", "--rdb", "--cluster", "-x", "-X") for one in options):
        return _open("redis-cli")
    if not rest:
        looks = _words("--scan --bigkeys --memkeys --hotkeys --stat --latency --version --latency-history")  # fmt: skip # noqa: E501
        return READS if looks & set(options) else _open("redis-cli")
    sub = rest[0].lower()
    second = rest[1].lower() if len(rest) > 1 else ""
    if sub in _REDIS_READS:
        return READS
    if sub in _REDIS_ACTS:
        return acts(f"redis-cli {sub} changes something")
    if sub in _REDIS_SECOND and second and VALUE not in second:
        reads = second in _REDIS_SECOND[sub]
        return READS if reads else acts(f"redis-cli {sub} {second} changes something")
    return _open("redis-cli")


_PURE: Final = _words(
    "count sum min max avg now age coalesce left right substr substring length lower upper round"
    " extract date_trunc to_char pg_size_pretty pg_database_size pg_relation_size"
    " pg_total_relation_size pg_table_size pg_indexes_size pg_blocking_pids pg_backend_pid"
    " cardinality array_agg string_agg current_setting pg_is_in_recovery pg_last_wal_receive_lsn"
    " pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_current_wal_lsn pg_wal_lsn_diff"
    " exists in any all cast row_number rank lag lead greatest least nullif format over filter and"
    " or not on as where values abs ceil floor trim concat replace split_part unnest version"
    " clock_timestamp current_database pg_postmaster_start_time pg_get_userbyid pg_stat_get_activity"
    " from select by having when then else using distinct interval md5 position"
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
    if _SQL_ACTS.match(plain):
        return acts("its SQL changes something")
    bare = re.sub(r"'[^']*'", "''", plain)
    called = {one.lower() for one in re.findall(r"([A-Za-z_][A-Za-z0-9_.]*)\s*\(", bare)}
    if not _SQL_READS.match(plain) or _SQL_OPEN.search(bare) or "\0" in plain or called - _PURE:
        return unknown("what its SQL does is not known here")
    return READS


_PSQL_VALUED: Final = _words(
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
    known = _words("-c --command -U --username -h --host -p --port -d --dbname -F -R -P")
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
    return _open("mysql")


_CURL_DATA: Final = _words(
    "-d --data --data-raw --data-binary --data-ascii --data-urlencode --json -F --form"
    " --form-string -T --upload-file --mail-from -Q --quote"
)
_CURL_FILES: Final = _words("-o --output -D --dump-header -c --cookie-jar --trace --trace-ascii --etag-save --stderr --hsts --alt-svc --libcurl")  # fmt: skip # noqa: E501
_CURL_VALUED: Final = _words(
    "-X --request -H --header -A --user-agent -e --referer -u --user -b --cookie -m --max-time"
    " --connect-timeout --resolve --connect-to --cacert --capath --cert -E --key --max-redirs --url"
    " --retry --retry-delay --retry-max-time -w --write-out --interface -x --proxy --noproxy"
    " --oauth2-bearer --limit-rate --proto -r --range --unix-socket --ciphers --tls-max -y -Y -z"
)
_CURL_FLAGS: Final = _words(
    "--silent --show-error --fail --fail-with-body --location --head --insecure --ipv4 --ipv6"
    " --compressed --globoff --get --http1.1 --http1.0 --http2 --path-as-is --no-keepalive --verbose"
    " --include --no-progress-meter --no-buffer --disable --progress-bar --tlsv1.2 --tlsv1.3"
    " --location-trusted --negotiate --basic --digest --anyauth --netrc --parallel --no-clobber"
    " --suppress-connect-headers"
)
_CURL_LETTERS: Final = frozenset("sSfLIkgG46vinNq0123#jl")


def _curl(words: list[str], inner: Inner) -> Verdict:
    method, sends, gets, open_ = "", False, False, ""
    rest = iter(words)
    for word in rest:
        for option, value in _curl_options(word, rest):
            if option in ("-O", "--remote-name", "--remote-name-all", "-J"):
                return acts("curl writes a file")
            if option in _CURL_FILES and value not in ("-", "/dev/null", "/dev/stderr"):
                return acts(f"curl {option} writes a file")
            if option in ("-X", "--request"):
                method = value
            elif option in _CURL_DATA:
                sends = True
            elif option in ("-G", "--get"):
                gets = True
            elif option in ("-K", "--config", "-:", "--next"):
                open_ = "what curl is to do stands elsewhere"
            elif option == "?":
                open_ = "curl is given what is not known here"
    if VALUE in method:
        return unknown("curl's method stands in a variable")
    if (method and method not in ("GET", "HEAD", "OPTIONS")) or (sends and not gets):
        return acts(f"curl sends {method or 'data'}")
    return unknown(open_) if open_ else READS


def _curl_options(word: str, rest: Iterator[str]) -> list[tuple[str, str]]:
    """The options that `word` holds, with their values; of the words behind it it takes some."""
    if not word.startswith("-") or word in ("-", "--"):
        return []
    taking = _CURL_VALUED | _CURL_DATA | _CURL_FILES | _words("-K --config")
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        if name in taking:
            return [(name, value if equals else next(rest, ""))]
        known = name in _CURL_FLAGS or name in ("--remote-name", "--remote-name-all", "--next")
        return [(name if known else "?", "")]
    found: list[tuple[str, str]] = []
    for at, letter in enumerate(word[1:], 1):
        option = f"-{letter}"
        if option in taking:
            found.append((option, word[at + 1 :] or next(rest, "")))
            break
        known = letter in _CURL_LETTERS or option in ("-O", "-J", "-:", "-G")
        found.append((option if known else "?", ""))
    return found


def _wget(words: list[str], inner: Inner) -> Verdict:
    if any(one.startswith(("--post", "--method", "--body")) for one in words):
        return acts("wget sends data")
    if "--spider" in words or re.search(r"(?:^| )-[qnv]*O ?-(?: |$)", " ".join(words)):
        return READS
    return acts("wget writes a file")


def _openssl(words: list[str], inner: Inner) -> Verdict:
    writing = ("-out", "-keyout", "-writerand", "-sess_out", "-msg_out", "-keylogfile", "-CAserial")
    if any(one in writing for one in words):
        return acts("openssl writes a file")
    reads = _words("s_client x509 version verify crl asn1parse ciphers dgst pkey rsa ec req")
    return READS if words[:1] and words[0] in reads else _open("openssl")


def _amtool(words: list[str], inner: Inner) -> Verdict:
    rest = plain_words(words, _words("--alertmanager.url --config.file -o --output --timeout"))[1]
    text = " ".join(rest[:2])
    if re.match(r"silence (?:add|expire|import|update)", text):
        return acts(f"amtool {text} changes something")
    if re.match(
        r"(?:alert|silence)(?: query)?$|config (?:show|routes)|cluster show|check-config", text
    ):
        return READS
    return _open("amtool")


TOOLS: Final[Mapping[str, Judge]] = {
    "docker": _docker,
    "podman": _docker,
    "kubectl": _kubectl,
    "oc": _kubectl,
    "redis-cli": _redis,
    "valkey-cli": _redis,
    "psql": _psql,
    "mysql": _mysql,
    "mariadb": _mysql,
    "curl": _curl,
    "wget": _wget,
    "openssl": _openssl,
    "amtool": _amtool,
}
