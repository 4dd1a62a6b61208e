"""Send 20 MB to the kernel over a line of 100 Mbit/s that loses frames, and watch the congestion window. Needs root."""

import socket
import threading

from tapip_rs import Stack


def sink(kernel):
    peer, _ = kernel.accept()
    with peer:
        while peer.recv(1 << 20):
            pass


def send(stream):
    stream.sendall(bytes(20_000_000))
    stream.shutdown(socket.SHUT_WR)
    stream.recv()  # b"" once the kernel has read it all and closed


with Stack.top2() as stack, socket.create_server(("10.0.0.2", 5001)) as kernel:
    threading.Thread(target=sink, args=(kernel,), daemon=True).start()
    stack.interfaces["veth"].fault(rate=100e6, delay=0.005, drop=0.0005, seed=7)
    with stack.connect(("10.0.0.2", 5001), timeout=30) as stream:
        sending = threading.Thread(target=send, args=(stream,))
        sending.start()
        while sending.is_alive():
            [tcp] = stack.tcp_connections
            rtt = f"{(tcp.srtt or 0) * 1000:.1f} ms"
            print(tcp.state, f"cwnd={tcp.cwnd} ssthresh={tcp.ssthresh} srtt={rtt} in_flight={tcp.in_flight}")
            sending.join(0.1)
