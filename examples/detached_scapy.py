"""No device, no thread, no clock: shake hands with a stack by hand, packet by packet, with scapy. Needs no rights."""

from scapy.layers.inet import IP, TCP

from tapip_rs import Stack

stack = Stack.detached(seed=1, medium="ip", address="10.0.0.1/24")
listener = stack.listen(("10.0.0.1", 80))


def say(**fields):
    stack.inject(IP(src="10.0.0.2", dst="10.0.0.1") / TCP(sport=1000, dport=80, window=500, **fields))


say(flags="S", seq=100)
syn_ack = IP(stack.pull())
print(syn_ack.summary(), dict(syn_ack[TCP].options))
say(flags="A", seq=101, ack=syn_ack[TCP].seq + 1)
stream = listener.accept()
stream.send(b"hello")
print(bytes(IP(stack.pull())[TCP].payload), stream.info().state)

while stream.info().state != "CLOSED":  # nobody acknowledges: see the timer back off
    wait = stack.next_timeout
    stack.advance(wait)
    print(f"after {wait:.3f} s:", [IP(packet).summary() for packet in stack.frames()])
    if stack.now > 10:
        break
