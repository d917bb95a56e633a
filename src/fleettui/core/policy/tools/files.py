"""The grammars of the programs that change files: rm and what equals it."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Final

from fleettui.core.policy.grammar import Grammar, grammar, verb
from fleettui.core.policy.parsed import Parsed

# The root, devices, and the folders programs and their settings are taken from.
_WEIGHTY: Final = re.compile(
    r"[/.]*/+((dev/+(?!null\Z|stdout\Z|stderr\Z|tty\Z))|\Z|\*|(usr/+(local/+)?)?s?bin(/|\Z)"
    r"|(usr/+(local/+)?)?lib\w*(/|\Z)|etc(/|\Z)|boot(/|\Z)|root(/|\Z)|proc/|sys/)"
)


def _rm(parsed: Parsed) -> Parsed:
    if parsed.has("--recursive") or any(set(word) & set("*?[") for word in parsed.operands):
        parsed = parsed.marked(risks="d")
    return _of_weight(parsed)


def _of_weight(parsed: Parsed) -> Parsed:
    """Mark what changes files that a whole machine stands on."""
    if any(map(_weighty, (*parsed.operands, *parsed.all("--target-directory", "-t")))):
        return parsed.marked(risks="d")
    return parsed


def _weighty(word: str) -> bool:
    parts: list[str] = []
    for part in word.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in {"", ".", ".."}:
            parts.append(part)
    return word.startswith(("/", "..")) and bool(_WEIGHTY.match("/" + "/".join(parts)))


def _cp(parsed: Parsed) -> Parsed:
    """Mark a copy of nothing, which empties its target, and one over what weighs."""
    if any(word == "/dev/null" for word in parsed.operands[:-1]):
        return parsed.marked(risks="d")
    return _last_of_weight(parsed)


def _last_of_weight(parsed: Parsed) -> Parsed:
    targets = parsed.all("--target-directory") or parsed.operands[-1:]
    return parsed.marked(risks="d") if any(map(_weighty, targets)) else parsed


def _mv(parsed: Parsed) -> Parsed:
    if parsed.operands[-1:] == ("/dev/null",):
        return parsed.marked(risks="d")
    return _of_weight(parsed)


def _find(parsed: Parsed) -> Parsed:
    words = frozenset(parsed.words)
    starts = tuple(takewhile(lambda word: word[:1] not in {"-", "(", "!"}, parsed.words))
    if any(word.startswith(("/", "~")) or ".." in word.split("/") for word in starts):
        parsed = parsed.marked(risks="s")
    if words & {"-files0-from", "-newer", "-samefile"} and any("/" in word for word in words):
        parsed = parsed.marked(risks="s")
    if "-delete" in words:
        parsed = parsed.marked(risks="wd")
    if words & {"-fprint", "-fprint0", "-fprintf", "-fls"}:
        parsed = parsed.marked(risks="wd")
    return parsed


_TREE: Final = "-r|--recursive -R|--recursive -f|--force -v|--verbose -i"
_PLAIN: Final = {
    "rm": grammar(
        "rm",
        {
            "": verb(
                "w",
                f"{_TREE} -I --interactive? -d|--dir --one-file-system --preserve-root?"
                " --no-preserve-root --help --version",
            )
        },
        inspect=_rm,
    ),
    "rmdir": grammar("rmdir", {"": verb("w", "-p|--parents -v")}),
    "unlink": grammar("unlink", {"": verb("wd")}),
    "shred": grammar("shred", {"": verb("wd", "-u -z -n= -s= -v -f !--random-source=")}),
    "truncate": grammar("truncate", {"": verb("wd", "-s|--size= -c -r|--reference=")}),
    "dd": grammar("dd", {"": verb("wd")}),
    "cp": grammar(
        "cp",
        {"": verb("w", f"{_TREE} -a|--archive -p -u -n -t|--target-directory= -T -l -s")},
        inspect=_cp,
    ),
    "mv": grammar("mv", {"": verb("w", "-f -i -n -u -v -t|--target-directory= -T")}, inspect=_mv),
    "ln": grammar(
        "ln",
        {"": verb("w", "-s|--symbolic -f|--force -n -r -t|--target-directory=")},
        inspect=_last_of_weight,
    ),
    "touch": grammar("touch", {"": verb("w", "-a -m -c -d= -t= -r=")}, inspect=_of_weight),
    "mkdir": grammar("mkdir", {"": verb("w", "-p|--parents -m|--mode= -v")}, inspect=_of_weight),
    "install": grammar(
        "install",
        {"": verb("w", "-m= -o= -g= -d -D -t|--target-directory= !--strip-program= !-s|--strip")},
        inspect=_last_of_weight,
    ),
    "chmod": grammar(
        "chmod", {"": verb("w", "^-R|--recursive --reference= -v")}, inspect=_of_weight
    ),
    "chown": grammar(
        "chown", {"": verb("w", "^-R|--recursive --reference= -v")}, inspect=_of_weight
    ),
    "chgrp": grammar(
        "chgrp", {"": verb("w", "^-R|--recursive --reference= -v")}, inspect=_of_weight
    ),
    "tee": grammar("tee", {"": verb("w", "-a|--append -i")}, inspect=_of_weight),
    "find": grammar("find", {"": verb("r")}, inspect=_find),
}
FILES: Final[dict[str, Grammar]] = _PLAIN | {
    name: grammar(name, {"": verb("wd")})
    for name in [
        "mkfs",
        "mkfs.ext4",
        "mkfs.ext3",
        "mkfs.xfs",
        "mkfs.btrfs",
        "mkfs.vfat",
        "mke2fs",
        "mkswap",
        "wipefs",
        "fdisk",
        "sfdisk",
        "sgdisk",
        "parted",
        "blkdiscard",
        "srm",
        "wipe",
        "rename",
        "prename",
        "lvremove",
        "vgremove",
        "pvremove",
        "hdparm",
        "setfacl",
        "chattr",
        "kill",
        "killall",
        "pkill",
        "skill",
        "reboot",
        "shutdown",
        "poweroff",
        "halt",
        "init",
        "telinit",
        "dropdb",
        "dropuser",
        "userdel",
        "groupdel",
        "deluser",
        "iptables",
        "nft",
        "ufw",
        "crontab",
        "mount",
        "umount",
        "swapoff",
    ]
}
