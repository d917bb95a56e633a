"""`audit`: whether the record is as it was stored, and a copy of it that proves itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

import click

from fleettui.cli.door import JSON, STATE, Audited, Doors, state_of
from fleettui.cli.exported import Exported, export_lines, written
from fleettui.cli.printing import print_json, put, say
from fleettui.cli.times import seconds_of
from fleettui.core.audit import Finding, check_chain, check_texts
from fleettui.core.errors import Forbidden, NotFound, Refused
from fleettui.core.views.rows import AuditRow

TENANT = click.option("--tenant", metavar="T", default="", help="Only this tenant.")


@click.group()
def audit() -> None:
    """Prove that the events of a tenant are those that were stored, or hand them out.

    Every event carries a hash over itself and the hash before it. So what was changed, taken out
    or put elsewhere is found, also at the end. Whoever may write the file could still compute
    all hashes anew: keep the head that `verify` prints elsewhere, and compare.
    """


@audit.command()
@TENANT
@click.option("--file", "file", metavar="FILE", default="", help="Check what `audit export` wrote.")
@STATE
@JSON
@click.pass_context
def verify(context: click.Context, *, tenant: str, file: str, state: str, as_json: bool) -> None:
    """Check every event, and name the first that is not as it was stored. Exit code 0 or 1."""
    if file:
        try:
            with click.open_file(file, "rb") as lines:
                rows = [_of_export(Exported.read(file, lines), tenant)]
        except OSError as error:
            what = f"{file} can't be read: {error.strerror or error}"
            raise Refused(what, "name what `fleettui audit export --output` wrote") from None
    else:
        with _opened(context, state) as store:
            rows = [_of_store(store, one) for one in _tenants(context, store, tenant)]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            put(_line(row))
    context.exit(0 if all(row.ok for row in rows) else 1)


@audit.command()
@click.option("--tenant", metavar="T", required=True, help="Whose events.")
@click.option("--since", metavar="WHEN", default="", help="From then on: 2026-11-25, or 36h.")
@click.option("--output", metavar="FILE", default="", help="A new file, readable by you only.")
@STATE
@click.pass_context
def export(context: click.Context, *, tenant: str, since: str, output: str, state: str) -> None:
    """Print the events as JSON lines that `audit verify --file` can check."""
    with _opened(context, state) as store:
        _tenants(context, store, tenant)
        start = store.before(tenant, seconds_of(since)) if since else None
        lines = export_lines(store, tenant, start)
        if output:
            count = written(output, lines)
            say(f"{count:,} events of {tenant} are in {output}")
            return
        for line in lines:
            click.echo(line)


def _opened(context: click.Context, state: str) -> AbstractContextManager[Audited]:
    """Open the store, for whom it belongs to; raises Forbidden for anybody else's eyes."""
    doors: Doors = context.obj
    if doors.rights_of:
        raise Forbidden(f"{doors.rights_of} may not read the record itself", "call it without --as")
    return doors.audited(state_of(context, state))


def _tenants(context: click.Context, store: Audited, wanted: str) -> Sequence[str]:
    """Name the tenants asked for, after the command or before it; raises NotFound."""
    doors: Doors = context.obj
    found = [one for one in store.tenants() if doors.tenant in {"", one}]
    if wanted and wanted not in found:
        raise NotFound(f"there are no events of a tenant '{wanted}'", "without --tenant: all")
    return [wanted] if wanted else found


def _of_store(store: Audited, tenant: str) -> AuditRow:
    end, texts = store.end(tenant), store.texts(tenant)
    finding = check_chain(store.entries(tenant), end)
    if finding.flaw is None:
        finding = finding._replace(flaw=check_texts(store.entries(tenant), texts))
    return _row(tenant, finding, end.found if end else 0, texts)


def _of_export(exported: Exported, tenant: str) -> AuditRow:
    if tenant and tenant != exported.tenant:
        raise NotFound(f"there are no events of a tenant '{tenant}' in {exported.file}")
    start, previous = exported.start
    finding = check_chain(exported.entries, exported.end, place=start, previous=previous)
    events = finding.events - start
    return _row(exported.tenant, finding._replace(events=events), exported.found, {})


def _row(tenant: str, finding: Finding, found: int, texts: Mapping[str, bool]) -> AuditRow:
    flaw = finding.flaw
    return AuditRow(
        tenant, flaw is None, finding.events, found, len(texts), finding.hash.hex(),
        flaw.wrong if flaw else None, flaw.place if flaw else 0, flaw.stream if flaw else "",
        flaw.seq if flaw else 0, flaw.why if flaw else "",
    )  # fmt: skip


def _line(row: AuditRow) -> str:
    """Say in a line what was found."""
    if row.wrong is not None:
        which = f"event {row.seq} of {row.stream}" if row.stream else "events"
        return f"{row.tenant}: {row.wrong.upper()}: {which} (place {row.place:,}): {row.why}"
    old = f", the first {row.found:,} as they were found" if row.found else ""
    texts = f" and {row.texts:,} texts" if row.texts else ""
    return f"{row.tenant}: {row.events:,} events{texts} as they were stored{old}; head {row.head}"
