"""The modules that declare the job types which Tally ships."""

from __future__ import annotations

#: The upkeep jobs work on the platform itself, so they are wired beside it.
OWN_MODULES = (
    "workers.email_worker",
    "workers.report_worker",
    "workers.export_worker",
    "workers.webhook_worker",
    "workers.maintenance_worker",
    "backend.bootstrap.upkeep_jobs",
)
