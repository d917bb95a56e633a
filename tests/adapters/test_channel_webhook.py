"""The webhook channel over real HTTP on loopback: what is taken, what is refused, and how."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleettui.adapters.channels import http
from fleettui.adapters.channels.webhook import NO_FLOW, WebhookChannel
from fleettui.core.channel import Delivery, Receipt, WebhookTrigger
from fleettui.core.errors import StoreFull

CORPUS = yaml.safe_load((Path(__file__).parent / "webhook_cases.yaml").read_text("utf-8"))
SECRET = CORPUS["whatsapp_app_secret"]
FLOW = WebhookTrigger("default", "deploy", "/deploy", SECRET)


class HeldClock:
    def __init__(self) -> None:
        self.at = float(CORPUS["now"])

    def now(self) -> float:
        return self.at


class Taker:
    """Takes deliveries as the intake does: the first of an id is queued, others are repetitions."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.answer: Callable[[Delivery], Receipt] = lambda _one: Receipt("queued", "1")

    async def __call__(self, delivery: Delivery) -> Receipt:
        if any(set(delivery.ids) & set(one.ids) for one in self.taken):
            return Receipt("repeated", "1")
        receipt = self.answer(delivery)
        self.taken.append(delivery)
        return receipt


@asynccontextmanager
async def served(
    *triggers: WebhookTrigger, taker: Taker | None = None
) -> AsyncIterator[tuple[WebhookChannel, Taker, int]]:
    """Give a channel that listens on a free port of loopback."""
    channel, taker = WebhookChannel(HeldClock()), taker or Taker()

    async def answer(request: Any) -> Any:
        return await channel.answer(request, taker)

    channel.use(triggers)
    async with http.listening("127.0.0.1", 0, answer) as port:
        yield channel, taker, port


