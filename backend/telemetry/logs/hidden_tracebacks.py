"""Tracebacks of our lines in a program that formats them itself, without credentials."""

from __future__ import annotations

import logging
import traceback

from backend.telemetry.logs.redaction import masked_end


def hide_tracebacks(record: logging.LogRecord) -> bool:
    """A filter of a logger: what it writes has a traceback already, which formatters take as it is."""
    if record.exc_info and record.exc_info[1] and not record.exc_text:
        text = "".join(traceback.format_exception(record.exc_info[1]))
        record.exc_text = masked_end(text.rstrip("\n"))
    return True
