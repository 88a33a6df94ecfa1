"""The stand-in for `kubectl`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zlib import crc32

import msgspec

from console.demo.inventory import ServiceSpec, age_s
from console.demo.machines import cronjobs
from console.demo.machines.docker import table
from console.demo.machines.inside import run_inside
from console.demo.machines.logtext import Asked, answered
from console.demo.machines.moments import nano, short
from console.demo.machines.options import Options, parsed
from console.demo.machines.pods import (
    PodState,
    deployment_json,
    deployments,
    pod_json,
    pods_of,
)
from console.demo.machines.said import Call, RefusedError, Said, not_in_this_world
from console.demo.world import World

VERSION = "v1.30.5"

_FLAGS = {
    "-n/--namespace": True, "-A/--all-namespaces": False, "-o/--output": True,
    "--context": True, "--request-timeout": True, "-l/--selector": True, "--no-headers": False,
    "--show-managed-fields": False, "--client": False, "--chunk-size": True,
    "--ignore-not-found": False,
}  # fmt: skip

_KINDS = {
    "deployment": "deployments", "deploy": "deployments", "deployments.apps": "deployments",
    "pod": "pods", "po": "pods", "statefulset": "statefulsets", "sts": "statefulsets",
    "daemonset": "daemonsets", "ds": "daemonsets", "namespace": "namespaces", "ns": "namespaces",
    "node": "nodes", "no": "nodes", "job": "jobs", "jobs.batch": "jobs", "cj": "cronjobs",
    "cronjob": "cronjobs", "cronjobs.batch": "cronjobs",
}  # fmt: skip


def kubectl(world: World, call: Call) -> Said:
    """One call of `kubectl`."""
    args, before = list(call.args), []
    while args and args[0].startswith("-"):
        before.append(args.pop(0))
        if "=" not in before[-1] and before[-1] in ("-n", "--namespace", "--context"):
            before += args[:1]
            del args[:1]
    verb, rest = (args[0], [*before, *args[1:]]) if args else ("", [])
    if verb not in _VERBS:
        raise not_in_this_world(f"kubectl {verb}".strip())
    return _VERBS[verb](world, call, rest)


def _get(world: World, call: Call, args: Sequence[str]) -> Said:
    options = parsed(args, _FLAGS)
    if not options.words:
        raise RefusedError("error: You must specify the type of resource to get.")
    kinds, names = _kinds_and_names(options.words)
    namespace = _namespace(options)
    items: list[dict[str, object]] = []
    out = ""
    for kind in kinds:
        if kind == "deployments":
            specs = [spec for spec in deployments(world, namespace) if _wanted(spec.name, names)
                     and _selected(spec, options)]  # fmt: skip
            items += [deployment_json(world, spec) for spec in specs]
            out += _deployment_table(world, specs, namespace is None)
        elif kind == "pods":
            pods = [pod for spec in deployments(world, namespace) if _selected(spec, options)
                    for pod in pods_of(world, spec) if _wanted(pod.name, names)]  # fmt: skip
            items += [pod_json(world, pod) for pod in pods]
            items += [cronjobs.run_pod_json(run) for run in cronjobs.runs_of(world, namespace)
                      if _wanted(run.pod, names) and not options.get("--selector")]  # fmt: skip
            out += _pod_table(world, pods, namespace is None)
        elif kind == "cronjobs" and cronjobs.runs_of(world, namespace):
            if _wanted(cronjobs.NAME, names):
                items.append(cronjobs.cron_job_json(world))
                out += cronjobs.cron_job_table(world, spaced=namespace is None)
        elif kind == "jobs":
            runs = [run for run in cronjobs.runs_of(world, namespace) if _wanted(run.job, names)]
            items += [cronjobs.job_json(run) for run in runs]
            out += cronjobs.job_table(world, runs, spaced=namespace is None)
        elif kind in ("namespaces", "nodes"):
            out += _plain(world, kind)
            items += [{"apiVersion": "v1", "kind": kind[:-1].title(), "metadata": {"name": name}}
                      for name in _plain_names(world, kind)]  # fmt: skip
        elif kind not in ("statefulsets", "daemonsets", "cronjobs"):
            raise RefusedError(f'error: the server doesn\'t have a resource type "{kind}"')
    if names and not items:
        said = f'Error from server (NotFound): {kinds[0]} "{names[0]}" not found\n'
        return Said("", "" if options.has("--ignore-not-found") else said, 1)
    form = options.get("--output")
    if form == "json":
        one = names and len(items) == 1
        whole = items[0] if one else {"apiVersion": "v1", "items": items, "kind": "List",
                                      "metadata": {"resourceVersion": ""}}  # fmt: skip
        return Said(msgspec.json.format(msgspec.json.encode(whole), indent=4).decode() + "\n")
    if form == "name":
        return Said("".join(f"{_path(item)}\n" for item in items))
    if form not in ("", "wide"):
        raise not_in_this_world(f"kubectl -o {form}")
    if not out:
        return Said("", f"No resources found in {namespace or 'any'} namespace.\n")
    return Said(out)


def _path(item: dict[str, object]) -> str:
    metadata = item["metadata"]
    name = metadata["name"] if isinstance(metadata, dict) else ""
    kind = str(item["kind"]).lower()
    group = {"deployment": ".apps", "cronjob": ".batch", "job": ".batch"}.get(kind, "")
    return f"{kind}{group}/{name}"


def _deployment_table(world: World, specs: Sequence[ServiceSpec], spaced: bool) -> str:
    if not specs:
        return ""
    rows = [("NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE")]
    for spec in specs:
        pods = pods_of(world, spec)
        ready = sum(pod.ready for pod in pods)
        updated = sum(pod.version == world.version_of(spec.name) for pod in pods)
        rows.append((spec.namespace or "", spec.name, f"{ready}/{len(pods)}", str(updated),
                     str(ready), _age(world, -age_s(spec.name))))  # fmt: skip
    return table([row if spaced else row[1:] for row in rows])


def _pod_table(world: World, pods: Sequence[PodState], spaced: bool) -> str:
    if not pods:
        return ""
    rows = [("NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE")]
    for pod in pods:
        again = str(pod.restarts)
        if pod.restarts and pod.ended_s is not None:
            again += f" ({_age(world, pod.ended_s)} ago)"
        said = "CrashLoopBackOff" if pod.reason == "CrashLoopBackOff" else "Running"
        rows.append((pod.spec.namespace or "", pod.name, f"{int(pod.ready)}/1", said, again,
                     _age(world, pod.began_s)))  # fmt: skip
    return table([row if spaced else row[1:] for row in rows])


def _plain_names(world: World, kind: str) -> list[str]:
    if kind == "nodes":
        return ["k8s-1"]
    return sorted({spec.namespace for spec in deployments(world, None) if spec.namespace})


def _plain(world: World, kind: str) -> str:
    state = "Ready" if kind == "nodes" else "Active"
    return table([("NAME", "STATUS"), *((name, state) for name in _plain_names(world, kind))])


def _logs(world: World, call: Call, args: Sequence[str]) -> Said:
    options = parsed(args, _FLAGS | {
        "--since": True, "--since-time": True, "--tail": True, "--timestamps": False,
        "-f/--follow": False, "--all-containers": False, "-c/--container": True,
        "-p/--previous": False, "--prefix": False, "--max-log-requests": True,
        "--all-pods": False, "--limit-bytes": True, "--ignore-errors": False,
    })  # fmt: skip
    if options.get("--selector"):
        name = options.get("--selector").partition("=")[2]
    elif options.words:
        name = options.words[0]
    else:
        raise RefusedError("error: expected 'logs [-f] (POD | TYPE/NAME) [-c CONTAINER]'.")
    run = _run_of(world, name, options)
    if run is not None:
        return _run_log(world, run, options)
    spec, pod = _target(world, name, options)
    if options.get("--previous") != "false" and options.has("--previous"):
        if pod.ended_s is None:
            said = f'previous terminated container "{spec.name}" in pod "{pod.name}" not found'
            raise RefusedError(f"Error from server (BadRequest): {said}")
        until = nano(world.wall(pod.ended_s + 1))
        asked = Asked(options.get("--since-time") or options.get("--since"), until,
                      options.get("--tail"))  # fmt: skip
    else:
        asked = Asked(options.get("--since-time") or options.get("--since"), "",
                      options.get("--tail"), options.has("--follow"))  # fmt: skip
    # Each pod writes its share of what the service writes; asked for the service, all is told.
    pods = [one.name for one in pods_of(world, spec)]
    is_whole = name.rpartition("/")[2] == spec.name
    mine = pods.index(pod.name)
    stamped = options.has("--timestamps") and options.get("--timestamps") != "false"
    prefix = f"[pod/{pod.name}/{spec.name}] " if options.has("--prefix") else ""
    return answered(world, (spec.name,), asked, lambda line, _: (
        f"{prefix}{nano(world.wall(line.at_s)) + ' ' if stamped else ''}{line.text}\n"
    ), keep=lambda line: is_whole or crc32(line.text.encode()) % len(pods) == mine)  # fmt: skip


def _run_of(world: World, name: str, options: Options) -> cronjobs.NightlyRun | None:
    """The run of the cron job that a name means: `job/…`, `pod/…`, a pod."""
    for run in cronjobs.runs_of(world, _namespace(options) or "default"):
        if name in (f"job/{run.job}", f"jobs/{run.job}", f"pod/{run.pod}", run.pod):
            return run
    return None


def _run_log(world: World, run: cronjobs.NightlyRun, options: Options) -> Said:
    if options.get("--previous") != "false" and options.has("--previous"):
        said = f'previous terminated container "{cronjobs.NAME}" in pod "{run.pod}" not found'
        raise RefusedError(f"Error from server (BadRequest): {said}")
    since = options.get("--since-time") or options.get("--since") or "96h"
    asked = Asked(since, "", options.get("--tail"))
    stamped = options.has("--timestamps") and options.get("--timestamps") != "false"
    prefix = f"[pod/{run.pod}/{cronjobs.NAME}] " if options.has("--prefix") else ""
    return answered(world, (), asked, lambda line, _: (
        f"{prefix}{nano(world.wall(line.at_s)) + ' ' if stamped else ''}{line.text}\n"
    ), more=lambda since_s, until_s: [
        line for line in cronjobs.log_of(world, run) if since_s <= line.at_s <= until_s
    ])  # fmt: skip


def _exec(world: World, call: Call, args: Sequence[str]) -> Said:
    flags = _FLAGS | {"-i/--stdin": False, "-t/--tty": False, "-c/--container": True}
    head = list(args)
    words: list[str] = []
    if "--" in head:
        cut = head.index("--")
        head, words = head[:cut], head[cut + 1 :]
    options = parsed(head, flags)
    words = [*options.words[1:], *words]
    if not options.words or not words:
        raise RefusedError("error: you must specify at least one command for the container")
    spec, pod = _target(world, options.words[0], options)
    if pod.reason == "CrashLoopBackOff":
        said = f'container not found ("{spec.name}")'
        raise RefusedError(f"error: unable to upgrade connection: {said}")
    return run_inside(world, call.host, spec, pod.name, words)


def _rollout(world: World, call: Call, args: Sequence[str]) -> Said:
    options = parsed(args, _FLAGS | {"--to-revision": True, "--timeout": True,
                                     "-w/--watch": False, "--revision": True})  # fmt: skip
    verb, names = options.words[0] if options.words else "", options.words[1:]
    if verb not in ("undo", "restart", "status", "history") or not names:
        raise not_in_this_world(f"kubectl rollout {verb}".strip())
    name = names[-1].removeprefix("deployment.apps/")
    spec, _ = _target(world, name if "/" in name else f"deployment/{name}", options)
    released = [r for r in world.scenario.releases if r.service == spec.name]
    shown = f"deployment.apps/{spec.name}"
    if verb == "history":
        rows = [("REVISION", "CHANGE-CAUSE"), ("6", f"{spec.name} {spec.version}")]
        rows += [("7", f"{spec.name} {release.version}") for release in released]
        return Said(f"{shown}\n{table(rows)}\n")
    if verb == "status":
        pods = pods_of(world, spec)
        ready = sum(pod.ready for pod in pods)
        if ready < len(pods):
            return Said(f'Waiting for deployment "{spec.name}" rollout to finish: {ready} of '
                        f"{len(pods)} updated replicas are available...\n", status=1)  # fmt: skip
        return Said(f'deployment "{spec.name}" successfully rolled out\n')
    if verb == "undo":
        if world.version_of(spec.name) == spec.version:
            raise RefusedError(f'error: no rollout history found for deployment "{spec.name}"')
        world.restore(spec.name)
        return Said(f"{shown} rolled back\n")
    if not released:
        world.begin(spec.name)
    return Said(f"{shown} restarted\n")


def _set(world: World, call: Call, args: Sequence[str]) -> Said:
    options = parsed(args, _FLAGS)
    if options.words[:1] != ["env"] or len(options.words) < 3:
        raise not_in_this_world("kubectl set " + " ".join(options.words[:1]))
    spec, _ = _target(world, options.words[1], options)
    for pair in options.words[2:]:
        world.set_env(spec.name, pair)
    return Said(f"deployment.apps/{spec.name} env updated\n")


def _version(world: World, call: Call, args: Sequence[str]) -> Said:
    options = parsed(args, _FLAGS)
    if options.get("--output") == "json":
        value = {part: {"major": "1", "minor": "30", "gitVersion": VERSION, "platform":
                        "linux/amd64"} for part in ("clientVersion", "serverVersion")}  # fmt: skip
        return Said(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
    return Said(f"Client Version: {VERSION}\nServer Version: {VERSION}\n")


def _config(world: World, call: Call, args: Sequence[str]) -> Said:
    if list(args[:1]) == ["current-context"]:
        return Said("demo\n")
    raise not_in_this_world("kubectl config " + " ".join(args))


def _target(world: World, name: str, options: Options) -> tuple[ServiceSpec, PodState]:
    """The deployment and the pod that a name means: `deploy/api`, `pod/api-…`, `api-…`."""
    namespace = _namespace(options) or "default"
    kind, slash, bare = name.partition("/")
    if not slash:
        kind, bare = "pod", name
    for spec in deployments(world, namespace):
        pods = pods_of(world, spec)
        if bare == spec.name and (_KINDS.get(kind, kind) == "deployments"
                                  or options.get("--selector")):  # fmt: skip
            return spec, pods[0]
        for pod in pods:
            if pod.name == bare:
                return spec, pod
    shown = "deployments.apps" if _KINDS.get(kind, kind) == "deployments" else "pods"
    raise RefusedError(f'Error from server (NotFound): {shown} "{bare}" not found')


def _namespace(options: Options) -> str | None:
    if options.has("--all-namespaces"):
        return None
    return options.get("--namespace", "default")


def _kinds_and_names(words: Sequence[str]) -> tuple[list[str], list[str]]:
    if "/" in words[0]:
        pairs = [word.partition("/") for word in words]
        return [_KINDS.get(pairs[0][0], pairs[0][0])], [name for _, _, name in pairs]
    return [_KINDS.get(kind, kind) for kind in words[0].split(",")], list(words[1:])


def _wanted(name: str, names: Sequence[str]) -> bool:
    return not names or name in names


def _selected(spec: ServiceSpec, options: Options) -> bool:
    wish = options.get("--selector")
    return not wish or wish in (f"app={spec.name}", f"team={spec.owner}")


def _age(world: World, at_s: float) -> str:
    return short((world.now() - world.wall(at_s)).total_seconds())


_VERBS: dict[str, Callable[[World, Call, Sequence[str]], Said]] = {
    "get": _get,
    "logs": _logs,
    "exec": _exec,
    "rollout": _rollout,
    "set": _set,
    "version": _version,
    "config": _config,
}
