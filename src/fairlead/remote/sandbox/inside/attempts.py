"""Attempts to get out, made from inside; see `fairlead.sandbox.canaries`.

`attempts.py NAME…` prints one line of JSON an attempt. Each is made in a process of its
own: what raises `OSError` was stopped, what returns a text has got out. This file is
handed in as it is and imports nothing but the standard library.
"""

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

PATIENCE = 1.5
LIBC = ctypes.CDLL(None, use_errno=True)
CALLS = {
    "x86_64": {
        "ptrace": 101, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161,
        "unshare": 272, "setns": 308, "clone": 56, "mknodat": 259, "keyctl": 250,
        "add_key": 248, "io_uring_setup": 425, "bpf": 321, "perf_event_open": 298,
        "userfaultfd": 323, "init_module": 175, "reboot": 169, "kexec_load": 246,
        "clock_settime": 227, "process_vm_readv": 310, "open_by_handle_at": 304,
        "name_to_handle_at": 303,
    },
    "aarch64": {
        "ptrace": 117, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51,
        "unshare": 97, "setns": 268, "clone": 220, "mknodat": 33, "keyctl": 219,
        "add_key": 217, "io_uring_setup": 425, "bpf": 280, "perf_event_open": 241,
        "userfaultfd": 282, "init_module": 105, "reboot": 142, "kexec_load": 104,
        "clock_settime": 112, "process_vm_readv": 270, "open_by_handle_at": 265,
        "name_to_handle_at": 264,
    },
}[platform.machine()]  # fmt: skip
ATTEMPTS = {}


def attempt(function):
    ATTEMPTS[function.__name__.replace("_", "-")] = function
    return function


def call(name, *arguments):
    """Make a system call; raise `OSError` as the kernel says."""
    number = CALLS[name] if isinstance(name, str) else name
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    answer = LIBC.syscall(ctypes.c_long(number), *given)
    if answer == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer


def stopped(why):
    raise OSError(errno.EPERM, why)


# --- Network ------------------------------------------------------------------------------


def reach(family, address, kind=socket.SOCK_STREAM, say=b"", hear=False):
    with socket.socket(family, kind) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(address)
        if say:
            sock.send(say)
        if hear:
            sock.recv(512)
    return f"reached {address}"


@attempt
def tcp_host(planted):
    return reach(socket.AF_INET, ("127.0.0.1", planted["tcp"]))


@attempt
def udp_host(planted):
    address = ("127.0.0.1", planted["udp"])
    return reach(socket.AF_INET, address, socket.SOCK_DGRAM, b"canary", hear=True)


@attempt
def tcp_public(_):
    return reach(socket.AF_INET, ("192.0.2.1", 443))


@attempt
def ipv6(_):
    return reach(socket.AF_INET6, ("2001:db8::1", 443))


@attempt
def dns(planted):
    query = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + b"\7example\3com\0\0\1\0\1"
    for server in ("127.0.0.53", "127.0.0.1", "192.0.2.53", *planted["resolvers"]):
        with suppress(OSError):
            return reach(
                socket.AF_INET, (server, 53), socket.SOCK_DGRAM, query, hear=True
            )
    return stopped("no name server answered")


@attempt
def interfaces(_):
    found = [name for _, name in socket.if_nameindex() if name != "lo"]
    return found and f"sees {found}" or stopped("only lo")


@attempt
def raw_socket(_):
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    return "made a raw socket"


@attempt
def internet_socket(_):
    socket.socket(socket.AF_INET).close()
    return "made a socket of IP"


@attempt
def netlink(_):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()
    return "made a netlink socket"


@attempt
def packet_socket(_):
    socket.socket(17, socket.SOCK_RAW, 0).close()
    return "made a packet socket"


@attempt
def vsock(_):
    sock = socket.socket(40, socket.SOCK_STREAM)
    sock.close()
    return "made a vsock socket"


@attempt
def kernel_crypto(_):
    socket.socket(38, socket.SOCK_SEQPACKET).close()
    return "made a socket of the kernel's ciphers"


@attempt
def abstract_socket(planted):
    return reach(socket.AF_UNIX, "\0" + planted["abstract"])


@attempt
def path_socket(planted):
    return reach(socket.AF_UNIX, planted["socket"])


