"""What a child of the sandbox may still do: compute, and talk through what it holds already.

Linux only. Every lock is the kernel's, and none asks for a privilege. The limit on descriptors
shuts network and files on every machine; the filter on system calls, where it knows the machine,
shuts also what needs no descriptor, such as removing a file or sending a signal.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_MADV_COLLAPSE = 25

# What CPython, its allocator and an open socket or file need, by number: x86_64, aarch64.
_CALLS = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),  # how glibc 2.33 to 2.38 ask about an open file
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "getpid": (39, 172),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "exit": (60, 93),
    "fsync": (74, 82),
    "ftruncate": (77, 46),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "clock_gettime": (228, 113),
    "exit_group": (231, 94),
    "getrandom": (318, 278),
}
# Each machine's place in the pairs above, and its AUDIT_ARCH_… (linux/audit.h).
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

# struct sock_filter: operation, jump when true, jump when false, operand (linux/filter.h).
_INSTRUCTION = struct.Struct("=HBBI")
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_AT, _MACHINE_AT = 0, 4  # in struct seccomp_data
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050001  # the last one: EPERM


@dataclass(frozen=True)
class Bounds:
    """What the judging of one file may take; `memory_bytes` is all that is resident at once."""

    cpu_seconds: int = 20
    wall_seconds: float = 25
    memory_bytes: int = 512 << 20
    written_bytes: int = 50_000_000


def die_with(parent: int) -> None:
    """End this process when its parent does, and at once when that has happened already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def room_bytes(bounds: Bounds) -> int:
    """The address space at which this process, and any child of it, will have used its memory.

    What is mapped but not resident may become so without another mapping: half of it is reserved
    for that. It is code of libraries, for the most part, and stays where it is.
    """
    size, resident = (
        int(pages) * resource.getpagesize()
        for pages in Path("/proc/self/statm").read_text().split()[:2]
    )
    return size + max(bounds.memory_bytes - resident - (size - resident) // 2, 0)


def in_large_pages() -> None:
    """Move the heap to large pages, where the kernel can (Linux 6.1).

    Each page has an entry that a fork copies and the end of the child drops: 12,000 small ones.
    """
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, access, _, _, file, *_ = line.split()
        if access == "rw-p" and file == "0":
            start, end = (int(place, 16) for place in span.split("-"))
            _LIBC.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_COLLAPSE)


def confine(keep: Iterable[int], bounds: Bounds, room: int) -> None:
    """Shut everything but the descriptors to `keep` and the standard ones, for good."""
    kept = {0, 1, 2, *keep}
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor not in kept:
            with suppress(OSError):  # the one that listed them
                os.close(descriptor)
    _prctl(_PR_SET_DUMPABLE, 0)  # a core file that is piped to a program knows no limit
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_FSIZE, bounds.written_bytes),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, room),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))
    if _FILTER is not None:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(_FILTER))


def _filter() -> ctypes.Array[ctypes.c_char] | None:
    """The struct sock_fprog that refuses all but those calls; None where their numbers differ."""
    if os.uname().machine not in _MACHINES:
        return None
    place, machine = _MACHINES[os.uname().machine]
    numbers = [pair[place] for pair in _CALLS.values()]
    program = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_JUMP_IF_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        # From the n-th comparison to the last instruction, past the refusal.
        *((_JUMP_IF_EQUAL, len(numbers) - n, 0, number) for n, number in enumerate(numbers)),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    _INSTRUCTIONS.raw = b"".join(_INSTRUCTION.pack(*one) for one in program)
    address = ctypes.addressof(_INSTRUCTIONS)
    return ctypes.create_string_buffer(struct.pack("@HP", len(program), address))


# Made before any fork, for a child pays for every page that it touches.
_INSTRUCTIONS = ctypes.create_string_buffer((len(_CALLS) + 6) * _INSTRUCTION.size)
_FILTER = _filter()
_LIBC = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *arguments: int) -> None:
    values = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    if _LIBC.prctl(option, *values):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
