"""The runtime of interactive programs, each in a tmux session of its own."""
