"""The rules of tests/conftest.py hold: skips are counted, and no test goes out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

SKIPS_ITSELF = """
import pytest

@pytest.mark.skip
def test_skipped():
    pass

@pytest.mark.xfail(strict=True)
def test_expected_to_fail():
    raise ValueError

def test_runs():
    pass
"""

GOES_OUT = """
import socket

def test_goes_beyond_this_machine():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        try:
            out.connect(("192.0.2.1", 9))
        except Exception:
            pass

def test_asks_for_a_name():
    try:
        socket.getaddrinfo("www.example.org", 80)
    except Exception:
        pass

def test_stays_here():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()):
            pass
"""


def run(folder: Path, where: str, test: str, allowed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one test file under our conftest in a folder of its own."""
    shutil.copy(CONFTEST, folder)
    (folder / "skips.txt").write_text(allowed)
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = .\nxfail_strict = true\nfilterwarnings = error\n")
    (folder / where).mkdir()
    (folder / where / "test_it.py").write_text(test)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


BOTH = "any/test_it.py::test_skipped\nany/test_it.py::test_expected_to_fail\n"


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        (BOTH, []),
        ("# none\n", ["test_skipped", "test_expected_to_fail"]),
        (
            "any/test_it.py::test_skipped\n",
            ["skipped, and not named in tests/skips.txt: any/test_it.py::test_expected"],
        ),
        (BOTH + "any/test_it.py::test_runs\n", ["named in tests/skips.txt, and it runs: any/test_it.py::test_runs"]),
        (BOTH + "any/test_it.py::test_gone\n", ["there is no such test: any/test_it.py::test_gone"]),
    ],
)
def test_a_run_whose_skips_differ_from_the_list_fails(tmp_path: Path, allowed: str, said: list[str]) -> None:
    ended = run(tmp_path, "any", SKIPS_ITSELF, allowed)
    assert ended.returncode == (1 if said else 0), ended.stdout
    assert all(line in ended.stdout for line in said)
    assert ("SKIPS" in ended.stdout) is bool(said)


def test_a_module_that_skips_itself_is_counted_too(tmp_path: Path) -> None:
    ended = run(tmp_path, "any", "import pytest\npytest.importorskip('there_is_no_such_module')\n", "")
    assert ended.returncode == 1
    assert "not named in tests/skips.txt: any/test_it.py" in ended.stdout


def test_a_part_of_the_tests_can_be_run_without_the_rest(tmp_path: Path) -> None:
    assert run(tmp_path, "any", SKIPS_ITSELF, BOTH, "-k", "runs").returncode == 0


def test_no_test_goes_beyond_this_machine(tmp_path: Path) -> None:
    ended = run(tmp_path, "any", GOES_OUT, "")
    assert ended.returncode == 1
    assert "2 failed, 1 passed" in ended.stdout
    assert "went beyond this machine" in ended.stdout


def test_a_unit_test_uses_no_network_at_all(tmp_path: Path) -> None:
    ended = run(tmp_path, "unit", GOES_OUT, "")
    assert ended.returncode == 1
    assert "3 failed" in ended.stdout
