"""A disk of its own, a few megabytes large, that can be filled: a mounted tmpfs. Needs root."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

_PIECE = b"\0" * 65536


class SmallDisk:
    """Mounted at `folder` until `close`."""

    def __init__(self, mount: str, folder: Path, megabytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._filler = folder, folder / "filler"
        subprocess.run([mount, "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)], check=True)

    def fill(self) -> None:
        """To the last byte."""
        for piece in (_PIECE, b"\0"):
            try:
                with self._filler.open("ab", buffering=0) as file:
                    while file.write(piece):
                        pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
