"""A small program with a fault, its recipe and its fixes."""

from __future__ import annotations

import hashlib
import io
import tarfile

SOURCE = b"""\
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int first(const char *data, long length) {
  char *copy = malloc(8);
  memcpy(copy, data, length < 8 ? length : 8);
  int sum = 0;
  for (long i = 0; i < length; i++)
    sum += copy[i];
  free(copy);
  return sum;
}
static int second(const char *data, long length) {
  char *copy = malloc(4);
  copy[data[0] == '!' ? length : 0] = 1;
  free(copy);
  return 0;
}
int main(int argc, char **argv) {
  char data[64] = {0};
  FILE *file = fopen(argv[argc - 1], "rb");
  long length = fread(data, 1, sizeof data, file);
  if (data[0] == '!')
    return second(data, length);
  printf("%d\\n", first(data, length));
  return 0;
}
"""
FIX = b"""\
--- a/toy.c
+++ b/toy.c
@@ -5,7 +5,7 @@
   char *copy = malloc(8);
   memcpy(copy, data, length < 8 ? length : 8);
   int sum = 0;
-  for (long i = 0; i < length; i++)
+  for (long i = 0; i < length && i < 8; i++)
     sum += copy[i];
   free(copy);
   return sum;
"""
OTHER_FIX = b"""\
--- a/toy.c
+++ b/toy.c
@@ -12,7 +12,7 @@
 }
 static int second(const char *data, long length) {
   char *copy = malloc(4);
-  copy[data[0] == '!' ? length : 0] = 1;
+  copy[0] = 1;
   free(copy);
   return 0;
 }
"""


def archive() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as packed:
        entry = tarfile.TarInfo("toy-1/toy.c")
        entry.size = len(SOURCE)
        packed.addfile(entry, io.BytesIO(SOURCE))
    return held.getvalue()


ARCHIVE = archive()


def recipe(text: str = "0123456789abcdef", more: str = "") -> bytes:
    """Return a recipe that feeds *text* to the toy."""
    return f"""
name = "toy"
run = "./toy /in/poc"
build = ["gcc -g -fsanitize=address -o toy toy.c"]
runs = 2
{more}
[source]
archive = "toy.tar.gz"
sha256 = "{hashlib.sha256(ARCHIVE).hexdigest()}"
[[inputs]]
name = "poc"
text = "{text}"
[[variants]]
name = "longer"
text = "{text}{text}"
[counts]
kind = "sanitizer"
report = "heap-buffer-overflow"
""".encode()
