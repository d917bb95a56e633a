"""The grammars of the programs that change files: rm and what equals it."""

from __future__ import annotations

import re
from typing import Final

from fleettui.core.policy.grammar import Grammar, grammar, verb
from fleettui.core.policy.parsed import Parsed


def _rm(parsed: Parsed) -> Parsed:
    if parsed.has("--recursive"):
        parsed = parsed.marked(risks="d")
    return _of_weight(parsed)


def _of_weight(parsed: Parsed) -> Parsed:
    """Files that a whole machine stands on: the root, devices."""
    if any(re.match(r"/+(dev/(?!null|stdout|stderr)|\Z|\*)", word) for word in parsed.operands):
        return parsed.marked(risks="d")
    return parsed


def _mv(parsed: Parsed) -> Parsed:
    if parsed.operands[-1:] == ("/dev/null",):
        return parsed.marked(risks="d")
    return _of_weight(parsed)


def _find(parsed: Parsed) -> Parsed:
    words = frozenset(parsed.words)
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
        inspect=_of_weight,
    ),
    "mv": grammar("mv", {"": verb("w", "-f -i -n -u -v -t|--target-directory= -T")}, inspect=_mv),
    "ln": grammar("ln", {"": verb("w", "-s|--symbolic -f|--force -n -r -t=")}),
    "touch": grammar("touch", {"": verb("w", "-a -m -c -d= -t= -r=")}),
    "mkdir": grammar("mkdir", {"": verb("w", "-p|--parents -m|--mode= -v")}),
    "install": grammar(
        "install", {"": verb("w", "-m= -o= -g= -d -D -t= !--strip-program= !-s|--strip")}
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
