"""tapip_rs: a TCP/IP stack with a Rust core and a Python face.

from tapip_rs import Stack

with Stack.top2() as stack:
    for reply in stack.ping("10.0.0.2", count=3):
        print(reply)
"""

from tapip_rs._core import Event, InterfaceInfo, Loopback, Pipe, Queue, SocketInfo, Tap, TcpInfo
from tapip_rs._core import version as __version__
from tapip_rs.detached import DetachedStack
from tapip_rs.errors import RuleBroken, StackFailed
from tapip_rs.interfaces import Interface, Neighbor
from tapip_rs.ping import Pinger, PingReply, Statistics
from tapip_rs.sockets import RawSocket, TcpListener, TcpStream, UdpSocket
from tapip_rs.stack import Stack

__all__ = [
    "DetachedStack",
    "Event",
    "Interface",
    "InterfaceInfo",
    "Loopback",
    "Neighbor",
    "PingReply",
    "Pinger",
    "Pipe",
    "Queue",
    "RawSocket",
    "RuleBroken",
    "SocketInfo",
    "Stack",
    "StackFailed",
    "Statistics",
    "Tap",
    "TcpInfo",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "__version__",
]
