"""What a screen or a script sees: rows, projected from the state; nothing here decides."""
