"""What did not fit in a form or an address: its page is shown again, with that beside each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from backend.api.http.problem import told_of
from backend.domain.errors import InvalidPayload, InvalidRequest, TallyError
from backend.domain.text.checked_words import checked_words

#: Fields that pages call by another name than the API.
_OTHER_NAMES = {
    "error": "text",
    "job_type": "type",
    "trace_id": "trace",
    "context_id": "context",
    "error_kind": "kind",
}


@dataclass(frozen=True, slots=True)
class Slip:
    """``action`` is the address of the form; empty for conditions in the address of a page."""

    action: str
    #: What is said above all, for what belongs to no field.
    head: str
    #: What is wrong, by field.
    texts: Mapping[str, str]
    #: What was typed, by field.
    typed: Mapping[str, str]

    def is_of(self, action: str, fields: Mapping[str, str]) -> bool:
        """Whether it is of this form: of those with one address hidden fields say which it is."""
        return self.action == action and fields.items() <= self.typed.items()


def slip_of(error: TallyError | ValidationError, action: str, typed: Mapping[str, str]) -> Slip:
    """What an error says of each field that was sent; what it says of others stands above all."""
    texts: dict[str, str] = {}
    head = [_happened(error) if action else "Nothing is listed until this is corrected."]
    for name, words in _findings(error):
        field = name if name in typed else _OTHER_NAMES.get(name, name)
        if field:
            texts[field] = _sentence(words)
        if field not in typed:
            head.append(_sentence(f"{field}: {words}" if field else words))
    return Slip(action, " ".join(head), texts, typed)


def _happened(error: TallyError | ValidationError) -> str:
    """A store that does not answer may have done it all the same."""
    if isinstance(error, InvalidRequest | ValidationError):
        return "Nothing was done."
    return "This did not go through; look whether it was done before you do it again."


def _findings(error: TallyError | ValidationError) -> list[tuple[str, str]]:
    if isinstance(error, ValidationError):
        found = error.errors(include_input=False, include_url=False, include_context=False)
        return [
            (str(each["loc"][0]) if each["loc"] else "", checked_words(each["msg"]))
            for each in found
        ]
    words = told_of(error)
    if isinstance(error, InvalidPayload):
        places = [f"{each['field']}: {each['problem']}" for each in error.details.get("errors", ())]
        return [("payload", "; ".join(places) or words)]
    return [(str(error.details.get("field", "")), words)]


def _sentence(words: str) -> str:
    begun = words[:1].upper() + words[1:]
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."
