"""What a job that is confined to a tenant may read: that tenant's rows, and nothing that has no tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from backend.api.config.worker_settings import SourceSettings
from backend.domain.errors import PermanentFailure
from workers.base_worker import JobContext
from workers.sources.source import OWN_SOURCE

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

#: The parameter by which a query asks for one tenant's rows. A confined job cannot choose it.
TENANT = "tenant"
#: Tables of Tally's own whose rows are about one job.
_ABOUT_A_JOB = frozenset({"job_results", "job_events", "artifacts"})


def own_rows(
    statement: Select[Any],
    table: str,
    known: Mapping[str, Any],
    source: tuple[str, SourceSettings],
    context: JobContext,
) -> Select[Any]:
    """A table's rows of the job's tenant; all of them for a job that is not confined.

    ``known`` are the table's columns by name. Raises `PermanentFailure` where no column tells whose a
    row is.
    """
    if not context.is_confined:
        return statement
    name, settings = source
    if name == OWN_SOURCE and table in _ABOUT_A_JOB:
        return statement.where(_is_of_own_job(known["job_id"], context.tenant))
    column = known.get(settings.tenant_column)
    if column is None:
        raise PermanentFailure(
            f"table {table!r} of source {name!r} does not tell whose its rows are, so jobs of a key that "
            f"is bound to a tenant may not read it (sources.{name}.tenant_column)"
        )
    return statement.where(column == context.tenant)


def _is_of_own_job(job_id: Any, tenant: str) -> ColumnElement[bool]:
    from sqlalchemy import column, select, table

    jobs = table("jobs", column("id"), column(TENANT))
    return job_id.in_(select(jobs.c.id).where(jobs.c.tenant == tenant))  # type: ignore[no-any-return]


def own_parameters(
    what: str, wanted: Collection[str], given: Mapping[str, Any], context: JobContext
) -> dict[str, Any]:
    """The values of a query's parameters; a confined job's tenant is its own, whatever was given.

    Raises `PermanentFailure` for a query that does not ask for a tenant: it reads everybody's rows.
    """
    if not context.is_confined:
        return dict(given)
    if TENANT not in wanted:
        raise PermanentFailure(
            f"{what} reads rows of all tenants, so jobs of a key that is bound to one may not have it; a "
            f"query that asks for :{TENANT} would be open to them"
        )
    return {**given, TENANT: context.tenant}
