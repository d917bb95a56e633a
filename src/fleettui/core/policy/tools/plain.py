"""The programs that read or print and can't run another one, with the flags that break that."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from fleettui.core.policy.grammar import Grammar, grammar, verb
from fleettui.core.policy.parsed import Parsed

_SECRET_NAME: Final = re.compile(
    r"(\.env(\..+)?|\.netrc|\.npmrc|\.pypirc|\.git-credentials|id_[a-z0-9]+|.*\.(pem|key|p12|pfx)"
    r"|credentials(\.json)?|.*secrets?(\.[a-z]+)?|shadow|\.ssh|\.aws|\.gnupg|\.kube|\.docker)\Z"
)


def reads_files(parsed: Parsed) -> Parsed:
    """Count what lies outside the working folder, or is named like a secret, as secret."""
    values = (flag.value or flag.name[2:] for flag in parsed.flags)
    for word in (*parsed.operands, *values):
        parts = word.split("/")
        outside = word.startswith(("/", "~")) or ".." in parts
        if outside or any(len(part) > 255 or _SECRET_NAME.match(part) for part in parts):
            return parsed.marked(risks="s")
    return parsed


_TEXT: Final = (
    "cat tac nl head tail wc cut uniq comm join paste tr rev fold expand unexpand column fmt pr"
    " od hexdump xxd strings base64 base32 md5sum sha1sum sha224sum sha256sum sha384sum sha512sum"
    " b2sum cksum sum cmp diff diff3 grep egrep fgrep zgrep zcat stat file ls dir vdir readlink"
    " realpath du tree jq look tsort nm size iconv"
)
_QUIET: Final = (
    "echo true false : test pwd date cal uptime whoami id groups who w users hostname uname arch"
    " nproc free df lscpu lsblk ps pgrep basename dirname seq sleep expr factor numfmt type which"
    " whereis tty locale printenv getconf cd exit apropos whatis yes wait"
)
_OWN_FLAGS: Final = {
    "grep": "-e|--regexp= -f|--file= -n -r -R -i -l -c -v -w -x -E -F -P -o -A= -B= -C= -m="
    " --include= --exclude= --exclude-dir= --color? --max-count= --context= -h -H -q -s",
    "head": "-n|--lines= -c|--bytes= -q -v",
    "tail": "-n|--lines= -c|--bytes= -f|--follow? -F -q -v --pid= -s=",
    "cut": "-d= -f= -c= -b= --output-delimiter= -s",
    "diff": "-u -r -q -y -w -b -N -U= --color? --exclude= -x=",
    "ls": "-I|--ignore= -w= --color? --sort= --time= --hide= --block-size=",
    "iconv": "-f|--from-code= -t|--to-code= -o|--output= -c -s -l",
    "file": "-b -i -L -h -k -m= -f= -z -C|--compile",
    "jq": "-r -c -e -n -s -S --arg= --tab -f|--from-file=",
}
_SED: Final = re.compile(
    r"((\d+|\$)(,(\d+|\$))?)?(p|d|q|s([/|,#])[^\n\\;]*?\6[^\n\\;]*?\6[gpiI0-9]*)\Z"
)
_STRANGE: Final = {
    "sort": verb(
        "r",
        "-k|--key= -t|--field-separator= -n -r -u -h -V -o|--output= -T= -S="
        " --parallel= !--compress-program= !--files0-from=",
    ),
    "man": verb(
        "r",
        "-k -f -a -w -s= !-P|--pager= !-H|--html? !-X? !-T? !-t !-C="
        " !-M|--manpath= !-p|--preprocessor= !-l|--local-file",
    ),
    "rg": verb(
        "r",
        "!--pre= !--hostname-bin= !-z|--search-zip -n -i -l -c -w -F -g|--glob= -t="
        " -e= -A= -B= -C= --max-count= -m=",
    ),
    "sed": verb(
        "r",
        "-n|--quiet -e|--expression= -f|--file= -E|--regexp-extended -r|--regexp-extended"
        " -i|--in-place? -s|--separate -u|--unbuffered -z|--null-data --posix --debug",
    ),
    "printf": verb("r", "!-v="),
    "[": verb("r", "", "a subscript in a test is evaluated"),
    "base64": verb("r"),
    "tar": verb(
        "w",
        "!--to-command= !--checkpoint-action= !-I|--use-compress-program="
        " !--use-compress-program= !-F|--info-script= !--new-volume-script="
        " !--rsh-command= !--rmt-command= ^--remove-files ^--recursive-unlink"
        " -f|--file= -C|--directory= -x -c -t -z -j -J -v -p",
    ),
    "gzip": verb("w"),
    "gunzip": verb("w"),
    "bzip2": verb("w"),
    "xz": verb("w"),
    "zstd": verb("w"),
    "zip": verb("w", "!-T -r -q !-TT= !--unzip-command= ^-m"),
    "unzip": verb("w", "-d= -o -l -p -q"),
    "split": verb("w", "!--filter= -l= -b= -n= -a="),
    "csplit": verb("w"),
    "patch": verb("w", "-p= -i= -d= -R --dry-run !-D !--get="),
    "ping": verb("n"),
    "dig": verb("n"),
    "host": verb("n"),
    "nslookup": verb("n"),
    "logger": verb("w"),
    "sync": verb("w"),
    "mktemp": verb("w", "-d -t -p="),
    "helm-docs": verb("w"),
    "ss": verb("r", "^-K|--kill"),
    "netstat": verb("r"),
}


def _dangerous_test(parsed: Parsed) -> Parsed:
    """`test -v 'a[$(cmd)]'` runs cmd: the shell evaluates subscripts."""
    if any("[" in word for word in parsed.words) or parsed.has("-v"):
        return parsed.marked(problem="a subscript in a test is evaluated", opaque=True)
    return msgspec.structs.replace(parsed, risks="r")


def _bracket(parsed: Parsed) -> Parsed:
    body = msgspec.structs.replace(parsed, problem="", opaque=False, words=parsed.words[:-1])
    return _dangerous_test(body)


def _sorted(parsed: Parsed) -> Parsed:
    return reads_files(parsed.marked(risks="w") if parsed.flag("--output") else parsed)


def _tree(parsed: Parsed) -> Parsed:
    return reads_files(parsed.marked(risks="w") if parsed.flag("-o") else parsed)


def _sed(parsed: Parsed) -> Parsed:
    """Read sed's simplest scripts only: others can run and write."""
    scripts = parsed.all("--expression") or parsed.operands[:1]
    if parsed.flag("--file") or not all(_SED.match(script) for script in scripts):
        return parsed.marked(risks="w", problem="this sed script may run or write", opaque=True)
    return reads_files(parsed.marked(risks="w") if parsed.flag("--in-place") else parsed)


