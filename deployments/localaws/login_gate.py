"""What stands before the server of a cluster with IAM database authentication: plain PostgreSQL knows no AWS.

It ends the TLS of each connection and reads who comes. A member of ``rds_iam`` is asked for a password, which must be a
token, and is then let in by the Unix socket; everybody else's login is handed on as it is. After that it only relays.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

#: ``pg_hba.conf`` behind a gate: only the emulator itself reaches the Unix socket.
HBA = """\
local    all  rdsadmin            trust
local    all  +rds_iam            trust
local    all  all                 scram-sha-256
"""
_CANCEL, _SSL, _GSS = 80877102, 80877103, 80877104
_ASK_FOR_PASSWORD = b"R" + struct.pack("!II", 8, 3)
_MOST_OF_A_MESSAGE = 1 << 16

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class LoginGate:
    """``has_to_use_iam(user)``, and ``refusal(user, password)`` with a reason for the log or None, may block."""

    def __init__(
        self,
        *,
        port: int,
        socket: Path,
        certificate: Path,
        private_key: Path,
        has_to_use_iam: Callable[[str], bool],
        refusal: Callable[[str, str], str | None],
        report: Callable[[str], None],
    ) -> None:
        self._port, self._socket = port, socket
        self._has_to_use_iam, self._refusal, self._report = has_to_use_iam, refusal, report
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, private_key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="login gate", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        self._thread.start()
        self._server = self._run(
            asyncio.start_server(self._come, "127.0.0.1", self._port, reuse_address=True)
        )

    def stop(self) -> None:
        """End every connection and let go of the port."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        backend: Streams | None = None
        try:
            backend = await self._admit(reader, writer)
            if backend is not None:
                await _relay((reader, writer), backend)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # either side has gone, or the server is being stopped
        finally:
            self._connections.discard(task)
            for end in (writer, *(backend[1:] if backend else ())):
                end.transport.abort()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Streams | None:
        """A connection to the server on which the client's login is let in, or goes on; None where it is refused."""
        is_tls = False
        while True:
            length, code = struct.unpack("!II", await reader.readexactly(8))
            if not 8 <= length <= _MOST_OF_A_MESSAGE:
                return None
            if code == _GSS:
                writer.write(b"N")
            elif code == _SSL and not is_tls:
                writer.write(b"S")
                await writer.start_tls(self._tls)
                is_tls = True
            else:
                break
        rest = await reader.readexactly(length - 8)
        words = rest.split(b"\0")
        user = dict(zip(words[::2], words[1::2], strict=False)).get(b"user", b"").decode(errors="replace")
        if code == _CANCEL:
            pass
        elif not is_tls or user == "rdsadmin":
            await _refuse(writer, f'no pg_hba.conf entry for user "{user}"')
            return None
        elif await self._ask(self._has_to_use_iam, user):
            writer.write(_ASK_FOR_PASSWORD)
            kind, size = struct.unpack("!cI", await reader.readexactly(5))
            if kind != b"p" or not 4 <= size <= _MOST_OF_A_MESSAGE:
                return None
            token = (await reader.readexactly(size - 4)).rstrip(b"\0").decode(errors="replace")
            reason = await self._ask(self._refusal, user, token)
            if reason is not None:
                self._report(f"IAM authentication of user {user} refused: {reason}")
                await _refuse(writer, f'PAM authentication failed for user "{user}"')
                return None
        backend = await asyncio.open_unix_connection(str(self._socket))
        backend[1].write(struct.pack("!II", length, code) + rest)
        return backend

    async def _ask(self, question: Callable[..., Any], *arguments: str) -> Any:
        return await self._loop.run_in_executor(None, question, *arguments)


async def _refuse(writer: asyncio.StreamWriter, message: str) -> None:
    fields = (b"SFATAL", b"VFATAL", b"C28000", b"M" + message.encode())
    body = b"".join(field + b"\0" for field in fields) + b"\0"
    writer.write(b"E" + struct.pack("!I", len(body) + 4) + body)
    await writer.drain()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _relay(client: Streams, backend: Streams) -> None:
    """Until either side ends. What the other has still to say is passed on."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(_MOST_OF_A_MESSAGE):
            writer.write(block)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    directions = [
        asyncio.ensure_future(pass_on(client[0], backend[1])),
        asyncio.ensure_future(pass_on(backend[0], client[1])),
    ]
    try:
        await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for direction in directions:
            direction.cancel()
        await asyncio.gather(*directions, return_exceptions=True)
