#!/usr/bin/env python3
"""The keeper dies, and another takes its place; its guard dies too, and the monitor does not go on unheard."""
import os
import signal

import live

GONE = 70


class Deaths:
    def __init__(self, tests):
        self.tests = tests
        self.scratch = live.Scratch("keeper")
        self.net = live.Net()
        self.monitor = live.Monitor(self.scratch, "-i", "lo", "-q", "-Z", "nobody", namespace=self.net.left)

    def parent(self, pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[1])

    def another(self, before):
        def seen():
            keeper = self.monitor.keeper()
            return keeper if keeper != before else None
        return live.wait_until(seen, "a keeper")

    def run(self):
        first = self.another(None)
        os.kill(first, signal.SIGKILL)
        second = self.another(first)
        self.tests.check("ended by signal 9" in self.monitor.said(), "it is told", self.monitor.said())
        self.tests.equal(self.monitor.process.poll(), None, "the watcher stays")
        os.kill(self.parent(second), signal.SIGKILL)
        os.kill(second, signal.SIGKILL)
        live.wait_until(lambda: self.monitor.process.poll() is not None, "the end")
        self.tests.equal(self.monitor.process.returncode, GONE, "without a keeper and its guard")
        self.tests.check("its guard are gone" in self.monitor.said(), "it says why", self.monitor.said())


if __name__ == "__main__":
    live.main(lambda tests: Deaths(tests).run())
