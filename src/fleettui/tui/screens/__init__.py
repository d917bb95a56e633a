"""The screens; only they send commands."""
