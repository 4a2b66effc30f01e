"""Generated tasks: what the gate lets through, and that difficulty really grows.

python benchmarks/tasks.py [--gate 2] [--fuzz 6] [--execs 60000] [--seed N] [--json]

A mutational fuzzer guided by coverage, which begins with the samples that a model has, is
given so many executions at parsers of each step: as they are; with their sums switched off,
as somebody would who has understood them; and at the fixed twins so, where it must find
nothing. Everything runs in sandboxes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping, Sequence

from fairlead.bench.families.catalogue import KINDS
from fairlead.bench.families.memory.ladder import STEPS
from fairlead.bench.families.memory.programs import program
from fairlead.bench.families.values import instance_seed
from fairlead.bench.gate import Gates
from fairlead.bench.making import Plan, alone
from fairlead.bench.packing import UNPACK, packed
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.remote.sandbox.living import LivingWorlds
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import Command

FUZZER = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAP = 1 << 13, MOST = 1 << 14, KEPT = 4096 };
int target_main(int argc, char **argv);
static uint8_t *map, seen[MAP], idle[MAP];
static struct { uint8_t *data; size_t size; } kept[KEPT];
static size_t count;
static uint64_t state;

void __sanitizer_cov_trace_pc(void)
{
    static __thread uintptr_t before;
    uintptr_t here = (uintptr_t)__builtin_return_address(0);

    here = here * 0x9E3779B97F4A7C15u >> 51;
    (map ? map : idle)[(here ^ before) % MAP] = 1;
    before = here >> 1;
}

static uint32_t draw(uint32_t below)
{
    state ^= state << 13; state ^= state >> 7; state ^= state << 17;
    return (state >> 16) % below;
}

static size_t mutated(uint8_t *into)
{
    static const uint8_t odd[] = { 0, 1, 2, 3, 4, 8, 16, 32, 64, 127, 128, 255, '%' };
    size_t from = draw(count), size = kept[from].size, n = 1 + draw(6), at, part, other;

    memcpy(into, kept[from].data, size);
    while (n-- > 0) {
        at = size ? draw(size) : 0;
        switch (draw(7)) {
        case 0: if (size) into[at] ^= 1 << draw(8); break;
        case 1: if (size) into[at] = draw(256); break;
        case 2: if (size) into[at] = odd[draw(sizeof odd)]; break;
        case 3: if (size) into[at] += draw(35) - 17; break;
        case 4:
            part = 1 + draw(24);
            if (size + part > MOST) break;
            memmove(into + at + part, into + at, size - at);
            for (size_t i = 0; i < part; i++) into[at + i] = draw(256);
            size += part;
            break;
        case 5:
            part = 1 + draw(24);
            if (at + part > size) break;
            memmove(into + at, into + at + part, size - at - part);
            size -= part;
            break;
        case 6:
            other = draw(count);
            if (!kept[other].size) break;
            part = draw(kept[other].size);
            n = n > 2 ? 2 : n;
            if (at + kept[other].size - part > MOST) break;
            memcpy(into + at, kept[other].data + part, kept[other].size - part);
            size = at + kept[other].size - part;
            break;
        }
    }
    return size;
}

static void keep(const uint8_t *data, size_t size)
{
    if (count == KEPT) return;
    kept[count].data = malloc(size + 1);
    memcpy(kept[count].data, data, size);
    kept[count++].size = size;
}

static void run(const uint8_t *data, size_t size)
{
    int file = open("current", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char *argv[] = { "target", "current", NULL };

    if (write(file, data, size) != (ssize_t)size) exit(2);
    close(file);
    alarm(5);
    target_main(2, argv);
}

static void loop(long *done, long most)
{
    static uint8_t data[MOST + 64];

    while (*done < most) {
        size_t size = mutated(data);
        int fresh = 0;

        memset(map, 0, MAP);
        ++*done;
        run(data, size);
        for (long at = 0; at < MAP; at++)
            if (map[at] && !seen[at]) { seen[at] = 1; fresh = 1; }
        if (fresh) keep(data, size);
    }
    exit(0);
}

int main(int argc, char **argv)
{
    static uint8_t data[MOST + 64];
    long most = atol(argv[1]), n, *done;
    int status;

    state = strtoull(argv[2], NULL, 10) * 2 + 88172645463325253u;
    map = mmap(NULL, MAP, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (n = 3; n < argc; n++) {
        FILE *file = fopen(argv[n], "rb");
        keep(data, fread(data, 1, MOST, file));
        fclose(file);
    }
    /* What ends otherwise than by a report begins anew, with other draws. */
    do {
        pid_t child = fork();
        if (child == 0) {
            int nothing = open("/dev/null", O_WRONLY);
            dup2(nothing, 1); dup2(nothing, 2);
            loop(done, most);
        }
        waitpid(child, &status, 0);
        state += *done * 2;
    } while (*done < most && !(WIFEXITED(status) && WEXITSTATUS(status) == 99));
    printf("%s %ld\n", *done < most ? "crash" : "none", *done);
    return 0;
}
"""
BUILT = """
set -e
F="-std=gnu11 -g -O1 -fsanitize=address -fno-omit-frame-pointer -w -pipe"
for f in src/*.c; do
    gcc $F -ftrivial-auto-var-init=pattern -fsanitize-coverage=trace-pc \
        -Dmain=target_main -c -o "$f.o" "$f"
done
gcc $F -o fuzz fuzz.c src/*.o
A=detect_leaks=0:exitcode=99:allocator_may_return_null=1
export ASAN_OPTIONS=$A:quarantine_size_mb=16
"""
LIMITS = Limits(wall=900, cpu=900, memory=2 << 30, processes=64)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gate", type=int, default=2, help="instances a step")
    parser.add_argument("--fuzz", type=int, default=6, help="instances a step")
    parser.add_argument("--execs", type=int, default=60_000, help="for each instance")
    parser.add_argument("--seed", default="benchmark")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    fuzzed = [
        climbed(options.seed, step.number, options.fuzz, options.execs)
        for step in STEPS
        if options.fuzz
    ]
    gated = yields(options.seed, options.gate) if options.gate else []
    if options.json:
        print(json.dumps({"fuzzed": fuzzed, "gate": gated}))
        return
    print("| step | lines | near misses | guards | as it is | sums off | twin |")
    print("|---|---|---|---|---|---|---|")
    for row in fuzzed:
        print("| " + " | ".join(map(str, row.values())) + " |")
    print("\n| family | step | valid | tried | seconds each |\n|---|---|---|---|---|")
    for row in gated:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")


