"""`tapip sim`: the same program twice, another seed, captures, JSON, and what it says of a bad one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.nets import pair

PROGRAM = """
import sys
from tapip_rs.sim import Network
net = Network(seed=7)
a, b = net.host("a"), net.host("b")
net.link(a, b, rate="10 Mbit/s", delay="5 ms", loss=0.01)
flow = net.bulk(a, b, size="200 kB")
net.run("5 s")
print("intact", flow.intact, *sys.argv[1:])
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def tapip_sim(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tapip_rs", "sim", *map(str, words)]
    return subprocess.run(command, text=True, capture_output=True, timeout=50)


def test_twice_is_the_same_and_another_seed_is_not(program):
    first = tapip_sim(program, "--", "x", "-y")
    assert (first.returncode, first.stderr) == (0, "")
    said = first.stdout.splitlines()
    assert said[0] == "intact True x -y"
    assert said[1].startswith("network: seed 7, 5.000000 s, ")
    assert tapip_sim(program, "--", "x", "-y").stdout == first.stdout
    other = tapip_sim(program, "--seed", 8).stdout
    assert other.splitlines()[1].startswith("network: seed 8, ")
    assert other.split("digest")[1] != first.stdout.split("digest")[1]


def test_json_and_captures(program, tmp_path):
    done = tapip_sim(program, "--json", "--pcap", tmp_path / "new" / "captures")
    assert done.stderr == "intact True\n"
    (network,) = json.loads(done.stdout)["networks"]
    (flow,) = network["flows"]
    (link,) = network["links"]
    assert (flow["bytes_delivered"], flow["intact"], flow["destination"]) == (200_000, True, "b")
    assert flow["rtt"]["count"] > 0
    assert link["ab"]["drops"].keys() == {"loss"}
    captures = sorted((tmp_path / "new" / "captures").iterdir())
    assert [path.name for path in captures] == ["link0-a-b.pcapng", "link0-b-a.pcapng"]
    assert all(path.stat().st_size > 200_000 for path in captures)


def test_what_goes_wrong(program, tmp_path):
    absent = tapip_sim(tmp_path / "absent.py")
    assert (absent.returncode, absent.stderr) == (2, f"tapip sim: there is no file {tmp_path / 'absent.py'}\n")
    assert tapip_sim(program, "--seed", "-1").returncode == 2
    assert "a whole number" in tapip_sim(program, "--seed", "x").stderr
    assert tapip_sim().stderr.startswith("tapip sim: the following arguments are required: FILE.py")
    program.write_text("x = 1\nraise ValueError('loss = 2')\n")
    failed = tapip_sim(program)
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[1].strip() == f'File "{program}", line 2, in <module>'
    program.write_text("raise SystemExit(3)\n")
    assert tapip_sim(program).returncode == 3
    assert "--pcap DIR" in tapip_sim("--help").stdout


def test_plots_need_matplotlib_and_say_so(tmp_path, monkeypatch):
    net, a, b, _ = pair()
    net.bulk(a, b, size="20 kB")
    net.run("1 s")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"tapip_rs\[plot\]"):
        net.plot(tmp_path / "x.png")


def test_plots_are_drawn(tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra plot")
    net, a, b, link = pair(loss=0.01)
    flow, ping = net.bulk(a, b, size="300 kB"), net.ping(a, b, interval="50 ms", count=20)
    net.run("10 s")
    for number, plot in enumerate((flow.plot, ping.plot, link.ab.plot, net.plot)):
        plot(tmp_path / f"{number}.svg")
        assert (tmp_path / f"{number}.svg").stat().st_size > 5_000


def test_without_numpy_tables_are_lists():
    program = """
import sys
sys.modules["numpy"] = None
from tapip_rs.sim import Network
net = Network()
a, b = net.host(), net.host()
link = net.link(a, b, rate="1 Mbit/s")
flow = net.bulk(a, b, size=10_000)
net.run("1 s")
trace = flow.trace
print(type(trace.t).__name__, type(trace.cwnd[0]).__name__, type(trace["srtt"][0]).__name__, trace.delivered[-1])
"""
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, timeout=50, env=os.environ)
    assert (done.stdout, done.stderr) == ("list int float 10001\n", "")
