"""Pure rules: no clock, no disk, no network, no screen, no asyncio, no randomness."""
