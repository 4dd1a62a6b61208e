"""Frames a second of ns-3: one bulk flow over one link of 1 Gbit/s and 5 ms, as in `sim_bulk`.

`python bulk.py [VIRTUAL SECONDS]`, in an environment with `pip install ns3`. Segments of 1448 bytes, timestamps and
SACK on, CUBIC, buffers of 4 MB, a queue of 2.5 MB: what `rust/core/examples/sim_bulk.rs` has. Frames are counted where
they are received, as there.
"""

import sys
import time

from ns import ns

VIRTUAL = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0

ns.cppyy.cppdef("""
    #include "ns3/point-to-point-module.h"
    unsigned long long frames_seen = 0;
    void count_frame(ns3::Ptr<const ns3::Packet>) { ++frames_seen; }
    void count_at(ns3::Ptr<ns3::NetDevice> device) {
        device->TraceConnectWithoutContext("PhyRxEnd", ns3::MakeCallback(&count_frame));
    }
""")


def default(name, value):
    ns.Config.SetDefault(name, value)


default("ns3::TcpSocket::SegmentSize", ns.UintegerValue(1448))
default("ns3::TcpSocket::SndBufSize", ns.UintegerValue(4_000_000))
default("ns3::TcpSocket::RcvBufSize", ns.UintegerValue(4_000_000))
default("ns3::TcpL4Protocol::SocketType", ns.TypeIdValue(ns.TcpCubic.GetTypeId()))

nodes = ns.NodeContainer()
nodes.Create(2)
link = ns.PointToPointHelper()
link.SetDeviceAttribute("DataRate", ns.StringValue("1Gbps"))
link.SetChannelAttribute("Delay", ns.StringValue("5ms"))
link.SetQueue("ns3::DropTailQueue", "MaxSize", ns.StringValue("2500000B"))
devices = link.Install(nodes)
ns.InternetStackHelper().Install(nodes)
addresses = ns.Ipv4AddressHelper()
addresses.SetBase(ns.Ipv4Address("10.0.0.0"), ns.Ipv4Mask("255.255.255.0"))
interfaces = addresses.Assign(devices)
# The device's own queue is the only one, as in a link of ours.
ns.TrafficControlHelper().Uninstall(devices)

peer = ns.InetSocketAddress(interfaces.GetAddress(1), 5001).ConvertTo()
sender = ns.BulkSendHelper("ns3::TcpSocketFactory", peer)
sender.SetAttribute("MaxBytes", ns.UintegerValue(0))
senders = sender.Install(nodes.Get(0))
here = ns.InetSocketAddress(ns.Ipv4Address.GetAny(), 5001).ConvertTo()
sinks = ns.PacketSinkHelper("ns3::TcpSocketFactory", here).Install(nodes.Get(1))
for device in (devices.Get(0), devices.Get(1)):
    ns.cppyy.gbl.count_at(device)

begin = time.process_time()
ns.Simulator.Stop(ns.Seconds(VIRTUAL))
ns.Simulator.Run()
took = time.process_time() - begin
frames = ns.cppyy.gbl.frames_seen
events = ns.Simulator.GetEventCount()
print(f"ns-3: {frames / took / 1e6:.3f} M frames/s ({frames} frames, {events} events, {took:.2f} s busy)")
