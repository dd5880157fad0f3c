"""Methods of every sort, for a user's python:work:Class.method."""
import functools


def traced(method):
    @functools.wraps(method)
    def call(*args, **kwargs):
        return method(*args, **kwargs)

    call.mark = "traced"
    return call


class Base:
    def inherited(self):
        return "base"

    def step(self, n=0, *, fail=False):
        """One step."""
        if fail:
            raise KeyError(n)
        if n > 0:
            self.step(n - 1)
        return n


class Work(Base):
    def step(self, n=0, *, fail=False):
        return super().step(n, fail=fail)

    @traced
    def decorated(self, x: int = 1) -> int:
        return x

    @staticmethod
    def static(x):
        return x

    @classmethod
    def of_class(cls, x):
        return cls, x

    def generator(self):
        yield from range(3)

    async def coroutine(self, x):
        import asyncio

        await asyncio.sleep(0)
        if x < 0:
            raise ValueError(x)
        return x

    class Inner:
        def step(self):
            return "inner"

    attribute = 3


class Forking:
    def step(self, fork=True):
        import os

        return os.fork() if fork else None
