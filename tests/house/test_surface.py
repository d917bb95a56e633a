"""What others build on, by name: whoever adds to it or takes from it changes this list too."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import get_args

import msgspec
import pytest

import fleettui
from fleettui import client, ports
from fleettui.core import commands, errors
from fleettui.core.views import queries

CLIENT = {
    "Client": {"operator", "operators", "read", "send", "watch"},
    "Watch": {"take"},
}
PORTS = {
    "Channel": {"ask", "platform", "receive", "reply", "resolve"},
    "FlowFolder": {"follow", "load"},
    "FlowsNow": {"flows", "problems"},
    "Store": {"append", "read", "streams"},
    "Snapshots": {"load_snapshot", "save_snapshot"},
    "Blobs": {"get_blob", "put_blob"},
    "Subscription": {"overflowed", "take"},
    "Bus": {"publish", "subscribe"},
    "Model": {"complete"},
    "Toolbox": {"installed", "freeze", "perform", "prepare", "release", "specs"},
    "Files": {"match"},
    "Measures": {"measure"},
    "Lines": {"newest", "write"},
    "Recordings": {"append_order", "read_order"},
    "TurnDoor": {"act", "ask_model", "vote", "wait_may_go_on", "workplace"},
    "WatchDoor": {"agents", "clear_alert", "now", "raise_alert", "raised", "workplace"},
    "WatchingRuntime": {"watch"},
    "GuestDoor": {
        "assignment",
        "fleet",
        "finish",
        "freeze",
        "keep_session",
        "leave",
        "lose",
        "note",
        "open",
        "permit",
        "say",
        "serve",
        "spec",
        "start",
        "stream",
        "wait_resumed",
        "wait_settings",
        "wait_settled",
        "withdraw",
        "workplace",
    },
    "Runtime": {"perform"},
    "LastingRuntime": {"close", "end", "lacks", "tidy"},
    "Vault": {"bind", "environment", "keep", "known", "secrets", "tenants", "wait_kept"},
    "Secrets": {"current", "known", "tenants"},
    "KeyedModel": {"is_served", "takes"},
    "Specs": {"load_fleet"},
    "TenantFolder": {"changes", "load", "place"},
    "SharedMemories": {"open"},
    "SharedMemory": {"drop", "entries", "put"},
    "Clock": {"now"},
    "Workspaces": {"has_work", "is_there", "look", "make", "plan", "private", "remove", "renewed"},
    "FileHistory": {"changes", "keep", "paths", "restore"},
    "Merging": {"land", "propose"},
}
OPERATOR_COMMANDS = {
    "Approve", "CancelRun", "Deny", "DropMessage", "EditAction", "EditPlan", "ExtendExpiry",
    "ForgetEntry", "ForkAgent", "HoldMessage", "HoldRun", "MakeCheckpoint", "MergeAgent",
    "MoveAgent", "MoveMessage", "OpenFleet", "OverrideBallot", "ReleaseMessage", "ReleaseRun",
    "RemoveWorkspace", "RestoreMessage", "ResumeRun",
    "RetryMessage", "RevokeRule", "RollBack", "SendMessage", "StartRun", "StopFleet", "Withdraw",
    "HoldTenant", "ReleaseTenant", "HoldAll", "ReleaseAll",
    "DropRequest", "HoldRequest", "MoveRequest", "ReleaseRequest", "RetryRequest", "SendToFlow",
    "UseFlows",
}  # fmt: skip


def public(thing: type) -> set[str]:
    return {name for name in vars(thing) if not name.startswith("_")}


def protocols(module: ModuleType) -> dict[str, set[str]]:
    """Give the public members of every protocol that a module defines."""
    return {
        name: public(thing)
        for name, thing in vars(module).items()
        if inspect.isclass(thing)
        and thing.__module__ == module.__name__
        and getattr(thing, "_is_protocol", False)
    }


def test_the_client_is_the_door_as_listed() -> None:
    assert protocols(client) == CLIENT


def test_the_ports_are_those_listed() -> None:
    assert protocols(ports) == PORTS


def test_operators_have_the_commands_listed() -> None:
    assert {command.__name__ for command in get_args(commands.OperatorCommand)} == (
        OPERATOR_COMMANDS
    )


@pytest.mark.parametrize("module", [commands, queries], ids=["commands", "queries"])
def test_what_goes_through_the_door_is_frozen_tagged_and_described(module: ModuleType) -> None:
    structs = [
        thing
        for thing in vars(module).values()
        if inspect.isclass(thing)
        and issubclass(thing, msgspec.Struct)
        and thing.__module__.startswith(module.__name__)
    ]
    assert structs
    for struct in structs:
        assert struct.__struct_config__.frozen, struct
        assert struct.__struct_config__.tag == struct.__name__, struct
        assert (struct.__doc__ or "").strip(), struct


def test_every_error_is_in_the_tree_of_its_page_and_says_its_cause() -> None:
    page = errors.__doc__ or ""
    for name, error in vars(errors).items():
        if inspect.isclass(error) and error.__module__ == errors.__name__:
            assert issubclass(error, errors.FleettuiError)
            assert f"{name} " in page or f"{name}\n" in page, name
            assert error.__doc__, name


def test_the_package_itself_offers_its_version_and_imports_nothing() -> None:
    assert {name for name in vars(fleettui) if not name.startswith("_")} <= {
        name for name in vars(fleettui) if inspect.ismodule(getattr(fleettui, name))
    }
    assert fleettui.__version__
