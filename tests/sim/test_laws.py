"""The programs in examples/laws, each in its short form: their figures agree with what their scenarios expect."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

LAWS = Path(__file__).parents[2] / "examples" / "laws"
NUMBER = re.compile(r"(?<![\w/.])[-+]?\d+(?:\.\d+)?")
DRAWN = importlib.util.find_spec("matplotlib") is not None


@pytest.fixture
def law(tmp_path):
    """Run a law: its lines, by what stands in front of them, as numbers; it drew so many pictures."""

    def run(name: str, *words: object, pictures: int) -> list[tuple[str, list[float]]]:
        command = [sys.executable, str(LAWS / f"{name}.py"), *map(str, words)]
        done = subprocess.run(command, text=True, capture_output=True, timeout=50, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        drawn = [path for path in tmp_path.glob(f"{name}*.png") if path.stat().st_size > 5_000]
        assert len(drawn) == (pictures if DRAWN else 0)
        return [(line, [float(number) for number in NUMBER.findall(line)]) for line in done.stdout.splitlines()]

    return run


def words(text: str, *names: str) -> list[float]:
    """The numbers of a line that stand before each of `names`."""
    return [float(re.search(rf"([\d.]+)%? {name}", text)[1]) for name in names]


def test_every_law_is_run_here():
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in LAWS.glob("*.py")} <= tested


def test_reno(law):
    for _, (_, found, said, _) in (lines := law("reno", "--seconds", 40, pictures=1)):
        assert found == pytest.approx(said, rel=0.10)
    assert [round(said) for _, (_, _, said, _) in lines] == [12, 39, 122]


def test_cubic(law):
    lines = law("cubic", "--seconds", 80, "--every", 10_000, pictures=1)
    for _, (_, _, found, said, _) in lines:
        assert found == pytest.approx(said, rel=0.15)
    assert [round(numbers[3]) for _, numbers in lines] == [122, 187]


def test_fairness(law):
    *shares, (_, (filled, _)), (_, (jain, _)) = law("fairness", "--seconds", 90, pictures=1)
    assert len(shares) == 4
    assert filled > 18
    assert jain >= 0.95


def test_hystart(law):
    (entered, (slowed, lost, drops)), (never, (_, without)) = law("hystart", pictures=2)
    assert "CSS begins: never" in never, never
    assert slowed < lost, entered
    assert 2 * drops < without


def test_rack(law):
    rates = [words(line, "Mbit/s")[0] for line, _ in law("rack", "--seconds", 8, pictures=3)]
    ordered, rack, undo, counting = rates
    assert ordered > 90
    assert rack >= 0.9 * ordered
    assert counting < 0.5 * undo < 0.5 * ordered


def test_tlp(law):
    (_, (undisturbed,)), *runs = law("tlp", pictures=4)
    assert 90 < undisturbed < 110
    (one, no_timeout), (late, timeout), (three, none), (later, another) = [
        words(line, "RTT", "timeouts") for line, _ in runs
    ]
    assert (no_timeout, none) == (0, 0)
    assert timeout > 0
    assert another > 0
    assert one <= 3 < late
    assert three < later


def test_bbr(law):
    (bbr, _), (cubic, _), (_, (ratio, _)) = law("bbr", "--seconds", 20, pictures=2)
    fast, slow = words(bbr, "Mbit/s")[0], words(cubic, "Mbit/s")[0]
    assert ratio == pytest.approx(fast / slow, rel=0.05)
    assert ratio >= 5
    assert float(re.search(r"start-up ([\d.]+) ms", bbr)[1]) < 60


def test_codel(law):
    lines = law("codel", "--seconds", 15, pictures=9)
    assert len(lines) == 9
    for line, _ in lines:
        rate, drops, marks, again = words(line, "Mbit/s", "drops", "marks", "sent again")
        assert rate > 35, line
        if "ECN" in line:
            assert (drops, again) == (0, 0), line
            assert marks > 0, line
        else:
            assert marks == 0 < drops <= again, line
        assert float(re.search(r"wait ([\d.]+) ms", line)[1]) < 5, line


def test_dctcp(law):
    (dctcp, _), (cubic, _) = law("dctcp", "--seconds", 10, pictures=2)
    busy, drops, marks, median = words(dctcp, "busy", "drops", "marks", "frames")
    assert busy > 97
    assert (drops, marks > 100) == (0, True)
    assert 10 <= median <= 30
    assert float(re.search(r"median, ([\d.]+) at", dctcp)[1]) <= 40
    assert words(cubic, "frames")[0] < median
