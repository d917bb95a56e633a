"""The slim adapter: OpenAI-compatible and Anthropic endpoints over aiohttp, nothing else."""
