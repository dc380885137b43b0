"""Settings: are they good, do they go together, can what they name be found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from backend.api.config.settings import Settings, load_settings
from backend.cli.checks.finding import Finding, ok, warning, wrong
from backend.domain.errors import ConfigurationError

_LOCAL = {"", "localhost", "127.0.0.1", "::1"}


def check_settings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether they can be used, and whether they go together."""
    try:
        settings = load_settings()
    except ConfigurationError as error:
        for line in str(error).splitlines():
            yield wrong("settings_wrong", line, "correct it in the environment or in the file")
        return
    yield ok("settings", "the settings are good")
    yield from _prefix(settings, environment)
    yield from _transport(settings)
    yield from _retention(settings)


def _prefix(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    theirs = environment.get("RQ_KEY_PREFIX", "rq")
    if theirs.rstrip(":") != settings.redis.prefix:
        yield warning(
            "key_prefix",
            f"redis.prefix is {settings.redis.prefix!r}, RQ_KEY_PREFIX is {theirs!r}",
            "set both alike, or rq's own tools look at other keys",
        )


def _transport(settings: Settings) -> Iterator[Finding]:
    redis = urlsplit(settings.redis_url)
    if redis.scheme == "redis" and (redis.hostname or "") not in _LOCAL:
        yield warning(
            "redis_plain",
            f"jobs travel to {redis.hostname} unencrypted",
            "use rediss:// unless that network is private",
        )
    smtp = settings.smtp
    if smtp.security == "none" and smtp.host not in _LOCAL:
        yield warning(
            "smtp_plain",
            f"mails and their password travel to {smtp.host} unencrypted",
            "set smtp.security to starttls or tls",
        )


def _retention(settings: Settings) -> Iterator[Finding]:
    """Whether dead jobs stay on record for longer than history is to keep them."""
    history, most = settings.history, settings.dlq.max_days
    kept = {"history.failed_days": history.failed_days}
    kept |= {f"history.days_by_type.{name}": days for name, days in history.days_by_type.items()}
    for name, days in kept.items():
        if not most or days < most:
            stays = f"{most:g} days" if most else "for ever"
            yield warning(
                "dead_outlive_record",
                f"a dead job is kept {stays} (dlq.max_days), and as long on record, not {days} ({name})",
                "set both alike, or discard dead jobs sooner",
            )
