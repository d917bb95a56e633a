"""Signatures of requests: what each platform signs, and one way to check it.

Every check takes the same steps, whatever is wrong: the signature is computed and compared in
constant time even where a header is missing. Only the exact form is taken: one header of the name,
its prefix, lower-case hex, plain ASCII digits for a time.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from fleettui.core.errors import MissingExtra

Headers = Sequence[tuple[str, str]]
# Signs a time and a body with a secret: the header as it has to be.
Sign = Callable[[str, str, bytes], str]

# Stands in for a secret where there is none, so that the same work is done; it never counts.
_DECOY: Final = "no secret is set"
_PLAIN_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one sender signs: the names of its headers, and what stands in them.

    An empty `stamp` is a sender that signs no time; `window` (seconds) is how far a time may be
    from ours, before or after.
    """

    secret: str
    header: str
    stamp: str
    sign: Sign
    window: float = 300.0


def verify(scheme: Scheme, headers: Headers, body: bytes, now: float) -> str:
    """Give what names this exact signature, empty where it is not valid; never raises."""
    given, stamp = only(headers, scheme.header), only(headers, scheme.stamp)
    expected = scheme.sign(scheme.secret or _DECOY, stamp, body)
    same = hmac.compare_digest(_bytes(expected), _bytes(given))
    fresh = not scheme.stamp or is_fresh(stamp, now, scheme.window)
    proof = hmac.digest(b"proof", _bytes(f"{stamp}.{given}"), "sha256").hex()
    return proof if same & fresh & bool(scheme.secret) & bool(given) else ""


def wrong(scheme: Scheme, headers: Headers, now: float) -> str:
    """Say to whoever serves the flow why its signature is not valid; no secret, nothing given."""
    if not scheme.secret:
        return "its flow has no secret, set the variable or secret that it names"
    for name in filter(None, (scheme.header, scheme.stamp)):
        if not only(headers, name):
            return f"no header {name}, or more than one"
    if scheme.stamp and not is_fresh(only(headers, scheme.stamp), now, scheme.window):
        return f"{scheme.stamp} is not in seconds, or more than {scheme.window:g} s away from now"
    return (
        f"{scheme.header} does not fit: made with another secret, of other bytes,"
        " or not in the form that docs/channels.md has"
    )


def only(headers: Headers, name: str) -> str:
    """Give the one header of a name, empty where there is none or more than one."""
    found = [value for key, value in headers if key.lower() == name.lower()] if name else []
    return found[0] if len(found) == 1 else ""


def is_fresh(stamp: str, now: float, window: float) -> bool:
    """Say whether a time in plain ASCII seconds is within a window around now."""
    # int() would take signs, blanks, underscores and digits of every script.
    plain = stamp.isascii() and stamp.isdigit() and len(stamp) <= 12
    return plain and abs(int(stamp) - now) <= window


def _bytes(text: str) -> bytes:
    # compare_digest raises TypeError for a str that is not ASCII.
    return text.encode("utf-8", "surrogatepass")


def _hmac(prefix: str, algorithm: str, head: Callable[[str], bytes]) -> Sign:
    def sign(secret: str, stamp: str, body: bytes) -> str:
        code = hmac.new(_bytes(secret), digestmod=algorithm)
        code.update(head(stamp))
        code.update(body)
        return prefix + code.hexdigest()

    return sign


def github(secret: str, algorithm: str = "sha256", header: str = "") -> Scheme:
    """`X-Hub-Signature-256: sha256=HEX` of the body, as GitHub and WhatsApp sign."""
    sign = _hmac(f"{algorithm}=", algorithm, lambda _stamp: b"")
    return Scheme(secret, header or f"X-Hub-Signature-{algorithm[3:]}", "", sign)


def slack(
    secret: str, window: float = 300.0, algorithm: str = "sha256", header: str = "", stamp: str = ""
) -> Scheme:
    """`X-Slack-Signature: v0=HEX` of `v0:TIME:BODY`."""
    sign = _hmac("v0=", algorithm, lambda stamp: _bytes(f"v0:{stamp}:"))
    return Scheme(
        secret, header or "X-Slack-Signature", stamp or "X-Slack-Request-Timestamp", sign, window
    )


def timestamp(
    secret: str, window: float = 300.0, algorithm: str = "sha256", header: str = "", stamp: str = ""
) -> Scheme:
    """`X-Signature: sha256=HEX` of `TIME.BODY`, with `X-Timestamp: TIME`."""
    sign = _hmac(f"{algorithm}=", algorithm, lambda stamp: _bytes(f"{stamp}."))
    return Scheme(secret, header or "X-Signature", stamp or "X-Timestamp", sign, window)


def telegram(secret: str) -> Scheme:
    """`X-Telegram-Bot-Api-Secret-Token`: the secret itself; one of another form never counts."""
    kept = secret if _PLAIN_TOKEN.fullmatch(secret) else ""
    return Scheme(kept, "X-Telegram-Bot-Api-Secret-Token", "", lambda key, _stamp, _body: key)


def verify_discord(
    public_key: str, headers: Headers, body: bytes, now: float, window: float = 300.0
) -> str:
    """Check `X-Signature-Ed25519` of TIME and body; Discord itself asks for no window, we do."""
    given = only(headers, "X-Signature-Ed25519")
    stamp = only(headers, "X-Signature-Timestamp")
    form = re.fullmatch(r"[0-9a-f]{128}", given) is not None
    key = public_key if re.fullmatch(r"[0-9a-f]{64}", public_key) else ""
    signature = bytes.fromhex(given) if form else bytes(64)
    same = _fits_ed25519(bytes.fromhex(key or "00" * 32), signature, _bytes(stamp) + body)
    fresh = is_fresh(stamp, now, window)
    proof = hmac.digest(b"proof", _bytes(f"{stamp}.{given}"), "sha256").hex()
    return proof if same & fresh & form & bool(key) else ""


def _fits_ed25519(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        ed25519 = import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
    except ImportError as error:
        raise MissingExtra(
            "signatures of Discord need the package cryptography",
            "install it with pip install 'fleettui[secrets]'",
        ) from error
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except Exception:  # noqa: BLE001 InvalidSignature, or a key that is none: both are no
        return False
    return True


def whatsapp_challenge(query: Mapping[str, str], token: str) -> str:
    """Give what to answer to the request that sets a webhook up, empty for a refusal (403).

    Only a plain token is ever given back: nothing that a browser could run.
    """
    same = hmac.compare_digest(_bytes(token), _bytes(query.get("hub.verify_token", "")))
    challenge = query.get("hub.challenge", "")
    plain = _PLAIN_TOKEN.fullmatch(challenge) is not None
    asked = query.get("hub.mode") == "subscribe"
    return challenge if same & plain & asked & bool(token) else ""
