"""Generated bash: destructive and harmless commands in every disguise a shell has for them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

HARMFUL: Sequence[tuple[str, ...]] = (
    ("rm", "-rf", "/data"),
    ("rm", "-r", "-f", "/data"),
    ("rm", "--recursive", "/data"),
    ("rm", "/data", "-Rf"),
    ("kubectl", "delete", "pod", "web"),
    ("kubectl", "-n", "prod", "delete", "ns", "x"),
    ("kubectl", "--context=x", "delete", "pod,ns", "x"),
    ("kubectl", "scale", "deploy/web", "--replicas=0"),
    ("kubectl", "scale", "deploy/web", "--replicas", "0x0"),
    ("helm", "uninstall", "web"),
    ("helm", "-n", "prod", "del", "web"),
    ("git", "push", "--force", "origin", "main"),
    ("git", "-C", "x", "push", "-uf", "origin", "main"),
    ("git", "push", "origin", "+main"),
    ("git", "push", "origin", ":main"),
    ("terraform", "destroy"),
    ("terraform", "-chdir=x", "apply", "-destroy", "-auto-approve"),
)
HARMLESS: Sequence[tuple[str, ...]] = (
    ("ls", "-la"),
    ("cat", "a"),
    ("grep", "-rn", "rm -rf", "docs"),
    ("echo", "rm -rf /data"),
    ("kubectl", "get", "pods", "delete-me"),
    ("kubectl", "scale", "deploy/web", "--replicas=3"),
    ("git", "status"),
    ("git", "push", "origin", "main"),
    ("helm", "list"),
    ("helm", "status", "uninstall"),
    ("terraform", "plan"),
    ("true",),
    ("head", "-5", "a"),
    ("rm", "a"),
    ("date",),
)
_ODD = "\u200b\u202e\u00a0\u2028\u0435\uff52\u0440\u2010\r\x08\x1b\x7f\x0b"


class Writer:
    """Writes scripts from one source of randomness; the same seed writes the same scripts."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def script(self) -> str:
        """Write a script of one to three disguised commands."""
        pick = self.random
        parts = [self.part() for _ in range(pick.choice((1, 1, 1, 2, 2, 3)))]
        text = parts[0]
        for part in parts[1:]:
            text += (
                pick.choice((" ; ", ";", " && ", " || ", " | ", "\n", " & ", " |& ", "&&")) + part
            )
        if pick.random() < 0.15:
            text = pick.choice(_FRAMES)(text)
        if pick.random() < 0.03:
            at = pick.randrange(len(text) + 1)
            text = text[:at] + pick.choice(_ODD) + text[at:]
        if pick.random() < 0.04:
            text = self.mangled(text)
        return text

    def part(self) -> str:
        pick = self.random
        argv = list(pick.choice(HARMFUL if pick.random() < 0.55 else HARMLESS))
        for _ in range(pick.choice((0, 0, 0, 1, 1, 2))):
            argv = pick.choice(_WRAPPERS)(self, argv)
        if pick.random() < 0.12:
            return pick.choice(_WHOLES)(self, argv)
        rate = pick.choice((0.0, 0.0, 0.15, 0.5))
        words = [self.word(word, rate, first=at == 0) for at, word in enumerate(argv)]
        gap = pick.choice((" ", " ", " ", "  ", "\t", " \\\n", "$IFS", "${IFS}"))
        if gap.startswith("$") and pick.random() < 0.8:
            gap = " "
        text = gap.join(words)
        for _ in range(pick.choice((0, 0, 0, 0, 1))):
            text = pick.choice(_EDGES)(text)
        return text

    def word(self, word: str, rate: float, *, first: bool) -> str:
        """Spell a word so that the shell reads it as it is, or nearly."""
        if self.random.random() >= rate:
            return word if word.replace("-", "").isalnum() else self.quoted(word)
        disguise = self.random.choice(_FIRST if first else _SPELLINGS)
        return disguise(self, word)

    def quoted(self, word: str) -> str:
        plain = word and all(char.isalnum() or char in "-_./=:+,@" for char in word)
        return word if plain else "'" + word.replace("'", "'\\''") + "'"

    def inside(self, argv: Sequence[str]) -> str:
        """Write an argv as text for something that reads it again."""
        return " ".join(map(self.quoted, argv))

    def mangled(self, text: str) -> str:
        pick = self.random
        at = pick.randrange(len(text) + 1)
        match pick.randrange(4):
            case 0:
                return text[:at] + text[at + 1 :]
            case 1:
                return text[:at] + pick.choice("'\"`$(){};|&<>\\#!*?[]~ \n") + text[at:]
            case 2:
                end = min(at + pick.randrange(1, 8), len(text))
                return text[:at] + text[at:end] * 2 + text[end:]
        return text[at:] + text[:at]


