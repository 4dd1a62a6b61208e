"""Settings from file, environment and flags, and how wrong ones are refused."""

from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapip_rs.config import SETTINGS, Config, ConfigError, load, make
from tapip_rs.config.lines import line_of


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No file of the user's, no tapip.toml of the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str = "", flags=None, environ=None, **words) -> Config:
    if text:
        Path("tapip.toml").write_text(text)
    return load(flags, environ=environ or {}, **words)


def test_the_default_is_top2():
    assert read() == Config() == make()
    config = Config()
    config.check()
    assert (config.topology, config.tap.device, config.host.mac) == ("2", "tap0", "00:34:45:67:89:ab")
    assert config.sysctl == {"net.ipv4.ip_forward": 1}


def test_top1_has_tapips_addresses_and_does_not_forward():
    config = make(topology=1)
    assert config.host.address == IPv4Interface("10.20.133.21/24")
    assert config.host.gateway == IPv4Address("10.20.133.20")
    assert config.tap.address is None
    assert config.sysctl == {"net.ipv4.ip_forward": 0}


def test_flags_go_over_environment_over_file():
    text = 'netns = "file"\n[host]\naddress = "10.9.0.1/24"\nmtu = 900\n[tap]\ndevice = "file0"\n'
    environ = {"TAPIP_DEV": "env0", "TAPIP_MTU": "1000", "UNRELATED": "1"}
    config = read(text, {"mtu": "1100", "dev": None}, environ)
    assert (config.netns, config.tap.device, config.host.mtu) == ("file", "env0", 1100)


def test_the_users_file_and_a_named_file(tmp_path):
    user = tmp_path / "xdg" / "tapip" / "tapip.toml"
    user.parent.mkdir(parents=True)
    user.write_text("seed = 5\n")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert read(environ=environ).seed == 5
    assert read("seed = 6\n", environ=environ).seed == 6
    other = tmp_path / "other.toml"
    other.write_text("seed = 7\n")
    assert read(file=other).seed == 7
    assert read(environ={"TAPIP_CONFIG": str(other)}).seed == 7


def test_knobs_from_everywhere():
    text = '[sysctl]\nnet.ipv4.tcp_sack = 0\n"net.ipv4.ipfrag_time" = 3\n[sysctl.net.core]\nsomaxconn = 9\n'
    environ = {"TAPIP_SYSCTL": "net.ipv4.ip_forward=0,net.ipv4.tcp_timestamps=off"}
    config = read(text, environ=environ, sysctl=["net/ipv4/ipfrag_time=4"])
    assert config.sysctl == {
        "net.ipv4.ip_forward": 0,
        "net.ipv4.tcp_sack": 0,
        "net.ipv4.ipfrag_time": 4,
        "net.ipv4.tcp_timestamps": 0,
        "net.core.somaxconn": 9,
    }


@pytest.mark.parametrize(
    ("words", "gateway", "kernel"),
    [
        ({"address": "192.168.5.1/24"}, "192.168.5.2", "192.168.5.2/24"),
        ({"address": "192.168.5.2/24"}, "192.168.5.1", "192.168.5.1/24"),
        ({"address": "192.168.5.2/24", "gateway": "192.168.5.9"}, "192.168.5.9", "192.168.5.9/24"),
        ({"address": "192.168.5.2/24", "kernel_address": "192.168.5.8/25"}, "192.168.5.8", "192.168.5.8/25"),
        ({"gateway": "none"}, None, None),
        ({"address": "10.0.0.2/24"}, "10.0.0.1", "10.0.0.1/24"),
        ({"address": "10.7.0.0/31"}, "10.7.0.1", "10.7.0.1/31"),
    ],
)
def test_what_is_not_said_follows_from_what_is(words, gateway, kernel):
    config = make(**words)
    assert config.host.gateway == (gateway and IPv4Address(gateway))
    assert config.tap.address == (kernel and IPv4Interface(kernel))


