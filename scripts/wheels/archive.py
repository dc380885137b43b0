"""A wheel as what it is: named files, and a record of them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

#: The same files make the same archive, whenever it is made.
_DATE = (1980, 1, 1, 0, 0, 0)


class Archive(NamedTuple):
    """A distribution for every system: its name, its version, and what is installed of it."""

    name: str
    version: str
    #: Below site-packages.
    installed: Mapping[str, bytes]
    #: Below the folder with its metadata; without RECORD.
    described: Mapping[str, bytes]

    @classmethod
    def read(cls, wheel: Path) -> Archive:
        """The content of a wheel."""
        with zipfile.ZipFile(wheel) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}
        [folder] = {name.partition("/")[0] for name in files if ".dist-info/" in name}
        inside = {n: text for n, text in files.items() if not n.startswith(f"{folder}/")}
        beside = {n.partition("/")[2]: text for n, text in files.items() if n not in inside}
        del beside["RECORD"]
        name, version = folder.removesuffix(".dist-info").split("-")
        return cls(name.replace("_", "-"), version, inside, beside)

    def write(self, folder: Path) -> Path:
        """A wheel in the folder."""
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        described = {f"{stem}.dist-info/{name}": text for name, text in self.described.items()}
        files = {**dict(sorted(self.installed.items())), **dict(sorted(described.items()))}
        record = f"{stem}.dist-info/RECORD"
        made = folder / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in {**files, record: _record(files, record)}.items():
                archive.writestr(_entry(name), text)
        return made

    def field(self, name: str) -> list[str]:
        """What the metadata say under a name."""
        head = self.described["METADATA"].decode().partition("\n\n")[0]
        return re.findall(rf"^{name}: (.*)$", head, re.MULTILINE)


def _record(files: Mapping[str, bytes], own: str) -> bytes:
    """What installers compare with what they unpacked, and remove when it is uninstalled."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
        writer.writerow((name, f"sha256={digest}", len(text)))
    writer.writerow((own, "", ""))
    return lines.getvalue().encode()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
