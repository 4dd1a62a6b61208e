"""What happens inside: the events of one connection from handshake to TIME-WAIT. Needs no rights."""

from tapip_rs import Stack

with Stack.demo() as stack:
    stack.watch("tcp", "tcpstate")
    with stack.connect(("10.0.1.80", 80), timeout=5) as web:
        web.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while web.recv():
            pass
    start = next(stack.events()).time
    for event in stack.events():
        print(f"{(event.time - start) * 1e6:8.0f} us  {event.text}")
