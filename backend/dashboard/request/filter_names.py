"""What conditions are called in addresses of pages, and what the API calls them."""

from __future__ import annotations

#: Those of a list of jobs, of dead letters, and of what is done to all that match.
FILTER_NAMES = {
    "type": "job_type",
    "queue": "queue",
    "state": "state",
    "tag": "tag",
    "tenant": "tenant",
    "trace": "trace_id",
    "context": "context_id",
    "environment": "environment",
    "worker": "worker",
    "text": "error",
    "error": "error",
    "kind": "error_kind",
    "since": "since",
    "until": "until",
    "after": "after",
    "before": "before",
}
#: Dead jobs are in one state.
DEAD_NAMES = {name: word for name, word in FILTER_NAMES.items() if name != "state"}
