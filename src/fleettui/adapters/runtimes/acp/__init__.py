"""Agents that are programs of their own and speak the Agent Client Protocol over stdio."""
