"""make soak: a campaign of many faults, its lines and its report.

    soak.py FOLDER [--hours H] [--faults N] [--seed SEED] [--first N] [--kinds NAME...]
"""

import argparse
import pathlib
import random
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent / "lib")]

import campaign  # noqa: E402
import kinds  # noqa: E402
import report  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--hours", type=float, default=0, help="no fault is begun after so long")
    parser.add_argument("--faults", type=int, default=0, help="nor more than so many")
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(1 << 32)))
    parser.add_argument("--first", type=int, default=0, help="begins with this one, as a line of an earlier campaign has it")
    parser.add_argument("--kinds", nargs="*", default=[], choices=[*kinds.ALL, []], metavar="NAME", help=" ".join(kinds.ALL))
    return parser.parse_args()


def main():
    asked = arguments()
    folder = asked.folder / asked.seed
    folder.mkdir(parents=True)
    began = time.monotonic()
    with open(folder / "lines", "w", encoding="utf-8", buffering=1) as log:
        def out(line):
            print(line, flush=True)
            log.write(f"{line}\n")
        running = campaign.Campaign(folder, asked.seed, out, asked.kinds)
        try:
            number = asked.first
            while not (asked.faults and number - asked.first >= asked.faults) and not (
                    asked.hours and time.monotonic() - began >= asked.hours * 3600):
                running.run(number)
                number += 1
        except KeyboardInterrupt:
            print("interrupted; what there is:")
        finally:
            counts = running.world.clients.say("tell")
            running.close()
    return report.write(folder, running, counts, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
