"""http_request: only where the file says, never inside, whatever the address looks like."""

from __future__ import annotations

import asyncio
import base64
import gzip
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiohttp import web

from fleettui.adapters.tools.addresses import why_not
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.errors import OutcomeUnknown, ToolFailed
from fleettui.core.model import Facts, ToolCall, ToolResult, Workplace
from fleettui.core.policy.judge import judge
from fleettui.core.policy.rules import policy_rules
from fleettui.core.spec.hosts import UnreadableHost, canonical_host, read_allowed

SECRET = "s3cret-Value-of-the-token"
EVERYWHERE = [
    "*.example.org", "example.org", "metadata.google.internal", "localhost", "127.0.0.1", "0.0.0.0",
    "169.254.169.254", "10.0.0.1", "[::1]", "[::ffff:7f00:1]", "[fe80::1]", "[fd00:ec2::254]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::]", "100.64.0.1", "100.100.100.200", "224.0.0.1",
    "192.168.1.1", "172.16.0.1", "168.63.129.16", "255.255.255.255", "rebind.example.net",
]  # fmt: skip


class Names:
    """A resolver of the test: for each name what it answers, one after the other."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self.answers = {name.replace("_", "."): list(found) for name, found in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        found = self.answers.get(host)
        if not found:
            raise OSError("no such host")
        return [found.pop(0) if len(found) > 1 else found[0]]


def box(**answers: Sequence[str]) -> LocalToolbox:
    names = Names(**answers)
    made = LocalToolbox({"PATH": "/usr/bin"}, b"k" * 32, look_up=names)
    made.names = names  # type: ignore[attr-defined]
    return made


def place(hosts: Sequence[Any], **environment: str) -> Workplace:
    config = {"http_request": {"allowed_hosts": list(hosts)}}
    return Workplace("default", "f", "a", "/", tool_config=config, environment=environment)


async def freeze(toolbox: LocalToolbox, where: Workplace, **given: Any) -> Facts:
    return await toolbox.freeze(ToolCall("1", "http_request", {"method": "GET", **given}), where)


async def ask(toolbox: LocalToolbox, where: Workplace, **given: Any) -> ToolResult:
    return await toolbox.perform(await freeze(toolbox, where, **given), where)


TARGETS = [
    "http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://127.0.0.1/", "http://0/",
    "http://0.0.0.0/", "http://127.1/", "http://2130706433/", "http://017700000001/",
    "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.0.0.1./",
    "http://[::1]/", "http://[::]/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/",
    "http://[fd00:ec2::254]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/", "http://100.64.0.1/",
    "http://100.100.100.200/", "http://224.0.0.1/", "http://255.255.255.255/",
    "http://168.63.129.16/", "http://\uff11\uff12\uff17.0.0.1/", "http://127\u30020\u30020\u30021/",
    "http://example.org@127.0.0.1/", "http://127.0.0.1#@example.org/",
    "http://example.org:80@10.0.0.1/", "http://127.0.0.1\\@example.org/", "http://%31%32%37.0.0.1/",
    "file:///etc/passwd", "gopher://example.org/_x", "ftp://example.org/", "dict://127.0.0.1:11211/",
    "jar:http://example.org!/", "http:///etc/passwd", "http://", "//example.org/",
    "http://example.org\r\nHost: x/", "http://example.org:0/", "http://example.org:99999/",
    "http://exa mple.org/", "http://::1/", "http://example.org:80:80/", "http://x\uff20example.org/",
]  # fmt: skip


@pytest.mark.parametrize("url", TARGETS)
async def test_no_target_inside_is_reached_even_where_it_is_listed(url: str) -> None:
    toolbox = box()
    with pytest.raises(ToolFailed) as refusal:
        await freeze(toolbox, place(EVERYWHERE), url=url)
    assert refusal.value.mend
    assert toolbox.names.asked == []


NAMES = {
    "metadata.google.internal": "169.254.169.254",
    "localhost": "127.0.0.1",
    "a.example.org": "10.1.2.3",
    "b.example.org": "::1",
    "c.example.org": "::ffff:10.0.0.1",
    "d.example.org": "64:ff9b::a00:1",
    "e.example.org": "fe80::1%eth0",
    "f.example.org": "100.64.1.1",
    "g.example.org": "0.0.0.0",
}


@pytest.mark.parametrize("name", NAMES)
async def test_no_name_leads_inside(name: str) -> None:
    toolbox = box(**{name.replace(".", "_"): [NAMES[name]]})
    result = await ask(toolbox, place(EVERYWHERE), url=f"http://{name}/")
    assert not result.ok
    assert "not reached" in result.output
    assert toolbox.names.asked == [name]


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "100.63.255.255", "172.32.0.1"],
)
def test_public_addresses_are_reached(address: str) -> None:
    assert why_not(address) == ""


@pytest.mark.parametrize(
    ("entry", "host", "fits"),
    [
        ("*.example.org", "a.example.org", True),
        ("*.example.org", "a.b.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "evilexample.org", False),
        ("*.example.org", "example.org.evil.net", False),
        ("Example.ORG.", "example.org", True),
        ("b\u00fccher.example", "xn--bcher-kva.example", True),
        ("example.org:8443", "example.org", False),
        ("[::1]", "::1", True),
    ],
)
def test_entries_fit_whole_names(entry: str, host: str, fits: bool) -> None:
    assert read_allowed(entry).fits(canonical_host(host), 443) is fits


@pytest.mark.parametrize(
    "entry",
    [
        "*", "*.org", "*foo.example.org", "a.*.org", "https://example.org", "x@y", "",
        "*.127.0.0.1", "0x7f.1", {"host": "a.b", "port": 1},
        {"host": "*.example.org", "allow_private": True},
        {"host": "a.b", "methods": ["FETCH"]}, {"host": "a.b", "ports": [0]}, 5, {"ports": [1]},
        {"host": "a.b", "allow_private": "yes"}, {"host": "a.b", "secrets": "TOKEN"}, "a.b:x",
    ],
)  # fmt: skip
def test_an_entry_that_means_too_much_or_nothing_is_refused(entry: Any) -> None:
    with pytest.raises(UnreadableHost):
        read_allowed(entry)


async def test_a_host_that_is_not_listed_is_refused_with_the_mend() -> None:
    with pytest.raises(ToolFailed, match=r"evil\.net .* is not allowed") as refusal:
        await freeze(box(), place(["example.org"]), url="https://evil.net/")
    assert "allowed_hosts" in refusal.value.mend
    with pytest.raises(ToolFailed, match="port 8080"):
        await freeze(box(), place(["example.org"]), url="https://example.org:8080/")
    only = {"host": "example.org", "methods": ["GET"]}
    with pytest.raises(ToolFailed, match="POST is not allowed"):
        await freeze(box(), place([only]), url="https://example.org/", method="POST")


async def test_allowed_methods_hold_where_a_host_has_none_of_its_own() -> None:
    where = place(["example.org", {"host": "api.example.org", "methods": ["POST"]}])
    where.tool_config["http_request"]["allowed_methods"] = ["GET"]
    with pytest.raises(ToolFailed, match="only GET"):
        await freeze(box(), where, url="https://example.org/", method="PUT")
    assert await freeze(box(), where, url="https://api.example.org/", method="POST")


async def test_reading_is_allowed_writing_asks_and_a_secret_goes_only_where_the_file_says() -> None:
    where = place(["example.org", {"host": "api.example.org", "secrets": ["TOKEN"]}], TOKEN=SECRET)
    bearer = {"Authorization": "Bearer ${TOKEN}"}

    async def judged(rules: Any = None, **given: Any) -> str:
        facts = await freeze(box(), where, **given)
        return str(judge(facts, rules or policy_rules(), agent="a").decision)

    assert await judged(url="https://example.org/x") == "allow"
    assert await judged(url="https://example.org/x", method="POST", body="x") == "ask"
    assert await judged(url="https://api.example.org/x", headers=bearer) == "allow"
    assert await judged(url="https://example.org/x", headers=bearer) == "ask"
    rules = policy_rules(allow=["http_request POST https://example.org/x*"])
    assert await judged(rules, url="https://example.org/xy", method="POST") == "allow"
    assert await judged(rules, url="https://example.org/y", method="POST") == "ask"
    denied = policy_rules(deny=["http_request GET"])
    assert await judged(denied, url="https://example.org/") == "deny"
    with pytest.raises(ToolFailed, match="https only"):
        await freeze(box(), where, url="http://example.org/", headers=bearer)
    facts = await freeze(box(), where, url="https://example.org/x", headers=bearer)
    assert facts.env["TOKEN"].startswith("hmac:")
    assert SECRET not in repr(facts)
    assert facts.summary == "GET https://example.org/x"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Host": "x"}, "can't be set"),
        ({"Content-Length": "3"}, "can't be set"),
        ({"X": "a\r\nHost: y"}, "one line"),
        ({"X Y": "a"}, "can't be set"),
        ({"A": "1", "a": "2"}, "twice"),
        ({"A": "${NOPE}"}, "not set for this agent"),
        ({"A": 3}, "one line"),
    ],
)
async def test_headers_that_frame_or_smuggle_are_refused(headers: Any, words: str) -> None:
    with pytest.raises(ToolFailed, match=words):
        await freeze(box(), place(["example.org"]), url="https://example.org/", headers=headers)


# --- against a real server on loopback ---------------------------------------------------------


class Site:
    """A server of the test that remembers what it was asked."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.port = 0
        self.hang = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        page = request.path.strip("/")
        if page.startswith("to"):
            status = int(page[2:] or 302)
            return web.Response(status=status, headers={"Location": request.query["url"]})
        if page == "hang":
            await self.hang.wait()
        pages: dict[str, Any] = {
            "echo": lambda: {"text": str(dict(request.headers))},
            "basic": lambda: {"text": base64.b64encode(SECRET.encode()).decode()},
            "bomb": lambda: {
                "body": gzip.compress(b"0" * 50_000_000),
                "headers": {"Content-Encoding": "gzip"},
            },
            "raw": lambda: {
                "body": zlib.compress(b"deflated"),
                "headers": {"Content-Encoding": "deflate"},
            },
            "brotli": lambda: {"body": b"\x0b\x02\x80", "headers": {"Content-Encoding": "br"}},
            "big": lambda: {"body": b"x" * 6_000_000},
            "binary": lambda: {"body": b"\0\1\2"},
            "latin": lambda: {
                "body": b"caf\xe9",
                "headers": {"Content-Type": "text/plain; charset=latin-1"},
            },
            "hostile": lambda: {"text": "a\x1b]0;t\x07b\u202ec"},
            "cookie": lambda: {"text": "c", "headers": {"Set-Cookie": "a=b"}},
            "missing": lambda: {"status": 404, "text": "no such page"},
        }
        return web.Response(**pages.get(page, lambda: {"text": f"{request.method} {page}"})())


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    app = web.Application()
    app.router.add_route("*", "/{page:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    made.port = runner.addresses[0][1]
    yield made
    made.hang.set()
    await runner.cleanup()


def here(site: Site, host: str = "127.0.0.1", **more: Any) -> dict[str, Any]:
    return {"host": host, "ports": [site.port], "allow_private": True, **more}


async def test_an_address_that_the_file_names_is_reached(site: Site) -> None:
    where = place([here(site), here(site, "intranet.test")])
    toolbox = box(intranet_test=["127.0.0.1"])
    result = await ask(toolbox, where, url=f"http://127.0.0.1:{site.port}/x?a=b%20c")
    assert (result.ok, result.output.splitlines()[0]) == (True, "HTTP 200 OK")
    assert result.output.endswith("GET x")
    assert site.seen[0].raw_path == "/x?a=b%20c"
    named = await ask(toolbox, where, url=f"http://intranet.test:{site.port}/y")
    assert named.output.endswith("GET y")
    assert site.seen[1].headers["Host"] == f"intranet.test:{site.port}"
    post = {"method": "POST", "body": "{}", "headers": {"Content-Type": "application/json"}}
    assert (await ask(toolbox, where, url=f"http://127.0.0.1:{site.port}/p", **post)).ok
    missing = await ask(toolbox, where, url=f"http://127.0.0.1:{site.port}/missing")
    assert (missing.ok, "no such page" in missing.output) == (False, True)


async def test_a_name_is_looked_up_once_and_rebinding_leads_nowhere(site: Site) -> None:
    where = place([{"host": "rebind.example.net", "ports": [site.port]}])
    first_inside = box(rebind_example_net=["127.0.0.1", "93.184.216.34"])
    url = f"http://rebind.example.net:{site.port}/"
    result = await ask(first_inside, where, url=url)
    assert "leads to 127.0.0.1, which is loopback" in result.output
    assert first_inside.names.asked == ["rebind.example.net"]
    # The second answer would be this server: what was checked is what is connected to.
    then_inside = box(rebind_example_net=["192.0.2.1", "127.0.0.1"])
    await ask(then_inside, where, url=url)
    assert then_inside.names.asked == ["rebind.example.net"]
    assert site.seen == []


async def test_every_hop_of_a_redirect_is_checked(site: Site) -> None:
    where = place([here(site), "metadata.google.internal", {"host": "localhost", "ports": [1]}])
    toolbox = box(metadata_google_internal=["169.254.169.254"])
    start = f"http://127.0.0.1:{site.port}/to?url="
    for target, words in [
        ("http://169.254.169.254/latest", "not allowed"),
        ("http://metadata.google.internal/", "not reached"),
        ("http://evil.net/", "not allowed"),
        ("file:///etc/passwd", "scheme file"),
        ("http://2130706433/", "disguise"),
        ("//evil.net/", "not allowed"),
    ]:
        result = await ask(toolbox, where, url=start + target)
        assert (result.ok, words in result.output) == (False, True), (target, result.output)
    assert len(site.seen) == 6
    moved = await ask(toolbox, where, url=start + "/end")
    assert moved.output.startswith("302 moved to /end\nHTTP 200")
    again = await ask(toolbox, where, url=f"{start}/to?url=/to?url=")
    assert "moved more than 5 times" in again.output


async def test_credentials_stay_with_their_origin(site: Site) -> None:
    where = place([here(site), here(site, "other.test")], TOKEN=SECRET)
    toolbox = box(other_test=["127.0.0.1"])
    url = f"http://127.0.0.1:{site.port}/to?url=http://other.test:{site.port}/echo"
    headers = {
        "Authorization": "Bearer ${TOKEN}", "Cookie": "a=b", "X-Key": "k", "Accept": "text/plain",
    }  # fmt: skip
    result = await ask(toolbox, where, url=url, headers=headers)
    assert result.ok
    assert site.seen[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert {"Authorization", "Cookie", "X-Key"} & set(site.seen[1].headers) == set()
    assert site.seen[1].headers["Accept"] == "text/plain"
    posted = await ask(toolbox, where, method="POST", body="x", url=url.replace("/to?", "/to307?"))
    assert "moved to another host" in posted.output
    assert len(site.seen) == 3


async def test_an_echoed_secret_is_taken_out(site: Site) -> None:
    where = place([here(site)], TOKEN=SECRET)
    given = {"headers": {"Authorization": "Bearer ${TOKEN}"}}
    for page in ("echo", "basic"):
        result = await ask(box(), where, url=f"http://127.0.0.1:{site.port}/{page}", **given)
        assert "[TOKEN]" in result.output
        assert SECRET not in result.output
    assert site.seen[0].headers["Authorization"] == f"Bearer {SECRET}"


async def test_what_comes_back_is_bounded_and_harmless(site: Site) -> None:
    where = place([here(site)])

    async def page(name: str) -> ToolResult:
        return await ask(box(), where, url=f"http://127.0.0.1:{site.port}/{name}")

    bomb, big = await page("bomb"), await page("big")
    assert "unpacks to more than 4,000,000 bytes" in bomb.output
    assert "more than 4,000,000 bytes" in big.output
    assert len(bomb.output) + len(big.output) < 201_000
    assert (await page("raw")).output.endswith("deflated")
    assert "packed as br" in (await page("brotli")).output
    assert "[binary, 3 bytes, sha256 " in (await page("binary")).output
    assert (await page("latin")).output.endswith("caf\u00e9")
    assert (await page("hostile")).output.endswith("a\\x1b]0;t\\x07b\\u{202e}c")
    await page("cookie")
    await page("x")
    assert "Cookie" not in site.seen[-1].headers


async def test_no_proxy_of_the_environment_is_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert (await ask(box(), place([here(site)]), url=f"http://127.0.0.1:{site.port}/x")).ok


async def test_what_was_sent_and_not_answered_is_unknown_unless_it_only_read(site: Site) -> None:
    where = place([here(site), {"host": "127.0.0.1", "ports": [1], "allow_private": True}])
    url = f"http://127.0.0.1:{site.port}/hang"
    reading = await ask(box(), where, url=url, timeout=1)
    assert "no answer within 1 s" in reading.output
    with pytest.raises(OutcomeUnknown, match="sent and not answered"):
        await ask(box(), where, url=url, method="POST", body="x", timeout=1)
    nobody = await ask(box(), where, url="http://127.0.0.1:1/", method="POST", body="x")
    assert (nobody.ok, "failed" in nobody.output) == (False, True)


async def test_a_changed_secret_is_not_what_was_approved(site: Site) -> None:
    given = {"url": f"http://127.0.0.1:{site.port}/", "headers": {"X": "${TOKEN}"}}
    facts = await freeze(box(), place([here(site)], TOKEN=SECRET), **given)
    other = place([here(site)], TOKEN="another-Value-1")
    assert (await freeze(box(), other, **given)) != facts
    assert "environment changed" in (await box().perform(facts, other)).output
    assert site.seen == []
