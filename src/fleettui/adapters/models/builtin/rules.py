"""The table of what the reviewer looks for in one added line, a line each."""
# ruff: noqa: E501 - one rule is one line

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["critical", "high", "medium", "low", "info"]
Role = Literal["security", "performance", "quality"]

PYTHON: Final = frozenset({"py", "pyi"})
SCRIPT: Final = frozenset({"js", "jsx", "ts", "tsx", "mjs", "cjs", "vue", "svelte"})
C: Final = frozenset({"c", "h", "cc", "cpp", "hpp", "cxx"})
GO, JAVA, PHP, RUBY = (
    frozenset(some) for some in ({"go"}, {"java", "kt", "scala"}, {"php"}, {"rb", "erb"})
)
SHELL: Final = frozenset({"sh", "bash", "zsh", "dockerfile", "makefile", "yml", "yaml"})
YAML: Final = frozenset({"yml", "yaml"})
ANY: Final[frozenset[str]] = frozenset()
PROSE: Final = frozenset({"md", "rst", "txt", "adoc", "svg", "csv", "lock", "snap", "po"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for.

    `kinds` are file kinds (empty: every code file), `roles` who cares, `ruff` the codes of ruff
    that say the same, `everywhere` also in prose, comments and tests at full severity.
    """

    name: str
    roles: tuple[Role, ...]
    severity: Severity
    kinds: frozenset[str]
    pattern: re.Pattern[str]
    message: str
    ruff: tuple[str, ...] = ()
    everywhere: bool = False


def _rule(
    name: str,
    roles: str,
    severity: Severity,
    kinds: frozenset[str],
    pattern: str,
    message: str,
    ruff: str = "",
    everywhere: bool = False,
) -> Rule:
    names: dict[str, Role] = {"s": "security", "p": "performance", "q": "quality"}
    return Rule(
        name,
        tuple(names[role] for role in roles),
        severity,
        kinds,
        re.compile(pattern),
        message,
        tuple(ruff.split()),
        everywhere,
    )


_SQL: Final = r"(?i:select\s+(?:distinct\s+|top\s+\d+\s+)?[\w.*(){}$\"`]+(?:\s+as\s+\w+)?(?:\s*,\s*[\w.*(){}$\"`\s]+)*\s+from|insert\s+into|update\s+\S+\s+set|delete\s+from)\s"
# A condition that ends where its value begins.
_WHERE: Final = r"(?i:\b(?:where|and|or)\s+[\w.]+\s*(?:=|<|>|like|in)\s*\(?'?%?)"
_ASKED: Final = r"(?:request|req|r)\.(?:args|form|GET|POST|values|files|params|query|body|URL|FormValue|getParameter|input|json)"

# fmt: off
RULES: Final = (
    # Secrets of known shapes, and merge markers: no reviewer lets them pass.
    _rule("secret-aws", "spq", "critical", ANY, r"\b(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}\b", "an AWS access key is in the code: revoke it, read it from the environment", "S105", True),
    _rule("secret-aws-secret", "spq", "critical", ANY, r"(?i:aws.{0,24}(?:secret|key).{0,12})[\"'=:\s][\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])", "an AWS secret key is in the code: revoke it, read it from the environment", "S105", True),
    _rule("secret-github", "spq", "critical", ANY, r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})", "a GitHub token is in the code: revoke it", "S105", True),
    _rule("secret-gitlab", "spq", "critical", ANY, r"\bglpat-[\w-]{20,}", "a GitLab token is in the code: revoke it", "S105", True),
    _rule("secret-slack", "spq", "critical", ANY, r"\bxox[abeoprs]-[\w-]{10,}|hooks\.slack\.com/services/T\w+/B\w+/\w+", "a Slack token or webhook is in the code: revoke it", "S105", True),
    _rule("secret-stripe", "spq", "critical", ANY, r"\b[sr]k_live_[0-9a-zA-Z]{16,}", "a live Stripe key is in the code: revoke it", "S105", True),
    _rule("secret-google", "spq", "critical", ANY, r"\bAIza[\w-]{35}(?![\w-])|\bya29\.[\w-]{30,}", "a Google key is in the code: revoke it", "S105", True),
    _rule("secret-llm", "spq", "critical", ANY, r"\bsk-(?:ant-|proj-|or-)?(?=[\w-]*\d)(?=[\w-]*[A-Z])[A-Za-z0-9][\w-]{28,}", "a model provider's key is in the code: revoke it", "S105", True),
    _rule("secret-package", "spq", "critical", ANY, r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgE[\w-]{40,}|\bhf_[A-Za-z0-9]{30,}|\bdop_v1_[0-9a-f]{60,}|\bSG\.[\w-]{16,}\.[\w-]{16,}", "a registry's or service's token is in the code: revoke it", "S105", True),
    _rule("secret-private-key", "spq", "critical", ANY, r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----", "a private key is in the code: replace it, keep the new one out of the repository", "", True),
    _rule("secret-jwt", "s", "high", ANY, r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}", "a signed token (JWT) is in the code", "S105", True),
    _rule("merge-marker", "spq", "critical", ANY, r"^(?:<{7} \S|>{7} \S|\|{7} \S|<{7}$|>{7}$)", "a merge conflict was left in the file", "", True),
    # Injection.
    _rule("shell-true", "sq", "high", PYTHON, r"\bshell\s*=\s*True\b", "a shell runs this: pass a list of arguments instead", "S602 S604 S605 S607"),
    _rule("shell-system", "sq", "high", PYTHON, r"\bos\.(?:system|popen)\((?!\s*[\"'][^\"'{%]*[\"']\s*\))", "a shell runs a command made from variables: use subprocess with a list", "S605 S606 S607"),
    _rule("shell-exec-js", "sq", "high", SCRIPT, r"(?<![.\w])(?:child_process\.|cp\.)?exec(?:Sync)?\(\s*(?:`[^`]*\$\{|[\"'][^\"']*[\"']\s*\+)", "a shell runs a command made from variables: use execFile with a list"),
    _rule("shell-exec-go", "sq", "high", GO, r"exec\.Command(?:Context)?\(.{0,40}\"(?:ba)?sh\",\s*\"-c\",\s*(?!\"[^\"]*\"\))", "a shell runs a command made from variables: pass the arguments apart"),
    _rule("shell-exec-java", "sq", "high", JAVA, r"getRuntime\(\)\.exec\([^)]*\+", "a command is made by joining text: use ProcessBuilder with a list"),
    _rule("shell-exec-php", "sq", "high", PHP, r"\b(?:shell_exec|passthru|system|popen|proc_open|exec)\([^)]*\$", "a shell runs a command made from variables: use escapeshellarg or no shell"),
    _rule("shell-exec-ruby", "sq", "high", RUBY, r"(?:\bsystem\(|%x[({]|\bexec\(|`)[^)`]*#\{", "a shell runs a command made from variables: pass the arguments apart"),
    _rule("shell-eval", "s", "high", SHELL, r"^\s*(?:-?\s*run:\s*)?eval\s+[\"']?\$", "eval runs what a variable holds"),
    _rule("shell-pipe", "s", "medium", SHELL, r"\b(?:curl|wget)\b[^|]*\|\s*(?:sudo\s+)?(?:ba|z)?sh\b", "a script from the network is run unseen: download, check its hash, then run"),
    _rule("ci-injection", "s", "high", YAML, r"\$\{\{\s*github\.(?:head_ref|event\.(?:issue|pull_request|comment|review|head_commit)\.(?:title|body|message|head\.ref))", "text that anybody can write gets into a script: pass it through env"),
    _rule("sql-fstring", "sq", "high", PYTHON, r"\b[rR]?[fF][rR]?[\"']{1,3}[^\"']{0,200}?" + _SQL + r"[^\n]*\{|" + _WHERE + r"\{[A-Za-z_]", "SQL is made by formatting: pass the values as parameters", "S608"),
    _rule("sql-template", "sq", "high", SCRIPT, r"`[^`]*" + _SQL + r"[^`]*\$\{|" + _WHERE + r"\$\{", "SQL is made by formatting: pass the values as parameters"),
    _rule("sql-format", "sq", "high", ANY, r"[\"']\s*" + _SQL + r"[^\n]*(?:[\"']\s*(?:\+\s*[A-Za-z_$(]|%\s*[\w(]|\.format\(|\.\s*\$)|#\{)|" + _WHERE + r"[\"']\s*[+.%]\s*[\w$(]", "SQL is made by joining text: pass the values as parameters", "S608"),
    _rule("sql-sprintf", "sq", "high", ANY, r"(?i:sprintf|String\.format|format!)\(\s*[\"'`]\s*" + _SQL + r"[^\n]*(?:%[sdvq]|\{\})", "SQL is made by formatting: pass the values as parameters"),
    _rule("sql-php", "sq", "high", PHP, r"\"\s*" + _SQL + r"[^\"\n]*\$\w", "SQL is made with variables inside: use prepared statements"),
    _rule("eval", "sq", "high", PYTHON | SCRIPT | PHP | RUBY, r"(?<![.\w])eval\((?!\s*\))|\bnew Function\(", "eval runs any code it is given", "S307"),
    _rule("deserialize", "s", "high", PYTHON | PHP | RUBY, r"\b(?:pickle|cPickle|dill|shelve|marshal)\.loads?\(|\bunserialize\(|\bMarshal\.load\(|\byaml\.unsafe_load\(", "loading this can run code: use JSON or a checked format", "S301 S302 S403"),
    _rule("deserialize-java", "s", "medium", JAVA, r"new ObjectInputStream\(", "deserialising objects can run code: use JSON or a filter"),
    _rule("yaml-load", "s", "high", PYTHON, r"\byaml\.load\((?!.*(?:Safe|CSafe)Loader)", "yaml.load can make any object: use yaml.safe_load", "S506"),
    _rule("path-traversal", "s", "high", ANY, r"(?:\bopen|readFile(?:Sync)?|sendFile|send_file|createReadStream|path\.(?:join|resolve)|os\.path\.join|filepath\.Join|new File|file_get_contents|include|os\.Open)\s*\([^)]*(?:" + _ASKED + r"|\$_(?:GET|POST|REQUEST))", "a path comes from the request: check that it stays in its folder"),
    _rule("ssrf", "s", "high", ANY, r"\b(?:requests|httpx|axios|http|urllib\.request|fetch|got)(?:\.\w+)?\(\s*(?:" + _ASKED + r")", "an address comes from the request: allow only known hosts"),
    _rule("open-redirect", "s", "medium", ANY, r"\bredirect\(\s*" + _ASKED, "a redirect goes where the request says: allow only known targets"),
    _rule("xss-html", "s", "medium", SCRIPT, r"\.(?:inner|outer)HTML\s*\+?=(?!=)(?!\s*[\"'`][^$+]*[\"'`]\s*;?\s*$)|dangerouslySetInnerHTML|\bdocument\.write\(|\bv-html=", "text becomes HTML unescaped: use textContent, or sanitise it"),
    _rule("xss-safe", "s", "medium", PYTHON | RUBY | frozenset({"html", "j2", "jinja"}), r"\bmark_safe\((?![\"'])|\|\s*safe\b|\.html_safe\b|autoescape\s*=\s*False|\{%\s*autoescape (?:off|false)", "text becomes HTML unescaped", "S308 S701"),
    # Transport, hashes, settings.
    _rule("tls-off", "s", "high", ANY, r"\bverify\s*=\s*False\b|rejectUnauthorized[\"']?\s*:\s*false|InsecureSkipVerify:\s*true|NODE_TLS_REJECT_UNAUTHORIZED|CURLOPT_SSL_VERIFY(?:PEER|HOST)\s*,\s*(?:false|0)|_create_unverified_context|\bCERT_NONE\b|ALLOW_ALL_HOSTNAME|NoopHostnameVerifier|VERIFY_NONE|strict-ssl\s*[= ]\s*false|http\.sslVerify\s*[= ]\s*false", "TLS certificates are not checked", "S501 S323"),
    _rule("tls-curl", "s", "medium", SHELL, r"\bcurl\b.*\s(?:-[a-zA-Z]*k[a-zA-Z]*|--insecure)\b|\bwget\b.*--no-check-certificate", "TLS certificates are not checked"),
    _rule("weak-hash", "s", "medium", ANY, r"\bhashlib\.(?:md5|sha1)\((?!.*usedforsecurity\s*=\s*False)|createHash\(\s*[\"'](?:md5|sha1)|getInstance\(\s*\"(?:MD5|SHA-?1)\"|\b(?:md5|sha1)\.(?:New|Sum)\(|Digest::(?:MD5|SHA1)\b", "a weak hash: use SHA-256, for passwords argon2 or bcrypt", "S324"),
    _rule("weak-cipher", "s", "high", ANY, r"AES/ECB|\bMODE_ECB\b|\baes-\d+-ecb\b|getInstance\(\s*\"(?:DES|RC4|DESede)|\b(?:DES|ARC4)\.new\(|\bdes\.NewCipher\(", "a weak cipher or mode: use AES-GCM", "S304 S305"),
    _rule("weak-random", "s", "medium", ANY, r"(?i:token|secret|passw|nonce|salt|otp|session|csrf)\w*[\"']?\s*[:=].{0,60}(?:Math\.random\(|\brandom\.(?:random|randint|choice|choices|getrandbits)\(|\brand\.Int|new Random\()", "a secret from a guessable generator: use the system's secure one", "S311"),
    _rule("jwt-unchecked", "s", "high", ANY, r"(?i:algorithms?[\"']?\s*[:=]\s*\[?\s*[\"']none[\"'])|verify_signature[\"']?\s*:\s*False|\bjwt\.decode\([^)]*verify\s*=\s*False", "the token's signature is not checked"),
    _rule("cors-any", "s", "medium", ANY, r"Access-Control-Allow-Origin[\"']?\s*[,:=]\s*[\"']?\*|allow_origins\s*=\s*\[\s*[\"']\*|CORS_(?:ORIGIN_ALLOW_ALL|ALLOW_ALL_ORIGINS)\s*=\s*True", "any site may call this: name the allowed origins"),
    _rule("debug-on", "s", "medium", PYTHON, r"^DEBUG\s*=\s*True\b|\.run\([^)]*debug\s*=\s*True", "debug mode shows internals to everybody", "S201"),
    _rule("permissions", "s", "medium", ANY, r"\bchmod\b[^#\n]{0,40}\b0?o?0?777\b", "everybody may write this file", "S103"),
    _rule("unpack", "s", "medium", PYTHON, r"\.extractall\((?!.*filter\s*=)", "an archive can write outside its folder: pass filter='data'", "S202"),
    _rule("privileged", "s", "medium", YAML, r"^\s*-?\s*(?:privileged|hostNetwork|hostPID|allowPrivilegeEscalation):\s*true\b", "the container gets rights over its host"),
    _rule("yaml-anybody", "s", "high", YAML, r"^\s*(?:-\s*)?(?:cidr_blocks|CidrIp|source_ranges):\s*\[?\s*[\"']?0\.0\.0\.0/0", "open to the whole internet"),
    _rule("xxe", "s", "high", ANY, r"resolve_entities\s*=\s*True|LIBXML_NOENT|\bnoent\s*:\s*true", "XML may read files through entities"),
    _rule("c-unbounded", "sq", "high", C, r"(?<![\w.>])(?:gets|strcpy|strcat|sprintf|vsprintf)\s*\(", "writes past the end of its buffer when the input is long: use the n variant"),
    _rule("c-format", "s", "high", C, r"(?<![\w.>])printf\s*\(\s*[A-Za-z_]\w*\s*\)", 'the input becomes the format: use printf("%s", ...)'),
    # Performance, by a single line.
    _rule("query-each", "p", "high", PYTHON, r"[\[({].*\b(?:session|db|conn|cursor|cur|\w+\.objects)\.(?:execute|query|get|filter|fetchone)\([^)]*\).*\bfor\b.+\bin\b", "one query for each item (N+1): fetch them in one query"),
    _rule("read-all", "p", "low", PYTHON, r"\.readlines\(\)|\bopen\([^)]*\)\.read\(\)", "reads the whole file into memory"),
    _rule("read-all-go", "p", "low", GO, r"\b(?:io|ioutil)\.ReadAll\(", "reads everything into memory: limit or stream it"),
    _rule("read-sync", "p", "low", SCRIPT, r"\bfs\.(?:read|write|append|exists|stat|readdir)\w*Sync\(", "blocks the whole process while it waits for the disk"),
    _rule("select-all", "p", "low", ANY, r"(?i:select\s+\*\s+from\s+[\w.\"`]+\s*)(?:[\"'`;]|$)", "reads every column and row: name the columns and set a limit"),
    _rule("row-by-row", "p", "medium", PYTHON, r"\.(?:iterrows|itertuples)\(\)|\.apply\(.*axis\s*=\s*1", "goes row by row through a data frame: use column operations", "PD"),
    _rule("like-prefix", "p", "low", ANY, r"(?i:\slike\s+)[\"']%", "a pattern that begins with % can't use an index"),
    _rule("json-copy", "p", "low", SCRIPT, r"JSON\.parse\(\s*JSON\.stringify\(", "copies through text: use structuredClone"),
    _rule("spread-reduce", "p", "medium", SCRIPT, r"\.reduce\(\s*\(\s*(\w+)[^)]*\)\s*=>\s*\(?[\[{]\s*\.\.\.\1", "copies the whole result for each item: quadratic"),
    _rule("pluck-in", "p", "low", PYTHON, r"^(?!.*\bfor\b).*\bin\s+list\(|\bin\s+\w+\.keys\(\)\s*\]|\bnot?\s+in\s+\[\s*\w+(?:\.\w+)*\s+for\b", "searches a list made anew each time: make a set once"),
    # Quality.
    _rule("todo", "q", "info", ANY, r"(?:#|//|/\*|--|<!--|^\s*\*).*\b(?:TODO|FIXME|XXX|HACK)\b", "work was left for later", "", True),
    _rule("debugger", "q", "medium", ANY, r"^\s*(?:debugger;?\s*$|breakpoint\(\)|import\s+i?pdb\b|i?pdb\.set_trace\(|binding\.(?:pry|irb)\b|byebug\b)|\bvar_dump\(|\bdbg!\(", "a debugger or its output was left in", "T100"),
    _rule("debug-print", "q", "low", SCRIPT | JAVA, r"^\s*(?:console\.(?:log|debug|trace|dir)\(|System\.(?:out|err)\.print(?:ln|f)?\(|\w+\.printStackTrace\(\))", "a debug print: use the log, or remove it"),
    _rule("debug-print-py", "q", "low", PYTHON, r"^\s*print\(\s*(?:[\"'](?:here|debug|test|xxx|foo|>+|-+|=+|\*+)\b|f?[\"']\w*\s*[:=]*\s*\{?\w*=\}?[\"']|type\(|dir\(|locals\()", "a debug print: remove it"),
    _rule("only-test", "q", "high", SCRIPT, r"^\s*(?:it|test|describe|context)\.only\(|^\s*f(?:it|describe)\(", "only this test runs: the others are switched off", "", True),
    _rule("skipped-test", "q", "low", ANY, r"^\s*(?:x(?:it|describe)\(|(?:it|test|describe)\.skip\(|@(?:unittest|pytest\.mark)\.skip\b|@(?:Ignore|Disabled)\b|t\.Skip\()", "a test was switched off", "", True),
    _rule("bare-except", "q", "medium", PYTHON, r"^\s*except\s*:", "catches everything, also Ctrl-C: name the exceptions", "E722 S110 S112"),
    _rule("broad-except", "q", "low", PYTHON, r"^\s*except\s+\(?\s*(?:Base)?Exception\b", "catches every error: name the ones you can treat", "BLE001"),
    _rule("empty-catch", "q", "medium", SCRIPT | JAVA | PHP | C, r"\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}", "an error is thrown away: treat it, or say why not"),
    _rule("broad-catch", "q", "low", JAVA, r"\bcatch\s*\(\s*(?:final\s+)?(?:Exception|Throwable)\s+\w+\s*\)", "catches every error: name the ones you can treat"),
    _rule("ignored-error", "q", "medium", GO, r"^\s*_\s*(?:,\s*_\s*)?=\s*\w+(?:\.\w+)*\(|\b\w+,\s*_\s*:?=\s*(?:os|io|json|http|sql|strconv|db)\.\w+\(", "an error is thrown away: check it"),
    _rule("unwrap", "q", "low", frozenset({"rs"}), r"\.unwrap\(\)|\.expect\(\"\"\)", "panics on an error: return it"),
    _rule("loose-equal", "q", "low", SCRIPT, r"[^=!<>]==(?!=)\s*(?!null\b)[\w\"'`]|!=(?!=)\s*(?!null\b)[\w\"'`]", "compares loosely: use === and !=="),
    _rule("type-silenced", "q", "low", SCRIPT, r"@ts-(?:ignore|nocheck)\b|:\s*any\b(?=\s*[,;)=])|\bas any\b", "the type check is switched off here", "", True),
    _rule("string-compare", "q", "high", JAVA, r"\bif\s*\(.*\w\s*(?:==|!=)\s*\"", "compares texts by identity: use equals"),
    _rule("mutable-default", "q", "medium", PYTHON, r"^\s*(?:async\s+)?def\s+\w+\(.*=\s*(?:\[\]|\{\}|set\(\)|list\(\)|dict\(\))\s*[,)]", "the default is shared between calls: use None", "B006 B008"),
    _rule("star-import", "q", "low", PYTHON, r"^from\s+[\w.]+\s+import\s+\*", "nobody can see where names come from", "F403"),
)
# fmt: on
