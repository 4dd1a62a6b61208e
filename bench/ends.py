"""One end of a bulk transfer, in a process of its own:

    ends.py tapip|kernel listen|connect send|send-copied|send-small|receive PEER SECONDS [CONTROL [FAULT [OFFLOAD]]]

The kernel's sockets and the stack's streams have the same verbs, so both run the very same loop. `PEER` is the address
to connect to, or to listen on. A stack takes a large `bytes` object by reference, which it cannot with `send-copied`:
that sends a bytearray. `send-small` writes one segment a call. `CONTROL` is the congestion control of who connects,
`FAULT` what tapip's interface does to frames, as JSON, `OFFLOAD` what is left to the kernel behind its tap. The
receiver prints Gbit/s.
"""

import json
import socket
import sys
import time

PORT = 5001
BLOCKS = {"send": bytes(1 << 17), "send-copied": bytearray(1 << 17), "send-small": bytes(1448)}
"""What one call sends: 128 KiB is iperf3's default, 1448 bytes a full segment."""
RECEIVE = 1 << 20
PATIENCE = 60


def send(stream, block, seconds):
    """Send `block` for so long, then wait until the peer has read it all and closed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        stream.sendall(block)
    stream.shutdown(socket.SHUT_WR)
    stream.recv(1)


def receive(stream):
    """Gbit/s from the first byte to the last."""
    buffer = bytearray(RECEIVE)
    total = stream.recv_into(buffer)
    start = time.monotonic()
    while count := stream.recv_into(buffer):
        total += count
    return total * 8 / (time.monotonic() - start) / 1e9


def kernel_stream(how, peer, control):
    """A kernel connection; who listens says when."""
    if how == "connect":
        stream = socket.socket()
        stream.settimeout(PATIENCE)
        if control:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, control.encode())
        stream.connect((peer, PORT))
        return stream
    with socket.create_server((peer, PORT)) as server:
        print("ready", flush=True)
        return server.accept()[0]


def run(stream, verb, seconds):
    """Our half of the transfer."""
    with stream:
        stream.settimeout(PATIENCE)
        if verb in BLOCKS:
            send(stream, BLOCKS[verb], seconds)
        else:
            print(f"{receive(stream):.4f}", flush=True)


def main(who, how, verb, peer, seconds, control="", fault="{}", offload="on"):
    """Connect, then run."""
    if who == "kernel":
        run(kernel_stream(how, peer, control), verb, float(seconds))
        return
    from tapip_rs import Stack

    with Stack.top2(offload=offload) as stack:
        if control:
            stack.policy["net.ipv4.tcp_congestion_control"] = control
        if impairment := json.loads(fault):
            stack.interfaces["veth"].fault(**impairment)
        run(stack.connect((peer, PORT), timeout=PATIENCE), verb, float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