def _split(self: Writer, word: str) -> tuple[str, str]:
    at = self.random.randrange(len(word) + 1)
    return word[:at], word[at:]


def _hexed(self: Writer, word: str) -> str:
    return (
        "$'"
        + "".join(self.random.choice((f"\\x{ord(c):02x}", f"\\{ord(c):03o}")) for c in word)
        + "'"
    )


def _empty(self: Writer, word: str) -> str:
    left, right = _split(self, word)
    return (
        self.quoted(left)
        + self.random.choice(("''", '""', "\"\" ''".replace(" ", "")))
        + self.quoted(right)
    )


def _halves(self: Writer, word: str) -> str:
    left, right = _split(self, word)
    return f'"{left}"' + self.quoted(right) if left else self.quoted(right)


def _escaped(_: Writer, word: str) -> str:
    return "".join(f"\\{char}" for char in word)


def _one_escape(self: Writer, word: str) -> str:
    left, right = _split(self, word)
    return self.quoted(left) + "\\" + right if right[:1].isalnum() else self.quoted(word)


def _made(self: Writer, word: str) -> str:
    return self.random.choice(
        ("$(echo {})", "`echo {}`", '"$(printf %s {})"', "${{x:-{}}}", "{{{},}}")
    ).format(word)


def _braced(self: Writer, word: str) -> str:
    left, right = _split(self, word)
    return f"{left}{{{right},}}"


def _globbed(self: Writer, word: str) -> str:
    at = self.random.randrange(len(word)) if word else 0
    return (
        word[:at] + self.random.choice(("?", f"[{word[at : at + 1] or 'x'}]", "*")) + word[at + 1 :]
    )


def _continued(self: Writer, word: str) -> str:
    left, right = _split(self, word)
    return f"{left}\\\n{right}"


def _pathed(self: Writer, word: str) -> str:
    return (
        self.random.choice(("/bin/", "/usr/bin/", "/bin/../bin/", "//bin/./", "./", "/tmp/../bin/"))
        + word
    )


def _globbed_path(self: Writer, word: str) -> str:
    return "/bin/" + _globbed(self, word)


def _cased(_: Writer, word: str) -> str:
    return f"${{{'x'}:-{word}}}"


_SPELLINGS: Sequence[Callable[[Writer, str], str]] = (
    _hexed, _empty, _halves, _escaped, _one_escape, _made, _braced, _globbed, _continued,
    lambda self, word: f"'{word}'", lambda self, word: f'"{word}"', lambda self, word: f'$"{word}"',
)  # fmt: skip
_FIRST = (*_SPELLINGS, _pathed, _pathed, _globbed_path, _cased)


def _wrap(*before: str) -> Callable[[Writer, list[str]], list[str]]:
    return lambda _, argv: [*before, *argv]


def _script(*before: str) -> Callable[[Writer, list[str]], list[str]]:
    return lambda self, argv: [*before, self.inside(argv)]


