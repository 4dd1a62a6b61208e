import pytest

from shell.fake import FakeStack
from tapip_rs.shell.complete import complete


@pytest.fixture
def stack():
    return FakeStack()


@pytest.mark.parametrize(
    ("line", "start", "words"),
    [
        ("pi", 0, ["ping2", "ping"]),
        ("route; pin", 7, ["ping2", "ping"]),
        ("cap", 0, ["capture"]),
        ("capture s", 8, ["start", "stop"]),
        ("arpcache ", 9, ["add", "del", "flush", "show"]),
        ("arpcache show -", 14, ["-v", "--json", "--help"]),
        ("arpcache show -v -", 17, ["--json", "--help"]),
        ("arpcache del 10.0.0.", 13, ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]),
        ("arpcache del 10.0.0.2 d", 22, ["dev"]),
        ("arpcache flush dev ", 19, ["lo", "veth"]),
        ("ifconfig v", 9, ["veth"]),
        ("ifconfig veth ", 14, ["add", "del", "mtu", "up", "down"]),
        ("ifconfig veth mtu ", 18, []),
        ("debug -n t", 9, ["tcp", "tcpstate"]),
        ("fault dr", 6, ["drop=", "drop_every=", "drop_list="]),
        ("fault drop=0.1 dup", 15, ["duplicate="]),
        ("ping -c ", 8, []),
        ("ping -c 3 10.0.0.5", 10, ["10.0.0.5"]),
        ("nonsense ", 9, []),
        ("route add d", 10, ["dev", "default"]),
        ("route add default via 10.", 22, ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]),
        ("route add default kind b", 23, ["blackhole"]),
    ],
)
def test_complete(stack, line, start, words):
    found = complete(stack, line)
    assert found == (start, words)


def test_files_are_offered_quoted(stack, tmp_path, monkeypatch):
    (tmp_path / "one file.pcapng").touch()
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    assert complete(stack, "capture start ") == (14, ["dev", "folder/", "'one file.pcapng'"])
    assert complete(stack, "capture start 'one f") == (14, ["'one file.pcapng'"])
    assert complete(stack, f"capture start {tmp_path}/fol") == (14, [f"{tmp_path}/folder/"])
