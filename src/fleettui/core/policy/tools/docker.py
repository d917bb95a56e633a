"""The grammar of docker and podman."""

from __future__ import annotations

from typing import Final

from fleettui.core.policy.grammar import Grammar, Verb, grammar, verb

_GLOBAL: Final = (
    "!-H|--host= !-c|--context= !--config= -D|--debug -l|--log-level= -v|--version --help"
    " !--tls !--tlscacert= !--tlscert= !--tlskey= !--tlsverify !--url= !--connection="
)
_LIST: Final = (
    "-a|--all -q|--quiet -f|--filter= --format= --no-trunc -n|--last= -s|--size -l|--latest"
)
_RUNS: Final = "runs a program in a container"
_LEAVES: Final = {
    "container": "ls=r ps=r logs=r inspect=r top=r stats=r port=r diff=r start=w restart=w pause=w"
    " unpause=w rename=w update=w wait=r cp=w create=w commit=w stop=wd kill=wd rm=wd prune=wd"
    " run=! exec=! attach=! export=w",
    "image": "ls=r inspect=r history=r pull=wn push=wn tag=w save=w load=w import=w build=! rm=wd"
    " prune=wd",
    "volume": "ls=r inspect=r create=w rm=wd prune=wd",
    "network": "ls=r inspect=r create=w connect=w disconnect=w rm=wd prune=wd",
    "system": "df=r info=r events=r prune=wd",
    "compose": "ps=r logs=r config=r images=r top=r up=! run=! exec=! build=! start=w restart=w"
    " pull=wn stop=wd down=wd rm=wd kill=wd",
    "context": "ls=r show=r inspect=r use=w create=w rm=wd",
    "service": "ls=r ps=r logs=r inspect=r create=! update=wd scale=wd rm=wd rollback=wd",
    "stack": "ls=r ps=r services=r deploy=! rm=wd",
    "node": "ls=r ps=r inspect=r update=wd rm=wd",
    "swarm": "init=w join=w leave=wd",
    "secret": "ls=rs inspect=rs create=w rm=wd",
    "config": "ls=r inspect=r create=w rm=wd",
    "buildx": "ls=r build=! prune=wd rm=wd bake=!",
    "builder": "prune=wd build=!",
}
_SHORT: Final = (
    "ps=container ls;logs=container logs;inspect=container inspect;top=container top;"
    "stats=container stats;port=container port;diff=container diff;start=container start;"
    "restart=container restart;pause=container pause;unpause=container unpause;"
    "rename=container rename;update=container update;wait=container wait;cp=container cp;"
    "create=container create;commit=container commit;stop=container stop;kill=container kill;"
    "rm=container rm;run=container run;exec=container exec;attach=container attach;"
    "export=container export;images=image ls;rmi=image rm;history=image history;pull=image pull;"
    "push=image push;tag=image tag;save=image save;load=image load;import=image import;"
    "build=image build;info=system info;events=system events"
)
_TWINS: Final = (
    "container list=container ls;container ps=container ls;container remove=container rm;"
    "image list=image ls;image remove=image rm;volume list=volume ls;volume remove=volume rm;"
    "network list=network ls;network remove=network rm"
)


def _leaf(letters: str) -> Verb:
    if letters == "!":
        return verb("w", problem=_RUNS)
    return verb(
        letters, _LIST + " --tail= --since= --until= -t|--timestamps" if "r" in letters else ""
    )


_VERBS: Final = {
    f"{group} {name}": _leaf(letters)
    for group, leaves in _LEAVES.items()
    for name, _, letters in (leaf.partition("=") for leaf in leaves.split())
} | {
    "version": verb("r"),
    "search": verb("rn"),
    "login": verb("ns"),
    "logout": verb("w"),
    "help": verb("r"),
}


def _named(name: str) -> Grammar:
    built = grammar(name, _VERBS, flags=_GLOBAL, style="pflag")
    aliases = dict(pair.split("=") for pair in f"{_SHORT};{_TWINS}".split(";"))
    return Grammar(
        tool=name,
        style="pflag",
        flags=built.flags,
        verbs=built.verbs,
        aliases=aliases,
        prefixes=built.prefixes,
        globals_first=True,
    )


DOCKER: Final[Grammar] = _named("docker")
PODMAN: Final[Grammar] = _named("podman")
