"""Coroutines under virtual time: a server, three clients that reconnect, an outage of the link; an hour in no time."""

import asyncio

from tapip_rs.sim import Host, Network, Stream

net = Network(seed=1)
server, client = net.host("server"), net.host("client")
link = net.link(server, client, rate="1 Mbit/s", delay="50 ms", loss=0.02)


async def echo(stream: Stream) -> None:
    async with stream:
        async for part in stream:
            await stream.send(part)


async def serve(host: Host) -> None:
    async for stream in await host.listen(7):
        net.spawn(echo(stream))


async def ask(number: int, done: list[float]) -> None:
    while net.now < 3600:
        try:
            async with asyncio.timeout(5), await client.connect((server.address, 7)) as stream:
                began = net.now
                await stream.send(b"ping %d" % number)
                await stream.recv()
                done.append(net.now - began)
        except TimeoutError:
            print(f"client {number} gave up at {net.now:.1f} s")
        await asyncio.sleep(10)


async def main() -> None:
    net.spawn(serve(server))
    net.at("30 min", link.down)
    net.at("1830 s", link.up)
    done: list[float] = []
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(ask(number, done))
    print(f"{len(done)} answers, the slowest in {max(done):.3f} s, digest {net.digest()}")


net.run_async(main())
