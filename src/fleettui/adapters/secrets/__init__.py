"""The secrets of tenants, sealed in files: the only folder that knows the packages for it."""
