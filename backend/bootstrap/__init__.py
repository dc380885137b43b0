"""The only place that wires concrete parts together, one file for each kind of process."""

from backend.bootstrap.platform import Platform, new_job_id, platform, queue_parts

__all__ = ["Platform", "new_job_id", "platform", "queue_parts"]
