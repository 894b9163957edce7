"""A server to torment, and clients that speak its frames: what the fault scripts have in common.

The server is the real program in a folder of its own, on loopback; the clients are as small as a
client can be. Needs nothing but Python 3.11 and a built netcomm: $NETCOMM, or the newest in target/.
"""

import asyncio
import contextlib
import fcntl
import itertools
import json
import logging
import os
import pathlib
import random
import secrets
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PASSWORD = "tormented on purpose, all night long"
# How long anything that is answered at once may take, with two cores and much going on.
PATIENCE = 20
FRAME_MAX = 1024 * 1024
# Messages, of so many at once, that take twice as much as the server's caches hold.
HISTORY = 80_000
SPEAKERS = 20

# Limits that hold one honest machine back would make these tests tests of patience.
GENEROUS = {
    "limits": {
        "connections_per_address": 5000,
        "registrations_per_hour": 100000,
        "messages_burst": 1000,
        "messages_per_second": 10000,
        "rooms_created": 10000,
        "rooms_joined": 10000,
    },
    "passwords": {"memory_kib": 8192, "passes": 1},
    "log": {"filter": "info"},
}


class CannotRun(Exception):
    """Something this machine lacks; said in one line, and no failure."""


class Refused(Exception):
    """The server answered a request with an error."""

    def __init__(self, frame):
        super().__init__(f"{frame['code']}: {frame['text']}")
        self.code = frame["code"]


class Gone(Exception):
    """The connection has ended."""


def program():
    """The netcomm to test."""
    if named := os.environ.get("NETCOMM"):
        return pathlib.Path(named)
    built = [ROOT / "target" / kind / "netcomm" for kind in ("release", "debug")]
    built = sorted((b for b in built if b.exists()), key=lambda b: b.stat().st_mtime)
    if not built:
        raise CannotRun("netcomm is not built: cargo build, or set NETCOMM")
    return built[-1]


def built():
    """Which build it is, for a report: release or debug."""
    return program().parent.name


def merged(*layers):
    """Settings, later layers over earlier ones."""
    result = {}
    for layer in layers:
        for section, keys in layer.items():
            result.setdefault(section, {}).update(keys)
    return result


class Server:
    """The real program. `folder` holds its settings, certificates and log; `data` what it keeps."""

    def __init__(self, folder, data=None, settings=None, wrapper=()):
        self.folder = pathlib.Path(folder)
        self.data = pathlib.Path(data or self.folder / "data")
        self.wrapper = list(wrapper)
        self.child = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        own = {
            "server": {"listen": [f"127.0.0.1:{self.port}"], "data": str(self.data)},
            "tls": {
                key: str(self.folder / name)
                for key, name in (
                    ("ca", "ca.pem"), ("certificate", "server.pem"), ("key", "server.key"))
            },
        }
        lines = []
        for section, keys in merged(GENEROUS, own, settings or {}).items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        (self.folder / "server.toml").write_text("\n".join(lines) + "\n")

    def __getstate__(self):
        """For another process: enough to connect to it."""
        return {"folder": self.folder, "port": self.port, "child": None}

    def start(self):
        """Starts it and returns when it listens; says how long that took."""
        began = time.monotonic()
        command = [*self.wrapper, program(), "serve", "--config", self.folder / "server.toml"]
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            self.child = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True)
        for line in self.child.stdout:
            if line.startswith("To chat"):
                return time.monotonic() - began
        code = self.child.wait()
        self.child = None
        raise RuntimeError(f"the server did not start (exit {code}): {self.log_tail(1)}")

    def kill(self):
        """Ends it as a crash would."""
        if self.child:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait()
            self.child = None

    def stop(self):
        """Ends it in good order; says its exit code."""
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(PATIENCE)
        self.child = None
        return code

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def log_tail(self, lines):
        return "\n".join(self.log().splitlines()[-lines:])

    @property
    def pid(self):
        return self.child.pid

    def _status(self, key):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        return 0

    def rss(self):
        """Resident memory in MiB."""
        return self._status("VmRSS") / 1024

    def threads(self):
        return self._status("Threads")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu(self):
        """Seconds of processor time used so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def tls(self):
        """What a client needs to trust it."""
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["netcomm/1"])
        return context

    async def connect(self, source=None):
        """A connection whose hello has been read. `source`: a loopback address of its own."""
        local = (source, 0) if source else None
        opening = asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.tls_context(), limit=FRAME_MAX, local_addr=local,
            server_hostname="localhost")
        client = Client(*await asyncio.wait_for(opening, PATIENCE))
        await client.frame()
        return client

    def tls_context(self):
        # Reading the CA file for each of a thousand clients would be most of their work.
        if not hasattr(self, "_tls"):
            self._tls = self.tls()
        return self._tls


class Client:
    """One connection: asks, and keeps what else it is told."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.ids = itertools.count(1)
        self.told = []
        self.keep = True
        self.name = self.token = None

    async def frame(self):
        try:
            line = await self.reader.readline()
        except (OSError, ssl.SSLError) as error:
            raise Gone(str(error)) from error
        if not line.endswith(b"\n"):
            raise Gone("the server closed the connection")
        return json.loads(line)

    def say(self, kind, **fields):
        """Writes a request without waiting for anything."""
        number = next(self.ids)
        request = {"id": number, "type": kind, **fields}
        self.writer.write(json.dumps(request).encode() + b"\n")
        return number

    async def ask(self, kind, patience=PATIENCE, **fields):
        """The answer to a request; raises Refused, or Gone."""
        return await asyncio.wait_for(self._ask(kind, fields), patience)

    async def _ask(self, kind, fields):
        number = self.say(kind, **fields)
        try:
            await self.writer.drain()
        except (OSError, ssl.SSLError) as error:
            raise Gone(str(error)) from error
        while True:
            frame = await self.frame()
            if frame["type"] == "ping":
                self.writer.write(b'{"type":"pong"}\n')
            elif frame["type"] == "ok" and frame["id"] == number:
                return frame
            elif frame["type"] == "error" and frame.get("id") in (number, None):
                raise Refused(frame)
            elif self.keep:
                self.told.append(frame)

    async def register(self, name, password=PASSWORD):
        answer = await self.ask("register", user=name, password=password)
        self.name, self.token = name, answer["welcome"]["token"]
        return self

    async def login(self, name, password=PASSWORD):
        answer = await self.ask("login", user=name, password=password)
        self.name, self.token = name, answer["welcome"]["token"]
        return self

    async def resume(self, token, **fields):
        answer = await self.ask("resume", token=token, **fields)
        self.name, self.token = answer["welcome"]["user"], token
        return self

    async def send(self, to, text, message=None, patience=PATIENCE):
        """Says something; returns its place in the log."""
        message = message or secrets.token_urlsafe(12)
        return (await self.ask("send", patience, to=to, text=text, message=message))["seq"]

    async def history(self, of, after=0):
        """All entries of a conversation as this client may read them, by their places."""
        kept, entries = self.told, {}
        while True:
            self.told = []
            end = await self.ask("history", **{"in": of, "after": after})
            for frame in self.told:
                if frame["type"] == "past":
                    if frame["seq"] in entries:
                        raise AssertionError(f"{of} {frame['seq']} stands in the history twice")
                    entries[frame["seq"]] = frame
                    after = frame["seq"]
            if not end["history"]["more"]:
                self.told = kept
                return entries

    async def close(self):
        self.writer.close()
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.TimeoutError):
            await asyncio.wait_for(self.writer.wait_closed(), PATIENCE)


