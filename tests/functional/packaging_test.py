"""The Debian package from its installation to its purge, `cmake --install`, and what deploy/ promises about the tree.

The package is installed in a layer over this machine's files that is thrown away (machine.py). Where that cannot be
mounted these tests are skipped, unless CI_PACKAGING=install says that this machine may be changed.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT
from machine import PATIENCE, Layer, NotPossible, ThisMachine
from phoenix import KEY, TOKEN, wait_until, world  # noqa: F401
from postgres import free_port

SERVICES = ("pulse", "phoenix")
UNIT = "/usr/lib/systemd/system/pulse.service"
SETTINGS, VARIABLES = "/etc/pulse/pulse.yaml", "/etc/pulse/pulse.env"
CONFFILES = [f"/etc/{name}/{name}.{kind}" for name in SERVICES for kind in ("yaml", "env")]
SECURE_ENOUGH = 2.0  # of 10, by systemd-analyze security; "OK" begins at 5


@pytest.fixture(scope="session")
def build_dir(bin_dir):
    folder = Path(os.environ.get("BUILD_DIR", bin_dir.parent))
    assert (folder / "CPackConfig.cmake").is_file(), f"BUILD_DIR: {folder} is not the folder of a build"
    return folder


def command(*words, timeout=PATIENCE, **options):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=timeout, **options)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def package(build_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    command("cpack", "--config", build_dir / "CPackConfig.cmake", "-B", folder, timeout=5 * PATIENCE)
    [path] = folder.glob("*.deb")
    return path


@pytest.fixture(scope="session")
def next_package(package, tmp_path_factory):
    """The same with a higher version, and other files of settings."""
    folder = tmp_path_factory.mktemp("next")
    command("dpkg-deb", "--raw-extract", package, folder / "tree")
    control = folder / "tree/DEBIAN/control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+next", control.read_text(), flags=re.MULTILINE))
    for path in CONFFILES:
        with open(f"{folder}/tree{path}", "a", encoding="utf-8") as file:
            file.write("# of the next version\n")
    command("dpkg-deb", "--root-owner-group", "-Znone", "--build", folder / "tree", folder / "next.deb")
    return folder / "next.deb"


@pytest.fixture
def bare_machine(package, next_package, tmp_path):
    shutil.copy(package, tmp_path / "pulse.deb")
    shutil.copy(next_package, tmp_path / "next.deb")
    try:
        place = Layer(tmp_path)
    except NotPossible as reason:
        if os.environ.get("CI_PACKAGING") != "install":
            pytest.skip(f"{reason}; CI_PACKAGING=install installs the package on this machine instead")
        place = ThisMachine(tmp_path)
    with place as here:
        assert not here.exists("/usr/bin/pulse") and not here.succeeds("getent", "passwd", "phoenix-pulse"), "it is installed here"
        try:
            yield here
        finally:
            here.run("dpkg", "--purge", "phoenix-pulse", fails=True)


@pytest.fixture
def machine(bare_machine):
    bare_machine.run("dpkg", "--install", bare_machine.path("pulse.deb"))
    return bare_machine


def unit_of(name):
    return f"/usr/lib/systemd/system/{name}.service"


def unit_setting(machine, unit, key):
    [value] = re.findall(rf"^{key}=-?(.+)$", machine.read(unit), re.MULTILINE)
    return value


class Service:
    """The ExecStart line of a unit, run as systemd would: its user, no rights, its variables, a socket to report to."""

    def __init__(self, machine, log, unit=UNIT):
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"service-test-{os.getpid()}-{free_port()}"
        self.notices.bind(f"\0{name}")  # abstract: there is no file that would have to be seen from both roots
        self.notices.settimeout(1)
        self.log = log
        variables = {"NOTIFY_SOCKET": f"@{name}", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        variables |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        for line in machine.read(unit_setting(machine, unit, "EnvironmentFile")).splitlines():
            if line and not line.startswith("#"):
                variables |= dict([line.split("=", 1)])
        user, group = unit_setting(machine, unit, "User"), unit_setting(machine, unit, "Group")
        with open(log, "wb") as output:
            self.process = machine.start(
                "setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups", "--inh-caps=-all", "--bounding-set=-all",
                "--no-new-privs", "--pdeathsig=KILL", *shlex.split(unit_setting(machine, unit, "ExecStart")),
                env=variables, stdout=output, stderr=output)

    def wait_for(self, notice):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if notice in self.notices.recv(65536).decode().splitlines():
                    return
            except TimeoutError:
                pass  # does it still live?
        raise AssertionError(f"no {notice}; exit code {self.process.poll()}: {self.log.read_text(errors='replace')}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.notices.close()


# ---- the package


def test_what_an_installation_brings(machine):
    name, home, shell = machine.run("getent", "passwd", "phoenix-pulse").split(":")[4:]
    assert (name.strip(","), home, shell) == ("Phoenix Pulse", "/var/lib/phoenix-pulse", "/usr/sbin/nologin\n")
    for path, owner_and_mode in {
            **{f"/usr/bin/{name}": "root:root 755" for name in SERVICES}, **{unit_of(name): "root:root 644" for name in SERVICES},
            **{f"/etc/{name}": "root:root 755" for name in SERVICES}, **{path: "root:phoenix-pulse 640" for path in CONFFILES},
            "/etc/pulse/collectors": "root:root 755",
            "/etc/pulse/collectors/example.yaml": "root:root 644", "/usr/share/phoenix-pulse/collectors": "root:root 755",
            "/usr/share/phoenix-pulse/schema/collector.schema.json": "root:root 644",
            "/var/lib/phoenix-pulse": "phoenix-pulse:phoenix-pulse 750", "/var/log/phoenix-pulse": "phoenix-pulse:phoenix-pulse 750"}.items():
        assert (path, machine.status(path)) == (path, owner_and_mode)
    installed = machine.run("ls", "/usr/share/phoenix-pulse/collectors").split()
    assert installed == sorted(path.name for path in (ROOT / "collectors").glob("*.yaml"))
    for name in ("simulator", "fault-proxy"):
        assert not machine.exists(f"/usr/bin/{name}")


def test_an_installation_starts_and_enables_nothing(machine):
    for name in SERVICES:
        assert machine.run("systemctl", "is-enabled", f"{name}.service", fails=True) == "disabled\n"
    assert machine.run("ls", "-A", "/var/lib/phoenix-pulse", "/var/log/phoenix-pulse") == "/var/lib/phoenix-pulse:\n\n/var/log/phoenix-pulse:\n"


def test_the_settings_are_valid_and_readable_for_the_service_only(machine):
    as_user = ["setpriv", "--regid=phoenix-pulse", "--init-groups", "--reuid=phoenix-pulse"]
    assert "1 of 1 collectors are valid" in machine.run(*as_user, "pulse", "--config", SETTINGS, "validate")
    as_nobody = ["setpriv", "--regid=nogroup", "--clear-groups", "--reuid=nobody"]
    for path in (*CONFFILES, "/var/lib/phoenix-pulse/x", "/var/log/phoenix-pulse/x"):
        assert "Permission denied" in machine.run(*as_nobody, "cat", path, fails=True)


def test_the_bot_says_what_its_settings_lack(machine):
    as_user = ["setpriv", "--regid=phoenix-pulse", "--init-groups", "--reuid=phoenix-pulse"]
    said = machine.run(*as_user, "phoenix", "--config", "/etc/phoenix/phoenix.yaml", "run", fails=True)
    assert "set TELEGRAM_BOT_TOKEN" in said and "set API_FOOTBALL_KEY" in said
    assert len(re.findall("is missing", said)) == 2, "and nothing else is wrong with them"


@pytest.mark.parametrize("name", SERVICES)
def test_systemd_accepts_the_unit(machine, name):
    said = machine.run("systemd-analyze", "verify", unit_of(name))
    assert name not in said
    said = machine.run("systemd-analyze", "security", "--offline=yes", f"--threshold={SECURE_ENOUGH * 10:.0f}", unit_of(name))
    assert f"Overall exposure level for {name}.service" in said


def seconds_of(text):
    return sum(int(number) * {"s": 1, "min": 60, "m": 60, "h": 3600}[unit] for number, unit in re.findall(r"(\d+)(s|min|m|h)\b", text))


def test_the_bot_has_the_time_that_its_shutdown_takes(machine):
    """What is under way at the end of a step has 5 s to be written down, for jobs and for messages."""
    table = machine.run("phoenix", "reference")
    steps = [seconds_of(re.search(rf"^\| `shutdown.{step}` \| duration \| `(\w+)`", table, re.MULTILINE).group(1))
             for step in ("drain", "flush", "save")]
    stop, watchdog = (int(unit_setting(machine, unit_of("phoenix"), key)) for key in ("TimeoutStopSec", "WatchdogSec"))
    assert min(steps) > 0 and stop >= sum(steps) + 2 * 5
    assert watchdog - watchdog / 3 >= stop, "a sign of life comes every third of it, and none during a stop"


def test_the_bot_is_not_started_again_with_wrong_settings(machine):
    assert unit_setting(machine, unit_of("phoenix"), "RestartPreventExitStatus") == "78"
    assert unit_setting(machine, unit_of("phoenix"), "Restart") == "always"


def test_the_service_starts_as_its_user_and_stops(machine, tmp_path):
    machine.write(VARIABLES, f"PULSE_LISTEN__ADDRESS=127.0.0.1:{free_port()}\n")
    with Service(machine, tmp_path / "service.log") as service:
        service.wait_for("READY=1")
        assert service.stop() == 0
    assert machine.status("/var/lib/phoenix-pulse/pulse.db").startswith("phoenix-pulse:phoenix-pulse ")


def test_the_bot_starts_as_its_user_and_stops(machine, world, tmp_path):
    machine.write("/etc/phoenix/phoenix.env", f"TELEGRAM_BOT_TOKEN={TOKEN}\nAPI_FOOTBALL_KEY={KEY}\n"
                  f"TELEGRAM_API_BASE={world.url}/api.telegram.org\nAPI_FOOTBALL_BASE={world.url}/v3.football.api-sports.io\n"
                  f"PHOENIX_LISTEN__ADDRESS=127.0.0.1:{free_port()}\n")
    with Service(machine, tmp_path / "service.log", unit_of("phoenix")) as service:
        service.wait_for("READY=1")
        world.telegram("POST", "message", {"user": 1, "text": "/start"})
        wait_until(lambda: world.events(method="sendMessage"), "an answer to /start")
        assert service.stop() == 0
    for path in ("/var/lib/phoenix-pulse/phoenix.db", "/var/log/phoenix-pulse/phoenix"):
        assert machine.status(path).startswith("phoenix-pulse:phoenix-pulse ")


def test_an_upgrade_keeps_data_and_what_was_changed(machine):
    changed = machine.read(SETTINGS) + "workers: 3\n"
    machine.write(SETTINGS, changed)
    machine.write("/etc/phoenix/phoenix.env", "TELEGRAM_BOT_TOKEN=mine\n")
    machine.write("/var/lib/phoenix-pulse/pulse.db", "rows")
    machine.write("/etc/pulse/collectors/mine.yaml", "name: mine\n")
    machine.run("systemctl", "enable", "pulse.service")
    machine.run("dpkg", "--force-confdef", "--force-confold", "--install", machine.path("next.deb"))
    assert machine.run("dpkg-query", "-W", "-f=${Version}", "phoenix-pulse").endswith("+next")
    assert machine.read(SETTINGS) == changed
    assert machine.read("/etc/phoenix/phoenix.env") == "TELEGRAM_BOT_TOKEN=mine\n"
    for path in (f"{SETTINGS}.dpkg-dist", VARIABLES, "/etc/phoenix/phoenix.yaml", "/etc/phoenix/phoenix.env.dpkg-dist"):
        assert "of the next version" in machine.read(path)
    assert machine.read("/var/lib/phoenix-pulse/pulse.db") == "rows"
    assert machine.read("/etc/pulse/collectors/mine.yaml") == "name: mine\n"
    for path in CONFFILES:
        assert (path, machine.status(path)) == (path, "root:phoenix-pulse 640")
    assert machine.run("systemctl", "is-enabled", "pulse.service") == "enabled\n"
    assert machine.run("systemctl", "is-enabled", "phoenix.service", fails=True) == "disabled\n", "as it was"


def files_and_users(machine):
    """But for what the tools write down about themselves, and their copies of /etc/passwd and its like."""
    own_books = ["(", "-path", "/var/lib/dpkg", "-o", "-path", "/var/cache", "-o", "-path", "/var/log/dpkg.log", ")", "-prune"]
    files = machine.run("find", "/etc", "/usr", "/var", "/opt", *own_books, "-o", "-not", "-name", "*-", "-print", quiet=True)
    return set((files + machine.read("/etc/passwd") + machine.read("/etc/group")).splitlines())


def test_a_removal_keeps_and_a_purge_leaves_nothing(bare_machine):
    machine = bare_machine
    clean = files_and_users(machine)
    machine.run("dpkg", "--install", machine.path("pulse.deb"))
    machine.write("/var/lib/phoenix-pulse/pulse.db", "rows")
    machine.write("/var/log/phoenix-pulse/kev.log", "lines")
    machine.write("/var/log/phoenix-pulse/phoenix/phoenix.log", "lines")
    machine.write("/etc/pulse/collectors/mine.yaml", "name: mine\n")
    machine.write("/etc/phoenix/.env", "TELEGRAM_BOT_TOKEN=mine\n")
    for name in SERVICES:
        machine.run("systemctl", "enable", f"{name}.service")
    before = [machine.read(path) for path in CONFFILES]
    machine.run("dpkg", "--remove", "phoenix-pulse")
    for name in SERVICES:
        assert not machine.exists(f"/usr/bin/{name}") and not machine.exists(unit_of(name))
    assert (machine.read("/var/lib/phoenix-pulse/pulse.db"), machine.read("/var/log/phoenix-pulse/kev.log")) == ("rows", "lines")
    assert [machine.read(path) for path in CONFFILES] == before
    machine.run("dpkg", "--purge", "phoenix-pulse")
    assert files_and_users(machine) == clean


def test_a_purge_leaves_what_belongs_to_others(machine):
    """PulseAudio keeps its settings in /etc/pulse, too, and a user of our name may be somebody else's."""
    machine.write("/etc/pulse/daemon.conf", "theirs")
    machine.run("usermod", "--comment", "Somebody", "--home", "/srv", "phoenix-pulse")
    machine.run("dpkg", "--purge", "phoenix-pulse")
    left = machine.run("ls", "-A", "/etc/pulse").split()
    assert "daemon.conf" in left and not {"pulse.yaml", "pulse.env", "collectors"} & set(left)
    assert machine.succeeds("getent", "passwd", "phoenix-pulse")
    machine.run("rm", "/etc/pulse/daemon.conf")
    machine.run("deluser", "--quiet", "--system", "phoenix-pulse")


