"""Settings of the dashboard: how long people stay signed in, and how their pages behave."""

from __future__ import annotations

from pydantic import Field

from backend.api.config.section import Seconds, Section


class DashboardSettings(Section):
    """The pages under /dashboard/jobs."""

    enabled: bool = Field(True, description="Whether the pages are served.")
    idle_seconds: Seconds = Field(1800, description="A session nobody uses ends after so long.")
    session_seconds: Seconds = Field(43_200, description="Every session ends after so long.")
    wrong_sign_ins_per_minute: float = Field(
        6, gt=0, description="Sign-ins with a wrong token, from one address."
    )
    refresh_seconds: float = Field(
        3, ge=1, le=300, description="How often an open page asks for what has changed."
    )
    page_size: int = Field(50, ge=10, le=200, description="Jobs of one page.")
    label: str = Field("", max_length=20, description="Shown beside the name: production, staging…")
