"""The state of a fleet, folded from its events; changed in place by `evolve` only."""
