"""How a fleet works together: one file per mode, and the table of them."""
