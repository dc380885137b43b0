"""The plugin in runs of pytest as users have them."""

from __future__ import annotations

import pytest

from tests.architecture.source_tree import ROOT

pytest_plugins = ["pytester"]

_JOBS = """
from tally import job_type, queue

@job_type("greet")
def greet(payload):
    return "Hello " + payload["name"]

def sign_up(name):
    queue().enqueue_job("greet", {"name": name})
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with one job type; the plugin is named, as where it is not installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TALLY_JOB_PACKAGES", "jobs")
    monkeypatch.setenv("TALLY_CONFIG", str(pytester.path / "none.yaml"))
    (pytester.path / "none.yaml").write_text("{}\n")
    pytester.makepyfile(jobs=_JOBS)
    pytester.syspathinsert()
    pytester.makeini("[pytest]\naddopts = -p tally.testing.plugin --strict-markers")
    return pytester


def _passes(project: pytest.Pytester, *, passed: int = 1, **files: str) -> None:
    project.makepyfile(**files)
    project.runpytest_subprocess("-q").assert_outcomes(passed=passed)


def test_a_test_asks_for_a_queue_and_has_it_for_itself(project: pytest.Pytester) -> None:
    _passes(
        project,
        passed=2,
        test_it="""
        import jobs

        def test_one(tally_queue):
            with tally_queue.expect_enqueued(jobs.greet, name="Ada"):
                jobs.sign_up("Ada")
            assert [job.result for job in tally_queue.drain()] == ["Hello Ada"]

        def test_two(tally_queue):
            assert tally_queue.enqueued() == []
        """,
    )


def test_a_marker_says_another_mode(project: pytest.Pytester) -> None:
    _passes(
        project,
        passed=3,
        test_it="""
        import jobs, pytest

        @pytest.mark.tally("inline")
        def test_marked(tally_queue):
            jobs.sign_up("Ada")
            assert tally_queue.waiting() == []

        @pytest.mark.tally("inline", job_packages=[])
        def test_options(tally_inline):
            with pytest.raises(Exception, match="greet"):
                jobs.sign_up("Ada")

        def test_by_name(tally_inline):
            jobs.sign_up("Ada")
            assert tally_inline.waiting() == []
        """,
    )


def test_what_a_marker_says_of_a_live_queue_holds_for_all_that_is_live(
    project: pytest.Pytester,
) -> None:
    _passes(
        project,
        conftest="""
        import contextlib, pytest
        from tally import testing

        class Queue(dict):
            @contextlib.contextmanager
            def real_workers(self):
                yield self

        @pytest.fixture(autouse=True)
        def _live(monkeypatch):
            live = testing.live

            @contextlib.contextmanager
            def told(*args, **said):
                live(*args, **said)
                yield Queue(said)

            monkeypatch.setattr(testing, "live", told)
        """,
        test_it="""
        import pytest

        @pytest.mark.tally("live", redis_url="redis://there", job_packages=["shop.jobs"])
        def test_marked(tally_queue, tally_live, tally_worker):
            assert tally_queue is tally_live is tally_worker
            assert tally_queue == {"redis_url": "redis://there", "job_packages": ["shop.jobs"]}

        @pytest.mark.tally("live", redis_url="redis://there", job_package=["shop.jobs"])
        def test_misspelt(request):
            with pytest.raises(TypeError, match="job_package"):
                request.getfixturevalue("tally_queue")
        """,
        passed=2,
    )


def test_an_unknown_mode_is_told(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.tally("inlin")
        def test_marked(tally_queue): ...
        """
    )

    result = project.runpytest_subprocess("-q")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*tally mode is memory, inline or live, not 'inlin'"])


def test_a_run_that_uses_no_fixture_reads_nothing_of_tally(project: pytest.Pytester) -> None:
    _passes(
        project,
        test_it="""
        import sys

        def test_nothing_is_read():
            ours = sorted(n for n in sys.modules if n.partition(".")[0] in ("backend", "workers", "tally"))
            light = ["backend", "tally", "tally.own_packages", "tally.testing"]
            assert ours == [*light, "tally.testing.plugin", "workers"]
            assert not {"redis", "pydantic", "sqlalchemy", "flask"} & set(sys.modules)
        """,
    )


def test_an_async_test_has_its_queue_too(project: pytest.Pytester) -> None:
    _passes(
        project,
        test_it="""
        import asyncio, jobs

        def test_async(tally_queue):
            async def use():
                await asyncio.to_thread(jobs.sign_up, "Ada")
                jobs.sign_up("Bob")

            with asyncio.Runner() as runner:
                runner.run(use())
            assert len(tally_queue.enqueued()) == 2
        """,
    )


def test_processes_side_by_side_do_not_meet(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import jobs, pytest

        @pytest.mark.parametrize("name", [f"n{n}" for n in range(8)])
        def test_one(tally_queue, name):
            jobs.sign_up(name)
            assert [job.payload["name"] for job in tally_queue.enqueued()] == [name]
        """
    )

    result = project.runpytest_subprocess("-q", "-p", "xdist", "-n", "2")

    result.assert_outcomes(passed=8)
