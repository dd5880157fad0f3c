"""Runs cuflight on a terminal of its own and presses Ctrl-C there. For collector_signals.sh.

  collector_signals.py PRESSES DELAY COMMAND...   once the command printed `ready` (or what a fake process prints), PRESSES times with DELAY
                                                  seconds between. Prints the output and last `status N`.
"""
import os
import pty
import select
import sys
import time

presses, delay, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
output, next_press, deadline = b"", None, time.monotonic() + 30
while time.monotonic() < deadline:
    if next_press is None and (b"ready" in output or b"published" in output):
        next_press = time.monotonic()
    if next_press and presses and time.monotonic() >= next_press:
        os.write(terminal, b"\x03")
        presses -= 1
        next_press = time.monotonic() + delay
    if not select.select([terminal], [], [], 0.05)[0]:
        continue
    try:
        some = os.read(terminal, 4096)
    except OSError:
        break
    if not some:
        break
    output += some
sys.stdout.write(output.decode(errors="replace").replace("\r", ""))
_, status = os.waitpid(pid, 0)
print("\nstatus", os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
