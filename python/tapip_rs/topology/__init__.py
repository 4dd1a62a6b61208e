"""Topologies: how the stack is joined to the Linux kernel, set up and undone by the program itself.

TOP2 (`top2.py`) is a tap with the kernel at its other end. TOP1 (`top1.py`) is a bridge that joins the tap and a
network card, whose kernel addresses and routes are taken away and given back, exactly the same, at the end.

What has to be undone is written to a file before the first change (`state.py`), so that `down.py` can do it after a
`kill -9`; undoing (`restore.py`) follows that file alone, in the living process too. `kernel.py` asks and changes the
kernel; `record.py` keeps addresses and routes as the kernel's own messages, so that nothing is lost in translation;
`netns.py` does all this in another network namespace; `probe.py` asks by ARP whether an address is in use.
May import: config, the compiled core's Tap.
"""

from tapip_rs.topology.attachment import Attachment, KernelSide, TopologyError
from tapip_rs.topology.down import Leftover, down, leftovers
from tapip_rs.topology.top1 import top1
from tapip_rs.topology.top2 import top2

__all__ = ["Attachment", "KernelSide", "Leftover", "TopologyError", "down", "leftovers", "top1", "top2"]
