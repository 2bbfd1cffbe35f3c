"""Processes and machines, as the operating system knows them."""

import contextlib
import os
import platform
from pathlib import Path


def this_machine() -> str:
    """Return an identifier of this machine since its last start, and of its process namespace."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))  # containers number their own processes
    return "/".join(parts)


def host(machine: str) -> str:
    """Return the part of `this_machine` that containers on one machine share."""
    return "/".join(machine.split("/")[1:2]) or machine


def process_start(pid: int) -> str | None:
    """Return the start time of a process in kernel ticks (without ``/proc``: ""); None: there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if not Path("/proc/self/stat").exists() and _exists(pid) else None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]


def _exists(pid: int) -> bool:
    try:
        if os.name != "nt":  # where signal 0 would end the process
            os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True
