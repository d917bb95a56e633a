"""One grammar per tool, and the table of them all."""
