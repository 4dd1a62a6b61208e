"""How people say which work is left to a device."""

import pytest

from tapip_rs.offload import FEATURES, choice

ALL = ("rx", "tx", "tso", "gro")


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("on", ALL),
        ("off", ()),
        (True, ALL),
        (False, ()),
        (None, ()),
        ("tso", ("tx", "tso")),
        ("gro,tx", ("rx", "tx", "gro")),
        ("RX  tcp-segmentation-offload", ("rx", "tx", "tso")),
        ("no-tso", ("rx", "tx", "gro")),
        ("no-tx", ("rx", "gro")),
        ("no-rx,no-tso", ("tx",)),
        (["gro"], ("rx", "gro")),
        ((), ()),
        ("lro", ("rx", "gro")),
    ],
)
def test_a_choice_is_what_was_meant_and_what_it_needs(said, means):
    assert choice(said) == means
    assert choice(means) == means


@pytest.mark.parametrize("said", ["uso", "on,tx", "tx,no-rx", "no-", 7])
def test_a_wrong_word_is_named(said):
    with pytest.raises(ValueError, match=r"on, off, names of rx, tx, tso, gro"):
        choice(said)


def test_every_need_is_a_feature():
    names = {short for short, *_ in FEATURES}
    assert all(not needs or needs in names for _, _, needs, _ in FEATURES)
