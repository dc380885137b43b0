"""The table of operations in docs/api.md, made from the declarations themselves."""

from __future__ import annotations

from itertools import groupby

from backend.api.access.rights import RIGHTS
from backend.api.http.error_handlers import STATUSES
from backend.api.routers import OPERATIONS


def operations_table() -> str:
    """Every operation with the role it needs, by group, as Markdown."""
    parts = []
    ordered = sorted(OPERATIONS, key=lambda each: [o.group for o in OPERATIONS].index(each.group))
    for group, operations in groupby(ordered, key=lambda each: each.group):
        rows = []
        for each in operations:
            right = RIGHTS[each.name]
            role = right.role.value if right.role else "open to all"
            tenants = "yes" if right.tenants else "no"
            rows.append(f"| `{each.method} {each.path}` | {role} | {tenants} | {each.summary} |")
            if each.alias:
                same = f"The same as `{each.method} {each.path}`, under an older path."
                rows.append(f"| `{each.method} {each.alias}` | {role} | {tenants} | {same} |")
        head = f"**{group}**\n\n| operation | role | tenant keys | |\n|---|---|---|---|\n"
        parts.append(head + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def statuses_table() -> str:
    """Which codes come with which HTTP status, as Markdown."""
    by_status: dict[int, list[str]] = {}
    for code, status in STATUSES.items():
        by_status.setdefault(status, []).append(f"`{code}`")
    rows = [f"| {status} | {', '.join(by_status[status])} |" for status in sorted(by_status)]
    return "| status | codes |\n|---|---|\n" + "\n".join(rows) + "\n"
