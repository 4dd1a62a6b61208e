"""A web server on the stack, for the kernel's own curl: `curl http://10.0.0.1:8080/`. Needs root; ^C ends it."""

from contextlib import suppress

from tapip_rs import Stack

with suppress(KeyboardInterrupt), Stack.top2() as stack:
    for stream in stack.listen(("10.0.0.1", 8080)):
        with suppress(OSError), stream:
            stream.settimeout(5)
            request = b""
            while b"\r\n\r\n" not in request and (data := stream.recv()):
                request += data
            body = f"Hello {stream.remote[0]}, you said {request.split(b' ')[:2]}\n".encode()
            stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
