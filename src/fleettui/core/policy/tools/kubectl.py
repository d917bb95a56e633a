"""The grammar of kubectl: global flags, verbs, resource kinds, and what equals a deletion."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from fleettui.core.policy.grammar import Grammar, grammar, verb
from fleettui.core.policy.parsed import Parsed

# Flags that change who we are, where we talk to, or which program runs are never automatic.
_GLOBAL: Final = (
    "-n|--namespace= --context= --cluster= --user= --request-timeout= -v|--v= --vmodule= -h|--help"
    " --warnings-as-errors --match-server-version --disable-compression !--cache-dir="
    " !--kubeconfig= !--kuberc= !-s|--server= !--token= !--as= !--as-group= !--as-uid="
    " !--as-user-extra= !--username= !--password= !--certificate-authority="
    " !--client-certificate= !--client-key= !--tls-server-name= !--insecure-skip-tls-verify"
    " !--profile= !--profile-output= --log-flush-frequency="
)
_SELECT: Final = "-l|--selector= --field-selector= -A|--all-namespaces --all -R|--recursive"
_PRINT: Final = (
    "-o|--output= --template= --show-labels --no-headers --sort-by= -L|--label-columns="
    " --show-kind --show-managed-fields --allow-missing-template-keys?"
)
_FILES: Final = "-f|--filename= -k|--kustomize="
_CHANGE: Final = f"{_SELECT} {_PRINT} {_FILES} --dry-run? --field-manager= --overwrite? --record?"

_KINDS: Final = {
    alias: kind
    for kind, aliases in {
        "namespace": "ns namespace namespaces",
        "pod": "po pod pods",
        "service": "svc service services",
        "deployment": "deploy deployment deployments",
        "statefulset": "sts statefulset statefulsets",
        "daemonset": "ds daemonset daemonsets",
        "replicaset": "rs replicaset replicasets",
        "node": "no node nodes",
        "persistentvolume": "pv persistentvolume persistentvolumes",
        "persistentvolumeclaim": "pvc persistentvolumeclaim persistentvolumeclaims",
        "configmap": "cm configmap configmaps",
        "secret": "secret secrets",
        "serviceaccount": "sa serviceaccount serviceaccounts",
        "ingress": "ing ingress ingresses",
        "job": "job jobs",
        "cronjob": "cj cronjob cronjobs",
        "customresourcedefinition": "crd crds customresourcedefinition customresourcedefinitions",
        "horizontalpodautoscaler": "hpa horizontalpodautoscaler horizontalpodautoscalers",
    }.items()
    for alias in aliases.split()
}
_TYPED: Final = frozenset(
    [
        "get",
        "describe",
        "delete",
        "edit",
        "label",
        "annotate",
        "scale",
        "patch",
        "expose",
        "wait",
        "autoscale",
        "drain",
    ]
)
# What a patch takes away: a count that isn't plainly above zero, a removal, a whole put in place.
_TAKES: Final = re.compile(
    r"""replicas["']?\s*:(?!\s*[1-9][0-9]{0,6}\s*([,}\]\n#]|$))|/replicas\b"""
    r"""|["']?op["']?\s*:\s*["']?remove|\$patch|\$delete|\$retain"""
    r"""|["']?(spec|metadata|finalizers|data)["']?\s*:\s*(null|~|\[\s*\]|\{\s*\}|$)""",
    re.IGNORECASE,
)
_STARTED: Final = frozenset({"job", "cronjob", "deployment", "pod"})
_READ_FILE: Final = (
    "file",
    "go-template-file",
    "jsonpath-file",
    "custom-columns-file",
    "templatefile",
)

