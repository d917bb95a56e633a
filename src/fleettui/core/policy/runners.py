"""The programs that run other programs: how to find what they run."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from fleettui.core.policy.grammar import FlagTable, flag_table

How = Literal["argv", "shell", "either"]


class Runner(msgspec.Struct, frozen=True, kw_only=True):
    """A wrapper: its flags, how many operands stand before the command, and what it changes.

    `how`: the rest is argv, is joined into a shell script, or either by a flag. `opaque` says
    why the whole asks even where its parts would be allowed; '' for a wrapper that is transparent.
    """

    flags: FlagTable = {}
    skip: int = 0
    how: How = "argv"
    opaque: str = ""
    script_flag: str = ""


def _runner(
    flags: str = "", skip: int = 0, opaque: str = "", how: How = "argv", script_flag: str = ""
) -> Runner:
    return Runner(
        flags=flag_table(flags), skip=skip, opaque=opaque, how=how, script_flag=script_flag
    )


_ROOT: Final = "runs with another user's rights"
_INPUT: Final = "adds words from its input"
_FAR: Final = "runs on another machine"

RUNNERS: Final[dict[str, Runner]] = {
    "timeout": _runner(
        "-k|--kill-after= -s|--signal= -f|--foreground -v|--verbose --preserve-status", 1
    ),
    "gtimeout": _runner("-k|--kill-after= -s|--signal= --foreground --preserve-status", 1),
    "nice": _runner("-n|--adjustment="),
    "ionice": _runner("-c|--class= -n|--classdata= -p|--pid= -t|--ignore"),
    "nohup": _runner(),
    "setsid": _runner("-c|--ctty -f|--fork -w|--wait"),
    "stdbuf": _runner("-i|--input= -o|--output= -e|--error="),
    "time": _runner("-p|--portability -f|--format= -o|--output= -a|--append -v|--verbose"),
    "chrt": _runner("-f -o -r -b -i -d -p -T= -P= -D=", 1),
    "taskset": _runner("-a -p -c", 1),
    "numactl": _runner("-m= -N= -C= -i= -l"),
    "unbuffer": _runner("-p"),
    "chronic": _runner("-v"),
    "catchsegv": _runner(),
    "caffeinate": _runner("-d -i -m -s -u -t="),
    "command": _runner("-p -v -V"),
    "builtin": _runner(),
    "exec": _runner("-c -l -a="),
    "noglob": _runner(),
    "nocorrect": _runner(),
    "coproc": _runner(opaque="runs beside the script"),
    "!": _runner(),
    "sudo": _runner(
        "-u|--user= -g|--group= -h|--host= -p|--prompt= -C|--close-from= -T|--command-timeout="
        " -r|--role= -t|--type= -U|--other-user= -D|--chdir= -R|--chroot= -E -H -n -k -K -S -b -A"
        " -i|--login -s|--shell -P -v -l",
        opaque=_ROOT,
    ),
    "doas": _runner("-u= -C= -n -s -L", opaque=_ROOT),
    "pkexec": _runner("--user=", opaque=_ROOT),
    "gosu": _runner(skip=1, opaque=_ROOT),
    "su-exec": _runner(skip=1, opaque=_ROOT),
    "run0": _runner("-u= -g=", opaque=_ROOT),
    "runuser": _runner(
        "-u= -g= -G= -c|--command= -s= -l -m", opaque=_ROOT, script_flag="--command"
    ),
    "su": _runner("-c|--command= -s= -g= -G= -l -m -p", 1, opaque=_ROOT, script_flag="--command"),
    "setpriv": _runner("--reuid= --regid= --groups= --init-groups --clear-groups", opaque=_ROOT),
    "chroot": _runner("--userspec= --groups= --skip-chdir", 1, _ROOT),
    "unshare": _runner("-m -u -i -n -p -U -f -r", opaque=_ROOT),
    "nsenter": _runner("-t|--target= -m -u -i -n -p -U -a -F", opaque=_ROOT),
    "systemd-run": _runner(
        "-u|--unit= -p|--property= -t --user --scope --wait --pipe"
        " -E= --slice= --uid= --gid= --on-active= --on-calendar=",
        opaque=_ROOT,
    ),
    "xargs": _runner(
        "-I= -i? -n|--max-args= -P|--max-procs= -L= -l? -s= -d|--delimiter= -E= -e?"
        " -a|--arg-file= -0|--null -r|--no-run-if-empty -t|--verbose -p -x -o -J= -R=",
        opaque=_INPUT,
    ),
    "parallel": _runner("-j= -n= -k -a= -d= -N= --colsep= -I=", opaque=_INPUT, how="either"),
    "entr": _runner("-c -d -n -p -r -s -z", opaque=_INPUT, how="either"),
    "watch": _runner(
        "-n|--interval= -d? -t -b -e -g -c -x|--exec -p -q= -w",
        how="either",
        opaque="runs a command again and again",
    ),
    "flock": _runner("-s -x -e -n -u -w= -E= -o -F -c|--command=", 1, script_flag="--command"),
    "strace": _runner("-o= -e= -p= -s= -f -c -u= -E= -P= -t", opaque="can change what it traces"),
    "ltrace": _runner("-o= -e= -p= -s= -f -c -u=", opaque="can change what it traces"),
    "script": _runner(
        "-c|--command= -q -a -e -f -O= -I= -B= -T= -E= -m= -o=",
        1,
        opaque="records to a file",
        script_flag="--command",
    ),
    "ssh": _runner(
        "-p= -i= -l= -o= -F= -L= -R= -D= -J= -W= -E= -S= -b= -c= -e= -I= -m= -O= -Q= -w="
        " -B= -P= -4 -6 -A -a -C -f -G -g -K -k -M -N -n -q -s -T -t -V -v -X -x -Y -y",
        1,
        _FAR,
        "shell",
    ),
    "mosh": _runner("--ssh= -p= --", 1, _FAR, "shell"),
    "sshpass": _runner("-p= -f= -d= -P= -e -v", opaque="hands over a password"),
    "rsh": _runner("-l= -n", 1, _FAR, "shell"),
    "busybox": _runner(),
    "toybox": _runner(),
    "coreutils": _runner(),
    "dbus-run-session": _runner("--config-file=", opaque="starts a bus"),
    "xvfb-run": _runner("-a -s= -n= -e= -f= -p= -w="),
    "faketime": _runner("-f -m", 1),
    "proot": _runner("-r= -b= -w= -R= -S=", opaque=_ROOT),
    "fakeroot": _runner("-l= -i= -s= -b= --"),
    "firejail": _runner("--profile= -q", opaque="changes what the program sees"),
    "bwrap": _runner(opaque="changes what the program sees"),
    "start-stop-daemon": _runner("-x= -p= -u= -S -K -b -m -a=", opaque="starts a daemon"),
    "direnv": _runner(skip=2, opaque="loads an environment"),
    "dotenv": _runner("-f=", opaque="loads an environment"),
    "aws-vault": _runner(skip=2, opaque="hands over credentials"),
    "tsocks": _runner(opaque="changes where it connects"),
    "proxychains": _runner("-q -f=", opaque="changes where it connects"),
    "trap": _runner(opaque="runs at a signal", how="shell"),
}
SHELLS: Final = frozenset(
    [
        "sh",
        "bash",
        "dash",
        "ash",
        "zsh",
        "ksh",
        "mksh",
        "rbash",
        "fish",
        "csh",
        "tcsh",
        "yash",
        "pwsh",
        "nu",
    ]
)
POSIX_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash"})
SHELL_WORDS: Final = frozenset(
    [
        ".",
        "source",
        "eval",
        "exec",
        "alias",
        "unalias",
        "export",
        "declare",
        "typeset",
        "local",
        "readonly",
        "set",
        "unset",
        "shopt",
        "hash",
        "enable",
        "bind",
        "complete",
        "compgen",
        "trap",
        "coproc",
        "function",
        "select",
        "case",
        "for",
        "while",
        "until",
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "do",
        "done",
        "esac",
        "[[",
        "]]",
        "{",
        "}",
        "read",
        "mapfile",
        "readarray",
        "let",
        "getopts",
        "fc",
        "history",
        "logout",
        "popd",
        "pushd",
        "dirs",
        "umask",
        "ulimit",
        "times",
        "jobs",
        "bg",
        "fg",
        "disown",
        "suspend",
        "caller",
        "builtin",
    ]
)
