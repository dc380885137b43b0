"""What may be declared a job type, and what is refused where it stands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from backend.domain.errors import ConfigurationError
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_type import JobType
from workers.base_worker import job_type
from workers.registry import load_catalogue


async def later(payload: dict[str, Any]) -> None: ...


def bit_by_bit(payload: dict[str, Any]) -> Iterator[int]:
    yield 1


async def later_bit_by_bit(payload: dict[str, Any]) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (later_bit_by_bit, "later_bit_by_bit has a yield, so calling it runs nothing; return a"),
        (bit_by_bit, "bit_by_bit has a yield, so calling it runs nothing; return a list"),
    ],
)
def test_what_a_call_would_not_run_is_refused_with_the_cure(handler: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        job_type("fetch")(handler)

    assert str(refusal.value).startswith(f"job type 'fetch': {said}")


def test_an_async_function_is_taken_and_known_as_one() -> None:
    assert job_type("fetch")(later) is later

    assert JobType("fetch", later).is_async
    assert not JobType("fetch", bit_by_bit).is_async


def test_a_plain_function_around_an_async_one_is_taken() -> None:
    @wraps(later)
    def runs_it(payload: dict[str, Any]) -> None: ...

    assert job_type("fetch")(runs_it) is runs_it


def test_an_isolation_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="isolation is thread or process, not 'proces'"):
        job_type("fetch", isolation="proces")


HEAD = """
from __future__ import annotations
from typing import TYPE_CHECKING
from pydantic import BaseModel
from workers.base_worker import BaseWorker, job_type
if TYPE_CHECKING:
    from nowhere import Sap
    from workers.base_worker import JobContext
class Nap(BaseModel):
    seconds: float
"""
FUNCTION = '@job_type("nap")\ndef nap(payload: {0}, context: JobContext) -> JobContext: ...\n'
METHOD = """
class Sleeper(BaseWorker):
    @job_type("nap")
    def nap(self, payload: {0}, context: JobContext) -> JobContext: ...
"""


class Shelf:
    """A folder of modules that can be loaded as job packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def load(self, text: str) -> Any:
        """The catalogue with one more module, and its name."""
        self._made += 1
        name = f"{self.folder.name.replace('-', '_')}_{self._made}"
        (self.folder / f"{name}.py").write_text(text)
        self.last = name
        return load_catalogue((), [name], RetryPolicy())

    def refusal(self, text: str) -> str:
        """What is said of a module that cannot be loaded."""
        with pytest.raises(ConfigurationError) as refusal:
            self.load(text)
        return str(refusal.value)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Shelf(tmp_path)


@pytest.mark.parametrize("declaration", [FUNCTION, METHOD], ids=["function", "method"])
def test_only_the_payload_must_be_there_when_it_runs(shelf: Shelf, declaration: str) -> None:
    kind = shelf.load(HEAD + declaration.format("Nap")).get("nap")

    assert kind.payload.__name__ == "Nap"


@pytest.mark.parametrize("declaration", [FUNCTION, METHOD], ids=["function", "method"])
def test_a_payload_that_only_type_checkers_see_is_refused_with_module_and_name(
    shelf: Shelf, declaration: str
) -> None:
    said = shelf.refusal(HEAD + declaration.format("Sap"))

    assert said == (
        f"job type 'nap' in {shelf.last}: the type of its payload cannot be found when it runs: "
        "name 'Sap' is not defined; import it outside of `if TYPE_CHECKING`"
    )


PLAIN = """
from dataclasses import dataclass
from typing import Any, Optional
from pydantic import BaseModel
from tally import BaseWorker, JobContext, job_type
class Nap(BaseModel):
    seconds: float = 1
class Deep(Nap): ...
@dataclass
class Rest:
    seconds: float
@job_type("nap")
"""


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        ("def nap(payload: Nap, *, context: JobContext): ...", "too many positional arguments"),
        ("def nap(payload: Nap, **options): ...", "too many positional arguments"),
        ("def nap(*, payload: Nap): ...", "too many positional arguments"),
        ("def nap(payload: Nap, context, more): ...", "missing a required argument: 'more'"),
    ],
)
def test_a_handler_that_no_worker_could_call_is_refused(
    shelf: Shelf, handler: str, said: str
) -> None:
    assert shelf.refusal(PLAIN + handler) == (
        f"job type 'nap' in {shelf.last}: nap is called with its payload, and with its context where it "
        f"takes a second argument, both by place: {said}"
    )


