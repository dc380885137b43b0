"""For applications that set up their logs themselves: lines inside a job say whose they are."""

from __future__ import annotations

from backend.telemetry.logs.job_lines import JobFields, job_fields, keep_line

__all__ = ["JobFields", "job_fields", "keep_line"]
