"""Names in the settings that nothing has: what is set for them holds for nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from backend.api.config.settings import Settings
from backend.api.config.worker_settings import WebhookSettings
from backend.cli.checks.finding import Finding, warning
from backend.domain.text.nearest_name import suggestion

NAMES_NOTHING = "setting_names_nothing"


class _Named(NamedTuple):
    """Names under a setting, and those that there are."""

    setting: str
    names: Iterable[str]
    kind: str
    known: Collection[str]


def check_names(
    settings: Settings, *, job_types: Collection[str], lanes: Collection[str]
) -> Iterator[Finding]:
    """Whether lanes, job types and signing secrets that settings name are there.

    They may be elsewhere: another process has other packages, or alone knows the secrets.
    """
    named = (*_lanes(settings, lanes), *_secrets(settings.webhook, settings.callbacks.secret))
    of_types = _Named("history.days_by_type", settings.history.days_by_type, "job type", job_types)
    for setting, names, kind, known in (*named, of_types):
        for name in names:
            if name not in known:
                yield warning(
                    NAMES_NOTHING,
                    f"{setting} names {name!r}, and there is no {kind} of that name here"
                    f"{suggestion(name, known)}",
                    "correct the name, or leave it where another process that reads these settings has it",
                )


def _lanes(settings: Settings, lanes: Collection[str]) -> Iterator[_Named]:
    worker = settings.worker
    yield _Named("worker.lane_concurrency", worker.lane_concurrency, "lane", lanes)
    yield _Named("worker.lane_async_slots", worker.lane_async_slots, "lane", lanes)
    yield _Named("worker.lane_grace", worker.lane_grace, "lane", lanes)
    served = [lane for lane in settings.api.worker_lanes if lane != "all"]
    yield _Named("api.worker_lanes", served, "lane", lanes)


def _secrets(webhook: WebhookSettings, of_callbacks: str) -> Iterator[_Named]:
    kind, known = "signing secret", webhook.secrets
    # The default of this one is a name that most have no secret of.
    by_default = webhook.default_secret if "default_secret" in webhook.model_fields_set else ""
    for setting, name in (
        ("callbacks.secret", of_callbacks),
        ("webhook.default_secret", by_default),
    ):
        yield _Named(setting, [name] if name else [], kind, known)
    yield _Named("webhook.secret_hosts", webhook.secret_hosts, kind, known)
    yield _Named("webhook.secret_tenants", webhook.secret_tenants, kind, known)