async def exchange(port: int, raw: bytes) -> bytes:
    """Send bytes and give all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def request(
    path: str, headers: list[tuple[str, str]], body: bytes = b"{}", method: str = "POST"
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def post(port: int, path: str, headers: list[tuple[str, str]], body: bytes = b"{}") -> int:
    return status_of(await exchange(port, request(path, headers, body)))


def status_of(raw: bytes) -> int:
    return int(raw.split(b" ", 2)[1]) if raw else 0


def signed(body: bytes = b"{}", secret: str = SECRET) -> list[tuple[str, str]]:
    code = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return [("X-Hub-Signature-256", f"sha256={code}")]


@pytest.mark.parametrize(
    "case", [one for one in CORPUS["cases"] if one["platform"] == "generic"], ids=lambda c: c["id"]
)
async def test_the_generic_cases_of_the_corpus_are_answered_as_they_say(
    case: dict[str, Any],
) -> None:
    path = "/nowhere" if "unknown" in case["name"] else "/deploy"
    async with served(FLOW) as (_, taker, port):
        headers = list(case["headers"].items())
        assert await post(port, path, headers, case["body"].encode()) == case["expect_status"]
        assert [one.flow for one in taker.taken] == [NO_FLOW if path == "/nowhere" else "deploy"]


async def test_a_request_becomes_a_message_with_what_the_sender_calls_it() -> None:
    body = "déploie".encode()
    more = [("X-GitHub-Delivery", "d-1"), ("X-GitHub-Event", "push")]
    async with served(FLOW) as (_, taker, port):
        assert await post(port, "/deploy?token=x", [*signed(body), *more], body) == 200
        (one,) = taker.taken
        assert (one.platform, one.channel, one.text) == ("webhook", "/deploy", "déploie")
        assert (one.event, one.tenant, one.flow) == ("push", "default", "deploy")
        assert one.ids[1] == "delivery:deploy:d-1"


async def test_a_replay_is_taken_once_whatever_it_is_called_the_second_time() -> None:
    async with served(FLOW) as (_, taker, port):
        for name in ("d-1", "d-1", "d-2"):
            assert await post(port, "/deploy", [*signed(), ("X-GitHub-Delivery", name)]) == 200
        assert len(taker.taken) == 1
        # A sender that tries again signs another time, and keeps its name for the delivery.
        assert (
            await post(port, "/deploy", [*signed(b"{} "), ("X-GitHub-Delivery", "d-1")], b"{} ")
            == 200
        )
        assert len(taker.taken) == 1


@pytest.mark.parametrize(
    "headers",
    [
        [],
        signed(b"{ }"),
        signed(secret="other"),
        signed(secret=""),
        [*signed(), *signed()],
        [("X-Hub-Signature-256", signed()[0][1].upper())],
        [("X-Hub-Signature-256", signed()[0][1].removeprefix("sha256="))],
        [("X-Hub-Signature-256", "sha256=é")],
    ],
)
@pytest.mark.parametrize("path", ["/deploy", "/nowhere", "/tenants/acme/deploy", "/"])
async def test_a_bad_signature_is_refused_alike_on_every_path_and_leaves_nothing(
    path: str, headers: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with served(FLOW) as (channel, taker, port):
            raw = await exchange(port, request(path, headers))
            assert status_of(raw) == 401
            assert raw.partition(b"\r\n\r\n")[2] == b""
            assert channel.refused == {"default": 1}
            assert taker.taken == []
    assert SECRET not in caplog.text
    assert "sha256=" not in caplog.text


async def test_a_flow_without_a_secret_is_told_and_refuses_all() -> None:
    channel = WebhookChannel(HeldClock())
    assert "no secret" in channel.use([FLOW._replace(secret="")])[0]
    async with served(FLOW._replace(secret="")) as (_, taker, port):
        assert await post(port, "/deploy", signed(secret="")) == 401
        assert taker.taken == []


async def test_a_tenants_secret_is_good_for_its_own_paths_only() -> None:
    theirs = WebhookTrigger("acme", "deploy", "/deploy", "acme-secret")
    async with served(FLOW, theirs) as (_, taker, port):
        assert await post(port, "/tenants/acme/deploy", signed()) == 401
        assert await post(port, "/deploy", signed(secret="acme-secret")) == 401
        assert await post(port, "/tenants/acme/deploy", signed(secret="acme-secret")) == 200
        assert await post(port, "/tenants/acme/x", signed(secret="acme-secret")) == 202
        assert [(one.tenant, one.flow) for one in taker.taken] == [
            ("acme", "deploy"),
            ("acme", NO_FLOW),
        ]


async def test_the_secret_of_another_flow_of_the_tenant_reaches_no_flow() -> None:
    other = FLOW._replace(flow="other", path="/other", secret="second")
    async with served(FLOW, other) as (_, taker, port):
        assert await post(port, "/deploy", signed(secret="second")) == 202
        assert taker.taken[0].flow == NO_FLOW


@pytest.mark.parametrize("style", ["slack", "timestamp"])
async def test_a_signed_time_is_good_within_its_window(style: Any) -> None:
    trigger = FLOW._replace(style=style, window=60.0, secret="k")
    async with served(trigger) as (channel, taker, port):
        scheme = channel._schemes["default"][0]
        for age, status in [(0, 200), (60, 200), (61, 401), (-60, 200), (-61, 401)]:
            stamp = str(int(CORPUS["now"]) - age)
            headers = [(scheme.stamp, stamp), (scheme.header, scheme.sign("k", stamp, b"{}"))]
            assert await post(port, "/deploy", headers) == status, age
        assert len(taker.taken) == 3


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "OPTIONS", "DELETE"])
async def test_only_post_is_taken(method: str) -> None:
    async with served(FLOW) as (_, taker, port):
        assert status_of(await exchange(port, request("/deploy", signed(), method=method))) == 405
        assert taker.taken == []


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /deploy HTTP/9.9\r\n\r\n",
        b"POST /deploy HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /deploy HTTP/1.1\r\nHost: x\r\nContent-Length: canary\r\n\r\n",
        b"POST /deploy HTTP/1.1\r\nHost: x\r\ncanary\r\n\r\n",
        b"POST /deploy HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"POST /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /deploy HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
        b"POST /deploy HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\ncanary\r\n0\r\n\r\n",
        b"POST /canary HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, x\r\n\r\n",
    ],
    ids=range(11),
)
async def test_what_is_no_request_gets_a_4xx_without_a_word(
    raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with served(FLOW) as (_, taker, port):
            answer = await exchange(port, raw)
            assert 400 <= status_of(answer) < 500
            assert b"canary" not in answer
            assert answer.partition(b"\r\n\r\n")[2] == b""
            assert taker.taken == []
    assert "canary" not in caplog.text


async def test_a_body_of_a_mebibyte_is_taken_and_one_byte_more_is_not() -> None:
    whole = b"x" * http.LARGEST_BODY
    async with served(FLOW) as (_, taker, port):
        assert await post(port, "/deploy", signed(whole), whole) == 200
        assert await post(port, "/deploy", signed(whole + b"x"), whole + b"x") in {413, 0}
        # Nor in pieces whose sum nobody announced.
        piece = b"%x\r\n" % len(whole) + whole + b"\r\n"
        head = b"POST /deploy HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw = await exchange(port, head + piece + b"1\r\nx\r\n0\r\n\r\n")
        assert status_of(raw) in {413, 0}
        assert len(taker.taken) == 1


async def test_a_body_in_pieces_is_checked_as_one() -> None:
    head = b"POST /deploy HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    head += f"X-Hub-Signature-256: {signed()[0][1]}\r\n\r\n".encode()
    async with served(FLOW) as (_, taker, port):
        assert status_of(await exchange(port, head + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")) == 200
        assert taker.taken[0].text == "{}"


async def test_a_request_that_trickles_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LONGEST_REQUEST", 0.2)
    async with served(FLOW) as (_, taker, port):
        for part in (b"POST /deploy HTTP/1.1\r\nX: ", request("/deploy", signed(), b"{}")[:-1]):
            async with asyncio.timeout(5):
                assert await exchange(port, part) == b""
        # Another is served meanwhile and after.
        assert await post(port, "/deploy", signed()) == 200
        assert len(taker.taken) == 1


async def test_a_connection_too_many_is_turned_away_and_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "MOST_CONNECTIONS", 2)
    async with served(FLOW) as (_, _taker, port):
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        assert await exchange(port, request("/deploy", signed())) == b""
        for _, writer in idle:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(5):
            while await post(port, "/deploy", signed()) != 200:
                pass


async def test_a_limit_says_when_it_is_over_and_a_full_disk_that_one_may_try_again() -> None:
    taker = Taker()
    async with served(FLOW, taker=taker) as (channel, _, port):
        free_at = channel._clock.now() + 41.2
        taker.answer = lambda _one: Receipt("refused", why="too many", free_at=free_at)
        raw = await exchange(port, request("/deploy", signed(b"a"), b"a"))
        assert status_of(raw) == 429
        assert b"Retry-After: 42" in raw

        def full(_one: Delivery) -> Receipt:
            raise StoreFull("the disk is full")

        taker.answer = full
        assert await post(port, "/deploy", signed(b"b"), b"b") == 503
        taker.answer = lambda _one: Receipt("queued", "1")
        assert await post(port, "/deploy", signed(b"b"), b"b") == 200


def test_two_flows_of_one_path_and_a_path_of_another_tenant_are_told() -> None:
    channel = WebhookChannel(HeldClock())
    problems = channel.use(
        [
            FLOW,
            FLOW._replace(flow="second"),
            FLOW._replace(flow="thief", path="/tenants/acme/deploy"),
        ]
    )
    assert "second: flow 'deploy' has the path /deploy already" in problems
    assert any(line.startswith("thief: paths below /tenants/") for line in problems)


async def test_it_listens_when_a_flow_needs_it_and_stops_when_none_does() -> None:
    channel, taker = WebhookChannel(HeldClock()), Taker()
    channel.listen_at("127.0.0.1", 0)
    receiving = asyncio.create_task(channel.receive(taker))

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0)

    await asyncio.sleep(0)
    assert channel.listening_at == ""
    channel.use([FLOW])
    await until(lambda: channel.listening_at != "")
    port = int(channel.listening_at.rpartition(":")[2])
    assert await post(port, "/deploy", signed()) == 200
    channel.use([])
    await until(lambda: channel.listening_at == "")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    receiving.cancel()


async def test_a_port_that_is_taken_is_told_and_another_one_listened_at() -> None:
    async with served(FLOW) as (_, _taker, port):
        channel = WebhookChannel(HeldClock())
        channel.listen_at("127.0.0.1", port)
        channel.use([FLOW])
        receiving = asyncio.create_task(channel.receive(Taker()))
        async with asyncio.timeout(10):
            while not channel.trouble:
                await asyncio.sleep(0)
            assert f"127.0.0.1:{port}" in channel.trouble
            channel.listen_at("127.0.0.1", 0)
            while not channel.listening_at:
                await asyncio.sleep(0)
        assert channel.trouble == ""
        receiving.cancel()


@pytest.mark.parametrize(
    ("path", "headers", "why"),
    [
        ("/deploy", [], "no header X-Hub-Signature-256, or more than one"),
        ("/deploy", [("X-Hub-Signature-256", "sha256=" + "0" * 64)], "made with another secret"),
        ("/timed", [("X-Signature", "sha256=" + "0" * 64)], "no header X-Timestamp"),
        (
            "/timed",
            [("X-Signature", "sha256=" + "0" * 64), ("X-Timestamp", "5")],
            "X-Timestamp is not in seconds, or more than 300 s away from now",
        ),
        ("/open", [], "its flow has no secret"),
        ("/nowhere", [], "no flow has this path"),
    ],
)
async def test_the_log_says_why_a_request_was_refused_and_its_answer_does_not(
    path: str, headers: list[tuple[str, str]], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    timed = WebhookTrigger("default", "timed", "/timed", SECRET, "timestamp")
    unset = WebhookTrigger("default", "open", "/open", "")
    async with served(FLOW, timed, unset) as (channel, _, port):
        answers = [await exchange(port, request(path, headers)) for _ in range(9)]
    assert {status_of(answer) for answer in answers} == {401}
    assert not any(b"Server:" in answer or b"header" in answer for answer in answers)
    told = [one for one in caplog.messages if why in one]
    assert len(told) == 5
    assert f"a webhook to {path} was refused (401)" in told[0]
    assert channel.refused == {"default": 9}