LOST = (Gone, OSError, ssl.SSLError, asyncio.TimeoutError, asyncio.IncompleteReadError)


def address(number):
    """The loopback address of the client with this number: each may have its own."""
    return f"127.{1 + number // 62500 % 200}.{number // 250 % 250}.{1 + number % 250}"


async def fill(server, tokens, places):
    """Has some say so much that the server's caches of its database are full: what grows then is a leak."""
    async def talk(number):
        client = await (await server.connect(address(number))).resume(tokens[number % len(tokens)])
        client.keep = False
        for _ in range(HISTORY // SPEAKERS):
            await client.send(random.choice(places), "x" * random.randrange(20, 300))
        await client.close()

    await asyncio.gather(*(talk(number) for number in range(SPEAKERS)))


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))] if values else 0.0


def needs_root():
    if os.geteuid() != 0:
        raise CannotRun("only root may mount file systems and cut them off")


def needs(*commands):
    for command in commands:
        if not shutil.which(command, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise CannotRun(f"{command} is not installed")


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


def freeze(pid):
    """Stops a process; when this returns, none of its threads will run another instruction."""
    os.kill(pid, signal.SIGSTOP)
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        # One that waits for the disk (D) stops before it can tell anybody what came of it.
        with contextlib.suppress(FileNotFoundError):
            while (task / "stat").read_text().rsplit(")", 1)[1].split()[0] not in "TtDZ":
                time.sleep(0.001)


class Image:
    """A file system in a file, mounted through a loop device, whose power can be cut."""

    SHUTDOWN = 0x8004587D  # of XFS first, ext4 and f2fs took it over
    NO_LOG_FLUSH = struct.pack("I", 2)

    def __init__(self, folder, kind, mib):
        needs_root()
        needs(f"mkfs.{kind}", "mount", "umount")
        self.file = pathlib.Path(folder) / f"{kind}.img"
        self.at = pathlib.Path(folder) / f"{kind}.mounted"
        self.at.mkdir()
        with open(self.file, "wb") as image:
            image.truncate(mib * 1024 * 1024)
        run(f"mkfs.{kind}", "-q", self.file)
        try:
            self.mount()
        except RuntimeError as error:
            raise CannotRun(f"no {kind} through a loop device here: {error}") from error

    def mount(self):
        run("mount", "-o", "loop", self.file, self.at)

    def remount(self, options):
        run("mount", "-o", f"remount,{options}", self.at)

    def unmount(self):
        # Whoever had a file open there is gone, but the kernel may need a moment to believe it.
        for attempt in itertools.count():
            try:
                return run("umount", self.at)
            except RuntimeError:
                if attempt == 50:
                    raise
                time.sleep(0.1)

    def cut(self):
        """Cuts the power: what has not reached the disk by now never will."""
        here = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(here, self.SHUTDOWN, self.NO_LOG_FLUSH)
        finally:
            os.close(here)

    def close(self):
        with contextlib.suppress(RuntimeError):
            self.unmount()


# Of a connection that is cut off while we write, it would tell once a line.
logging.getLogger("asyncio").setLevel(logging.ERROR)


def main(work):
    """Runs a script's work; what it returns are the broken promises."""
    try:
        broken = asyncio.run(work())
    except CannotRun as why:
        print(f"NOT RUN: {why}")
        sys.exit(0)
    for line in broken[:20]:
        print(f"BROKEN: {line}")
    print(f"{len(broken)} promises broken")
    sys.exit(1 if broken else 0)
