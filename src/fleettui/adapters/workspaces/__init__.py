"""Agents' folders on this machine: worktrees, their files at checkpoints, and the way back."""
