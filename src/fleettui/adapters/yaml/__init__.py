"""Fleet files, read with their places."""