def _copies(parsed: Parsed) -> Parsed:
    """Mark what writes its second operand, or the file a flag names: `uniq IN OUT`."""
    named = parsed.flag("--output", "--compile") is not None
    second = parsed.tool in {"uniq", "xxd"} and len(parsed.operands) > 1
    return reads_files(parsed.marked(risks="w") if named or second else parsed)


def _shows_others(parsed: Parsed) -> Parsed:
    """Count a list of processes with their environments as secret: `ps auxe`."""
    if any("e" in word.lower() for word in parsed.operands) or parsed.flag("-E"):
        return parsed.marked(risks="s")
    return parsed


def _sets(parsed: Parsed) -> Parsed:
    """Mark what sets the clock or the name of the machine."""
    if parsed.flag("--set") or (parsed.tool == "hostname" and parsed.operands):
        return parsed.marked(risks="wd")
    return reads_files(parsed)


def _cd(parsed: Parsed) -> Parsed:
    """Count what follows in another folder as lying outside: its names don't show it any more."""
    parsed = reads_files(parsed)
    if not parsed.operands or parsed.operands[0].startswith(("-", "$")):
        return parsed.marked(risks="s")
    return parsed


def _tar(parsed: Parsed) -> Parsed:
    """Read the old way to write flags, `tar cIf PROGRAM FILE`, and archives on other machines."""
    first = parsed.words[0] if parsed.words else ""
    if first[:1] not in {"", "-"} and set(first) & set("IF"):
        return parsed.marked(problem=f"tar {first[:40]} may name a program", opaque=True)
    files = (*parsed.all("--file"), *parsed.operands[1:2])
    if any(":" in name.split("/")[0] for name in files):
        return parsed.marked(risks="n", problem="the archive is on another machine", opaque=True)
    return parsed


def _build() -> dict[str, Grammar]:
    table = {name: grammar(name, {"": verb("r")}) for name in _QUIET.split()}
    for name in _TEXT.split():
        flags = _OWN_FLAGS.get(name, "")
        table[name] = grammar(name, {"": verb("r", flags)}, inspect=reads_files)
    for name, spec in _STRANGE.items():
        check = reads_files if spec.risks == "r" and name not in {"man", "printf"} else None
        table[name] = grammar(name, {"": spec}, inspect=check)
    for name in ("uniq", "xxd", "iconv", "file"):
        table[name] = grammar(name, {"": verb("r", _OWN_FLAGS.get(name, ""))}, inspect=_copies)
    for name in ("date", "hostname", "who", "users"):
        flags = "-s|--set= -f|--file= -r|--reference= -d|--date= -F|--file= -u -I? -R"
        table[name] = grammar(name, {"": verb("r", flags)}, inspect=_sets)
    table["ps"] = grammar("ps", {"": verb("r")}, inspect=_shows_others)
    table["cd"] = grammar("cd", {"": verb("r", "-L -P -e -@")}, inspect=_cd)
    table["tar"] = grammar("tar", {"": _STRANGE["tar"]}, inspect=_tar)
    table["printenv"] = grammar("printenv", {"": verb("rs")})
    table["test"] = grammar("test", {"": verb("r", "-v")}, inspect=_dangerous_test)
    table["["] = grammar("[", {"": verb("r", "-v")}, inspect=_bracket)
    table["sort"] = grammar("sort", {"": _STRANGE["sort"]}, inspect=_sorted)
    table["tree"] = grammar("tree", {"": verb("r", "-o= -L= -I= -P=")}, inspect=_tree)
    table["sed"] = grammar("sed", {"": _STRANGE["sed"]}, inspect=_sed)
    return table


PLAIN: Final[dict[str, Grammar]] = _build()
