"""`fleettui schema`: the JSON Schemas that editors complete and check files with."""

from __future__ import annotations

import json

import click

from fleettui.core.spec.schema import daemon_schema, fleet_schema, flow_schema


@click.group()
def schema() -> None:
    """Print the JSON Schema of a kind of file."""


@schema.command()
def fleet() -> None:
    """Print the JSON Schema of fleet files (kind AgentFleet)."""
    click.echo(json.dumps(fleet_schema(), indent=2))


@schema.command()
def flow() -> None:
    """Print the JSON Schema of flows (kind AgentFlow)."""
    click.echo(json.dumps(flow_schema(), indent=2))


@schema.command()
def daemon() -> None:
    """Print the JSON Schema of daemons (kind DaemonConfig)."""
    click.echo(json.dumps(daemon_schema(), indent=2))
