"""Runs main, for `python -m fleettui`."""

from fleettui.main import main

main()