def climbed(seed: str, step: int, count: int, execs: int) -> dict[str, object]:
    """Return what the fuzzer found in *count* parsers of a step."""
    made = [program(instance_seed(seed, "memory", step, n), step) for n in range(count)]
    tried = list(enumerate(made, 1))
    return {
        "step": step,
        "lines": round(statistics.mean(one.lines for one in made)),
        "near": made[0].step.near,
        "guards": len(made[0].step.guards),
        "as it is": told(
            [fuzzed(one.wrong, one.samples, n, execs) for n, one in tried]
        ),
        "sums off": told(
            [fuzzed(unsummed(one.wrong), one.samples, n, execs) for n, one in tried]
        ),
        "twin": told(
            [fuzzed(unsummed(one.right), one.samples, n, execs) for n, one in tried]
        ),
    }


def told(needed: Sequence[int | None]) -> str:
    """Return in how many there was a crash, and after how many executions mostly."""
    found = sorted(n for n in needed if n is not None)
    if not found:
        return f"0 of {len(needed)}"
    return f"{len(found)} of {len(needed)}, after {statistics.median_high(found):,}"


def unsummed(source: Mapping[str, str]) -> Mapping[str, str]:
    """Return a program that reads sums and links, and does not mind what they say."""
    checks = ("main.c", "records.c")
    bare = {"main.c": "        free(copy);\n        return E_SEAL;\n", "records.c": ""}
    return {
        name: text.replace(bare[name] or "            return E_SEAL;\n", "        ;\n")
        if name in checks
        else text
        for name, text in source.items()
    }


def fuzzed(
    source: Mapping[str, str], samples: Sequence[bytes], seed: int, execs: int
) -> int | None:
    """Return after how many executions the fuzzer had a crash; nothing where it had none.

    Raises:
        RuntimeError: it could not be built or run.

    """
    files = {f"src/{name}": text.encode() for name, text in source.items()}
    files |= {f"samples/{n}": data for n, data in enumerate(samples)}
    files["fuzz.c"] = FUZZER.encode()
    line = f"{BUILT}\n./fuzz {execs} {seed} samples/*"
    ended = Bubblewrap().run(
        Command(
            argv=["/bin/sh", "-c", f"{UNPACK} && {{\n{line}\n}}"],
            files={"world.tar": packed(files)},
            limits=LIMITS,
        )
    )
    words = ended.stdout.split()
    if len(words) != 2:  # noqa: PLR2004 - the word and the executions
        raise RuntimeError(f"{ended.reason}: {ended.stderr[-500:]!r}")
    return int(words[1]) if words[0] == b"crash" else None


def yields(seed: str, count: int) -> list[dict[str, object]]:
    """Return what the gate let through, by family and step."""
    sandbox = Bubblewrap()
    gate = Gates(sandbox=sandbox, worlds=LivingWorlds(sandbox))
    found: list[dict[str, object]] = []
    for name, kind in KINDS.items():
        for step in range(1, kind.steps + 1):
            began, held = time.monotonic(), 0
            plan = Plan(
                name="x", version="1", families=(name,), count=1, seed_digest=""
            )
            for number in range(count):
                made = kind.generate(instance_seed(seed, name, step, number), step)
                held += gate(made, alone(made, plan)).held
            seconds = (time.monotonic() - began) / count
            found.append(
                {
                    "family": name,
                    "step": step,
                    "valid": held,
                    "tried": count,
                    "seconds": round(seconds, 1),
                }
            )
    return found


if __name__ == "__main__":
    main()
