"""Crowds that come to a server: the cases of tests/hostile that need many connections."""

import asyncio
import concurrent.futures
import contextlib
import itertools
import os
import pathlib
import random
import resource
import selectors
import socket
import ssl
import struct
import time

import harness
from harness import LOST, Refused, address

WRONG = "certainly not the right one"
# What is allowed; see docs/hostile-peers.md for where it comes from.
STORM_MIB_MAX = 64
FRESH_LOGIN_MAX_S = 3
OWNER_MAX_S = 5
TOKEN_LOGIN_MAX_S = 0.5
PRE_LOGIN_KIB_MAX = 24
IDLE_KIB_MAX = 48
LIMITED_MIB = 128
LEFT_PERCENT_MAX = 10
BACK_MAX_S = 10
# The shipped limits.pre_login_connections: above half of it a lot decides who gets in.
PRE_LOGIN_MAX = 1000


def many_descriptors():
    """As many as this machine lets us have."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


async def gathered(making):
    """What came of it, without what failed."""
    results = await asyncio.gather(*making, return_exceptions=True)
    return [result for result in results if not isinstance(result, BaseException)]


async def in_groups(count, make, size=100):
    """Makes many connections, some at a time: it is not our own queue that is measured."""
    made = []
    for first in range(0, count, size):
        made += await gathered(make(number) for number in range(first, min(first + size, count)))
    return made


def gone(crowd):
    for client in crowd:
        client.writer.transport.abort()


@contextlib.asynccontextmanager
async def elsewhere(work, *arguments):
    """Runs it in a process of its own while the block runs, so that nobody measured here waits for our
    own processor. Gives the future of what it returns."""
    loop = asyncio.get_running_loop()
    pool = concurrent.futures.ProcessPoolExecutor(1)
    try:
        yield loop.run_in_executor(pool, work, *arguments)
    finally:
        # A thousand connections take their time to go, and messages go on meanwhile.
        await asyncio.to_thread(pool.shutdown)


async def attack(scene, work, *arguments):
    async with elsewhere(work, scene.server, *arguments) as done:
        return await done


# Login storms.

async def guess(client, user):
    try:
        await client.ask("login", user=user, password=WRONG, patience=30)
    except Refused as refused:
        return refused.code
    return "taken"


def storm_of(server, users, per_second, ready):
    """Guesses from 1,000 addresses, one each: all at once, or so many a second."""
    async def storm():
        crowd = await in_groups(1000, lambda n: server.connect(address(100 + n)), 50)
        pathlib.Path(ready).touch()
        began, guesses = time.monotonic(), []
        for number, client in enumerate(crowd):
            if per_second:
                due = began + number / per_second
                await asyncio.sleep(max(0, due - time.monotonic()))
            user = users[number % len(users)] or f"nobody-{number}"
            guesses.append(asyncio.ensure_future(guess(client, user)))
        codes = await gathered(guesses)
        took = time.monotonic() - began
        gone(crowd)
        return codes, took

    return asyncio.run(storm())


async def owner(scene, number):
    """Logs alice in with the right password; says what came of it, and after how long."""
    client = await scene.server.connect(address(number))
    entered = time.monotonic()
    try:
        await client.login("alice")
    except Refused as refused:
        return refused.code, time.monotonic() - entered
    finally:
        client.writer.transport.abort()
    return "in", time.monotonic() - entered


async def token_login(scene):
    """How long it takes to connect and come in with a token."""
    entered = time.monotonic()
    client = await (await scene.server.connect(address(5))).resume(scene.token)
    took = time.monotonic() - entered
    gone([client])
    return took


async def storm(scene, name, users, per_second, fresh):
    ready = scene.server.folder / f"ready-{name}"
    calm = max([await token_login(scene) for _ in range(20)])
    async with elsewhere(storm_of, scene.server, users, per_second, str(ready)) as done:
        while not ready.exists() and not done.done():
            await asyncio.sleep(0.05)
        connected, peak, by_token = scene.server.rss(), 0.0, []
        scene.p99()
        meanwhile = asyncio.ensure_future(owner(scene, fresh)) if per_second else None
        while not done.done():
            peak = max(peak, scene.server.rss())
            by_token.append(await token_login(scene))
            await asyncio.sleep(0.1)
        codes, took = await done
    kinds = ", ".join(f"{codes.count(code)} `{code}`" for code in sorted(set(codes)))
    scene.report(f"login storm, {name}: {len(codes)} answers in {took:.1f} s ({kinds}), memory "
                 f"{peak - connected:+.1f} MiB, a token login meanwhile takes at most "
                 f"{1000 * max(by_token):.0f} ms (before {1000 * calm:.0f} ms)")
    scene.expect(max(by_token) <= max(TOKEN_LOGIN_MAX_S, 2 * calm), f"a token login takes {max(by_token):.2f} s")
    scene.expect(peak - connected <= STORM_MIB_MAX, f"memory +{peak - connected:.0f} MiB")
    scene.expect("taken" not in codes, "a wrong password was taken")
    return await meanwhile if meanwhile else None


def told(what, came, most, scene):
    code, took = came
    print(f"  {what}: {'in' if code == 'in' else f'`{code}`'} after {took:.1f} s", flush=True)
    scene.expect(code == "in" and took <= most, f"{what}: {code} after {took:.1f} s")


async def login_storm(scene):
    """1,000 wrong logins at once, each from an address of its own, half of them against one account; then
    200 a second while somebody with the right password comes."""
    await storm(scene, "1,000 at once", ("alice", None), 0, 6)
    told("the owner of that account, from where she was before", await owner(scene, 1), OWNER_MAX_S,
         scene)
    told("the owner of that account, from a fresh address", await owner(scene, 6), OWNER_MAX_S, scene)
    came = await storm(scene, "200 a second", (None,), 200, 7)
    told("a right login from a fresh address meanwhile", came, FRESH_LOGIN_MAX_S, scene)


# Silence.

async def silent(scene):
    """10,000 connections that say nothing, from as many addresses; then 3,000 that finish the handshake,
    say half a line and do not log in."""
    await in_silence(scene, "silent TCP", 10_000, silent_tcp)
    await asyncio.sleep(1)
    scene.rss = scene.server.rss()
    await in_silence(scene, "silent after TLS", 3_000, silent_tls)


async def in_silence(scene, name, count, work):
    ready = scene.server.folder / f"ready-{work.__name__}"
    async with elsewhere(work, scene.server, count, str(ready)) as done:
        scene.p99()
        began = time.monotonic()
        while not ready.exists() and not done.done():
            await asyncio.sleep(0.05)
        took, held = time.monotonic() - began, scene.server.descriptors()
        each = 1024 * (scene.server.rss() - scene.rss) / max(1, held)
        came, ended = await done
    scene.report(f"{name}: {came} of {count} came up within {took:.0f} s, {held} descriptors in use then, "
                 f"{each:.1f} KiB for each; {ended} ended by the server")
    scene.expect(each <= PRE_LOGIN_KIB_MAX, f"{each:.0f} KiB for a connection that does not log in")
    scene.expect(ended == came, "connections that do not log in are not ended")


def silent_tcp(server, count, ready):
    async def hold():
        many_descriptors()
        raw = await in_groups(count, lambda n: asyncio.open_connection(
            "127.0.0.1", server.port, local_addr=(address(100 + n), 0)))
        pathlib.Path(ready).touch()
        ended = await gathered(asyncio.wait_for(until_closed(reader), 20) for reader, _ in raw)
        return len(raw), len(ended)

    return asyncio.run(hold())


def silent_tls(server, count, ready):
    async def half(number):
        client = await server.connect(address(100 + number))
        client.writer.write(b"x" * 4000)
        return client

    async def hold():
        many_descriptors()
        crowd = await in_groups(count, half, 200)
        pathlib.Path(ready).touch()
        ended = await gathered(asyncio.wait_for(until_closed(one.reader), 40) for one in crowd)
        return len(crowd), len(ended)

    return asyncio.run(hold())


async def until_closed(reader):
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass


# Handshakes.

async def hellos(scene):
    """What a client says first, recorded and sent again by many as fast as they can. It costs them nothing,
    and the server a key exchange and a signature each."""
    for width in (400, 2000):
        async with elsewhere(pour_hellos, scene.server, width) as done:
            scene.p99()
            used, began, entered = scene.server.cpu(), time.monotonic(), []
            while not done.done():
                with contextlib.suppress(*LOST):
                    entered.append(await token_login(scene))
                await asyncio.sleep(0.25)
            sent, answered = await done
            busy = (scene.server.cpu() - used) / (time.monotonic() - began)
        scene.report(f"hellos: {sent} by {width} at once in 10 s, {answered} answered, {100 * busy:.0f} % of a core; "
                     f"a token login meanwhile takes at most {1000 * max(entered, default=0):.0f} ms")
        if width < PRE_LOGIN_MAX // 2:
            scene.expect(0 < max(entered, default=0) <= TOKEN_LOGIN_MAX_S, "newcomers wait for the crowd")
        await asyncio.sleep(1)


def pour_hellos(server, width):
    """Says how many were sent and how many of them the server has answered."""
    hello, selector = first_words(server), selectors.DefaultSelector()
    many_descriptors()
    sent = answered = 0
    fresh = itertools.count(100)

    def begin():
        sock = socket.socket()
        sock.setblocking(False)
        # It ends with a reset: nothing is left behind that would have to be waited for.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.bind((address(next(fresh) % 20_000), 0))
        sock.connect_ex(("127.0.0.1", server.port))
        selector.register(sock, selectors.EVENT_WRITE)

    for _ in range(width):
        begin()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for key, events in selector.select(0.1):
            with contextlib.suppress(OSError):
                if events & selectors.EVENT_WRITE:
                    key.fileobj.send(hello)
                    sent += 1
                    selector.modify(key.fileobj, selectors.EVENT_READ)
                    continue
                answered += bool(key.fileobj.recv(65536))
            selector.unregister(key.fileobj)
            key.fileobj.close()
            begin()
    return sent, answered


def first_words(server):
    said = ssl.MemoryBIO()
    client = server.tls_context().wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return said.read()


# Many that are logged in.

async def idle(scene):
    """1,000 sessions that do nothing; then all of them cut off and back at once."""
    token = await scene.bystander()
    # What registering took for hashing is given back after ten seconds.
    await asyncio.sleep(12)
    before = scene.server.rss()
    ready, go = (scene.server.folder / name for name in ("ready-idle", "go-idle"))
    async with elsewhere(sleepers, scene.server, token, str(ready), str(go)) as done:
        while not ready.exists() and not done.done():
            await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        each = 1024 * (scene.server.rss() - before) / 1000
        scene.p99()
        await asyncio.sleep(5)
        scene.report(f"idle: 1,000 sessions, {each:.1f} KiB for each")
        scene.expect(each <= IDLE_KIB_MAX, f"{each:.0f} KiB for an idle session")
        go.touch()
        came, back, tries, took = await done
    scene.report(f"idle: {came} cut off, {back} of them are back after {took:.1f} s and {tries} tries")
    scene.expect(came == back == 1000 and took <= BACK_MAX_S, f"{back} back after {took:.1f} s")


def sleepers(server, token, ready, go):
    tries = 0

    async def enter(number):
        nonlocal tries
        while True:
            tries += 1
            try:
                return await (await server.connect(address(100 + number))).resume(token)
            except LOST:
                # Turned away: too many at once have not logged in. A client waits, and tries again.
                await asyncio.sleep(random.uniform(0, 1))

    async def hold():
        nonlocal tries
        crowd = await in_groups(1000, enter, 50)
        pathlib.Path(ready).touch()
        while not pathlib.Path(go).exists():
            await asyncio.sleep(0.05)
        gone(crowd)
        began, tries = time.monotonic(), 0
        back = await in_groups(1000, enter, 1000)
        took = time.monotonic() - began
        gone(back)
        return len(crowd), len(back), tries, took

    return asyncio.run(hold())


def coming_and_going(server, token, seconds):
    """One address that logs in and hangs up again, fifty times a second."""
    async def visit():
        try:
            client = await server.connect(address(7))
        except LOST:
            return "turned away"
        try:
            await client.resume(token)
            return "in"
        except LOST:
            return "cut off"
        except Refused as refused:
            return refused.code
        finally:
            client.writer.transport.abort()

    async def loop():
        began, visits = time.monotonic(), []
        for number in itertools.count():
            due = began + number / 50
            if due > began + seconds:
                break
            await asyncio.sleep(max(0, due - time.monotonic()))
            visits.append(asyncio.ensure_future(visit()))
        return await gathered(visits)

    return asyncio.run(loop())


async def reconnects(scene):
    """A reconnect loop, fifty a second, for a minute or as many as were asked for."""
    token = await scene.bystander()
    await harness.fill(scene.server, [token], ["*"])
    await attack(scene, coming_and_going, token, 10)
    await asyncio.sleep(12)
    before, descriptors = scene.server.rss(), scene.server.descriptors()
    scene.p99()
    came = await attack(scene, coming_and_going, token, 60 * scene.minutes)
    scene.report(f"reconnect loop: {len(came)} in {scene.minutes:g} min from one address, "
                 + ", ".join(f"{came.count(what)} {what}" for what in sorted(set(came))))
    await asyncio.sleep(3)
    after = scene.server.rss()
    scene.report(f"reconnect loop: memory {before:.1f} MiB before, {after:.1f} MiB after it, descriptors "
                 f"{descriptors} and {scene.server.descriptors()}")
    grown = 100 * (after - before) / before
    scene.expect(grown <= LEFT_PERCENT_MAX, f"memory grew by {grown:.0f} %")
    scene.expect(scene.server.descriptors() <= descriptors + 4, "descriptors are not given back")


async def joins(scene):
    """200 accounts that make and join rooms as fast as they are let, for fifteen seconds."""
    tokens = []
    for number in range(200):
        client = await (await scene.server.connect(address(100 + number))).register(f"joiner-{number}")
        tokens.append(client.token)
        gone([client])
    scene.p99()
    asked, done, codes = await attack(scene, join_all, tokens)
    kinds = ", ".join(f"{codes.count(code)} `{code}`" for code in sorted(set(codes)))
    scene.report(f"rooms: {asked} creations and joinings poured in by 200 accounts in 15 s, {done} done, "
                 f"refused: {kinds or 'none'}")
    scene.expect(done <= 200 * (10 + 17), f"{done} done, above the pace")


def join_all(server, tokens):
    async def all_of_them():
        end = time.monotonic() + 15
        return await asyncio.gather(*(join(server, n, token, end) for n, token in enumerate(tokens)))

    asked, done, codes = zip(*asyncio.run(all_of_them()))
    return sum(asked), sum(done), list(itertools.chain(*codes))


async def join(server, number, token, end):
    asked, done, codes = 0, 0, []
    with contextlib.suppress(*LOST):
        client = await (await server.connect(address(100 + number))).resume(token)
        for room in range(100):
            kind = "create" if room % 2 else "join"
            client.say(kind, room=f"#flood-{(number + room) % 300}")
            asked += 1
        while (left := end - time.monotonic()) > 0:
            frame = await asyncio.wait_for(client.frame(), left)
            done += frame["type"] == "ok"
            if frame["type"] == "error":
                codes.append(frame["code"])
    return asked, done, codes


# A memory limit.

def memory_limit():
    """The file of a new control group by which its processes are put under a limit."""
    for base, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                        ("/sys/fs/cgroup", "memory.max")):
        group = pathlib.Path(base) / f"netcomm-{os.getpid()}"
        try:
            group.mkdir()
            (group / limit).write_text(str(LIMITED_MIB << 20))
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            continue
        return group
    raise harness.CannotRun("no control group can be made here: that needs root and a memory controller")


@contextlib.asynccontextmanager
async def limited(scene):
    """2,000 sessions in 128 MiB, as long as the block runs."""
    token = await scene.bystander()
    ready, go = (scene.server.folder / name for name in ("ready-limited", "go-limited"))
    scene.p99()
    began = time.monotonic()
    async with elsewhere(many, scene.server, token, str(ready), str(go)) as done:
        while not ready.exists() and not done.done():
            await asyncio.sleep(0.05)
        took = time.monotonic() - began
        scene.report(f"128 MiB: 2,000 sessions after {took:.0f} s, {scene.server.rss():.1f} MiB")
        try:
            yield
        finally:
            go.touch()  # without it, nobody would ever end them
        came = await done
    scene.expect(came == 2000, f"only {came} of 2,000 came in")


def many(server, token, ready, go):
    async def enter(number):
        return await (await server.connect(address(100 + number))).resume(token)

    async def hold():
        many_descriptors()
        crowd = await in_groups(2000, enter, 50)
        pathlib.Path(ready).touch()
        while not pathlib.Path(go).exists():
            await asyncio.sleep(0.05)
        gone(crowd)
        return len(crowd)

    return asyncio.run(hold())
