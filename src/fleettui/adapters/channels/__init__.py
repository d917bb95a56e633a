"""Where messages for flows come from: people at a command line, clocks, webhooks, folders."""