def test_when_the_service_is_stopped_and_started_again(machine):
    """With systemd at work, which a layer has not: what the scripts would ask of it is written down."""
    if not isinstance(machine, Layer):
        pytest.skip("needs a machine that is thrown away")
    for program in ("/usr/bin/systemctl", "/usr/bin/deb-systemd-invoke"):
        machine.write(program, '#!/bin/sh\necho "${0##*/} $*" >> /run/asked\n')
    machine.run("mkdir", "-p", "/run/systemd/system")

    def asked(*arguments):
        machine.write("/run/asked", "")
        machine.run("dpkg", *arguments)
        return machine.read("/run/asked").splitlines()

    reload, invoke = "systemctl --system daemon-reload", "deb-systemd-invoke"
    new_version = asked("--force-confdef", "--force-confold", "--install", machine.path("next.deb"))
    restarts = [f"{invoke} try-restart {name}.service" for name in SERVICES]
    assert new_version[-3:] == [reload, *restarts]
    assert [line for line in new_version if " stop " in line] == []
    assert asked("--remove", "phoenix-pulse") == [f"{invoke} stop phoenix.service", f"{invoke} stop pulse.service", reload]
    assert asked("--install", machine.path("pulse.deb"))[-2:] == restarts


# ---- cmake --install


@pytest.mark.parametrize("staged", [False, True])
def test_an_installation_stays_below_its_prefix(build_dir, tmp_path, staged):
    prefix = Path("/opt/pulse") if staged else tmp_path / "prefix"
    stage = tmp_path / "stage" if staged else None
    environment = {**os.environ, **({"DESTDIR": str(stage)} if staged else {})}
    command("cmake", "--install", build_dir, "--prefix", prefix, env=environment)
    below = Path(f"{stage}{prefix}") if staged else prefix
    said = {Path(line) for line in (build_dir / "install_manifest.txt").read_text().splitlines()}
    found = {path for path in below.rglob("*") if not path.is_dir()}
    assert found == {below / path.relative_to(prefix) for path in said}
    assert not staged or [path for path in stage.rglob("*") if not path.is_dir() and below not in path.parents] == []
    names = {str(path.relative_to(below)) for path in found}
    assert {path for path in names if path.startswith("bin/")} == {"bin/pulse", "bin/phoenix"}
    assert {"lib/systemd/system/pulse.service", "lib/systemd/system/phoenix.service", "lib/sysusers.d/phoenix-pulse.conf", "share/doc/phoenix-pulse/README.md",
            "share/doc/phoenix-pulse/docs/operations.md", "share/phoenix-pulse/collectors/cisa-kev.yaml",
            *(f"share/phoenix-pulse/examples{path.removeprefix('/etc')}" for path in CONFFILES),
            "share/phoenix-pulse/schema/collector.schema.json"} <= names
    for name in SERVICES:
        unit = (below / f"lib/systemd/system/{name}.service").read_text()
        assert f"\nExecStart={prefix}/bin/{name} run --config /etc/{name}/{name}.yaml\n" in unit
        assert "\nNoNewPrivileges=yes\n" in unit and not re.search("@[A-Z]", unit)
        assert command(below / f"bin/{name}", "--version").startswith(f"{name} ")