def test_top1_with_an_address_of_ones_own_has_no_gateway_unless_said():
    assert make(topology=1, address="192.168.1.5/24").host.gateway is None
    assert str(make(topology=1, address="192.168.1.5/24", gateway="192.168.1.1").host.gateway) == "192.168.1.1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[host]\naddress = "10.0.0.1"\n', r"^tapip\.toml:2: '10\.0\.0\.1' has no prefix length"),
        ('[host]\nadress = "10.0.0.1/24"\n', r"^tapip\.toml:2: .*host\.adress; host\.address was meant\?"),
        ("nonsense = 1\n", r"^tapip\.toml:1: there is no setting nonsense; there is: "),
        ("\n\n[nosuch]\na = 1\n", r"^tapip\.toml:3: there is no setting nosuch"),
        ("[sysctl]\n# one\nnet.ipv4.tcp_sac = 1\n", r"^tapip\.toml:3: .*net\.ipv4\.tcp_sac;.*net\.ipv4\.tcp_sack"),
        ("[sysctl]\n'net.ipv4.tcp_sack' = 7\n", r"^tapip\.toml:2: net\.ipv4\.tcp_sack = 7: allowed is 0 or 1"),
        ("[sysctl]\nnet.ipv4.tcp_sack = []\n", r"^tapip\.toml:2: net\.ipv4\.tcp_sack takes a number"),
        ("sysctl = 1\n", r"^tapip\.toml:1: there is no setting sysctl"),
        ("[host]\nmtu = 10\n", r"^tapip\.toml:2: 10 is out of range: 68 to 65535 bytes"),
        ("[host]\nmtu = true\n", r"^tapip\.toml:2: "),
        ('topology = "3"\n', r"^tapip\.toml:1: there is no topology '3': one of 1, 2, demo"),
        ("topology = true\n", r"^tapip\.toml:1: there is no topology True"),
        ('debug = ["arp", "xx"]\n', r"^tapip\.toml:1: there is no layer 'xx'"),
        ("a = \n", r"^tapip\.toml:1: Invalid value"),
        ("x = 'open", r"^tapip\.toml:1: "),
        ('[host]\ngateway = "10.9.9.9"\n', r"^tapip\.toml:2: gateway 10\.9\.9\.9 is not in the stack's network"),
        ('[tap]\naddress = "10.0.0.1/24"\n', r"^(tapip\.toml:2|host\.gateway).*10\.0\.0\.1"),
    ],
)
def test_a_wrong_file_is_refused_by_line(text, said):
    with pytest.raises(ConfigError, match=said):
        read(text)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"TAPIP_MAC": "11:22"}, r"^TAPIP_MAC: '11:22' is no hardware address"),
        ({"TAPIP_MAC": "01:00:00:00:00:01"}, r"^TAPIP_MAC: .*must be even"),
        ({"TAPIP_ADRESS": "10.0.0.1/24"}, r"^TAPIP_ADRESS: .*TAPIP_ADDRESS was meant"),
        ({"TAPIP_SYSCTL": "net.ipv4.tcp_sack"}, r"^TAPIP_SYSCTL: .* is no NAME=VALUE"),
        ({"TAPIP_YES": "maybe"}, r"^TAPIP_YES: 'maybe' is neither yes nor no"),
        ({"TAPIP_CONFIG": "/nowhere.toml"}, r"^/nowhere\.toml: No such file"),
    ],
)
def test_a_wrong_environment_is_refused_by_variable(environ, said):
    with pytest.raises(ConfigError, match=said):
        read(environ=environ)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"address": "10.0.0.0/24"}, r"^--address: 10\.0\.0\.0 is the network address"),
        ({"address": "10.0.0.255/24"}, r"^--address: .* broadcast address"),
        ({"address": "127.0.0.1/8"}, r"^--address: 127\.0\.0\.1 can not be a host's"),
        ({"address": "10.0.0.1/33"}, r"^--address: "),
        ({"gateway": "10.0.0.1"}, r"^--gateway: gateway 10\.0\.0\.1 is the stack's own"),
        ({"dev": "much-too-long-a-name"}, r"^--dev: 'much-too-long-a-name' can not name"),
        ({"dev": "a b"}, r"^--dev: "),
        ({"kernel_address": "10.1.0.1/24", "gateway": "none"}, r"^--kernel-address: .*10\.1\.0\.1 is not in"),
        ({"netns": ".."}, r"^--netns: "),
        ({"seed": "-1"}, r"^--seed: -1 is out of range"),
        ({"spin": "1001"}, r"^--spin: 1001 is out of range: 0 to 1000 microseconds"),
        ({"spin": "fast"}, r"^--spin: 'fast' is no whole number: 0 to 1000 microseconds, or on, or off"),
    ],
)
def test_a_wrong_flag_is_refused_by_name(flags, said):
    with pytest.raises(ConfigError, match=said):
        read(flags=flags)


@pytest.mark.parametrize(("said", "micros"), [("on", 50), ("off", 0), ("1", 1), (1, 1), (True, 50), ("300", 300)])
def test_spin_is_a_word_or_microseconds(said, micros):
    assert read(flags={"spin": said}).spin == micros
    assert read(environ={"TAPIP_SPIN": str(said).lower().replace("true", "on")}).spin == micros
    assert read().spin == 0


def test_bytes_that_are_no_text():
    Path("tapip.toml").write_bytes(b"a = \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(environ={})


def test_keywords_are_checked():
    with pytest.raises(TypeError, match="'adress'; address was meant"):
        make(adress="10.0.0.1/24")


def test_every_setting_has_a_name_of_its_own():
    assert len({setting.name for setting in SETTINGS}) == len({setting.path for setting in SETTINGS}) == len(SETTINGS)
    assert all(setting.about for setting in SETTINGS)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("t", "b c"), 4),
        (("t", "d", "e"), 5),
        (("t", "u", "f"), 7),
        (("t", "u", "missing"), 6),
        (("z",), 1),
    ],
)
def test_lines(path, line):
    text = "a = 1\n# a = 2\n[t] # table\n'b c' = 1\nd.e = \"a = 3\"\n[t.u]\nf = 2\n"
    assert line_of(text, path) == line


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        Path("tapip.toml").write_text(text, encoding="utf-8")
    except UnicodeEncodeError:
        return
    try:
        load(environ={})
    except ConfigError as error:
        said = str(error)
    else:
        said = "tapip.toml"
    assert said.startswith("tapip.toml")
