"""Models that are no language models: rules that drive the same tools."""