# ---- files of deploy/ for programs that are not here


def container_instructions():
    text = re.sub(r"^#.*\n", "", (ROOT / "deploy/Containerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return re.sub(r"\s*\\\n\s*", " ", text).splitlines()


def test_the_container_builds_from_what_it_copies(tmp_path):
    sources = [word for line in container_instructions() if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert "src" in sources and "apps" in sources
    for source in sources:
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, tmp_path / source)
    command("cmake", "--preset", "release", cwd=tmp_path)
    command("cmake", "--build", "build/release", "--target", "help", cwd=tmp_path)


def test_the_container_installs_what_developers_install():
    known = set(re.sub(r"#.*|[()]", "", "\n".join(re.findall(
        r"^\w+_packages=(\(.*?\))", (ROOT / "dev").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))).split())
    build, run = [re.search(r"--no-install-recommends (.*?)( &&|$)", line).group(1).split()
                  for line in container_instructions() if "apt-get install" in line]
    assert set(build) <= known and {"g++", "dpkg-dev"} <= set(build)
    assert run == ["curl", "/package/phoenix-pulse_*.deb"] and "curl" in known


def test_the_processes_of_the_procfile(bin_dir):
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    commands = dict(line.split(": ", 1) for line in lines)
    for name, words in commands.items():
        program, *arguments = shlex.split(words)
        assert program == f"build/bin/{name}" and (bin_dir / name).is_file()
        assert command(bin_dir / name, *arguments, "--help")
    assert set(commands) == set(SERVICES)
