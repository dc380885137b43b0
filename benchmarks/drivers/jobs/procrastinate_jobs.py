"""Procrastinate's application."""

from __future__ import annotations

import os
from typing import Any

import runs
from procrastinate import App, PsycopgConnector

app = App(connector=PsycopgConnector(conninfo=os.environ["BENCH_POSTGRES"]))


@app.task(name="noop", queue="bench")
async def noop(payload: dict[str, Any]) -> None:
    runs.noop()


@app.task(name="stamp", queue="bench")
async def stamp(payload: dict[str, Any]) -> None:
    runs.stamp(payload)


@app.task(name="wait", queue="bench")
async def wait(payload: dict[str, Any]) -> None:
    await runs.async_wait()
