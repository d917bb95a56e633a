"""Commands in, events out; and what must be done in the world because an event says so."""
