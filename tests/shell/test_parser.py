from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Annotated, Literal

import pytest

from tapip_rs.shell.errors import BadWord
from tapip_rs.shell.kinds import Endpoint, Mac, kind_of
from tapip_rs.shell.parser import Keyword, Limits, Option, signature


class Given:
    """Stands for what is handed in."""


def sample(
    given: Given,
    verb: Literal["show", "add"],
    net: IPv4Network | None = None,
    *more: int,
    count: Annotated[int | None, Option("-c", "--count"), Limits(1, 9)] = None,
    ratio: float = 0.5,
    loud: Annotated[bool, Option("-l")] = False,
    wide: Annotated[bool, Option("-w")] = False,
    via: Annotated[IPv4Address | None, Keyword("via")] = None,
) -> None: ...


READ = signature(sample, (Given,))


def test_usage_is_made_from_the_signature():
    assert READ.usage == "[-c COUNT] [--ratio RATIO] [-l] [-w] show|add [NET] [MORE...] [via ADDR]"
    assert READ.given == {"given": Given}


@pytest.mark.parametrize(
    ("line", "values", "options"),
    [
        ("show", ["show"], {}),
        ("show default", ["show", IPv4Network("0.0.0.0/0")], {}),
        ("add 10.1.0.0/16 1 -2", ["add", IPv4Network("10.1.0.0/16"), 1, -2], {}),
        ("-c 3 show", ["show"], {"count": 3}),
        ("show -c3", ["show"], {"count": 3}),
        ("show --count=3", ["show"], {"count": 3}),
        ("show --ratio 2e-1", ["show"], {"ratio": 0.2}),
        ("-lw show", ["show"], {"loud": True, "wide": True}),
        ("-lwc3 show", ["show"], {"loud": True, "wide": True, "count": 3}),
        ("show via 10.0.0.2", ["show"], {"via": IPv4Address("10.0.0.2")}),
        ("via 10.0.0.2 show", ["show"], {"via": IPv4Address("10.0.0.2")}),
    ],
)
def test_bind(line, values, options):
    assert READ.bind(line.split()) == (values, options)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "missing show|add"),
        ("shw", "'shw' is none of show, add"),
        ("show 10.1.0.1/16", "bad network '10.1.0.1/16': it has bits right of its mask; 10.1.0.0/16 was meant?"),
        ("show default x", "'x' is not a whole number"),
        ("show -c", "-c wants a value, COUNT"),
        ("show -c x", "'x' is not a whole number for -c"),
        ("show -c 10", "10 is out of range 1..9 for -c"),
        ("show -c 1_0", "'1_0' is not a whole number"),
        ("show --ratio nan", "'nan' is not a number for --ratio"),
        ("show -x", "unknown option '-x'"),
        ("show -lx", "unknown option '-x'"),
        ("show --what=1", "unknown option '--what=1'"),
        ("show --", None),
        ("-- -c", "'-c' is none of show, add"),
        ("show via me", "bad ip address me for via"),
    ],
)
def test_bad_words_are_named(line, says):
    if says is None:
        READ.bind(line.split())
        return
    with pytest.raises(BadWord) as caught:
        READ.bind(line.split())
    assert says in str(caught.value)


def test_one_word_too_many():
    def two(a: str, b: str = "") -> None: ...

    with pytest.raises(BadWord, match="'z' is one word too many"):
        signature(two).bind(["x", "y", "z"])


def test_exactly_one_of_a_group():
    def either(
        *,
        a: Annotated[str | None, Option("-a", one_of="x")] = None,
        b: Annotated[str | None, Option("-b", one_of="x")] = None,
    ) -> None: ...

    read = signature(either)
    assert read.usage == "(-a A | -b B)"
    assert read.bind(["-b", "1"]) == ([], {"b": "1"})
    with pytest.raises(BadWord, match="missing -a or -b"):
        read.bind([])
    with pytest.raises(BadWord, match="-a and -b exclude each other"):
        read.bind(["-a", "1", "-b", "2"])


def test_a_parameter_that_no_word_can_be_is_a_mistake():
    def wrong(what: complex) -> None: ...

    with pytest.raises(TypeError):
        signature(wrong)


@pytest.mark.parametrize(
    ("kind", "word", "value"),
    [
        (Endpoint, "10.0.0.1:80", Endpoint(IPv4Address("10.0.0.1"), 80)),
        (Mac, "0:34:45:67:89:AB", "00:34:45:67:89:ab"),
        (IPv4Interface, "10.0.0.1/24", IPv4Interface("10.0.0.1/24")),
        (Path, "a b", Path("a b")),
        (int, "0x10", 16),
    ],
)
def test_kinds(kind, word, value):
    assert kind_of(kind).read(word) == value


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (Endpoint, "10.0.0.1"),
        (Endpoint, "10.0.0.1:65536"),
        (Endpoint, "10.0.0:1"),
        (Endpoint, "10.0.0.1:-1"),
        (Mac, "00:11:22:33:44"),
        (Mac, "00:11:22:33:44:zz"),
        (Mac, "00:11:22:33:44:+5"),
        (IPv4Address, "10.0.0.256"),
        (IPv4Interface, "10.0.0.1/33"),
        (int, "٣"),
    ],
)
def test_kinds_refuse_and_name_the_word(kind, word):
    with pytest.raises(ValueError, match=r"(?s).") as caught:
        kind_of(kind).read(word)
    assert word in str(caught.value)
