"""What a page says after something was done; the address bar carries the word, never the sentence."""

from __future__ import annotations

from flask import request

from backend.dashboard.drawing.wording import plural

_SENTENCES = {
    "canceled": "Canceled {jobs}.",
    "asked": "Asked {jobs} to stop; a running job ends when it listens.",
    "canceled-and-asked": "Canceled {jobs}, asked {asked} to stop; a running job ends when it listens.",
    "queued": "Sent {jobs} back to the queue.",
    "discarded": "Discarded {jobs}; history keeps them.",
    "finished": "Marked as done by hand.",
    "replayed": "Enqueued as a new job; this is it.",
    "answered": "Not enqueued: this job is the same, keeps others out, and stands for it.",
    "replaced": "Not enqueued: this job is the same, waits, and has got its payload.",
    "moved": "Moved.",
    "hastened": "Queued {jobs} ahead of time.",
    "paused": "Paused.",
    "resumed": "Resumed.",
    "thawed": "The freeze is over; what waited comes in turn.",
    "limited": "The limit holds from now on; what runs goes on.",
    "opened": "Open until somebody closes it; what runs goes on.",
    "quota-set": "The quota holds, for jobs that wait too.",
    "quota-cleared": "The tenant may use as much as there is.",
    "let-back": "Who waited comes back, twice as many each second.",
    "changed": "Changed; it holds from now on.",
    "made": "Made; this is it.",
    "deleted": "Deleted; its ticks stay on record.",
    "purged": "Canceled {jobs} that waited there.",
    "run": "Its job is enqueued; the run shows below as soon as it is settled.",
    "stopping": "Asked it to stop; it finishes what it runs first.",
    "deaf": "It does not listen, so it could not be asked.",
    "cleared": "Took away {records} of workers that are gone.",
    "revoked": "Revoked; it opens no door after five seconds at the latest.",
    "signed-out": "Signed out.",
    "ended": "Your session has ended; sign in again.",
    "nothing": "Nothing was left to do.",
}


def note_in() -> str:
    """The sentence for this page; empty when there is none."""
    sentence = _SENTENCES.get(request.args.get("note", ""), "")
    many = _number("n")
    return sentence.format(
        jobs=plural(many, "job"),
        records=plural(many, "record"),
        asked=plural(_number("asked"), "job"),
    )


def _number(name: str) -> int:
    text = request.args.get(name, "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1  # noqa: PLR2004
