"""The grammars of aws, gcloud and az: too many verbs to list, so read by the verb's last words."""

from __future__ import annotations

import re
from typing import Final

from fleettui.core.policy.grammar import Grammar, grammar
from fleettui.core.policy.parsed import Parsed

_READS: Final = re.compile(
    r"(list|ls|describe|get|show|head|read|search|lookup|filter|check)(-|\Z)"
)
_DESTROYS: Final = re.compile(
    r"(delete|remove|rm|rb|terminate|destroy|purge|stop|deregister|disable|detach|revoke|reset|"
    r"deallocate|undeploy|cancel|reboot|release|reject|empty|wipe|drop|kill|shutdown)(-|\Z)"
    r"|[a-z-]+-(deletion|delete|removal|destroy|termination)\Z"
)
_NOTHING_LEFT: Final = re.compile(
    r"--[a-z-]*(count|capacity|size|nodes|replicas|instances)(=0*\Z|\Z)"
)
_SECRETS: Final = re.compile(r"secret|password|token|credential|access-key|keys|sts|kms")
_RUNS: Final = re.compile(
    r"(ssh|scp|start-session|send-command|execute-command|run-command|invoke)\Z"
)
_VALUED: Final = (
    "--profile= --region= --output= --query= --endpoint-url= --project= --zone= --format= --filter="
    " --account= --subscription= -g|--resource-group= -n|--name= -o|--output= --location="
    " --instance-ids= --ids= --bucket= --key= --stack-name= --cluster= --configuration="
    " !--impersonate-service-account= !--no-verify-ssl !--access-token-file= !--cli-input-json="
    " !--cli-input-yaml= --debug --quiet -q|--quiet -y|--yes --recursive ^--delete --force --dryrun"
)


def _inspect(parsed: Parsed) -> Parsed:
    letters = "n"
    verbs = (*parsed.verb, *parsed.operands)
    if any(_DESTROYS.match(word) for word in verbs) or "d" in parsed.risks or _empties(parsed):
        letters += "wd"
    elif not any(_READS.match(word) for word in parsed.verb):
        letters += "w"
    else:
        letters += "r"
    if any(_SECRETS.search(word) for word in parsed.verb):
        letters += "s"
    clean = Parsed(
        tool=parsed.tool,
        verb=parsed.verb,
        flags=parsed.flags,
        operands=parsed.operands,
        words=parsed.words,
        risks=letters,
        problem=parsed.problem,
        opaque=parsed.opaque,
    )
    if any(_RUNS.match(word) for word in parsed.verb):
        return clean.marked(problem="runs a command on another machine", opaque=True)
    if any(word.startswith("alias") for word in parsed.verb):
        return clean.marked(problem="an alias may run anything", opaque=True)
    return clean


def _empties(parsed: Parsed) -> bool:
    """Say whether a count is set to nothing: `--desired-count 0`, `--num-nodes=0`."""
    pairs = zip(parsed.words, (*parsed.words, "")[1:], strict=True)
    return any(
        (match := _NOTHING_LEFT.match(word)) and (match.group(2) or re.fullmatch(r"[+-]?0+", after))
        for word, after in pairs
    )


def _named(name: str) -> Grammar:
    return grammar(name, {}, flags=_VALUED, free_verbs=True, inspect=_inspect)


AWS: Final[Grammar] = _named("aws")
GCLOUD: Final[Grammar] = _named("gcloud")
AZ: Final[Grammar] = _named("az")
GSUTIL: Final[Grammar] = _named("gsutil")
