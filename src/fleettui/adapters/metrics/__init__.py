"""How what is counted leaves the host: Prometheus' text, over HTTP on this machine, and files."""
