"""The words a file may use: kinds, versions, tools and their settings, with the nearest of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

_OPTIONS_COMPARED: Final = 50  # a file with more agents than that gets no guesses beyond

API_VERSION: Final = "aof.dev/v1"
OLDER_VERSIONS: Final = (
    "aof.dev/v1alpha1",
    "aof.sh/v1",
    "aof.sh/v1alpha1",
    "aof.agenticops.org/v1alpha1",
)

TOOLS: Final = (
    "read_file",
    "read_text",
    "list_files",
    "search",
    "git_diff",
    "git_log",
    "git_show",
    "lint",
    "submit_result",
    "send_message",
    "broadcast",
    "publish",
    "subscribe",
    "ask_agent",
    "delegate",
    "send_back",
    "remember",
    "recall",
    "forget",
    "run",
    "shell",
    "write_file",
    "edit_file",
    "http_request",
)
# Tools that the engine does itself: they speak to the fleet, and take no slot of `tools_at_once`.
ENGINE_TOOLS: Final = frozenset(
    {
        "submit_result", "send_message", "broadcast", "publish", "subscribe", "ask_agent",
        "delegate", "send_back", "remember", "recall", "forget", "approval",
    }
)  # fmt: skip
TOOLSETS: Final[dict[str, tuple[str, ...]]] = {"git": ("git_diff", "git_log", "git_show")}

# Tools that are the program of their name; `git` is one only where its verbs are listed.
PROGRAMS: Final = (
    "kubectl", "helm", "terraform", "tofu", "docker", "podman", "aws", "az", "gcloud", "gsutil",
    "git", "gh", "glab", "argocd", "flux", "ansible", "ansible-playbook", "vault", "trivy",
    "semgrep", "psql", "redis-cli", "curl", "rsync", "make", "npm", "pytest", "cargo", "go",
)  # fmt: skip

# Tools of AOF's files and of later issues: an agent runs without them.
LATER_TOOLS: Final = frozenset(
    {
        "file", "http", "jira", "snyk_test", "prometheus",
        "prometheus_query", "loki", "loki_query", "grafana_query", "grafana_dashboard_get",
        "grafana_dashboard_list", "pagerduty", "slack", "list_directory", "search_files",
        "search_code", "create_issue", "github", "gitlab",
        "redis", "datadog", "opsgenie", "python", "web_search", "web_fetch",
        "git_status", "git_commit", "git_push", "git_branch", "delete_file",
    }
)  # fmt: skip

# Settings of the tools that are built; anything else inside them is an error.
TOOL_SETTINGS: Final = frozenset(
    {
        "allowed_commands", "blocked_commands", "allowed_paths", "blocked_paths",
        "allowed_verbs", "blocked_verbs", "allowed_methods", "allowed_hosts", "working_directory",
        "timeout_seconds", "timeout_secs", "read_only", "max_file_size", "max_results", "env",
    }
)  # fmt: skip
# What of them a tool that runs programs obeys.
RUN_SETTINGS: Final = frozenset(
    {
        "allowed_commands", "blocked_commands", "allowed_verbs", "blocked_verbs", "read_only",
        "working_directory", "timeout_seconds", "timeout_secs", "env",
    }
)  # fmt: skip
TOOL_FIELDS: Final = ("name", "type", "config", "enabled", "source", "server", "description")

PATTERN_SPELLINGS: Final = {"pub-sub": "pub_sub", "request-reply": "request_reply"}

# Tools that leave files alone; whatever else an agent has may write.
LEAVES_FILES: Final = frozenset(
    {
        "read_file", "read_text", "list_files", "search", "git_diff", "git_log", "git_show", "lint",
        "submit_result", "send_message", "broadcast", "publish", "subscribe", "ask_agent",
        "delegate", "send_back", "remember", "recall", "forget", "http", "http_request", "jira",
        "trivy", "semgrep", "prometheus", "prometheus_query", "loki", "loki_query",
        "grafana_query", "grafana_dashboard_get", "grafana_dashboard_list", "pagerduty", "slack",
        "list_directory", "search_files", "search_code", "create_issue", "datadog", "opsgenie",
        "web_search", "web_fetch", "git_status", "approval",
    }
)  # fmt: skip
# Runtimes whose programs write nothing, or have no files at all.
READS_ONLY: Final = frozenset({"monitor", "human", "webhook"})

RUNTIMES: Final = ("llm", "acp", "claude-code", "worker", "monitor", "tmux")
# Runtimes that put the questions of a turn to `model` themselves.
ASKS_MODEL: Final = frozenset({"llm"})
# Runtimes whose `command` says which program the agent is.
ASKS_COMMAND: Final = frozenset({"acp"})
# Runtimes that a recorded run can be replayed with: all that they do goes through `model`.
REPLAYED: Final = frozenset({"llm"})
# Runtimes that take no turns at all, and those that can have several at a time.
WITHOUT_TURNS: Final[frozenset[str]] = frozenset({"monitor"})
WITHOUT_INSTRUCTIONS: Final[frozenset[str]] = frozenset({"worker", "monitor", "tmux"})
SIDE_BY_SIDE: Final[frozenset[str]] = frozenset({"worker"})
LATER_RUNTIMES: Final = ("human", "webhook")
# Runtimes of programs that people use too: silence says nothing about them.
INTERACTIVE: Final = frozenset({"tmux"})
MIDDLEWARE: Final = ("audit", "rate", "transform")
PLATFORMS: Final = (
    "Slack", "Telegram", "Discord", "WhatsApp", "Teams", "HTTP", "Webhook", "Schedule",
    "PagerDuty", "Opsgenie", "GitHub", "GitLab", "Bitbucket", "Jira", "Kafka", "Manual", "CLI",
    "File",
)  # fmt: skip
# Platforms whose flows run in this version; those of the others load and route.
RUNNING_PLATFORMS: Final = frozenset({"", "manual", "cli", "schedule", "webhook", "http", "file"})
KINDS: Final = (
    "AgentFleet", "Fleet", "Agent", "AgentFlow", "Workflow", "Tool", "Tenant", "DaemonConfig",
)  # fmt: skip
LATER_KINDS: Final = (
    "Trigger", "Context", "AgentWorkflow", "Memory", "KnowledgeBase",
    "ConfigMap", "Secret", "Role", "RoleBinding", "ServiceAccount", "Deployment",
    "Service", "Namespace",
)  # fmt: skip


def is_mcp_name(tool: str) -> bool:
    """Say whether a name stands for tools of MCP servers: all of them, or one."""
    return tool == "mcp" or tool.startswith("mcp__")


def tool_name(tool: Any) -> str | None:
    """Give the name of a tool written as text or as a mapping; None if it has none."""
    if isinstance(tool, dict):
        named = tool.get("name", tool.get("type"))
        kind = tool.get("type")
        if isinstance(named, str) and named:
            return named if "name" in tool else named.lower()
        return kind.lower() if isinstance(kind, str) and kind else None
    return tool if isinstance(tool, str) and tool else None


def may_write(spec: Any) -> bool:
    """Say whether an agent of this spec can change files: by a tool, a server or its runtime."""
    if spec.type in READS_ONLY:
        return False
    by_tool = any(tool not in LEAVES_FILES for tool in spec.tools)
    if spec.type == "worker":
        # It does one thing only, and asks no model for more.
        return bool(spec.run) or spec.tool not in LEAVES_FILES
    return by_tool or bool(spec.mcp_servers) or spec.type not in ASKS_MODEL


def closest(word: str, options: Iterable[str]) -> str | None:
    """Give the option that `word` is most likely a slip of the finger for, or None."""
    if len(word) > 40:
        return None
    folded = _fold(word)
    best: tuple[int, str] | None = None
    for option in islice(options, _OPTIONS_COMPARED):
        if option == word:
            continue
        target = _fold(option)
        allowed = 1 if min(len(folded), len(target)) <= 4 else 2
        if min(len(folded), len(target)) < 3 and folded != target:
            continue
        apart = _distance(folded, target, allowed)
        if apart <= allowed and (best is None or apart < best[0]):
            best = (apart, option)
    return best[1] if best else None


def _fold(word: str) -> str:
    return word.lower().replace("-", "_").replace("_", "").replace(" ", "")


def _distance(left: str, right: str, most: int) -> int:
    """Count insertions, deletions, changes and swaps of neighbours; stops counting above `most`."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(right, 1):
            cost = min(_cheaper(before, row, j), before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _cheaper(above: list[int], row: list[int], j: int) -> int:
    """Give the cheaper of a deletion and an insertion."""
    return min(above[j], row[j - 1]) + 1
