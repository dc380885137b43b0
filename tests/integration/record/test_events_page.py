"""The page on events is true: its configuration is read and its Python runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from backend.broker.server import library
from backend.broker.server.connection import connect as connect_redis
from backend.embedded.servers import Servers
from backend.history.server.connection import connect
from tests.integration.history.databases import migrated_database

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "events.md"
#: What the page takes for granted: engines of the reader's own, and something that they write.
GIVEN = """
import os
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
engine = create_engine(os.environ["JOB_QUEUE_DATABASE_URL"])
other_engine = create_engine("sqlite://")
your_change = text("SELECT 1")
"""


def test_what_the_page_says_runs_as_it_stands(servers: Servers, tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (settings,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    program = "\n".join([GIVEN, *re.findall(r"```python\n(.*?)```", page, re.DOTALL)])
    (tmp_path / "queue-config.yaml").write_text(settings, encoding="utf-8")
    library.load(connect_redis(servers.redis_url))

    with migrated_database(servers.database_url) as url:
        engine = connect(url)
        ran = subprocess.run(
            [sys.executable, "-c", program],
            env={
                **os.environ,
                "REDIS_URL": servers.redis_url,
                "JOB_QUEUE_DATABASE_URL": url,
                "TALLY_CONFIG": str(tmp_path / "queue-config.yaml"),
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        with engine.connect() as connection:
            events = connection.execute(text("SELECT name FROM event_records")).all()
            jobs = connection.execute(
                text("SELECT subscription FROM event_record_jobs ORDER BY 1")
            ).all()
        engine.dispose()

    assert (ran.returncode, ran.stderr) == (0, "")
    assert [row[0] for row in events] == ["order.paid"] * 4
    assert [row[0] for row in jobs] == ["send_email"] * 4 + ["to-the-warehouse"] * 4
