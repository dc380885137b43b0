"""The HTTP API of the documents."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Path, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, HttpUrl

from documents import store
from documents.jobs import Document, count_words
from tally import JobNotFound, JobState, queue

app = FastAPI(title="Documents")

_MOST_BYTES = 1_000_000
Name = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]


class Accepted(BaseModel):
    """A job that is on its way."""

    job: str


class Outcome(BaseModel):
    """Where a job stands, and what it left."""

    state: JobState
    progress: dict[str, Any] | None
    result: Any
    error: str | None


@app.put("/documents/{name}", status_code=202)
async def upload(name: Name, request: Request, callback_url: HttpUrl | None = None) -> Accepted:
    """Keeps the body as a document and has its words counted; the outcome is POSTed to ``callback_url``."""
    content = await _body(request)
    await run_in_threadpool(store.keep, name, content)
    address = str(callback_url) if callback_url else None
    job = await count_words.aenqueue(Document(name=name), callback_url=address, tags=[name])
    return Accepted(job=job.id)


@app.get("/jobs/{job_id}")
async def outcome(job_id: str) -> Outcome:
    """What became of a job."""
    try:
        job = await queue().aget_job(job_id)
    except JobNotFound:
        raise HTTPException(404, "there is no such job") from None
    error = job.error.message if job.error else None
    return Outcome(state=job.state, progress=job.progress, result=job.result, error=error)


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _MOST_BYTES:
            raise HTTPException(413, f"a document has at most {_MOST_BYTES} bytes")
    return bytes(content)
