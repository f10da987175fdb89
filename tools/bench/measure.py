"""One process: wall and CPU seconds, peak resident bytes.

A process starts with the peak of the one that made it, so a small interpreter of its own makes it.
"""
import json
import subprocess
import sys

LAUNCHER = """
import os, sys, time
limit, command = int(sys.argv[1]), sys.argv[2:]
begin = time.perf_counter()
pid = os.posix_spawn(command[0], command, os.environ) if "/" in command[0] else os.posix_spawnp(command[0], command, os.environ)
import signal
def stop(*_):
    os.kill(pid, signal.SIGKILL)
signal.signal(signal.SIGALRM, stop)
signal.alarm(limit)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - begin
print("[%d, %f, %f, %d]" % (os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024))
"""


def measure(command, limit=600):
    """(seconds, CPU seconds, peak bytes) of a command; nothing if it fails or needs more than `limit` seconds."""
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(limit), *map(str, command)]
    result = subprocess.run(launcher, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    code, seconds, cpu, peak = json.loads(result.stdout.splitlines()[-1])
    return None if code else (seconds, cpu, peak)