# --- Files --------------------------------------------------------------------------------


def any_of(paths, action):
    """Return what *action* says of the first path for which it is not stopped."""
    for path in paths:
        with suppress(OSError):
            said = action(Path(path))
            if said:
                return f"{path}: {said}"
    return stopped("none of them")


def read(path):
    with path.open("rb") as file:
        return len(file.read(4096)) and "read"


def write(path):
    """Open for writing; where that works, nothing is changed for all that."""
    if path.is_dir():
        made = path / f"canary-{os.getpid()}"
        os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        made.unlink()
    else:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
    return "can be written"


@attempt
def host_file(planted):
    return planted["secret"] in Path(planted["file"]).read_text() and "read the secret"


@attempt
def shadow(_):
    return any_of(["/etc/shadow", "/etc/shadow-", "/etc/gshadow"], read)


@attempt
def homes(_):
    places = (
        "/root",
        "/home",
        "/var",
        "/run",
        "/boot",
        "/srv",
        "/opt",
        "/mnt",
        "/media",
    )
    return any_of(places, lambda path: [p for p in os.listdir(path) if p != "services"])


@attempt
def sysfs(_):
    return any_of(["/sys"], os.listdir)


@attempt
def write_usr(_):
    return any_of(["/usr", "/usr/bin", "/usr/bin/env", "/usr/local", "/usr/lib"], write)


@attempt
def write_root(_):
    return any_of(["/", "/etc", "/etc/passwd", "/in", "/in/attempts.py", "/dev"], write)


@attempt
def inherited_files(planted):
    for number in sorted(map(int, os.listdir("/proc/self/fd"))):
        with suppress(OSError):
            if number > 2 and planted["secret"].encode() in os.pread(number, 4096, 0):
                return f"file {number} was left open"
    return stopped("nothing was left open")


# --- Processes ----------------------------------------------------------------------------


