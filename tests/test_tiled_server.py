"""The socket that the catalogue's server answers on."""

import asyncio
import socket

from blueslice._tiled_server import listen_on_loopback


async def test_answers_leave_at_once():
    # Otherwise each waits 40 ms for the reader's acknowledgement of its first part.
    sent_at_once = asyncio.get_running_loop().create_future()

    def connected(reader, writer):
        connection = writer.get_extra_info("socket")
        sent_at_once.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen_on_loopback()
    address = listener.getsockname()
    async with await asyncio.start_server(connected, sock=listener):
        _, writer = await asyncio.open_connection(*address)
        assert await sent_at_once
        writer.close()
        await writer.wait_closed()
    assert address[0] == "127.0.0.1"
