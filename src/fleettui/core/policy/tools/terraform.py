"""The grammar of terraform and its fork tofu: Go flags, one or two dashes."""

from __future__ import annotations

from typing import Final

import msgspec

from fleettui.core.policy.grammar import Grammar, grammar, verb
from fleettui.core.policy.parsed import Parsed

_PLAN: Final = (
    "-var= -var-file= -target= ^-replace= ^-destroy -refresh-only -refresh -lock -lock-timeout="
    " -input -out= -parallelism= -compact-warnings -no-color -json -detailed-exitcode -state="
    " -state-out= -backup= -auto-approve -generate-config-out= -exclude= -concise -show-sensitive"
)
_VERBS: Final = {
    "plan": verb("rn", _PLAN.replace("^", "")),
    "apply": verb("wn", _PLAN),
    "destroy": verb("wnd", _PLAN),
    "init": verb(
        "wn",
        "-upgrade -reconfigure -backend -backend-config= -input -lockfile= -get"
        " -from-module= -plugin-dir= -migrate-state -force-copy -no-color",
    ),
    "validate": verb("r", "-json -no-color"),
    "fmt": verb("w", "-check -diff -write -list -recursive"),
    "show": verb("rs", "-json -no-color"),
    "output": verb("rs", "-json -raw -no-color -state="),
    "graph": verb("r", "-type= -plan= -draw-cycles"),
    "providers": verb("r"),
    "version": verb("r"),
    "providers lock": verb("wn"),
    "providers mirror": verb("wn"),
    "providers schema": verb("r"),
    "get": verb("wn", "-update"),
    "console": verb("rs", problem="takes commands from its input"),
    "import": verb("wn", _PLAN),
    "refresh": verb("wn", _PLAN),
    "test": verb("wnd", _PLAN),
    "taint": verb("wd", _PLAN),
    "untaint": verb("w", _PLAN),
    "force-unlock": verb("wd", "-force"),
    "login": verb("ns"),
    "logout": verb("w"),
    "metadata functions": verb("r"),
    "modules": verb("r"),
    "state list": verb("r", "-state= -id="),
    "state show": verb("rs", "-state="),
    "state pull": verb("rs"),
    "state push": verb("wd", "-force"),
    "state mv": verb("wd", _PLAN),
    "state rm": verb("wd", _PLAN),
    "state replace-provider": verb("wd", _PLAN),
    "state identities": verb("r"),
    "workspace list": verb("r"),
    "workspace show": verb("r"),
    "workspace new": verb("w", "-state="),
    "workspace select": verb("w", "-or-create"),
    "workspace delete": verb("wd", "-force"),
    "help": verb("r"),
}


def _inspect(parsed: Parsed) -> Parsed:
    """`apply -destroy` is destroy; a plan of it that is kept only waits to be applied."""
    if parsed.verb == ("apply",) and parsed.has("-destroy"):
        return msgspec.structs.replace(parsed, verb=("destroy",))
    if parsed.verb == ("plan",) and parsed.has("-destroy") and parsed.flag("-out"):
        return parsed.marked(risks="d")
    return parsed


def _named(name: str) -> Grammar:
    return grammar(
        name,
        _VERBS,
        flags="-chdir= -help -version -h|-help -v|-version",
        style="goflag",
        aliases="env=workspace",
        globals_first=True,
        inspect=_inspect,
    )


TERRAFORM: Final[Grammar] = _named("terraform")
TOFU: Final[Grammar] = _named("tofu")