_VERBS: Final = {
    "get": verb(
        "rn",
        f"{_SELECT} {_PRINT} {_FILES} -w|--watch --watch-only --chunk-size="
        " --ignore-not-found --subresource= --output-watch-events --server-print? !--raw=",
    ),
    "describe": verb("rn", f"{_SELECT} {_FILES} --show-events? --chunk-size="),
    "logs": verb(
        "rn",
        "-f|--follow -c|--container= -p|--previous --tail= --since= --since-time="
        " --timestamps --all-containers --prefix --limit-bytes= -l|--selector= --all-pods"
        " --ignore-errors --max-log-requests= --pod-running-timeout="
        " !--insecure-skip-tls-verify-backend",
    ),
    "explain": verb("rn", "--recursive --api-version= -o|--output="),
    "version": verb("rn", "--client -o|--output= --short"),
    "cluster-info": verb("rn"),
    "api-resources": verb("rn"),
    "api-versions": verb("rn"),
    "options": verb("r"),
    "help": verb("r"),
    "completion": verb("r"),
    "top pod": verb("rn", f"{_SELECT} --containers --no-headers --sort-by= --sum"),
    "top node": verb("rn", f"{_SELECT} --no-headers --sort-by="),
    "events": verb("rn", f"{_SELECT} {_PRINT} -w|--watch --for= --types="),
    "wait": verb("rn", f"{_SELECT} {_FILES} --for= --timeout="),
    "diff": verb("rn", f"{_FILES} -R|--recursive -l|--selector=", "diff runs a program it is told"),
    "auth can-i": verb("rn"),
    "auth whoami": verb("rn"),
    "auth reconcile": verb("wn", _CHANGE),
    "rollout status": verb("rn", f"{_FILES} -w|--watch? --timeout= --revision="),
    "rollout history": verb("rn", f"{_FILES} --revision="),
    "rollout restart": verb("wn", _CHANGE),
    "rollout pause": verb("wn", _CHANGE),
    "rollout resume": verb("wn", _CHANGE),
    "rollout undo": verb("wnd", f"{_CHANGE} --to-revision="),
    "config view": verb("rs", "--minify !--raw --flatten -o|--output="),
    "config get-contexts": verb("r"),
    "config current-context": verb("r"),
    "config get-clusters": verb("r"),
    "config get-users": verb("r"),
    "config use-context": verb("w"),
    "config set-context": verb("w", "--current --cluster= --user="),
    "config set": verb("w", problem="changes which program or server kubectl uses"),
    "config set-credentials": verb("w", problem="changes which program kubectl runs"),
    "config set-cluster": verb("w", problem="changes which server kubectl talks to"),
    "config unset": verb("w"),
    "config delete-context": verb("wd"),
    "config delete-cluster": verb("wd"),
    "config delete-user": verb("wd"),
    "create": verb("wn", f"{_CHANGE} ^--raw="),
    "apply": verb(
        "wn",
        f"{_CHANGE} ^--prune ^--force --server-side --force-conflicts --wait"
        " --cascade? --grace-period=# --timeout= --validate? --prune-allowlist=",
    ),
    "edit": verb("wn", _CHANGE),
    "label": verb("wn", _CHANGE),
    "annotate": verb("wn", _CHANGE),
    "set": verb(
        "wn", f"{_CHANGE} -c|--containers= -e|--env= --keys= --from= --limits= --requests="
    ),
    "patch": verb("wn", f"{_CHANGE} -p|--patch= --type= --patch-file= --subresource= --local"),
    "replace": verb(
        "wn",
        f"{_CHANGE} ^--force ^--raw= --cascade? --grace-period=# --timeout="
        " --subresource= --validate?",
    ),
    "scale": verb(
        "wn", f"{_CHANGE} --replicas=# --current-replicas=# --resource-version= --timeout="
    ),
    "autoscale": verb("wn", f"{_CHANGE} --min=# --max=# --cpu-percent= --name="),
    "expose": verb("wn", f"{_CHANGE} --port= --target-port= --type= --name= --protocol="),
    "cordon": verb("wnd", _SELECT),
    "uncordon": verb("wn", _SELECT),
    "taint": verb("wnd", _CHANGE),
    "certificate approve": verb("wn", _FILES),
    "certificate deny": verb("wn", _FILES),
    "delete": verb(
        "wnd",
        f"{_SELECT} {_FILES} --force --now --wait? --cascade? --grace-period=#"
        " --ignore-not-found? --timeout= -i|--interactive -o|--output= --dry-run?"
        " --raw=",
    ),
    "drain": verb(
        "wnd",
        "-l|--selector= --pod-selector= --force --ignore-daemonsets --timeout="
        " --delete-emptydir-data --grace-period=# --disable-eviction --dry-run?",
    ),
    "proxy": verb("nd", "-p|--port= --address=", "opens the API to whoever reaches the port"),
    "port-forward": verb("n", "--address=", "opens a way into the cluster"),
    "cp": verb("wn", "-c|--container= --no-preserve --retries=", "copies files in or out"),
    "exec": verb(
        "wn", "-i|--stdin -t|--tty -c|--container= -q|--quiet -f|--filename= --pod-running-timeout="
    ),
    "attach": verb("wn", problem="talks to a running process"),
    "run": verb("wn", problem="runs a program in the cluster"),
    "debug": verb("wn", problem="runs a program in the cluster"),
    "plugin": verb("r", problem="runs plugins found on the PATH"),
    "kustomize": verb("rn", problem="may fetch and run what it builds from"),
}


