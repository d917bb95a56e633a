"""Signatures: every case of the corpus, of every platform, and further ones of each kind."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleettui.adapters.channels.signatures import (
    Headers,
    Scheme,
    github,
    slack,
    telegram,
    timestamp,
    verify,
    verify_discord,
    whatsapp_challenge,
)

CORPUS = yaml.safe_load((Path(__file__).parent / "webhook_cases.yaml").read_text("utf-8"))
NOW = float(CORPUS["now"])
BODY = b"token=x&team_id=T1&text=kubectl+get+pods"


def headers_of(case: dict[str, Any]) -> Headers:
    given = case["headers"]
    return [(k, v) for k, v in (given.items() if isinstance(given, dict) else given)]


def checked(case: dict[str, Any]) -> str:
    headers, body = headers_of(case), case["body"].encode()
    match case["platform"]:
        case "slack":
            secret = "" if case["name"] == "secret_not_configured" else CORPUS["slack_secret"]
            return verify(slack(secret), headers, body, NOW)
        case "discord":
            return verify_discord(CORPUS["discord_public_key"], headers, body, NOW)
        case "telegram":
            return verify(telegram(CORPUS["telegram_secret"]), headers, body, NOW)
        case _:
            return verify(github(CORPUS["whatsapp_app_secret"]), headers, body, NOW)


@pytest.mark.parametrize(
    "case",
    [one for one in CORPUS["cases"] if one["expect_status"] != 403],
    ids=lambda one: one["id"],
)
def test_every_signature_of_the_corpus_is_judged_as_it_says(case: dict[str, Any]) -> None:
    assert bool(checked(case)) == (case["expect_status"] in {200, 202})


def slack_headers(stamp: str, *, secret: bytes = b"s", body: bytes = BODY) -> Headers:
    signed = hmac.new(secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return [("X-Slack-Request-Timestamp", stamp), ("x-slack-signature", f"v0={signed}")]


@pytest.mark.parametrize(
    ("stamp", "good"),
    [
        (f"{NOW:.0f}", True),
        (f"{NOW - 300:.0f}", True),
        (f"{NOW + 300:.0f}", True),
        (f"{NOW - 301:.0f}", False),
        (f"{NOW:.1f}", False),
        (f" {NOW:.0f}", False),
        (f"+{NOW:.0f}", False),
        (f"-{NOW:.0f}", False),
        (f"{NOW:_.0f}", False),
        ("0x69219f10", False),
        ("1e9", False),
        ("NaN", False),
        ("", False),
        ("١٧٦٣٦٦٧٦٠٠", False),
    ],
)
def test_a_time_is_taken_in_one_form_only_and_within_its_window(stamp: str, good: bool) -> None:
    assert bool(verify(slack("s"), slack_headers(stamp), BODY, NOW)) == good


GOOD = github("k").sign("k", "", BODY)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Hub-Signature-256", "")],
        [("X-Hub-Signature-256", f" {GOOD}")],
        [("X-Hub-Signature-256", f"{GOOD} ")],
        [("X-Hub-Signature-256", f"{GOOD},{GOOD}")],
        [("X-Hub-Signature-256", GOOD.upper())],
        [("X-Hub-Signature-256", GOOD.replace("sha256", "SHA256"))],
        [("X-Hub-Signature-256", GOOD.replace("sha256", "sha1"))],
        [("X-Hub-Signature-256", GOOD[:-1])],
        [("X-Hub-Signature-256", GOOD + "0")],
        [("X-Hub-Signature-256", GOOD), ("x-hub-signature-256", GOOD)],
        [("X-Hub-Signature", GOOD)],
        [("X-Hub-Signature-256", "sha256=\udcff")],
        [("X-Hub-Signature-256", "sha256=é")],
    ],
)
def test_a_signature_is_taken_in_one_form_only(headers: Headers) -> None:
    assert verify(github("k"), headers, BODY, NOW) == ""
    assert verify(github("k"), [("X-Hub-Signature-256", GOOD)], BODY, NOW) != ""


@pytest.mark.parametrize("make", [github, slack, timestamp, telegram])
def test_an_empty_secret_refuses_even_what_is_signed_with_it(make: Any) -> None:
    scheme: Scheme = make("")
    stamp = f"{NOW:.0f}"
    for key in ("", "no secret is set"):
        headers = [(scheme.header, scheme.sign(key, stamp, BODY)), (scheme.stamp, stamp)]
        assert verify(scheme, headers, BODY, NOW) == ""


def test_each_style_takes_what_is_signed_its_way_and_not_the_others() -> None:
    stamp = f"{NOW:.0f}"
    schemes = [github("k"), github("k", "sha512"), slack("k"), timestamp("k"), timestamp("j")]
    for signing in schemes:
        value = signing.sign(signing.secret, stamp, BODY)
        for checking in schemes:
            headers = [(checking.header, value), (checking.stamp or "X-None", stamp)]
            assert bool(verify(checking, headers, BODY, NOW)) == (signing is checking)


def test_the_same_signature_has_one_name_and_another_another() -> None:
    names = [
        verify(slack("s"), slack_headers(f"{NOW + number:.0f}"), BODY, NOW) for number in (0, 0, 1)
    ]
    assert names[0] == names[1] != names[2]


def test_discord_takes_its_own_signature_only() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = CORPUS["discord_public_key"]
    stamp = f"{NOW:.0f}"
    signature = key.sign(stamp.encode() + BODY).hex()
    for value, body, public_key, good in [
        (signature, BODY, public, True),
        (signature, BODY + b" ", public, False),
        (signature.upper(), BODY, public, False),
        (signature + "00", BODY, public, False),
        (signature, BODY, "", False),
        (signature, BODY, "zz" * 32, False),
        (signature, BODY, "00" * 32, False),
    ]:
        headers = [("X-Signature-Timestamp", stamp), ("X-Signature-Ed25519", value)]
        assert bool(verify_discord(public_key, headers, body, NOW)) == good


@pytest.mark.parametrize("secret", ["a b", "é", "x" * 257, "a\n"])
def test_a_secret_that_telegram_never_sends_is_none(secret: str) -> None:
    headers = [("X-Telegram-Bot-Api-Secret-Token", secret)]
    assert verify(telegram(secret), headers, b"", NOW) == ""


def test_a_challenge_is_given_back_to_the_right_token_only_and_plain_only() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "tok", "hub.challenge": "123"}
    assert whatsapp_challenge(query, "tok") == "123"
    assert whatsapp_challenge(query, "") == ""
    assert whatsapp_challenge({**query, "hub.verify_token": "no"}, "tok") == ""
    assert whatsapp_challenge({**query, "hub.challenge": "<script>"}, "tok") == ""
    assert whatsapp_challenge({**query, "hub.mode": "x"}, "tok") == ""
    assert whatsapp_challenge({}, "tok") == ""
