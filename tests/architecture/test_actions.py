"""Every change that a person or a token makes is an action: no other code calls what changes something."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterable

from backend.api.access.rights import RIGHTS
from backend.api.routers import OPERATIONS
from backend.services import actions
from backend.services.actions.action import ACTIONS, ActionFamily
from tests.architecture.source_tree import files, name_of, nodes_of

for _module in pkgutil.iter_modules(actions.__path__, f"{actions.__name__}."):
    importlib.import_module(_module.name)

#: What people do at a shell of the deployment alone.
AT_A_SHELL = {
    "history.prune",
    "jobs.reset_stuck",
    "queues.give_back",
    "ledger.rebuild",
    "ledger.repair",
    "queues.purge_scheduled",
    "schedules.sync",
}
#: What is sent by POST and changes nothing.
LOOKS = {"audit.verify", "jobs.preview", "schedules.preview"}
#: Enqueueing is a thousand times as frequent: one row a second and caller tells of it.
SUMMED_UP = {
    "jobs.enqueue",
    "jobs.enqueue_bulk",
    "jobs.enqueue_plan",
    "jobs.test_run",
    "messages.register",
}
#: Layers that people and tokens come in through.
FACES = (
    "backend/api",
    "backend/dashboard",
    "backend/cli",
    "backend/quickstart",
    "backend/services/calling",
)
#: What changes something and does not take `by`: the method, by the names of what it is called on.
NAMELESS = {
    "stop": {"worker_service", "workers", "_workers"},
    "amend": {"editor", "_editor"},
    "clear_stale": {"worker_service", "workers", "_workers"},
    "replay": {"replays", "_replays", "replay_service"},
    "sync": {"scheduler_service", "schedules", "seeding", "_seeding"},
    "rebuild": {"ledger_service", "ledger", "_ledger"},
    "prune_jobs": {"upkeep", "store", "_old_jobs"},
}


def _ours() -> dict[str, str]:
    """Those of the product; tests declare actions of their own."""
    return {name: path for name, path in ACTIONS.items() if path.startswith("backend.")}


def _chain(node: ast.expr) -> list[str]:
    """The names of what a method is called on: ``actions().jobs`` is ``["actions", "jobs"]``."""
    if isinstance(node, ast.Call):
        return _chain(node.func)
    if isinstance(node, ast.Attribute):
        return [*_chain(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


def _is_writing(node: ast.AST) -> bool:
    """Actions take who acts as their first argument; what they call is told it as ``by=``."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    chain = _chain(node.func.value)
    if "actions" in chain:
        return False
    is_nameless = bool(chain) and chain[-1] in NAMELESS.get(node.func.attr, ())
    has_repair = any(each.arg == "repair" for each in node.keywords)
    return is_nameless or has_repair or any(each.arg == "by" for each in node.keywords)


def _writing(*folders: str) -> set[str]:
    return {
        f"{name_of(file)}: {node.func.attr}"
        for file in files("*.py", *folders)
        for node in nodes_of(file)
        if _is_writing(node) and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


def test_nobody_but_actions_calls_what_changes_something() -> None:
    assert _writing(*FACES) == set()


def test_actions_are_where_it_is_called() -> None:
    """Else the test above would look for what there is not."""
    called = {name.rpartition(": ")[2] for name in _writing("backend/services/actions")}

    assert called >= {*NAMELESS, "cancel", "redrive", "purge", "revoke", "reconcile"}


def test_every_public_method_of_a_family_is_an_action() -> None:
    plain = {
        f"{family.__name__}.{name}"
        for family in ActionFamily.__subclasses__()
        if family.__module__.startswith(actions.__name__)
        for name, _ in inspect.getmembers(family, inspect.isfunction)
        if not name.startswith("_")
        and f"{family.__module__}.{family.__name__}.{name}" not in _ours().values()
    }

    assert plain == set()


def test_an_action_has_the_name_of_its_right_and_of_its_method() -> None:
    assert {name for name in _ours() if name not in RIGHTS} == AT_A_SHELL
    assert {name: path for name, path in _ours().items() if not _is_named(name, path)} == {}


def _is_named(name: str, path: str) -> bool:
    return name.rpartition(".")[2] == path.rpartition(".")[2]


def test_every_operation_that_changes_something_is_an_action() -> None:
    changing = {each.name for each in OPERATIONS if each.method != "GET"}

    assert changing - LOOKS - SUMMED_UP == _ours().keys() - AT_A_SHELL - SUMMED_UP


def test_pages_call_no_handler_of_the_api_that_changes_something() -> None:
    changing = {
        (each.handler.__module__.rpartition(".")[2], each.handler.__name__)
        for each in OPERATIONS
        if each.name in _ours()
    }

    assert _called_handlers("backend/dashboard") & changing == set()
    assert ("schedules", "get") in _called_handlers("backend/dashboard")


def _called_handlers(folder: str) -> set[tuple[str, str]]:
    """Calls of functions of routers, by router and name."""
    found: set[tuple[str, str]] = set()
    for file in files("*.py", folder):
        routers = _routers_in(nodes_of(file))
        found |= {
            (routers[node.func.value.id], node.func.attr)
            for node in nodes_of(file)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in routers
        }
    return found


def _routers_in(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Routers by the names that a file gives them; their functions are never imported one by one."""
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    assert not [
        each.module for each in imports if str(each.module).startswith("backend.api.routers.")
    ]
    return {
        alias.asname or alias.name: alias.name
        for each in imports
        if each.module == "backend.api.routers"
        for alias in each.names
    }
