"""The rules: a command and the state give events, or a refusal that changes nothing."""
