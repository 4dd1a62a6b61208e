"""`make rfc`: the report on the tree as it is, and on one made up."""

import importlib.util
import json
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "rfc"


@pytest.fixture(scope="module")
def rfc():
    loader = SourceFileLoader("rfc_report", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("rfc_report", loader))
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def test_the_tree_as_it_is():
    """No citation names a requirement that does not exist, and the report says where each stands."""
    done = subprocess.run([SCRIPT, "--json"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["rfc9293"]["unknown"] == []
    path, _, line = told["rfc9293"]["code"]["MUST-18"][0].partition(":")
    assert "MUST-18" in (SCRIPT.parent.parent / path).read_text().splitlines()[int(line) - 1]
    words = subprocess.run([SCRIPT], capture_output=True, text=True, timeout=60, check=True).stdout
    assert "MUST-18" not in words.partition("cited nowhere")[2]


def test_a_tree_made_up(rfc, tmp_path):
    (tmp_path / "rust" / "x" / "tests").mkdir(parents=True)
    (tmp_path / "rust" / "target").mkdir()
    (tmp_path / "rust" / "x" / "code.rs").write_text(
        "//= rfc9293#3.8.4 MUST-24 SHLD-12   our words on MUST-1\n"
        "    //= rfc9293#3.8.4   type=test\n"
        "//= rfc791#3.1   MUST-2 is not meant\n"
        "//= rfc9293#3.9 MUST-70   there is none\n"
        "// rfc9293#3.8.4 MUST-3\n"
    )
    (tmp_path / "rust" / "x" / "tests" / "more.rs").write_text("//= rfc9293#3.8 MUST-4   in a test\n")
    (tmp_path / "rust" / "target" / "made.rs").write_text("//= rfc9293#3.8 MUST-5   a copy\n")
    found = list(rfc.citations(tmp_path))
    told = rfc.report(found)
    assert told["rfcs"][791] == {"3.1": ["rust/x/code.rs:3"]}
    assert set(told["rfc9293"]["code"]) == {"MUST-24", "SHLD-12", "MUST-70"}
    assert set(told["rfc9293"]["tests"]) == {"MUST-4"}
    assert told["rfc9293"]["unknown"] == ["MUST-70"]
    assert {"MUST-1", "MUST-2", "MUST-3", "MUST-5"} <= set(told["rfc9293"]["uncited"])
    assert "MUST-51" not in told["rfc9293"]["uncited"]  # waived
    assert "no such requirement: MUST-70" in rfc.text(found, where=True)
    assert "3 of 119 requirements" in rfc.text(found, where=False)


def test_the_ids_are_those_of_the_rfc(rfc):
    assert len(rfc.REQUIREMENTS) == len(set(rfc.REQUIREMENTS)) == 119
    assert set(rfc.WAIVED) <= set(rfc.REQUIREMENTS)