_WRAPPERS: Sequence[Callable[[Writer, list[str]], list[str]]] = (
    *(_wrap(*before) for before in (
        ("env",), ("env", "-i"), ("env", "A=b"), ("env", "-u", "X"), ("env", "--"), ("env", "-"),
        ("timeout", "5"), ("timeout", "-k", "1", "5"), ("timeout", "--signal=9", "5"),
        ("timeout", "-s9", "5"), ("nice",), ("nice", "-n", "5"), ("nice", "-5"), ("nohup",),
        ("setsid",), ("setsid", "-w"), ("stdbuf", "-oL"), ("stdbuf", "-o", "L"), ("command",),
        ("command", "-p"), ("command", "--"), ("exec",), ("exec", "-a", "x"), ("time",),
        ("time", "-p"), ("!",), ("sudo",), ("sudo", "-u", "x"), ("sudo", "--"), ("doas",),
        ("busybox",), ("builtin", "command"), ("coproc",), ("eval",), ("xargs", "-n", "9"),
    )),
    *(_script(*before) for before in (
        ("bash", "-c"), ("sh", "-c"), ("bash", "-ec"), ("bash", "--norc", "-c"), ("eval",),
        ("env", "-S"), ("bash", "-O", "extglob", "-c"), ("sh", "-c", "--"), ("env", "bash", "-c"),
    )),
    lambda _, argv: ["find", "a", "-exec", *argv, ";"],
    lambda _, argv: ["find", "a", "-exec", *argv, "{}", "+"],
    lambda _, argv: ["sh", "-c", '"$@"', "_", *argv],
    lambda _, argv: ["sh", "-c", '$0 "$@"', *argv],
    lambda self, argv: ["trap", self.inside(argv), "EXIT"],
)  # fmt: skip


def _whole(form: str) -> Callable[[Writer, list[str]], str]:
    return lambda self, argv: form.replace("@", self.inside(argv))


def _variables(self: Writer, argv: list[str]) -> str:
    return f"p={argv[0]}; $p {self.inside(argv[1:])}"


def _array(self: Writer, argv: list[str]) -> str:
    return f'a=({self.inside(argv)}); "${{a[@]}}"'


def _all_braces(self: Writer, argv: list[str]) -> str:
    return "{" + ",".join(map(self.quoted, argv)) + "}"


def _encoded(self: Writer, argv: list[str]) -> str:
    text = "".join(f"\\x{ord(char):02x}" for char in self.inside(argv))
    return (
        f"printf '{text}' | {self.random.choice(('sh', 'bash', 'bash -s', 'xargs -I{} sh -c {}'))}"
    )


