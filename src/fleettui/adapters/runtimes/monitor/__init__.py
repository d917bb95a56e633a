"""The runtime of monitors: what each kind of rule looks at, and when that is an alert."""
