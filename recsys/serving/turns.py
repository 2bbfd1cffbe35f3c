"""Turns: of the requests that compute in the event loop, a few do so in each round of the loop."""

from asyncio import Semaphore, get_running_loop

PER_ROUND = 4  # one alone takes 8% of the requests a second that 200 likes allow


class Turns:
    """An asynchronous context for work in the event loop; the first to come is the first to enter.

    The next ones enter in a later round of the loop, which has looked at its sockets by then. Otherwise a
    round answers all requests that have arrived, and uvloop accepts one connection a round: under overload, a
    new connection, such as that of a health check, would wait for seconds.
    """

    def __init__(self) -> None:
        self._free = Semaphore(PER_ROUND)

    async def __aenter__(self) -> None:
        await self._free.acquire()

    async def __aexit__(self, *_: object) -> None:
        get_running_loop().call_soon(self._free.release)
