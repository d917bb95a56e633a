"""The file channel on real folders: what is whole and inside is a message, once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fleettui.adapters.channels import file as file_channel
from fleettui.adapters.channels.dropped import LARGEST_TEXT, Unfinished, Unfit, fits, read
from fleettui.adapters.channels.file import FileChannel
from fleettui.adapters.channels.ledger import Ledger
from fleettui.adapters.memory.clock import SystemClock
from fleettui.core.channel import Delivery, FileTrigger, Receipt, Reply
from fleettui.core.errors import ChannelFailed


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_channel, "SETTLE", 0.02)
    monkeypatch.setattr(file_channel, "_AGAIN", 0.05)


class Taker:
    """Takes messages, and knows those that an earlier life took, as the store does."""

    def __init__(self, seen: set[str]) -> None:
        self.taken: list[Delivery] = []
        self.more, self.seen = asyncio.Event(), seen

    async def __call__(self, delivery: Delivery) -> Receipt:
        if self.seen & set(delivery.ids):
            return Receipt("repeated")
        self.seen |= set(delivery.ids)
        self.taken.append(delivery)
        self.more.set()
        return Receipt("queued", str(len(self.taken)))

    async def wait_names(self, count: int) -> list[str]:
        """Wait for so many messages in all, and name the files of them."""
        async with asyncio.timeout(20):
            while len(self.taken) < count:
                self.more.clear()
                await self.more.wait()
        return [one.event for one in self.taken]


@asynccontextmanager
async def watching(
    tmp_path: Path, *globs: str, seen: set[str] | None = None
) -> AsyncIterator[tuple[Path, Taker]]:
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    channel, taker = (
        FileChannel(SystemClock(), tmp_path / "state" / "files.done"),
        Taker(seen or set()),
    )
    channel.use([FileTrigger("default", "intake", str(folder), globs)])
    receiving = asyncio.create_task(channel.receive(taker))
    try:
        yield folder, taker
    finally:
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)


async def test_what_lies_there_and_what_comes_are_messages_with_path_and_text(
    tmp_path: Path,
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "first.txt").write_text("one")
    async with watching(tmp_path) as (folder, taker):
        await taker.wait_names(1)
        (folder / "deep").mkdir()
        (folder / "deep" / "second.txt").write_text("two")
        assert await taker.wait_names(2) == ["first.txt", "deep/second.txt"]
        assert taker.taken[0].text == "File first.txt (3 bytes):\n\none"
        assert (taker.taken[0].flow, taker.taken[0].channel) == ("intake", str(folder))


async def test_a_changed_file_is_another_message_and_one_that_was_only_touched_is_none(
    tmp_path: Path,
) -> None:
    async with watching(tmp_path) as (folder, taker):
        path = folder / "a.txt"
        for number, text in enumerate(["one", "two", "one"], 1):
            path.write_text(text)
            await taker.wait_names(number)
        os.utime(path, (1, 1))
        (folder / "b.txt").write_text("b")
        assert await taker.wait_names(4) == ["a.txt", "a.txt", "a.txt", "b.txt"]
        assert len({one.ids for one in taker.taken}) == 4


async def test_a_file_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    async with watching(tmp_path) as (folder, taker):
        with (folder / "slow.txt").open("w") as slow:
            slow.write("half ")
            slow.flush()
            # Another file overtakes it: it was looked at meanwhile, and more than once.
            for number in (1, 2, 3):
                (folder / f"{number}.txt").write_text("x")
                await taker.wait_names(number)
            slow.write("whole")
        assert (await taker.wait_names(4))[-1] == "slow.txt"
        assert taker.taken[-1].text.endswith("half whole")


async def test_a_restart_repeats_nothing_and_finds_what_came_meanwhile(tmp_path: Path) -> None:
    async with watching(tmp_path) as (folder, taker):
        (folder / "a.txt").write_text("a")
        (folder / "b.txt").write_text("b")
        await taker.wait_names(2)
    (folder / "b.txt").write_text("changed")
    (folder / "c.txt").write_text("c")
    async with watching(tmp_path, seen=taker.seen) as (folder, taker):
        assert sorted(await taker.wait_names(2)) == ["b.txt", "c.txt"]
    async with watching(tmp_path, seen=taker.seen) as (folder, taker):
        (folder / "d.txt").write_text("d")
        assert await taker.wait_names(1) == ["d.txt"]


async def test_links_out_of_the_folder_and_what_is_no_file_are_left_alone(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text("canary")
    async with watching(tmp_path) as (folder, taker):
        (folder / "link.txt").symlink_to(secret / "key.txt")
        (folder / "linked").symlink_to(secret)
        os.mkfifo(folder / "pipe.txt")
        (folder / "z.txt").write_text("z")
        assert await taker.wait_names(1) == ["z.txt"]
        for name in ("link.txt", "linked/key.txt", "pipe.txt", "../secret/key.txt"):
            with pytest.raises(Unfit):
                read(str(folder), name)


async def test_only_files_of_the_names_asked_for_are_taken(tmp_path: Path) -> None:
    async with watching(tmp_path, "*.json", "orders/*.csv") as (folder, taker):
        for name in ("a.txt", "a.json", "orders/o.csv", "o.csv", ".b.json"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(name)
        assert set(await taker.wait_names(2)) == {"a.json", "orders/o.csv"}


async def test_a_folder_that_is_not_there_is_told_and_watched_once_it_is(tmp_path: Path) -> None:
    channel, taker = FileChannel(SystemClock(), tmp_path / "files.done"), Taker(set())
    channel.use([FileTrigger("default", "intake", str(tmp_path / "later"))])
    receiving = asyncio.create_task(channel.receive(taker))
    async with asyncio.timeout(20):
        while not channel.trouble:
            await asyncio.sleep(0)
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "a.txt").write_text("a")
    assert await taker.wait_names(1) == ["a.txt"]
    assert channel.trouble == ""
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)


async def test_a_reply_is_written_once_and_is_no_message_itself(tmp_path: Path) -> None:
    folder, replies = tmp_path / "in", tmp_path / "in" / "out"
    (folder / "deep").mkdir(parents=True)
    channel, taker = FileChannel(SystemClock(), tmp_path / "files.done"), Taker(set())
    channel.use([FileTrigger("acme", "intake", str(folder), replies=str(replies))])
    receiving = asyncio.create_task(channel.receive(taker))
    (folder / "deep" / "a.txt").write_text("a")
    await taker.wait_names(1)
    address = taker.taken[0].address
    for _ in range(2):
        name = await channel.reply(address, Reply("r1", "done", "finished"))
    assert name == "deep/a.txt.r1.finished.md"
    assert (replies / name).read_text() == "done\n"
    (folder / "b.txt").write_text("b")
    assert await taker.wait_names(2) == ["deep/a.txt", "b.txt"]
    (replies / "away").symlink_to(tmp_path)
    with pytest.raises(ChannelFailed):
        await channel.reply("acme/intake/away/x", Reply("r1", "done", "finished"))
    channel.use([])
    with pytest.raises(ChannelFailed) as caught:
        await channel.reply(address, Reply("r1", "done", "finished"))
    assert not caught.value.retryable
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)


@pytest.mark.parametrize(
    ("path", "globs", "wanted"),
    [
        ("a.txt", (), True),
        ("x/a.txt", (), True),
        (".a.txt", (), False),
        (".git/config", (), False),
        ("a.txt.part", (), False),
        ("a.txt~", (), False),
        ("a.part", ("*.part",), True),
        (".env", ("*",), False),
        (".env", (".env",), True),
        ("x/y/a.json", ("*.json",), True),
        ("x/y/a.json", ("y/*.json",), True),
        ("x/y/a.json", ("x/*.json",), False),
    ],
)
def test_names_fit_globs(path: str, globs: tuple[str, ...], wanted: bool) -> None:
    assert fits(path, globs) == wanted


def test_a_file_is_read_to_a_bound_and_a_binary_one_is_named_only(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"a" * (LARGEST_TEXT + 1))
    (tmp_path / "binary").write_bytes(b"\x00\x01")
    (tmp_path / "latin").write_bytes("é".encode("latin-1"))
    large = read(str(tmp_path), "large")
    assert large.text.endswith(f"\n(cut after {LARGEST_TEXT} of {LARGEST_TEXT + 1} bytes)")
    assert read(str(tmp_path), "binary").text == "(binary, 2 bytes)"
    assert read(str(tmp_path), "latin").text == "\ufffd"


def test_a_file_somebody_writes_into_is_unfinished_until_it_is_closed(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w") as writing:
        writing.write("a")
        with pytest.raises(Unfinished):
            read(str(tmp_path), "a")
    assert read(str(tmp_path), "a").text == "a"


def test_a_ledger_survives_a_line_that_a_crash_cut_off_and_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "files.done"
    ledger = Ledger(path)
    ledger.note(("t", "f", "a"), "1")
    with path.open("a") as file:
        file.write('["t", "f", "b"')
    ledger.note(("t", "f", "c"), "3")
    for number in range(300):
        ledger.note(("t", "f", "d"), str(number))
    ledger.note(("t", "f", "a"), "")
    again = Ledger(path)
    again.load()
    assert [again.digest(("t", "f", name)) for name in "abcd"] == ["", "", "3", "299"]
    assert len(path.read_text().splitlines()) == 2
