"""Mails to customers."""

from __future__ import annotations

import os
import smtplib
from email.message import EmailMessage

from backend.places import folder


def send(message: EmailMessage, name: str) -> None:
    """Hands it to the server that ``SHOP_SMTP`` names; without one it becomes a file."""
    if server := os.environ.get("SHOP_SMTP"):
        with smtplib.SMTP(server, timeout=20) as smtp:
            smtp.send_message(message)
    else:
        (folder("mails") / f"{name}.eml").write_bytes(message.as_bytes())
