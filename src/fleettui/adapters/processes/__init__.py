"""Programs of this machine, started and ended: what tools and runtimes both build on."""
