"""The grammars of curl, wget and rsync: what they send, and what they delete."""

from __future__ import annotations

import re
from typing import Final

from fleettui.core.policy.grammar import Grammar, grammar, verb
from fleettui.core.policy.parsed import Parsed

_CURL: Final = verb(
    "rn",
    "-X|--request= -d|--data= --data-raw= --data-binary= --data-urlencode= --data-ascii= --json="
    " -F|--form= --form-string= -T|--upload-file= -H|--header= -o|--output= -O|--remote-name"
    " -u|--user= -b|--cookie= -c|--cookie-jar= -A|--user-agent= -e|--referer= -x|--proxy="
    " -m|--max-time= --connect-timeout= --retry= -w|--write-out= --cacert= -E|--cert= --key="
    " -L|--location -s|--silent -S|--show-error -f|--fail -k|--insecure -v|--verbose -i|--include"
    " -I|--head -G|--get -g|--globoff -N|--no-buffer --compressed -D|--dump-header="
    " --url= -r|--range="
    " --resolve= -4|--ipv4 -6|--ipv6 -R|--remote-time -J|--remote-header-name --output-dir="
    " !-K|--config= !-Q|--quote= !--proxy-header= --unix-socket= --oauth2-bearer= -C|--continue-at="
    " !--engine= -n|--netrc --netrc-file= -Z|--parallel",
)
_WGET: Final = verb(
    "wn",
    "--method= --body-data= --body-file= --post-data= --post-file= -O|--output-document= -q|--quiet"
    " -P|--directory-prefix= -r|--recursive -c|--continue -T|--timeout= -t|--tries= --header="
    " !--use-askpass= !-e|--execute= !--config= -i|--input-file= ^--delete-after --user="
    " --password=",
)
_RSYNC: Final = verb(
    "wn",
    "!-e|--rsh= !--rsync-path= -a|--archive -v|--verbose -z|--compress -r|--recursive -n|--dry-run"
    " --exclude= --include= --exclude-from= --files-from= ^--delete ^--del ^--delete-before"
    " ^--delete-during ^--delete-delay ^--delete-after ^--delete-excluded ^--remove-source-files"
    " ^--delete-missing-args ^--force --max-delete= --progress -P -h -i -u|--update",
)
_DATA: Final = (
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-urlencode",
    "--data-ascii",
    "--json",
    "--form",
    "--form-string",
    "--upload-file",
    "--body-data",
    "--body-file",
    "--post-data",
    "--post-file",
)
_READS: Final = frozenset({"", "GET", "HEAD", "OPTIONS"})
_ACTS: Final = re.compile(
    r"(?i)^(file|dict|gopher|smtp|telnet|ldap|ftp)s?:|/(shutdown|restart|delete|destroy)\b"
)


def _inspect(parsed: Parsed) -> Parsed:
    method = parsed.value("--request", "--method").upper()
    if method not in _READS:
        return parsed.marked(risks="wd")
    if any(parsed.flag(name) for name in _DATA) and not parsed.has("--get"):
        parsed = parsed.marked(risks="wd")
    if parsed.flag("--output", "--remote-name", "--cookie-jar", "--dump-header"):
        parsed = parsed.marked(risks="w")
    if parsed.flag("--user", "--cookie", "--cert", "--key", "--oauth2-bearer", "--netrc"):
        parsed = parsed.marked(risks="s")
    if any(_ACTS.search(word) for word in (*parsed.operands, *parsed.all("--url"))):
        parsed = parsed.marked(risks="wd")
    return parsed


TRANSFER: Final[dict[str, Grammar]] = {
    "curl": grammar("curl", {"": _CURL}, inspect=_inspect),
    "wget": grammar("wget", {"": _WGET}, inspect=_inspect),
    "rsync": grammar("rsync", {"": _RSYNC}, inspect=None),
}
