"""What a demonstration needs of others, which extras bring: asked for before anything is started."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from backend.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from backend.quickstart.mail_catcher import MailCatcher

_LIBRARIES = ("aiosmtpd", "fpdf")


def mail_catcher() -> MailCatcher:
    """The mail server to show; raises `ConfigurationError` where a library is missing."""
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"tally quickstart needs {' and '.join(missing)}: "
            "pip install 'tally-queue[demo,embedded,reports]'; "
            "to work on a project of your own: tally init, tally dev"
        )
    from backend.quickstart.mail_catcher import MailCatcher

    return MailCatcher()