_WHOLES: Sequence[Callable[[Writer, list[str]], str]] = (
    _variables, _array, _all_braces, _encoded,
    *map(_whole, (
        "$(@)", "`@`", "echo $(@)", 'echo "$(@)"', "echo ${x:-$(@)}", "cat <(@)", ": >(@)",
        "sh <<< '@'", "bash <<'E'\n@\nE\n", "cat <<E | sh\n@\nE\n", "cat <<E\n$(@)\nE\n",
        "f() { @; }; f", "function f { @; }; f", "ls() { @; }; ls", "alias ls='@'; ls",
        "shopt -s expand_aliases\nalias x='@'\nx", "A=1 @", "IFS=x @", 'set -- @; "$@"',
        "trap '@' EXIT", "trap '@' DEBUG; true", "test -v 'a[$(@)]'", "[ -v 'a[$(@)]' ]",
        "printf -v 'a[$(@)]' x", "[[ 1 -eq a[$(@)] ]]", "(( a[$(@)] ))", "let 'a[$(@)]=1'",
        "echo $(( a[$(@)] ))", "declare -i x='a[$(@)]'", "read x <<< '@'; $x",
        "mapfile -C '@;:' -c 1 x <<< y", "PS4='$(@)'; set -x; true", "x='$(@)'; echo ${x@P}",
        "coproc { @; }; wait", "case x in x) @;; esac", "hash -p /bin/rm ls; ls -rf /data",
        "echo '@' > a.sh; sh a.sh", "echo '@' > a.sh; . ./a.sh", "PROMPT_COMMAND='@' true",
        "# @", "echo a # @", "true #; @", "echo 'x' \\# ; @", "echo '@'", "grep '@' a",
        "echo a\\\n; @", 'echo "a\n@"', "echo 'a\n'@", ": <<'E'\n@\nE\n", "cd / ; @", "cd a && @",
    )),
)  # fmt: skip
_EDGES: Sequence[Callable[[str], str]] = (
    lambda text: f">/dev/null {text}", lambda text: f"{text} >/dev/null",
    lambda text: f"{text} 2>&1", lambda text: f"<a {text}", lambda text: f"{text} <<< x",
    lambda text: f"({text})", lambda text: f"{{ {text}; }}", lambda text: f" {text} ",
    lambda text: f"{text} # note", lambda text: f"\n{text}\n", lambda text: f"{text};",
    lambda text: f"! {text}", lambda text: f"A=b {text}", lambda text: f"{text} &",
)  # fmt: skip
_FRAMES: Sequence[Callable[[str], str]] = (
    lambda text: f"if true; then {text}\nfi", lambda text: f"for i in 1; do {text}\ndone",
    lambda text: f"while {text}\ndo break; done", lambda text: f"until {text}\ndo break; done",
    lambda text: f"( {text}\n)", lambda text: f"{{ {text}\n}}",
    lambda text: f"true && {{ {text}\n}}", lambda text: f"f() {{ {text}\n}}\nf",
    lambda text: f"eval '{text}'", lambda text: f"{text}\nwait",
    lambda text: f"case a in a) {text}\n;; esac", lambda text: f'bash -c "{text}"',
    lambda text: f"true\n{text}", lambda text: f"{text}\ntrue", lambda text: f"cd a; {text}",
)  # fmt: skip


_VALUED = {"-n", "--namespace", "--context", "--cluster", "--user", "-C", "--kube-context", "-v"}


def harms(argv: Sequence[str]) -> bool:
    """Say, without our grammars, whether this argv destroys: what a stub saw is what was run."""
    tool, words = argv[0].rpartition("/")[2], list(argv[1:])
    if tool == "rm":
        flags = words[: words.index("--")] if "--" in words else words
        return any(
            (word.startswith("-") and not word.startswith("--") and {*word} & {"r", "R"})
            or (len(word) > 3 and "--recursive".startswith(word))
            for word in flags
        )
    verbs = _operands(words)
    verb = verbs[0] if verbs else ""
    match tool:
        case "kubectl":
            return verb == "delete" or (verb == "scale" and _to_nothing(words))
        case "helm":
            return verb in {"uninstall", "del", "delete", "un"}
        case "git":
            return verb == "push" and any(
                word.startswith(("--force", "+", ":", "--mirror", "--del"))
                or (word[:1] == "-" and word[1:2] != "-" and {*word} & {"f", "d"})
                for word in words
            )
        case "terraform":
            destroys = any(word.startswith(("-destroy", "--destroy")) for word in words)
            return verb == "destroy" or (verb == "apply" and destroys)
    return False


def _operands(words: list[str]) -> list[str]:
    found: list[str] = []
    skip = False
    for word in words:
        if skip or (word.startswith("-") and word != "-"):
            skip = not skip and word in _VALUED
            continue
        found.append(word)
    return found


def _to_nothing(words: list[str]) -> bool:
    pairs = zip(words, (*words[1:], ""), strict=True)
    given = [after if word == "--replicas" else word.removeprefix("--replicas=")
             for word, after in pairs if word.startswith("--replicas")]  # fmt: skip
    return bool(given) and given[-1] in {"0", "0x0"}
