"""Clients of the relay whose every byte is compared, in a process of their own: clients.py SEED PDU ADDRESS...

At each ADDRESS one client after another makes an exchange, and some keep a session for as long as it lasts. PDU, in hex, is what
the guard wants to see first; the host behind the relay sends back what it gets. Words on standard input:

    tell   is answered by a line of JSON: Counts
    anew   all connections are cut, which is not counted, and made anew
    rest   ends all sessions, and is answered like tell when they are gone
    work   begins again
"""

import asyncio
import dataclasses
import json
import random
import sys

PORT = 1688
SESSIONS = 4  # at each address
EXCHANGE_MAX, CHUNK_MAX = 32_768, 4096
PAUSE_S, AGAIN_S = 0.1, 0.2
PATIENCE_S = 40  # a paused machine or one that loses frames is slow, not wrong


@dataclasses.dataclass
class Counts:
    exchanges: int = 0
    failed: int = 0  # exchanges that a reset, silence or an end cut short
    sessions: int = 0
    ended: int = 0  # sessions that did not end by their client's will
    bytes: int = 0  # compared
    wrong: int = 0  # answers with another byte than was sent
    last: str = ""  # why the last one failed, ended or was wrong


class Wrong(Exception):
    pass


class Cut(Exception):
    pass


def compare(sent, got, counts):
    """GOT is SENT, or a part that ended early."""
    counts.bytes += len(got)
    if not sent.startswith(got):
        at = next(i for i, byte in enumerate(got) if i >= len(sent) or byte != sent[i])
        raise Wrong(f"byte {at} of {len(sent)}: {got[at:at + 16].hex()} for {sent[at:at + 16].hex()}")
    if len(got) < len(sent):
        raise Cut(f"{len(got)} of {len(sent)} bytes")


class Clients:
    def __init__(self, seed, pdu, addresses):
        self.pdu, self.counts, self.acting = pdu, Counts(), set()
        self.work = asyncio.Event()
        self.work.set()
        acts = [self.exchange, *[self.session] * SESSIONS]
        self.tasks = [asyncio.create_task(self.keep(act, address, random.Random(f"{seed} {address} {number}")))
                      for address in addresses for number, act in enumerate(acts)]

    async def keep(self, act, address, draw):
        """ACT again and again."""
        while True:
            await self.work.wait()
            acting = asyncio.create_task(self.once(act, address, draw))
            self.acting.add(acting)
            await asyncio.wait([acting])
            self.acting.discard(acting)
            await asyncio.sleep(AGAIN_S if act == self.session else PAUSE_S)

    async def once(self, act, address, draw):
        writer = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await asyncio.open_connection(address, PORT)
            await act(reader, writer, draw)
        except Wrong as error:
            self.counts.wrong += 1
            self.counts.last = f"{address}: {error}"
        except (OSError, Cut) as error:
            self.counts.last = f"{address}: {act.__name__}: {error or type(error).__name__}"
            if act == self.session and writer:
                self.counts.ended += 1
            else:
                self.counts.failed += 1
        finally:
            if writer:
                writer.transport.abort()

    async def exchange(self, reader, writer, draw):
        sent = self.pdu + draw.randbytes(draw.randrange(EXCHANGE_MAX))
        async with asyncio.timeout(PATIENCE_S):
            writer.write(sent)
            writer.write_eof()
            compare(sent, await reader.read(-1), self.counts)
        self.counts.exchanges += 1

    async def session(self, reader, writer, draw):
        self.counts.sessions += 1
        sent = self.pdu
        while self.work.is_set():
            async with asyncio.timeout(PATIENCE_S):
                writer.write(sent)
                try:
                    got = await reader.readexactly(len(sent))
                except asyncio.IncompleteReadError as error:
                    got = error.partial
            compare(sent, got, self.counts)
            await asyncio.sleep(PAUSE_S + draw.random() * PAUSE_S)
            sent = draw.randbytes(draw.randrange(1, CHUNK_MAX))

    async def obey(self, word):
        if word == "work":
            self.work.set()
        if word == "anew":
            for acting in self.acting:
                acting.cancel()
        if word == "rest":
            self.work.clear()
            while self.acting:
                await asyncio.sleep(0.05)
        print(json.dumps(dataclasses.asdict(self.counts)), flush=True)


async def main(seed, pdu, *addresses):
    clients = Clients(seed, bytes.fromhex(pdu), addresses)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await clients.obey(line.strip())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
