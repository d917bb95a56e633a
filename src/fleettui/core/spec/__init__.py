"""The YAML kinds as pydantic models."""
