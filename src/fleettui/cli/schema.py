"""`fleettui schema`: the JSON Schema that editors complete and check fleet files with."""

from __future__ import annotations

import json

import click

from fleettui.core.spec.schema import fleet_schema


@click.group()
def schema() -> None:
    """Print the JSON Schema of a kind of file."""


@schema.command()
def fleet() -> None:
    """Print the JSON Schema of fleet files (kind AgentFleet)."""
    click.echo(json.dumps(fleet_schema(), indent=2))
