"""The grammar of helm."""

from __future__ import annotations

import re
from typing import Final

from fleettui.core.policy.grammar import Grammar, grammar, verb
from fleettui.core.policy.parsed import Parsed

_GLOBAL: Final = (
    "-n|--namespace= --kube-context= --debug --burst-limit= --qps= --color? --no-color -h|--help"
    " !--kubeconfig= !--kube-apiserver= !--kube-token= !--kube-as-user= !--kube-as-group="
    " !--kube-ca-file= !--kube-insecure-skip-tls-verify !--kube-tls-server-name="
    " !--registry-config= !--repository-config= --repository-cache= --content-cache="
)
_LIST: Final = (
    "-A|--all-namespaces -a|--all -o|--output= -q|--short -d|--date -r|--reverse -l|--selector="
    " -f|--filter= -m|--max= --offset= --deployed --failed --pending --superseded --uninstalled"
    " --time-format= --no-headers --revision= --show-desc --show-resources"
)
_CHART: Final = (
    "--version= --repo= --username= --password= --devel --verify --keyring= --ca-file= --cert-file="
    " --key-file= --insecure-skip-tls-verify --plain-http --pass-credentials"
)
_INSTALL: Final = (
    f"{_CHART} -f|--values= --set= --set-string= --set-file= --set-json= --set-literal= --wait?"
    " --wait-for-jobs --timeout= --atomic --rollback-on-failure --create-namespace"
    " --dependency-update --description= --disable-openapi-validation -g|--generate-name"
    " --name-template= --no-hooks -o|--output= --skip-crds --skip-schema-validation"
    " --render-subchart-notes -l|--labels= --hide-notes --dry-run? --enable-dns --server-side?"
    " --force-conflicts --take-ownership ^--force ^--force-replace ^--replace"
    " !--post-renderer= !--post-renderer-args="
)
_VERBS: Final = {
    "list": verb("rn", _LIST),
    "status": verb("rn", _LIST),
    "history": verb("rn", _LIST),
    "get all": verb("rns", _LIST),
    "get values": verb("rns", _LIST),
    "get manifest": verb("rns", _LIST),
    "get notes": verb("rn", _LIST),
    "get hooks": verb("rn", _LIST),
    "get metadata": verb("rn", _LIST),
    "show all": verb("rn", _CHART),
    "show chart": verb("rn", _CHART),
    "show values": verb("rn", _CHART),
    "show readme": verb("rn", _CHART),
    "show crds": verb("rn", _CHART),
    "search repo": verb("rn", _LIST),
    "search hub": verb("rn", _LIST),
    "version": verb("r"),
    "env": verb("r"),
    "help": verb("r"),
    "completion": verb("r"),
    "lint": verb("r", _INSTALL),
    "template": verb("rn", _INSTALL),
    "verify": verb("r"),
    "install": verb("wn", _INSTALL),
    "upgrade": verb(
        "wn",
        f"{_INSTALL} -i|--install --cleanup-on-fail --history-max= --reuse-values"
        " --reset-values --reset-then-reuse-values",
    ),
    "rollback": verb(
        "wnd",
        "--force --wait? --timeout= --cleanup-on-fail --dry-run? --no-hooks"
        " --recreate-pods --history-max=",
    ),
    "uninstall": verb(
        "wnd",
        "--keep-history --wait? --timeout= --cascade= --dry-run --no-hooks"
        " --ignore-not-found --description=",
    ),
    "test": verb("wn", problem="runs what the chart names"),
    "create": verb("w", "-p|--starter="),
    "package": verb("w", "-d|--destination= --version="),
    "pull": verb("wn", f"{_CHART} -d|--destination= --untar --untardir= --prov"),
    "push": verb("wn", _CHART),
    "repo list": verb("r", _LIST),
    "repo update": verb("wn"),
    "repo add": verb("wn", _CHART),
    "repo index": verb("w"),
    "repo remove": verb("wd"),
    "dependency list": verb("r"),
    "dependency build": verb("wn"),
    "dependency update": verb("wn"),
    "registry login": verb("wns"),
    "registry logout": verb("w"),
    "plugin list": verb("r"),
    "plugin install": verb("wn", problem="installs a program"),
    "plugin update": verb("wn", problem="installs a program"),
    "plugin uninstall": verb("wd"),
}

_NONE_LEFT: Final = re.compile(
    r"""replica[\w.-]*["']?\s*[=:]\s*["']?[+-]?0(?![1-9])""", re.IGNORECASE
)


def _inspect(parsed: Parsed) -> Parsed:
    """`--set replicaCount=0` is a scale to nothing."""
    values = parsed.all("--set", "--set-string", "--set-json", "--set-literal")
    if any(_NONE_LEFT.search(value) for value in values):
        return parsed.marked(risks="d")
    return parsed


HELM: Final[Grammar] = grammar(
    "helm",
    _VERBS,
    flags=_GLOBAL,
    style="pflag",
    inspect=_inspect,
    aliases="del=uninstall delete=uninstall un=uninstall ls=list hist=history inspect=show"
    " fetch=pull dep=dependency dependencies=dependency up=update rm=remove",
)
