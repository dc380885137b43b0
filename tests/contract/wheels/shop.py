"""A project that has packages ``backend`` and ``workers`` of its own, and its processes."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

_FILES = {
    "backend/__init__.py": "NAME = 'the shop'\n",
    "backend/orders.py": """
import backend
from tally import JobContext, current_job, job_type
from workers.prices import price_of

@job_type("order")
def order(payload: dict, context: JobContext) -> str:
    return f"{payload['item']} of {backend.NAME} for {price_of(payload['item'])}"

@job_type("weigh", isolation="process")
def weigh(payload: dict, context: JobContext) -> list[str]:
    import os
    return [f"{payload['item']} weighs 3 kg", str(os.getppid() != payload["pid"])]
""",
    "workers/__init__.py": "",
    "workers/prices.py": "def price_of(item):\n    return {'tea': 4}[item]\n",
    "parcels.py": """
from tally import job_type

@job_type("parcel", lane="parcels")
def parcel(payload: dict) -> str:
    return f"parcel with {payload['item']}"
""",
    "config/queue-config.yaml": "job_packages: [backend.orders, parcels]\n",
    "config/empty.yaml": "{}\n",
}


class Shop:
    """The project in a folder, on servers, with programs of an environment."""

    def __init__(self, folder: Path, redis_url: str, database_url: str) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "REDIS_URL": redis_url,
            "DATABASE_URL": database_url,
            "TALLY_METRICS__WORKER_PORT": "0",
            "TALLY_METRICS__SCHEDULER_PORT": "0",
            "TALLY_METRICS__RECORDER_PORT": "0",
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        for name, text in _FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    def start(self, program: Path, *arguments: str, **settings: str) -> None:
        """A process in the project's folder, until the shop is closed."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [str(program), *arguments],
                cwd=self.folder,
                env={**self.environment, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)

    def run(
        self, program: Path, *arguments: str, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """What a program says and how it ends."""
        return subprocess.run(
            [str(program), *arguments],
            cwd=self.folder,
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            check=False,
        )

    def log(self) -> str:
        """What the processes wrote."""
        return (self.folder / "log").read_text()[-6000:]

    def close(self) -> None:
        """Ends the processes."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait()
