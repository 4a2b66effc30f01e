"""The watcher: what cleans up if this process is killed while something runs inside.

One for each process that supervises, not one for each run: it knows the names of its
groups, so it need not be told of them.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import threading

from fairlead.remote.sandbox.cgroups import Hierarchies, prefix_of

_SCRIPT = """
name=$1
shift
read -r _
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  left=
  for folder; do
    for group in "$folder/$name"*; do
      [ -d "$group" ] || continue
      [ -e "$group/cgroup.kill" ] && echo 1 > "$group/cgroup.kill"
      while read -r pid; do kill -9 "$pid"; done < "$group/cgroup.procs"
      rmdir "$group" || left=yes
    done
  done 2>/dev/null
  [ -z "$left" ] && exit
  sleep 0.1
done
"""
"""Empties and removes the groups once nobody holds the other end of its input."""

_KEPT: dict[tuple[int, tuple[str, ...]], subprocess.Popen[bytes]] = {}
_LOCK = threading.Lock()


def watch(groups: Hierarchies) -> None:
    """Make sure that a watcher watches over this process and its groups."""
    folders = tuple(map(str, groups.unique))
    me = os.getpid()
    with _LOCK:
        kept = _KEPT.get((me, folders))
        if kept is not None and kept.poll() is None:
            return
        _KEPT[me, folders] = subprocess.Popen(  # noqa: S603 - fixed text, our own paths
            ["/bin/sh", "-c", _SCRIPT, "watch", prefix_of(me), *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )


def _end() -> None:
    """End the watchers of this process; those of a process it came from are not its."""
    for (pid, _), kept in _KEPT.items():
        if pid == os.getpid():
            kept.kill()
            kept.communicate()


atexit.register(_end)