def _inspect(parsed: Parsed) -> Parsed:
    name = parsed.verb[0] if parsed.verb else ""
    if name in _TYPED or parsed.verb[:1] == ("rollout",):
        parsed = _typed(parsed)
    if name == "delete" and parsed.value("--dry-run") in {"client", "server"}:
        parsed = msgspec.structs.replace(parsed, risks="rn")
    if name == "scale" and parsed.value("--replicas") == "0":
        parsed = parsed.marked(risks="d")
    if name == "autoscale" and parsed.value("--min") == "0":
        parsed = parsed.marked(risks="d")
    if name == "patch":
        parsed = _patched(parsed)
    if name == "create" and {*map(kind_name, parsed.operands[:1])} & _STARTED:
        problem = f"create {parsed.operands[0][:20]} runs a program in the cluster"
        parsed = parsed.marked(problem=problem, opaque=True)
    if name in {"get", "describe"} and "secret" in (parsed.kinds or ()):
        parsed = parsed.marked(risks="s")
    return _reads_elsewhere(parsed)


def _patched(parsed: Parsed) -> Parsed:
    """Read a patch; an escape in it may spell any word."""
    patch = parsed.value("--patch")
    if parsed.flag("--patch-file") or _TAKES.search(patch):
        parsed = parsed.marked(risks="d")
    if "\\" in patch:
        return parsed.marked(problem="the patch has escapes", opaque=True)
    return parsed


def _typed(parsed: Parsed) -> Parsed:
    """Split TYPE[,TYPE] NAME... and TYPE/NAME... into canonical kinds and names."""
    if parsed.flag("--filename", "--kustomize", "--raw"):
        return msgspec.structs.replace(parsed, kinds=None)
    if parsed.verb == ("drain",):
        return msgspec.structs.replace(parsed, kinds=("node",))
    if not parsed.operands:
        return parsed
    if any("/" in word for word in parsed.operands):
        pairs = [pair.partition("/") for word in parsed.operands for pair in word.split(",")]
        kinds = tuple(dict.fromkeys(kind_name(kind) for kind, _, _ in pairs))
        names = tuple(name or kind for kind, _, name in pairs)
    else:
        kinds = tuple(dict.fromkeys(kind_name(kind) for kind in parsed.operands[0].split(",")))
        names = parsed.operands[1:]
    return msgspec.structs.replace(parsed, kinds=kinds, operands=names)


def kind_name(text: str) -> str:
    """Return a resource type's canonical name: `ns`, `Namespaces` and `namespaces.v1.` agree."""
    lower = text.lower()
    return _KINDS.get(lower) or _KINDS.get(lower.split(".", 1)[0]) or lower


def _reads_elsewhere(parsed: Parsed) -> Parsed:
    for value in parsed.all("--filename", "--kustomize"):
        if "://" in value or value.startswith(("github.com/", "git@")) or value == "-":
            return parsed.marked(problem=f"{value[:60]} is not a file here", opaque=True)
    if parsed.value("--output").split("=", 1)[0] in _READ_FILE:
        return parsed.marked(problem="the output format is read from a file", opaque=True)
    return parsed


KUBECTL: Final[Grammar] = grammar(
    "kubectl",
    _VERBS,
    flags=_GLOBAL,
    style="pflag",
    inspect=_inspect,
    aliases="log=logs pods=pod po=pod nodes=node no=node",
)
