"""Open connections, and which of them have a request under way: what stopping has to wait for."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Connections:
    """Threads share it; each connection has one of its own."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._busy: dict[socket.socket, bool] = {}
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether connections are to end with the request that they are at."""
        return self._stopping

    def opened(self, connection: socket.socket) -> None:
        """There is one more, and nothing was asked yet."""
        self.rests(connection)

    def begins(self, connection: socket.socket) -> None:
        """A request has begun to come in."""
        with self._news:
            self._busy[connection] = True

    def rests(self, connection: socket.socket) -> None:
        """The request was answered; the next may come."""
        with self._news:
            self._busy[connection] = False
            if self._stopping:
                _hang_up(connection)

    def closed(self, connection: socket.socket) -> None:
        """It is no more."""
        with self._news:
            del self._busy[connection]
            self._news.notify_all()

    def stop(self, seconds: float) -> int:
        """End those at rest at once, and wait for the others; how many of these are still there at the end."""
        with self._news:
            self._stopping = True
            for connection, busy in self._busy.items():
                if not busy:
                    _hang_up(connection)
            self._news.wait_for(lambda: not any(self._busy.values()), seconds)
            return sum(self._busy.values())


def _hang_up(connection: socket.socket) -> None:
    """Whoever reads from it finds its end. TLS is not asked: its state belongs to the connection's own thread."""
    with suppress(OSError):  # the other side was first
        socket.socket.shutdown(connection, socket.SHUT_RD)
