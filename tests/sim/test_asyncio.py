"""Coroutines on the network's loop: its clock, its sockets, and that it is asyncio through and through."""

import asyncio
import gc

import pytest

from sim.nets import pair
from tapip_rs.sim import Network, Stalled


async def echo(net: Network, host, port: int = 7) -> None:
    async def serve(stream):
        async with stream:
            async for part in stream:
                await stream.send(part)

    async for stream in await host.listen(port):
        net.spawn(serve(stream))


def test_sleep_timeout_gather_and_groups_take_virtual_time():
    net = Network()

    async def main():
        loop = asyncio.get_running_loop()
        assert loop is net.loop
        await asyncio.sleep(1.5)
        assert (net.now, loop.time()) == (1.5, 1.5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.sleep(100_000)
        assert net.now == 3601.5
        assert await asyncio.gather(asyncio.sleep(2, "a"), asyncio.sleep(1, "b")) == ["a", "b"]
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(1))
            group.create_task(asyncio.sleep(3))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.5)
        return net.now

    assert net.run_async(main()) == 3607.0


def test_streams_carry_bytes_both_ways_and_end():
    net, a, b, _ = pair(loss=0.01)
    net.spawn(echo(net, b))
    payload = bytes(range(256)) * 1000

    async def main():
        async with await a.connect((b.address, 7)) as stream:
            assert stream.remote == (b.address, 7)
            send = asyncio.create_task(stream.send(payload))
            assert await stream.recv_exactly(len(payload)) == payload
            await send
            assert stream.info().state == "ESTABLISHED"
            stream.shutdown()
            assert await stream.recv() == b""
            with pytest.raises(EOFError):
                await stream.recv_exactly(1)
        return a.counters["TcpActiveOpens"]

    assert net.run_async(main()) == 1


def test_what_goes_wrong_is_raised_where_it_is_awaited():
    net, a, b, link = pair()

    async def main():
        with pytest.raises(ConnectionRefusedError):
            await a.connect((b.address, 9))
        with pytest.raises(OSError, match="unreachable"):
            await a.connect(("203.0.113.1", 9))
        with pytest.raises(ValueError, match="congestion"):
            await a.connect((b.address, 9), congestion="vegas")
        listener = await b.listen(9)
        accepting = asyncio.create_task(listener.accept())
        stream = await a.connect((b.address, 9), congestion="newreno")
        peer = await accepting
        reading = asyncio.create_task(stream.recv())
        peer.abort()
        with pytest.raises(ConnectionResetError):
            await reading
        link.down()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await a.connect((b.address, 9))
        waiting = asyncio.create_task(listener.accept())
        await asyncio.sleep(0)
        await listener.close()
        with pytest.raises(OSError, match="socket is closed"):
            await waiting

    net.run_async(main())


def test_datagrams():
    net, a, b, _ = pair()

    async def main():
        here, there = await a.udp(), await b.udp(53)
        await here.sendto(b"who?", (b.address, 53))
        data, sender = await there.recvfrom()
        assert (data, sender) == (b"who?", (a.address, here.local[1]))
        await there.sendto(data.upper(), sender)
        assert await here.recvfrom(2) == (b"WH", (b.address, 53))

    net.run_async(main())


def test_spawned_coroutines_go_on_in_every_run_and_their_errors_come_out():
    net, *_ = pair()
    ticks = []

    async def tick():
        for _ in range(5):
            await asyncio.sleep(1)
            ticks.append(net.now)
        raise LookupError("no more")

    task = net.spawn(tick(), name="ticker")
    net.run("2.5 s")
    assert (ticks, net.now, task.get_name()) == ([1.0, 2.0], 2.5, "ticker")
    assert net.run(until=lambda: len(ticks) == 3)
    with pytest.raises(LookupError):
        net.run("10 s")
    assert net.now == 5.0
    net.run("1 s")
    assert net.now == 6.0


def test_waiting_for_what_cannot_come_is_said():
    net, _a, b, _ = pair()

    async def main(port: int):
        await (await b.listen(port)).accept()

    with pytest.raises(Stalled):
        net.run_async(main(80))
    net.spawn(main(81))
    net.run()  # without a coroutine to be run to its end that is the end


def test_a_network_runs_once_at_a_time():
    net, *_ = pair()

    async def main():
        with pytest.raises(RuntimeError, match="runs already"):
            net.run("1 s")
        with pytest.raises(RuntimeError, match="threads"):
            await asyncio.to_thread(print)

    net.run_async(main())


def test_the_same_program_gives_the_same_run():
    def run() -> tuple[str, list]:
        net, a, b, _ = pair(loss=0.02)
        net.spawn(echo(net, b))
        log = []

        async def client(number: int):
            async with await a.connect((b.address, 7)) as stream:
                for round_ in range(5):
                    await stream.send(bytes(5000))
                    await stream.recv_exactly(5000)
                    log.append((net.now, number, round_))
                    if number == 3 and round_ == 2:
                        raise KeyError(number)

        async def main():
            async with asyncio.TaskGroup() as group:
                for number in range(8):
                    group.create_task(client(number))

        with pytest.raises(ExceptionGroup):
            net.run_async(main())
        net.run("1 s")
        return net.digest(), log

    garbage = [object() for _ in range(1000)]
    first = run()
    del garbage
    gc.collect()
    assert run() == first


def test_an_hour_passes_in_no_time():
    net, *_ = pair()

    async def main():
        for _ in range(3600):
            await asyncio.sleep(1)

    net.run_async(main())
    assert net.now == 3600.0
