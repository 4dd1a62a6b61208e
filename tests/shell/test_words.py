import pytest

from tapip_rs.shell.errors import BadWord
from tapip_rs.shell.words import quote, split


def words(line: str) -> list[list[str]]:
    return [[word.text for word in command] for command in split(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        (" \t ", []),
        ("# nothing", []),
        ("route", [["route"]]),
        ("ping -c 3  10.0.0.2", [["ping", "-c", "3", "10.0.0.2"]]),
        ("route;arpcache ; ;stat;", [["route"], ["arpcache"], ["stat"]]),
        ("route # print it; and more", [["route"]]),
        ("route # one\narpcache", [["route", "arpcache"]]),
        ("capture start a#b", [["capture", "start", "a#b"]]),
        ("capture start 'my file;1'", [["capture", "start", "my file;1"]]),
        ('capture start "a \\" b\\\\c\\d"', [["capture", "start", 'a " b\\c\\d']]),
        ("capture start a\\ b", [["capture", "start", "a b"]]),
        ("x '' \"\"", [["x", "", ""]]),
        ("x a'b'\"c\"", [["x", "abc"]]),
    ],
)
def test_split(line, expected):
    assert words(line) == expected


@pytest.mark.parametrize("line", ["x 'open", 'x "open\\"', "'"])
def test_an_open_quote_is_an_error(line):
    with pytest.raises(BadWord, match="no closing"):
        split(line)


def test_a_line_being_typed_may_have_an_open_quote():
    assert [word.text for word in split("capture start 'my f", partial=True)[-1]] == ["capture", "start", "my f"]
    assert split("route; ", partial=True)[-1] == []


def test_words_know_where_they_stood():
    (command,) = split("  a 'b c'")
    assert [(word.start, word.end) for word in command] == [(2, 3), (4, 9)]


@pytest.mark.parametrize("text", ["plain", "", "a b", "it's", "#x", "a;b", 'q"q', "back\\slash"])
def test_quoting_is_undone_by_splitting(text):
    assert words(f"x {quote(text)}") == [["x", text]]
