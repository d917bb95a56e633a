"""Redaction: keys and tokens are cut out of every text before it leaves a model adapter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from fleettui.core.redaction import spellings

CUT: Final = "[redacted]"
# A value in use shorter than this is a word ("none", "test"), not a key.
SHORTEST: Final = 6

# Shapes of tokens whoever issued them, from the issuers' own documentation.
SHAPES: Final = (
    r"sk-ant-[A-Za-z0-9_-]{12,}",  # Anthropic
    r"sk-(?:proj|svcacct|admin|or-v1)-[A-Za-z0-9_-]{12,}",  # OpenAI, OpenRouter
    r"sk-[A-Za-z0-9_-]{16,}",  # OpenAI, DeepSeek, many that copy it
    r"sess-[A-Za-z0-9]{24,}",  # OpenAI sessions
    r"AIza[A-Za-z0-9_-]{30,}",  # Google
    r"ya29\.[A-Za-z0-9_.-]{20,}",  # Google OAuth
    r"GOCSPX-[A-Za-z0-9_-]{20,}",  # Google OAuth clients
    r"gsk_[A-Za-z0-9]{20,}",  # Groq
    r"xai-[A-Za-z0-9]{20,}",  # xAI
    r"pplx-[A-Za-z0-9]{20,}",  # Perplexity
    r"hf_[A-Za-z0-9]{20,}",  # Hugging Face
    r"r8_[A-Za-z0-9]{20,}",  # Replicate
    r"fw_[A-Za-z0-9]{16,}",  # Fireworks
    r"tgp_v1_[A-Za-z0-9_-]{20,}",  # Together
    r"nvapi-[A-Za-z0-9_-]{20,}",  # NVIDIA
    r"csk-[A-Za-z0-9]{20,}",  # Cerebras
    r"co-[A-Za-z0-9]{30,}",  # Cohere
    r"dapi[a-f0-9]{32}",  # Databricks
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",  # AWS key ids
    r"(?i:aws.{0,20}secret.{0,20}[=:]\s*[\"']?)[A-Za-z0-9/+]{40}",  # AWS secrets
    r"gh[pousr]_[A-Za-z0-9]{30,}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{30,}",  # GitHub, fine-grained
    r"glpat-[A-Za-z0-9_-]{18,}",  # GitLab
    r"gl(?:dt|rt|soat|ptt|cbt)-[A-Za-z0-9_-]{18,}",  # GitLab, other kinds
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"xapp-[A-Za-z0-9-]{20,}",  # Slack apps
    r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",  # Slack webhooks
    r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b",  # Telegram
    r"[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",  # Discord
    r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
    r"whsec_[A-Za-z0-9]{24,}",  # Stripe webhooks
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",  # SendGrid
    r"(?:AC|SK)[a-f0-9]{32}",  # Twilio
    r"npm_[A-Za-z0-9]{30,}",  # npm
    r"pypi-[A-Za-z0-9_-]{40,}",  # PyPI
    r"dop_v1_[a-f0-9]{40,}",  # DigitalOcean
    r"hv[sbr]\.[A-Za-z0-9_-]{20,}",  # Vault
    r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}",  # JSON web tokens
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",  # a password in an address
)
# What stands behind a word that announces a key; the word stays.
_NAMED: Final = re.compile(
    r"(?i)((?:authorization|proxy-authorization|x-api-key|x-goog-api-key|api[-_]?key|access_token)"
    r"[\"']?\s*[:=]\s*[\"']?(?:bearer\s+|basic\s+)?|\bbearer\s+)[A-Za-z0-9._~+/=*-]{8,}",
)
_SHAPED: Final = re.compile(
    "|".join(rf"(?:(?<![A-Za-z0-9]){shape})" if shape[0].isalnum() else shape for shape in SHAPES),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without the given secrets and without anything shaped like a token."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= SHORTEST:
            for written in spellings(secret):
                text = text.replace(written, CUT)
    text = _NAMED.sub(lambda found: found.group(1) + CUT, text)
    return _SHAPED.sub(CUT, text)
