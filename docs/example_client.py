#!/usr/bin/env python3
"""A NetComm client to learn the protocol from. protocol.md, beside it, says what the frames mean.

    NETCOMM_PASSWORD=... python3 example_client.py register|login HOST:PORT CA.pem USER

What is typed goes to the address it begins with: "* hello all", "@bob hi", "#ops hm". It is kept until
it is answered, and sent again on each new connection: its message id makes that harmless. Entries
that were missed meanwhile are caught up on, nothing twice. Ends when standard input does.
"""
import asyncio, itertools, json, os, random, ssl, sys, uuid

how, server, ca, user = sys.argv[1:]
token, cursors = None, {}  # what the next connection goes on with: conversation -> last entry seen
outbox, typing = {}, True  # message id -> request without an answer yet, oldest first
say = None  # puts a request on the wire, while there is a connection that is up to date


async def converse():
    """One connection, until all that was typed is answered. Raises OSError when it breaks before."""
    global token, say
    context = ssl.create_default_context(cafile=ca)  # verifies the server, its name included
    context.set_alpn_protocols(["netcomm/1"])
    host, port = server.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context, limit=1 << 20)
    numbers, asked = itertools.count(1), {}

    def ask(**request):
        request["id"] = next(numbers)
        asked[request["id"]] = request
        writer.write(json.dumps(request).encode() + b"\n")

    if token:
        ask(type="resume", token=token, cursors=cursors)
    else:
        ask(type=how, user=user, password=os.environ["NETCOMM_PASSWORD"])
    while typing or outbox or not say:
        # A server that is there pings after 20 s, so half a minute without a line is the end.
        line = await asyncio.wait_for(reader.readline(), 30)
        if not line.endswith(b"\n"):
            raise ConnectionError("the connection was cut")
        frame = json.loads(line)
        request = asked.pop(frame.get("id"), {})
        match frame["type"]:
            case "ok":
                token = frame.get("welcome", {}).get("token", token)
                outbox.pop(request.get("message"), None)
            case "error" if request.get("type") in ("register", "login", "resume"):
                sys.exit(frame["text"])
            case "error":
                show("refused:", frame["text"], request.get("text", ""))
                outbox.pop(request.get("message"), None)
            case "conversation":  # Joined while up to date, it begins with its head, else after it.
                known = cursors.pop(frame.get("was"), frame["head"] - bool(say))
                cursors.setdefault(frame["in"], known)
            case "entry":
                cursors[frame["in"]] = frame["seq"]
                show(frame["in"], frame["by"], frame.get("text", frame["kind"]))
            case "gap":
                show(frame["in"], f"{frame['from']} to {frame['to']} are left out; see history")
            case "current":
                say = ask
                for request in outbox.values():
                    say(**request)
            case "ping":
                ask(type="pong")


async def read_what_is_typed():
    global typing
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    async for line in reader:
        to, _, text = line.decode().strip().partition(" ")
        request = dict(type="send", to=to, text=text, message=str(uuid.uuid4()))
        outbox[request["message"]] = request
        if say:
            say(**request)
    typing = False
    if say:
        say(type="ping")  # its answer lets the loop above see that this is the end


def show(*words):
    line = " ".join(words)  # Others wrote it: nothing in it may drive the terminal.
    print("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line), flush=True)


async def main():
    global say
    keyboard = asyncio.create_task(read_what_is_typed())
    for failures in itertools.count():
        try:
            return await converse()
        except ssl.SSLCertVerificationError as error:
            sys.exit(f"this is not the server it should be: {error}")
        except OSError as error:
            show("connecting again:", str(error))
            say = None
        await asyncio.sleep(random.uniform(0, min(30, 0.5 * 2**failures)))


asyncio.run(main())