def processes():
    """Yield the number and command line of each process in sight."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                yield int(name), Path("/proc", name, "cmdline").read_bytes()


def find_process(mark, what):
    for pid, line in processes():
        if mark.encode() in line and pid != os.getpid():
            return f"sees {what} as {pid}"
    return stopped("not in sight")


@attempt
def other_sample(planted):
    return find_process(planted["sibling"], "another sandbox")


@attempt
def other_work(planted):
    for pid, _ in processes():
        with suppress(OSError):
            if planted["sibling"] in os.listdir(Path("/proc", str(pid), "root", "tmp")):
                return f"sees its files through {pid}"
    return stopped("not in sight")


@attempt
def proc_1(planted):
    with suppress(OSError):
        if planted["secret"] in Path(f"/proc/1/root{planted['file']}").read_text():
            return "read a file through its root"
    line = Path("/proc/1/cmdline").read_bytes()
    ours = b"bwrap" in line or line.startswith((b"/bin/sh", b"python", b"/usr/bin/py"))
    return stopped("it is our own") if ours or line == b"" else f"is {line[:40]!r}"


@attempt
def proc_environ(planted):
    if planted["variable"] in os.environ:
        return "its own environment has it"
    for pid, _ in processes():
        with suppress(OSError):
            if (
                planted["variable"].encode()
                in Path(f"/proc/{pid}/environ").read_bytes()
            ):
                return f"the environment of {pid} has it"
    return stopped("no process has it")


@attempt
def host_process(planted):
    return find_process(planted["sentinel_mark"], "a process of the machine")


@attempt
def signal_host(planted):
    try:
        os.kill(planted["sentinel"], 0)
    except PermissionError:
        return "it is there, though not its own"
    return "it can be signalled"


@attempt
def shared_memory(planted):
    LIBC.shmat.restype = ctypes.c_void_p
    at = LIBC.shmat(planted["shared_memory"], None, 0o10000)
    if at in (None, ctypes.c_void_p(-1).value):
        return stopped("no such memory")
    return "attached it"


@attempt
def hostname(planted):
    if platform.node() == planted["hostname"]:
        return "it is " + planted["hostname"]
    return stopped(f"it is {platform.node()}")


@attempt
def cgroup_path(_):
    said = Path("/proc/self/cgroup").read_text()
    return "fairlead-" in said and "it is in /proc/self/cgroup" or stopped("not told")


@attempt
def cgroup_write(_):
    places = [*Path("/sys/fs/cgroup").glob("*"), *Path("/sys/fs/cgroup").glob("*/*")]
    return any_of([p for p in places if p.name.endswith((".procs", ".max"))], write)


@attempt
def session(_):
    return os.getsid(0) == 0 and "its leader is outside" or stopped("it is its own")


# --- The kernel ---------------------------------------------------------------------------


@attempt
def proc_lists(_):
    names = ("keys", "key-users", "kallsyms", "interrupts", "timer_list", "config.gz")
    return any_of([f"/proc/{name}" for name in names], read)


@attempt
def kcore(_):
    return any_of(["/proc/kcore", "/dev/mem", "/dev/kmem", "/proc/kmsg"], read)


@attempt
def proc_sys(_):
    names = ("kernel/core_pattern", "kernel/hostname", "vm/overcommit_memory")
    return any_of([f"/proc/sys/{name}" for name in names], write)


@attempt
def sysrq(_):
    return any_of(["/proc/sysrq-trigger"], write)


@attempt
def user_id(_):
    ids = {os.getuid(), os.geteuid(), os.getgid(), os.getegid(), *os.getgroups()}
    return ids != {65534} and f"it is {ids}" or stopped("it is nobody")


@attempt
def become_root(_):
    os.setuid(0)
    return f"it is {os.getuid()}"


@attempt
def capabilities(_):
    held = [
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("Cap") and int(line.split()[1], 16)
    ]
    return held and f"holds {held}" or stopped("none")


@attempt
def set_uid(_):
    said = Path("/proc/self/status").read_text()
    return (
        "NoNewPrivs:\t1" not in said and "programs may gain rights" or stopped("never")
    )


@attempt
def user_namespace(_):
    call("unshare", 0x10000000)
    return "made one"


@attempt
def clone_namespace(_):
    pid = call("clone", 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if not pid:
        os._exit(0)
    return "made one"


@attempt
def join_namespace(_):
    for name in ("mnt", "net", "pid", "user"):
        with suppress(OSError), open(f"/proc/1/ns/{name}") as file:
            call("setns", file.fileno(), 0)
            return f"joined {name}"
    return stopped("none of them")


@attempt
def mount(_):
    call("mount", b"none", b"/tmp", b"tmpfs", 0, None)
    return "mounted"


@attempt
def unmount(_):
    for place in (b"/proc/keys", b"/proc/sysrq-trigger", b"/tmp", b"/dev/shm"):
        with suppress(OSError):
            call("umount2", place, 2)
            return f"unmounted {place}"
    return stopped("none of them")


@attempt
def remount(_):
    call("mount", None, b"/", None, 0x20 | 0x1000, None)
    return "the root is writable"


@attempt
def chroot(_):
    call("chroot", b"/tmp")
    return "changed it"


@attempt
def open_by_handle(_):
    handle = struct.pack("=Ii", 8, 1) + struct.pack("=II", 2, 0)
    with open("/usr/bin/env") as file:
        call("open_by_handle_at", file.fileno(), ctypes.c_char_p(handle), 0)
    return "opened one"


@attempt
def device_node(_):
    for kind, number in ((0o60000, os.makedev(8, 0)), (0o20000, os.makedev(1, 1))):
        with suppress(OSError):
            call("mknodat", -100, b"/job/device", kind | 0o666, number)
            return "made one"
    return stopped("neither block nor character")


@attempt
def devices(_):
    names = ("sda", "vda", "nvme0n1", "mem", "kvm", "fuse", "net/tun", "vsock", "loop0")
    return any_of(
        [f"/dev/{name}" for name in names], lambda path: path.open("rb") and "open"
    )


@attempt
def ptrace(_):
    call("ptrace", 0, 0, 0, 0)
    return "may be traced"


@attempt
def process_memory(_):
    room = ctypes.create_string_buffer(8)
    vector = struct.pack("QQ", ctypes.addressof(room), 8)
    call("process_vm_readv", os.getpid(), vector, 1, vector, 1, 0)
    return "read it"


@attempt
def keyrings(_):
    try:
        call("add_key", b"user", b"canary", b"x", 1, -2)
    except OSError:
        call("keyctl", 0, -3, 1, 0, 0)
    return "used one"


@attempt
def io_uring(_):
    call("io_uring_setup", 1, ctypes.create_string_buffer(120))
    return "set one up"


@attempt
def bpf(_):
    attributes = struct.pack("=IIII", 2, 4, 4, 1) + bytes(104)
    return tried_at_all("bpf", 0, attributes, len(attributes))


@attempt
def perf(_):
    attributes = struct.pack("=IIQ", 1, 112, 0) + bytes(96)
    return tried_at_all("perf_event_open", attributes, 0, -1, -1, 0)


def tried_at_all(name, *arguments):
    """Make a call twice; where wrong arguments are noticed, the kernel looked at them."""
    with suppress(OSError):
        call(name, *arguments)
        return "it worked"
    try:
        call(name, -1, None, -1, -1, -1)
    except OSError as error:
        if error.errno in (errno.EFAULT, errno.EINVAL, errno.E2BIG):
            return "the kernel looks at what is asked"
        raise
    return "it worked"


@attempt
def userfaultfd(_):
    call("userfaultfd", 1)
    return "opened one"


@attempt
def module(_):
    call("init_module", b"\0" * 64, 64, b"")
    return "loaded"


@attempt
def kexec(_):
    with suppress(OSError):
        call("kexec_load", 0, 0, None, 0)
        return "loaded a kernel"
    call("reboot", 0xFEE1DEAD, 672274793, 0, None)
    return "rebooted"


@attempt
def clock(_):
    call("clock_settime", 0, struct.pack("qq", int(time.time()), 0))
    return "set it"


@attempt
def foreign_calls(_):
    if platform.machine() != "x86_64":
        return call(0x40000000 + 39) and "answered"
    code = mmap.mmap(-1, 4096, prot=7)
    # mov eax, 20 (getpid of 32 bits); int 0x80; ret
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    at = ctypes.addressof(ctypes.c_char.from_buffer(code))
    answer = ctypes.CFUNCTYPE(ctypes.c_int)(at)()
    return answer == os.getpid() and "answered" or stopped(f"answered {answer}")


@attempt
def newer_calls(_):
    # Numbers from 451 on; wrong arguments are noticed only by a call that is there.
    for number in (451, 452, 457, 462, 464, 466, 468):
        try:
            call(number, -1, -1, -1, -1, -1)
        except OSError as error:
            if error.errno != errno.ENOSYS:
                return f"call {number} is answered"
    return stopped("none is answered")


@attempt
def terminal_input(_):
    with suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR))
        return "has a terminal"
    leader, follower = os.openpty()
    if LIBC.ioctl(follower, 0x541C, ctypes.create_string_buffer(b"\x02")) == -1:
        number = ctypes.get_errno()
        if number not in (errno.EPERM, errno.EACCES):
            return f"the kernel looks at it: {number}"
    os.close(leader)
    return stopped("no terminal takes it")


@attempt
def core_dump(_):
    most = resource.getrlimit(resource.RLIMIT_CORE)
    return most != (1, 1) and f"cores of {most}" or stopped("no core")


# --- Alone: each in a sandbox of its own; what they say is judged outside -----------------


def alone(function):
    function.alone = True
    return attempt(function)


@alone
def memory_fill(_):
    held = []
    for number in range(512):
        block = mmap.mmap(-1, 1 << 20)
        for page in range(0, 1 << 20, 4096):
            block[page] = 1
        held.append(block)
        if number % 16 == 15:
            say(number + 1)


@alone
def inode_fill(_):
    for number in range(60_000):
        os.close(os.open(f"/job/{number}", os.O_CREAT | os.O_WRONLY))
        if number % 1000 == 999:
            say(number + 1)


@alone
def fork_bomb(_):
    started = 0
    for _ in range(300):
        try:
            if not os.fork():
                time.sleep(20)
                os._exit(0)
        except OSError:
            break
        started += 1
    say(started)


@alone
def disk_fill(_):
    most = 0
    for place in ("/job", "/tmp", "/dev/shm"):
        with suppress(OSError), open(f"{place}/large", "wb", buffering=0) as file:
            for number in range(48):
                file.write(bytes(1 << 20))
                most = max(most, number + 1)
    say(most)


@alone
def large_file(_):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with suppress(OSError), open("/job/large", "wb", buffering=0) as file:
        for _ in range(8):
            file.write(bytes(1 << 20))
    say(os.stat("/job/large").st_size >> 20)


@alone
def output_flood(_):
    for _ in range(64):
        os.write(1, b"flood " * 10_000)


@alone
def busy(_):
    until = time.monotonic() + 1.5
    children = []
    for _ in range(4):
        pid = os.fork()
        if not pid:
            # 50 ms each, however busy the machine is, unless a bound forbids it.
            while time.monotonic() < until and time.process_time() < 0.05:
                pass
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    say(int((used.ru_utime + used.ru_stime) * 1000))


@alone
def spin(_):
    while True:
        pass


@alone
def signal_games(_):
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
    os.kill(0, signal.SIGTERM)
    time.sleep(2)
    say(1)


@alone
def daemon(_):
    if os.fork():
        say(1)
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in range(1, 32):
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    os.closerange(0, 100)
    time.sleep(30)


@alone
def zombies(_):
    for number in range(40):
        if not os.fork():
            if number % 2 and not os.fork():
                time.sleep(30)
            os._exit(0)
    say(1)
    os._exit(0)


@alone
def terminal_escapes(_):
    os.write(1, b"\x1b]0;title\x07\x1b[2J\x1b[31m\x9b5n\r\x08 \xe2\x80\xae end\n")


# --- Results: archives that nobody should unpack ------------------------------------------


def entry(name, kind, link="", content=b"", size=None):
    """Return one entry of an ustar archive, with a right sum."""
    size = len(content) if size is None else size
    head = bytearray(512)
    head[0 : len(name)] = name.encode()
    numbers = ("0000644", "0000000", "0000000", f"{size:011o}", "0" * 11)
    head[100:148] = b"".join(number.encode() + bytes(1) for number in numbers)
    head[148:156] = b" " * 8
    head[156:157] = kind
    head[157 : 157 + len(link)] = link.encode()
    head[257:265] = b"ustar" + bytes(1) + b"00"
    head[148:156] = b"%06o" % sum(head) + bytes(1) + b" "
    return bytes(head) + content + bytes(-len(content) % 512)


def hostile(planted):
    """Return an archive by attempt; each tries to touch what was planted."""
    outside = planted["outside"]
    secret = planted["file"]
    return {
        "result-symlink": entry("x", b"2", secret),
        "result-hardlink": entry("x", b"1", secret),
        "result-device": entry("x", b"6"),
        "result-outside": entry(
            "../" * 20 + outside.lstrip("/"), b"0", content=b"canary"
        ),
        "result-through": entry("x", b"2", os.path.dirname(outside))
        + entry("x/" + os.path.basename(outside), b"0", content=b"canary"),
        "result-size": entry("x", b"0", size=(1 << 33) - 1),
    }


# --- Running them -------------------------------------------------------------------------


def say(number):
    os.write(1, b"%d\n" % number)


def try_one(name, planted):
    """Make one attempt in a process of its own; return its verdict and what it saw."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        os.write(writing, json.dumps(judged(name, planted)).encode())
        os._exit(0)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], 3 * PATIENCE)
    said = os.read(reading, 4096) if ready else b""
    os.close(reading)
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if said:
        return json.loads(said)
    if not ready:
        return "stopped", "no answer"
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS:
        return "stopped", "killed for it"
    return "not tried", f"ended with {status}"


def judged(name, planted):
    try:
        said = ATTEMPTS[name](planted)
    except OSError as error:
        return "stopped", str(error)[:200]
    except Exception as error:  # noqa: BLE001 - whatever it is, it proves nothing
        return "not tried", f"{type(error).__name__}: {error}"[:200]
    return ("escaped", str(said)[:200]) if said else ("stopped", "nothing was there")


def main():
    planted = json.loads(Path("/in/planted.json").read_text())
    if sys.argv[1] == "results":
        for name, archive in hostile(planted).items():
            print(json.dumps([name, archive.hex()]), flush=True)
        return
    if getattr(ATTEMPTS[sys.argv[1]], "alone", False):
        ATTEMPTS[sys.argv[1]](planted)
        return
    for name in sys.argv[1:]:
        print(json.dumps([name, *try_one(name, planted)]), flush=True)


if __name__ == "__main__":
    main()
