"""How numbers and lines leave the host: as text, over HTTP on loopback, into files."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fleettui.adapters.metrics.exposition import exposition
from fleettui.adapters.metrics.lines import RotatingLines
from fleettui.adapters.metrics.serving import loopback, serve_metrics
from fleettui.core.errors import Refused
from fleettui.core.metrics import Spread
from fleettui.core.views.rows import MetricRow

ODD = 'a"b\\c\n# evil 1\n{x="y"} 2'


def test_what_is_written_reads_back_as_it_was() -> None:
    spread = Spread()
    spread.add(0.2)
    rows = [
        MetricRow("agentflow_requests_total", "counter", "R.", {"flow": ODD}, 3.0, {}),
        MetricRow("agentflow_requests_total", "counter", "R.", {"flow": "f"}, 1.0, {}),
        MetricRow("fleettui_agents", "gauge", "A.", {"tenant": "acme"}, 7.0, {}),
        MetricRow("took_seconds", "histogram", "T.", {"flow": "f"}, 0.2, spread.buckets()),
    ]
    families = {one.name: one for one in text_string_to_metric_families(exposition(rows))}
    assert set(families) == {"agentflow_requests", "fleettui_agents", "took_seconds"}
    requests = families["agentflow_requests"].samples
    assert [(one.name, one.labels, one.value) for one in requests] == [
        ("agentflow_requests_total", {"flow": ODD}, 3.0),
        ("agentflow_requests_total", {"flow": "f"}, 1.0),
    ]
    took = {one.name: one.value for one in families["took_seconds"].samples}
    assert took["took_seconds_sum"] == 0.2
    assert took["took_seconds_count"] == 1


# --- over HTTP ---------------------------------------------------------------------------------


async def asked(port: int, request: str) -> tuple[str, str]:
    """Send a request as it is, and give the status and the body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode("latin-1"))
    answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return head.split(" ")[1], body


def get(path: str = "/metrics", host: str = "127.0.0.1:9464", method: str = "GET") -> str:
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (get(), "200"),
        (get("/metrics?x=1"), "200"),
        (get(host="localhost"), "200"),
        (get(host="[::1]:9464"), "200"),
        (get(host="127.0.0.2"), "200"),
        (get(host="evil.example"), "421"),
        (get(host="localhost.evil.example:9464"), "421"),
        (get(host="10.0.0.1"), "421"),
        (get(host=""), "421"),
        (get("/"), "404"),
        (get("/metrics/../secrets"), "404"),
        (get(method="POST"), "405"),
        ("GET /metrics HTTP/1.1\r\n\r\n", "400"),
        ("GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", "400"),
        ("nonsense\r\n\r\n", "400"),
    ],
)
async def test_only_programs_of_this_machine_are_answered(request_text: str, status: str) -> None:
    async with serve_metrics("127.0.0.1:0", lambda: "n 1\n") as port:
        found, body = await asked(port, request_text)
    assert found == status
    assert (body == "n 1\n") == (status == "200")


async def test_a_head_has_no_body_and_one_that_is_too_long_no_answer() -> None:
    async with serve_metrics("127.0.0.1:0", lambda: "n 1\n") as port:
        assert await asked(port, get(method="HEAD")) == ("200", "")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 20_000)
        assert await reader.read() == b""
        writer.close()
        assert (await asked(port, get()))[0] == "200"


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0:9464", "[::]:9464", "10.0.0.1:9464", "localhost:9464", "9464", "", "127.0.0.1:x",
     "127.0.0.1:70000", "example.com:80"],
)  # fmt: skip
def test_what_is_not_this_machine_alone_is_refused(address: str) -> None:
    with pytest.raises(Refused) as refusal:
        loopback(address)
    assert refusal.value.mend


async def test_a_port_that_is_taken_is_said() -> None:
    async with serve_metrics("127.0.0.1:0", str) as port:
        with pytest.raises(Refused, match="can't be served"):
            async with serve_metrics(f"127.0.0.1:{port}", str):
                pass


# --- files -------------------------------------------------------------------------------------


def test_lines_are_kept_private_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "requests.log"
    lines = RotatingLines(path, most=100, kept=3)
    for number in range(60):
        lines.write(json.dumps({"n": number}))
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["requests.log", "requests.log.1", "requests.log.2"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= 100 for file in files)
    texts = [file.read_text().splitlines() for file in reversed(files)]
    kept = [json.loads(line)["n"] for lines in texts for line in lines]
    assert kept == list(range(60 - len(kept), 60))


def test_a_link_in_the_place_of_the_file_is_not_followed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "theirs").touch()
    (tmp_path / "requests.log").symlink_to(tmp_path / "theirs")
    RotatingLines(tmp_path / "requests.log").write("line")
    assert (tmp_path / "theirs").read_text() == ""
    assert "can't be written" in caplog.text
