"""The compiled module is what its stub says, and says so itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tapip_rs import _core

PACKAGE = Path(__file__).parents[1] / "python"
CLASSES = [value for value in vars(_core).values() if isinstance(value, type)]


def test_stub_agrees_with_the_module():
    command = [sys.executable, "-m", "mypy.stubtest", "tapip_rs._core", "--ignore-disjoint-bases"]
    environment = os.environ | {"MYPYPATH": str(PACKAGE)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=50)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_and_method_is_documented(cls: type):
    assert cls.__doc__
    bare = [
        name for name, value in vars(cls).items() if callable(value) and not name.startswith("_") and not value.__doc__
    ]
    assert bare == []


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_classes_are_final(cls: type):
    with pytest.raises(TypeError):
        type("Derived", (cls,), {})


def test_records_do_not_change():
    with pytest.raises(AttributeError):
        _core.Loopback().mtu = 1


def test_module_says_how_it_was_built():
    assert _core.profile in ("debug", "release")
    assert _core.version.count(".") == 2
