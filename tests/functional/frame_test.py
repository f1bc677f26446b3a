"""The frame that all functional tests stand on: what is started can be reached, is steered, and ends."""

import sys

import pytest
from conftest import FaultProxy, Program, Simulator, http


def test_the_simulator_is_reached_and_steered(simulator):
    before = len(simulator.truth())
    simulator.tick(add=3)
    assert len(simulator.truth()) == before + 3


def test_the_fault_proxy_passes_requests_on(simulator, fault_proxy):
    assert http("GET", fault_proxy.url + "/_sim/truth/kev") == simulator.truth()


def test_programs_end_when_asked(bin_dir, tmp_path):
    with Simulator(bin_dir, tmp_path / "world.log", seed=1, records=5) as world:
        with FaultProxy(bin_dir, tmp_path / "proxy.log", f"127.0.0.1:{world.port}") as proxy:
            assert proxy.end() == 0 and world.end() == 0


def test_a_program_that_is_never_ready_is_ended_and_explained(tmp_path):
    program = "import sys; print('hello', flush=True); sys.stderr.write('it broke'); sys.exit(3)"
    with pytest.raises(AssertionError, match="(?s)hello.*it broke"):
        Program([sys.executable, "-c", program], "ready", tmp_path / "log")