def test_a_method_that_no_worker_could_call_is_refused(shelf: Shelf) -> None:
    method = METHOD.replace("context: JobContext", "*, context: JobContext")

    assert "Sleeper.nap is called with" in shelf.refusal(HEAD + method.format("Nap"))


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ("JobContext", "workers.base_worker.JobContext"),
        ("Rest", "Rest"),
        ("list[int]", "list[int]"),
        ("str", "str"),
        ("Optional[Nap]", "Optional[$.Nap]"),
        ("Nap | None", "$.Nap | None"),
        ("Nap | Deep", "$.Nap | $.Deep"),
    ],
)
def test_a_payload_that_is_never_what_it_is_said_to_be_is_refused(
    shelf: Shelf, annotation: str, said: str
) -> None:
    refusal = shelf.refusal(f"{PLAIN}def nap(payload: {annotation}): ...")

    assert refusal == (
        f"job type 'nap' in {shelf.last}: what nap takes first is its payload, a pydantic model or a "
        f"mapping, and never {said.replace('$', shelf.last)}"
    )


@pytest.mark.parametrize(
    "handler",
    [
        "def nap(): ...",
        "def nap(*given): ...",
        "def nap(payload: Nap, context: JobContext, /, more: int = 1): ...",
        "def nap(payload: dict[str, Any] | None, context=None): ...",
        "def nap(payload: Any): ...",
        "def nap(payload: None): ...",
        "def nap(payload: 'Nap | dict[str, Any]'): ...",
    ],
)
def test_what_a_worker_can_call_is_taken(shelf: Shelf, handler: str) -> None:
    assert shelf.load(PLAIN + handler).get("nap")


WORKERS = """
from tally import BaseWorker, job_type, task
class Base(BaseWorker):
    @job_type("nap")
    def nap(self, payload): ...
"""


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("class Deep(Base): ...", "Deep"),
        ("class Deep(Base):\n    @job_type('nap')\n    def nap(self, payload): ...", "Deep"),
        ("class Other(BaseWorker): ...", "Base"),
    ],
)
def test_of_a_worker_and_one_derived_from_it_the_derived_one_has_the_job_type(
    shelf: Shelf, text: str, owner: str
) -> None:
    assert shelf.load(WORKERS + text).get("nap").worker.__name__ == owner


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "class Deep(Base): ...\nclass Short(Base): ...",
            "two job types are called 'nap': $.Deep and $.Short; rename one of them",
        ),
        (
            "@job_type('nap')\ndef nap(payload): ...",
            "two job types are called 'nap': $.Base and $; rename one of them",
        ),
        (
            "class Deep(Base):\n    def nap(self, payload): ...",
            (
                "Deep.nap in $ stands in the place of the job type 'nap', and is none; declare it too, "
                "under that name"
            ),
        ),
        (
            "class Deep(Base):\n    @classmethod\n    @job_type('rest')\n    def rest(cls, p): ...",
            "Deep.rest in $ is a classmethod, and a job type is a plain method or a function",
        ),
        (
            "class Deep(Base):\n    @staticmethod\n    @job_type('rest')\n    def rest(p): ...",
            "Deep.rest in $ is a staticmethod, and a job type is a plain method or a function",
        ),
        (
            "class Deep(BaseWorker):\n    @task('rest')\n    def rest(self, seconds: int): ...",
            (
                "job type 'rest' in $: Deep.rest is a method, and a task is a function; declare it with "
                "@job_type, and with a payload"
            ),
        ),
    ],
)
def test_a_method_of_which_nobody_could_say_who_runs_it_is_refused(
    shelf: Shelf, text: str, said: str
) -> None:
    assert shelf.refusal(WORKERS + text) == said.replace("$", shelf.last)


def test_what_is_no_function_of_python_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="len> is no function of yours"):
        job_type("length")(len)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("x = 1\nraise ValueError('boom')\n", "ValueError: boom", 2),
        ("import sys\n\nsys.exit(3)\n", "SystemExit: 3", 3),
        ("import json\ndef f(): json.loads('{')\nf()\n", "JSONDecodeError: Expecting", 3),
        ("import no_such_package\n", "ModuleNotFoundError: No module named 'no_such_package'", 1),
        ("raise KeyboardInterrupt\n", "", 0),
    ],
)
def test_a_package_that_raises_is_one_sentence_with_its_line(
    shelf: Shelf, text: str, said: str, line: int
) -> None:
    if not line:
        with pytest.raises(KeyboardInterrupt):
            shelf.load(text)
        return
    refusal = shelf.refusal(text)

    assert refusal.startswith(f"job package {shelf.last!r} cannot be imported: {said}")
    assert f"({shelf.folder / shelf.last}.py, line {line}); correct it" in refusal
    assert len(refusal.splitlines()) == 1


def test_a_package_with_a_slip_of_the_pen_says_where(shelf: Shelf) -> None:
    refusal = shelf.refusal("def f(:\n    pass\n")

    assert f"SyntaxError: invalid syntax ({shelf.last}.py, line 1)" in refusal


def test_a_number_out_of_its_range_names_the_job_type(shelf: Shelf) -> None:
    refusal = shelf.refusal(
        "from workers.base_worker import job_type\n@job_type('nap', result_ttl=10**12)\n"
        "def nap(payload): ...\n"
    )

    assert refusal == (
        "job type 'nap': result_ttl must be a whole number of seconds from 0 to 31622400, "
        "not 1000000000000"
    )
