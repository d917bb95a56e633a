"""Listing: a group of commands that lists where no verb is given."""

from __future__ import annotations

import click


class Listing(click.Group):
    """Takes `fleettui requests` as `fleettui requests ls`, with the options of `ls` too."""

    verb = "ls"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the verb before what begins with none."""
        first = args[0] if args else "-"
        if first.startswith("-") and first not in ctx.help_option_names:
            args = [self.verb, *args]
        return super().parse_args(ctx, args)
