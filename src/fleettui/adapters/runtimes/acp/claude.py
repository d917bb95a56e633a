"""ClaudeCodeRuntime: Claude Code over ACP (`type: claude-code`), by claude-agent-acp."""

from __future__ import annotations

from fleettui.adapters.runtimes.acp.runtime import AcpRuntime

# Tools that change or reach something: Claude Code asks for each use, whatever the settings of the
# user or the project allow, so that every use passes fleettui's policy. Ask goes before allow.
_ASKED = ("Bash", "Edit", "Write", "MultiEdit", "NotebookEdit", "WebFetch", "WebSearch")


class ClaudeCodeRuntime(AcpRuntime):
    """The same runtime with its program named and its permissions on our side."""

    COMMAND = ("claude-agent-acp",)
    INSTALL = "npm install -g @agentclientprotocol/claude-agent-acp"
    META = {  # noqa: RUF012 - never changed
        "claudeCode": {
            "options": {
                "settings": {
                    "permissions": {
                        "ask": list(_ASKED),
                        "disableBypassPermissionsMode": "disable",
                    }
                }
            }
        }
    }
