"""Finds the job types in the modules and packages that it is told."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Collection
from pathlib import Path
from types import ModuleType

from backend.api.config.settings_file import PLACES, find_file
from backend.domain.errors import ConfigurationError
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_type import JobTypeCatalogue
from workers.job_types.finding import declared_in

#: Packages whose names we take; in the isolated wheel all of ours are inside ``tally``.
_OURS = frozenset({"tally", *(name.partition(".")[0] for name in (__name__, find_file.__module__))})
_VARIABLE = "TALLY_JOB_PACKAGES"


def load_catalogue(
    shipped: Collection[str], packages: Collection[str], default_retry: RetryPolicy
) -> JobTypeCatalogue:
    """Imports modules, and packages whole, and collects what they declare; raises `ConfigurationError`."""
    _look_beside_the_settings()
    return catalogue_of(shipped, packages, default_retry)


def catalogue_of(
    shipped: Collection[str], packages: Collection[str], default_retry: RetryPolicy
) -> JobTypeCatalogue:
    """The same for a process whose parent has looked already and handed its search path on."""
    catalogue = JobTypeCatalogue(default_retry=default_retry)
    catalogue.origin = _origin(packages)
    for name in (*shipped, *packages):
        for module in _modules(name):
            for job_type in declared_in(module, default_retry):
                catalogue.add(job_type)
    return catalogue


def _origin(packages: Collection[str]) -> str:
    """Where job types come from here; that no file was found explains most that are missed."""
    file = find_file(os.environ)
    if file is None and not packages:
        return (
            f"no {PLACES} is in {Path.cwd()} or above, so only the types that come with Tally are known; "
            "start the process in your project's folder, or name the file in TALLY_CONFIG"
        )
    return f"job types come from the packages under {_list_of_packages()}"


def _list_of_packages() -> str:
    """Where the packages of this process are listed, for a sentence that sends somebody there."""
    file = find_file(os.environ)
    return f"job_packages in {file}" if file and _VARIABLE not in os.environ else _VARIABLE


def _look_beside_the_settings() -> None:
    """A project's packages are found wherever its programs are started: beside its settings.

    Last of all places, so that nothing there hides what is installed.
    """
    file = find_file(os.environ)
    project = file and file.project
    if project and str(project) not in sys.path:
        sys.path.append(str(project))


def _modules(name: str) -> list[ModuleType]:
    """The package and all below it. Whatever one of them raises is one sentence that says where."""
    try:
        module = importlib.import_module(name)
        paths = getattr(module, "__path__", None)
        below = pkgutil.walk_packages(paths, f"{name}.") if paths else ()
        return [module, *(importlib.import_module(found.name) for found in below)]
    except ConfigurationError:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, SystemExit) and type(error) is not SystemExit:
            # Nothing that the package did: the process was asked to end while it imported.
            raise
        raise ConfigurationError(
            f"job package {name!r} cannot be imported: {_told(error)}; {_advice(name, error)}"
        ) from error


def _advice(name: str, error: BaseException) -> str:
    top = name.partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and top in _OURS and error.name == name:
        isolated = "install tally-queue-isolated instead of tally-queue: nothing else changes"
        return (
            f"the package {top!r} that is found here is Tally's own, so that one of yours with that "
            f"name cannot be; {'rename yours' if top == 'tally' else isolated}"
        )
    return f"correct it, or correct {_list_of_packages()}"


def _told(error: BaseException) -> str:
    """What went wrong, and the line where it did."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError):
        return words
    trace = traceback.extract_tb(error.__traceback__)
    # The innermost line that was being imported: below it there are libraries, and Python's own files.
    lines = [f for f in trace if f.name == "<module>" and not f.filename.startswith("<frozen")]
    return f"{words} ({lines[-1].filename}, line {lines[-1].lineno})" if lines else words
