"""Hosts on one machine: network namespaces on a bridge, each with an address and a name of its own."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CLONE_NEWUTS = 0x04000000
HUB = "10.0.0.1"

_libc = ctypes.CDLL(None, use_errno=True)


class Hosts:
    """Some hosts and the hub that links them, at the address HUB. Skips where these cannot be made."""

    def __init__(self, number: int) -> None:
        prefix = f"recsys-{os.getpid()}"
        self.hub, self.names = f"{prefix}-hub", [f"{prefix}-{i}" for i in range(number)]

    def __enter__(self) -> Hosts:
        try:
            ip("netns", "add", self.hub)
            ip("-n", self.hub, "link", "add", "bridge", "type", "bridge")
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no network namespaces can be made here ({error})")
        ip("-n", self.hub, "address", "add", f"{HUB}/24", "dev", "bridge")
        ip("-n", self.hub, "link", "set", "bridge", "up")
        for i, name in enumerate(self.names):
            ip("netns", "add", name)
            ip("-n", self.hub, "link", "add", f"to{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", self.hub, "link", "set", f"to{i}", "master", "bridge", "up")
            ip("-n", name, "address", "add", f"10.0.0.{i + 2}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
        return self

    def __exit__(self, *_: object) -> None:
        for name in (*self.names, self.hub):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def link(self, number: int, state: str) -> None:
        """Take the cable of a host out (`down`) or put it in again (`up`)."""
        ip("-n", self.hub, "link", "set", f"to{number}", state)

    def move_to(self, number: int) -> None:
        """Make this process one of that host."""
        enter(self.names[number])
        call(_libc.unshare, CLONE_NEWUTS)
        socket.sethostname(self.names[number])
        platform._uname_cache = None  # type: ignore[attr-defined]  # what this process was called before

    @contextmanager
    def at_hub(self) -> Iterator[None]:
        """What is started meanwhile runs at the hub."""
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        enter(self.hub)
        try:
            yield
        finally:
            call(_libc.setns, here, 0)
            os.close(here)


def enter(name: str) -> None:
    namespace = os.open(Path("/run/netns", name), os.O_RDONLY)
    call(_libc.setns, namespace, 0)
    os.close(namespace)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def call(function: ctypes._NamedFuncPointer, *arguments: int) -> None:
    if function(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
