"""What it costs, always beside a peer or the limit in the same run; `python -m bench` for all."""
