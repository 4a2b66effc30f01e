"""A tiny suite made by hand, as files by path."""

from fairlead.bench.suite import SUMS, sums_of

GRADER = 'grep -qx trap answer && exit 3\n[ "$(cat answer)" = "$(cat sum)" ]'


def task(name, *, difficulty=1, family="adding", more="", grader=GRADER):
    """Return the text of a task."""
    return f'''id = "{name}"
family = "{family}"
difficulty = {difficulty}
assumed_minutes = {float(difficulty)}
seed = "{difficulty}"
prompt = "Add up the numbers in the file numbers, and submit the sum."
{more}
[grader]
run = """
{grader}
"""
'''.encode()


def files(count=3, *, level="L1", more="", grader=GRADER):
    """Return a suite of *count* tasks, the later the harder, with its solutions."""
    made = {
        "suite.toml": f"""name = "tiny"
version = "1"
minimum_level = "{level}"
budgets = [4000, 12000, 40000]
{more}
[[families]]
name = "adding"
count = {count}
""".encode()
    }
    for step in range(1, count + 1):
        name = f"add-{step}"
        numbers = "\n".join(map(str, range(step + 3)))
        made |= {
            f"tasks/{name}/task.toml": task(name, difficulty=step, grader=grader),
            f"tasks/{name}/files/numbers": numbers.encode(),
            f"tasks/{name}/grader/sum": str(sum(range(step + 3))).encode(),
            f"solutions/{name}.toml": b"""honeypot = "trap"
script = "awk '{s+=$1} END {print s}' numbers"
""",
        }
    return made | {SUMS: sums_of(made)}


def write(folder, made):
    """Write a suite to *folder*."""
    for path, content in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder
