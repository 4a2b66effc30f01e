"""Traces of many tools give the same frames."""

from __future__ import annotations

import pytest

from fairlead.clearinghouse.duplicates.traces import frames_in

TRACES = {
    "AddressSanitizer": """
==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602 at pc 0x7f0
    #0 0x4a9b1e in __interceptor_memcpy /src/llvm/asan.cpp:22
    #1 0x7f0d1c in Decoder::read(unsigned char*, int) /src/demo/src/fli.cc:55:9
    #2 0x7f0d1d in main_loop src/decode.c:136:14
    #3 0x4f2c1d in LLVMFuzzerTestOneInput /src/fuzz_fli.c:9
allocated by thread T0 here:
    #0 0x4a9b1e in malloc
    #1 0x53b10a in make_buffer src/memory.c:7
""",
    "valgrind": """
==4410== Invalid read of size 1
==4410==    at 0x7A1C55E: Decoder::read(unsigned char*, int) (fli.cc:55)
==4410==    by 0x79D6C02: main_loop (decode.c:136)
==4410==  Address 0x8e12f40 is 0 bytes after a block of size 512 alloc'd
==4410==    at 0x483777F: malloc (vg_replace_malloc.c:299)
""",
    "gdb": """
#0  0x00007ffff in Decoder::read (this=0x0, p=0x1) at src/fli.cc:55
#1  0x00005555 in main_loop () at src/decode.c:136
#2  0x00005556 in __libc_start_main ()
""",
    "by hand": """
  Decoder::read  src/fli.cc:55
  main_loop      src/decode.c:136
""",
}


@pytest.mark.parametrize("tool", TRACES)
def test_native_traces_agree(tool):
    """Run time, fuzzer, sanitizer and allocation stacks are dropped."""
    frames = frames_in(TRACES[tool])
    assert [(f.function, f.file.rsplit("/", 1)[-1], f.line) for f in frames] == [
        ("decoder.read", "fli.cc", 55),
        ("main_loop", "decode.c", 136),
    ]


def test_undefined_behaviour_sanitizer_names_the_line():
    """A runtime error without a stack has still its frames below."""
    text = "src/a.c:12:3: runtime error: shift\n    #0 0x1 in shifty src/a.c:12:3\n"
    assert frames_in(text)[0] == ("shifty", "src/a.c", 12)


def test_python_tracebacks():
    """Python prints file, line and function on one line."""
    text = 'Traceback (most recent call last):\n  File "/x/demo/http/parser.py", line 7, in read\n    x()\n'
    assert frames_in(text) == (("read", "x/demo/http/parser.py", 7),)


def test_java_traces():
    """The class and the method stay, the package goes."""
    text = "java.lang.Error\n\tat org.acme.Parser.parse(Parser.java:42)\n"
    (frame,) = frames_in(text)
    assert (frame.function, frame.line) == ("parser.parse", 42)


def test_prose_is_no_trace():
    """A sentence with a file in it makes no frame."""
    assert frames_in("I looked at src/fli.c:55 and it seems wrong to me.\n") == ()
