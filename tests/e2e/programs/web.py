"""A web server in thirty lines, on a stack of its own: `python web.py`, then `curl http://10.0.0.1/whatever`."""

import threading

from tapip_rs import Stack


def answer(stream):
    """Read requests, answer each with its own path, until the client closes."""
    with stream:
        held = b""
        while block := stream.recv():
            held += block
            while b"\r\n\r\n" in held:
                head, _, held = held.partition(b"\r\n\r\n")
                path = head.split(b" ")[1]
                body = path * 20000 if path.startswith(b"/big") else path + b"\n"
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


with Stack.top2() as stack, stack.listen(("10.0.0.1", 80)) as listener:
    print("serving", flush=True)
    for stream in listener:
        threading.Thread(target=answer, args=(stream,), daemon=True).start()
