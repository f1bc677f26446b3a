"""A machine to install packages on: this one's files under a layer that is thrown away, in a mount namespace of its own.

    with Layer(tmp_path) as machine:
        machine.run("dpkg", "--install", "/mnt/x.deb")    # tmp_path is its /mnt
        machine.status("/usr/bin/pulse")                  # "root:root 755"
        machine.read("/etc/pulse/pulse.yaml")

Needs root and the right to mount; Layer raises NotPossible with the reason where they are missing. ThisMachine has the
same interface and changes the real one.
"""

import os
import select
import subprocess

from conftest import END_WITH_PARENT

PATIENCE = 120

# Only what is on / shows through; what programs expect besides is added. The layer is in memory.
SET_UP = """
set -e
mount -t tmpfs -o mode=755 layer "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
mount --rbind /dev "$1/root/dev"
mount --rbind /proc "$1/root/proc"
mount -t tmpfs -o mode=755 run "$1/root/run"
mount -t tmpfs -o mode=1777 tmp "$1/root/tmp"
mount --bind "$2" "$1/root/mnt"
exec chroot "$1/root" sh -c 'echo ready; exec cat'
"""


class NotPossible(Exception):
    pass


class ThisMachine:
    enter = []

    def __init__(self, packages):
        self.packages = packages

    def path(self, name):
        """Of a file of the test's folder, as the machine sees it."""
        return str(self.packages / name)

    def start(self, *command, **options):
        words = [*END_WITH_PARENT, *self.enter, *map(str, command)]
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, **options)

    def run(self, *command, fails=False, quiet=False):
        """Its output, both streams; printed, too, unless `quiet`."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        with self.start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as process:
            output = process.communicate(timeout=PATIENCE)[0]
        print("#", *command, f"→ {process.returncode}\n{'' if quiet else output}")
        assert fails or process.returncode == 0, output
        return output

    def succeeds(self, *command):
        with self.start(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            return process.wait(PATIENCE) == 0

    def read(self, path):
        return self.run("cat", path)

    def write(self, path, text, mode="644"):
        """Keeps owner and mode of a file that is there."""
        if not self.exists(path):
            self.run("install", "-D", "-m", mode, "/dev/null", path)
        self.run("sh", "-c", 'printf %s "$1" > "$2"', "sh", text, path)

    def exists(self, path):
        return self.succeeds("test", "-e", path) or self.succeeds("test", "-L", path)

    def status(self, path):
        return self.run("stat", "--format=%U:%G %a", path).strip()

    def end(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Layer(ThisMachine):
    def __init__(self, packages):
        super().__init__(packages)
        if os.geteuid() != 0:
            raise NotPossible("only root may mount")
        place = packages / "layer"
        place.mkdir()
        self.holder = subprocess.Popen(
            [*END_WITH_PARENT, "unshare", "--mount", "--propagation", "private", "sh", "-c", SET_UP, "sh", str(place), str(packages)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        select.select([self.holder.stdout], [], [], PATIENCE)
        if self.holder.stdout.readline() != "ready\n":
            reason = self.holder.communicate()[1].strip()
            raise NotPossible(f"a layer over / cannot be mounted: {reason}")
        root = f"/proc/{self.holder.pid}/root"
        self.enter = ["nsenter", "--target", str(self.holder.pid), "--mount", f"--root={root}", f"--wd={root}"]

    def path(self, name):
        return f"/mnt/{name}"

    def end(self):
        self.holder.kill()
        self.holder.communicate()
