"""The only place that wires concrete parts together, one file for each kind of process."""

from backend.bootstrap.current import events, platform, queue, queue_parts
from backend.bootstrap.platform import Platform, new_job_id

__all__ = ["Platform", "events", "new_job_id", "platform", "queue", "queue_parts"]
