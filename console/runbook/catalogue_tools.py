"""Tools with commands of their own: docker, kubectl, redis-cli, amtool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from console.runbook.verdict import (
    READS,
    Inner,
    Judge,
    Verdict,
    acts,
    are_known,
    leading,
    listed,
    not_known,
    plain_words,
    unknown,
)
from console.runbook.words import VALUE

_DOCKER_READS: Final = listed(
    "ps logs inspect stats images info version top port diff history events search"
)
_DOCKER_ACTS: Final = listed(
    "start stop restart kill rm rmi run create pause unpause update rename pull push build"
    " commit load import tag prune attach"
)
_DOCKER_GROUPS: Final = listed("container image volume network system service node stack compose")
_DOCKER_GROUP_READS: Final = listed(
    "ls ps list inspect logs top stats df info history config tasks"
)
_EXEC_VALUED: Final = listed("-u --user -w --workdir -e --env --env-file --detach-keys")


def _docker(words: list[str], inner: Inner) -> Verdict:
    valued = listed("-H --host -c --context -l --log-level --config")
    options, rest = leading(words, valued)
    if not are_known(options, valued, listed("-D --debug --tls --tlsverify")):
        return unknown("docker is given what is not known here")
    sub, *more = rest or [""]
    if sub in _DOCKER_READS:
        return READS
    if sub in _DOCKER_ACTS:
        return acts(f"docker {sub} changes something")
    if sub == "exec":
        return _docker_exec(more, inner)
    if sub in _DOCKER_GROUPS:
        valued = listed("-f --file -p --project-name --profile")
        options, behind = leading(more, valued)
        if not are_known(options, valued, frozenset()):
            return unknown(f"docker {sub} is given what is not known here")
        verb, *behind = behind or [""]
        if verb == "exec":
            return _docker_exec(behind, inner)
        if verb == "config" and any(re.match(r"-[a-z]*o|--output", one) for one in behind):
            return acts(f"docker {sub} config writes a file")
        if verb in _DOCKER_GROUP_READS:
            return READS
        if verb and VALUE not in verb and verb not in ("events", "port", "images", "version"):
            return acts(f"docker {sub} {verb} changes something")
    return not_known("docker")


def _docker_exec(words: list[str], inner: Inner) -> Verdict:
    options, rest = leading(words, _EXEC_VALUED)
    flags = listed("-i -t -T -d --interactive --tty --detach --privileged --no-TTY")
    if not are_known(options, _EXEC_VALUED, flags):
        return unknown("docker exec is given what is not known here")
    return inner(rest[1:])


_KUBE_VALUED: Final = listed(
    "-n --namespace --context --cluster --kubeconfig --request-timeout -s --server --as --user"
    " --token -l --selector -o --output -c --container -f --filename --tail --since"
    " --field-selector"
)
_KUBE_READS: Final = listed(
    "get describe logs top version explain events diff api-resources api-versions wait"
)
_KUBE_ACTS: Final = listed(
    "delete apply create replace patch edit scale autoscale expose run set label annotate taint"
    " cordon uncordon drain cp attach"
)
_KUBE_SECOND: Final[Mapping[str, frozenset[str]]] = {
    "rollout": listed("status history"),
    "config": listed("view get-contexts current-context get-clusters get-users"),
    "auth": listed("can-i whoami"),
}


def _kubectl(words: list[str], inner: Inner) -> Verdict:
    at = words.index("--") if "--" in words else len(words)
    options, rest = leading(words[:at], _KUBE_VALUED)
    if not are_known(options, _KUBE_VALUED, frozenset()):
        return unknown("kubectl is given what is not known here")
    if any(re.match(r"--(?:profile|cache-dir|log-(?:file|dir))", one) for one in words[:at]):
        return unknown("kubectl is to write a file")
    rest = [*rest[:1], *plain_words(rest[1:], _KUBE_VALUED)[1]]
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
    return not_known("kubectl")


_REDIS_VALUED: Final = listed("-h -p -a -n -s -u --user --pass -r -i -d -D --pattern --cacert --cert --key --sni -t --count")  # fmt: skip # noqa: E501
_REDIS_FLAGS: Final = listed(
    "--raw --no-raw --csv --json --tls --insecure --no-auth-warning -c -2 -3 -e --verbose --scan"
    " --bigkeys --memkeys --hotkeys --stat --latency --latency-history --version --eval --pipe -x"
    " -X"
)
_REDIS_READS: Final = listed(
    "ping info get mget llen lrange lindex strlen exists ttl pttl type dbsize hget hgetall hlen"
    " hkeys hmget scard smembers sismember zcard zrange zscore zcount xlen xinfo xrange xpending"
    " role lastsave time scan sscan hscan zscan keys echo randomkey getrange bitcount"
)
_REDIS_SECOND: Final[Mapping[str, frozenset[str]]] = {
    "memory": listed("usage stats doctor"),
    "slowlog": listed("get len"),
    "client": listed("list info getname id"),
    "config": listed("get"),
    "cluster": listed("info nodes slots shards links keyslot countkeysinslot"),
    "latency": listed("latest history doctor histogram"),
    "object": listed("encoding idletime freq refcount"),
    "acl": listed("whoami list users"),
    "sentinel": listed("masters master replicas slaves get-master-addr-by-name ckquorum sentinels"),
    "command": listed("count info"),
}
_REDIS_ACTS: Final = listed(
    "flushall flushdb del unlink set setex setnx mset append incr decr incrby decrby expire"
    " persist rename move copy lpush rpush lpop rpop ltrim lrem sadd srem spop hset hdel zadd zrem"
    " xadd xdel xtrim shutdown bgsave save bgrewriteaof eval evalsha script slaveof replicaof"
    " failover migrate restore swapdb publish debug function getdel getset psync reset"
)


def _redis(words: list[str], inner: Inner) -> Verdict:
    options, rest = leading(words, _REDIS_VALUED)
    if not are_known(options, _REDIS_VALUED, _REDIS_FLAGS):
        return unknown("redis-cli is given what is not known here")
    if any(one in ("--eval", "--pipe", "--rdb", "--cluster", "-x", "-X") for one in options):
        return not_known("redis-cli")
    if not rest:
        looks = listed("--scan --bigkeys --memkeys --hotkeys --stat --latency --version --latency-history")  # fmt: skip # noqa: E501
        return READS if looks & set(options) else not_known("redis-cli")
    sub = rest[0].lower()
    second = rest[1].lower() if len(rest) > 1 else ""
    if sub in _REDIS_READS:
        return READS
    if sub in _REDIS_ACTS:
        return acts(f"redis-cli {sub} changes something")
    if sub in _REDIS_SECOND and second and VALUE not in second:
        reads = second in _REDIS_SECOND[sub]
        return READS if reads else acts(f"redis-cli {sub} {second} changes something")
    return not_known("redis-cli")


def _amtool(words: list[str], inner: Inner) -> Verdict:
    valued = listed("--alertmanager.url --config.file -o --output --timeout")
    rest = plain_words(words, valued)[1]
    text = " ".join(rest[:2])
    # A value of an option that is not known here may stand before it.
    if re.search(r"\bsilence (?:add|expire|import|update)\b", " ".join(rest)):
        return acts("amtool silence changes something")
    if re.match(
        r"(?:alert|silence)(?: query)?$|config (?:show|routes)|cluster show|check-config", text
    ):
        return READS
    return not_known("amtool")


TOOLS: Final[Mapping[str, Judge]] = {
    "docker": _docker,
    "podman": _docker,
    "kubectl": _kubectl,
    "oc": _kubectl,
    "redis-cli": _redis,
    "valkey-cli": _redis,
    "amtool": _amtool,
}
