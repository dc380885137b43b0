"""The only place that wires concrete parts together, one file for each kind of process."""

from backend.bootstrap.platform import Platform, events, new_job_id, platform, queue, queue_parts

__all__ = ["Platform", "events", "new_job_id", "platform", "queue", "queue_parts"]
