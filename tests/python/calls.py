"""Programs whose calls of a wrapped method are known: calls.py CASE, with the stand-ins' directory in $STANDIN.

Each process adds a line `begin=B mark=M` to the file $TRUTH: the edges that its calls are. What a case finds wrong
itself is an AssertionError.
"""
import os
import sys

sys.path.insert(0, os.environ["STANDIN"])


def truth(begin=0, mark=0):
    with open(os.environ["TRUTH"], "a") as f:
        f.write("begin=%d mark=%d\n" % (begin, mark))


# ------------------------------------------------------------------------------------------------ the engines


def vllm():
    import importlib

    v1 = importlib.import_module("vllm.v1.worker.gpu_model_runner").GPUModelRunner()
    for i in range(5):
        assert v1.execute_model(i) is None
        assert v1.sample_tokens(None) == "tokens"
    v1._dummy_run(3)
    v1.sample_tokens(None)  # without a step before it, as on other pipeline stages
    assert v1.execute_model("pooled") == "pooled"
    try:
        v1.execute_model(None)
    except ValueError:
        pass
    v1.execute_model(6)  # nobody samples: ends where the next begins
    v1.execute_model(7)
    v1.sample_tokens(None)
    truth(9)


def vllm_old():
    """Before there was a sample_tokens() a step was one call, whatever it returned."""
    import vllm.v1.worker

    module = type(sys)("vllm.v1.worker.gpu_model_runner")
    text = "class GPUModelRunner:\n    def execute_model(self, scheduler_output):\n        return None\n"
    exec(compile(text, "gpu_model_runner.py", "exec"), module.__dict__)
    for i in range(3):
        module.GPUModelRunner().execute_model(i)
    truth(3)


def vllm2():
    from vllm.v1.worker.gpu.model_runner import GPUModelRunner

    v2 = GPUModelRunner()
    for i in range(4):
        v2._dummy_run(i)
        v2.execute_model(i, dummy_run=False)
        v2.sample_tokens(None)
    truth(4)


def sglang():
    import sglang.srt.managers.scheduler as module

    s = module.Scheduler()
    for i in range(7):
        assert s.run_batch(i) == i
    truth(7)


def tensorrt():
    from tensorrt_llm._torch.pyexecutor import py_executor

    e = py_executor.PyExecutor()
    for i in range(3):
        e._forward_step([i], new_tensors_device=None)
    truth(3)


def hugging():
    from transformers.generation.utils import GenerationMixin

    class Model(GenerationMixin):
        def prepare_inputs_for_generation(self, input_ids, **kwargs):
            return super().prepare_inputs_for_generation(input_ids, **kwargs)

    Model().generate(6)
    truth(0, 6)


def hugging_then_vllm():
    """vLLM imports transformers: from its first step on, only its own count."""
    from transformers.generation.utils import GenerationMixin
    from vllm.v1.worker.gpu_model_runner import GPUModelRunner

    GenerationMixin().generate(2)
    GPUModelRunner().execute_model("pooled")
    GenerationMixin().generate(5)
    GPUModelRunner().execute_model("pooled")
    truth(2, 2)


# ------------------------------------------------------------------------------------------------ sorts of methods


def step():
    import inspect
    import pickle

    import work

    w = work.Work()
    assert [w.step(i) for i in range(5)] == list(range(5))  # itself and super() are part of it
    for n in range(2):
        try:
            w.step(n, fail=True)
        except KeyError as e:
            assert e.args == (n,) and e.__cause__ is None and e.__context__ is None
    try:
        w.step(1, 2, 3)  # the wrong arguments: the call was made
    except TypeError as e:
        assert "step()" in str(e)
    bound = w.step
    bound()
    assert pickle.loads(pickle.dumps(w.step))() == 0  # by name: the method of a copy
    f = work.Work.step
    assert f(w, 0) == 0
    assert (f.__name__, f.__qualname__, f.__module__) == ("step", "Work.step", "work")
    assert str(inspect.signature(f)) == "(self, n=0, *, fail=False)"
    assert "super().step" in inspect.getsource(f)
    work.Base().step()  # another class: none of ours
    truth(5 + 2 + 1 + 3)


def base_step():
    """Subclasses reach it through super()."""
    import work

    for i in range(4):
        work.Work().step(3)
    work.Base().step()
    truth(5)


def decorated():
    import typing

    import work

    assert work.Work().decorated(4) == 4
    assert work.Work.decorated.mark == "traced"
    assert typing.get_type_hints(work.Work.decorated) == {"x": int, "return": int}
    truth(1)


def static():
    import work

    assert work.Work.static(4) == work.Work().static(4) == 4
    truth(2)


def of_class():
    import work

    class Sub(work.Work):
        pass

    assert Sub.of_class(1) == (Sub, 1) and work.Work().of_class(2) == (work.Work, 2)
    truth(2)


def inherited():
    import work

    assert work.Work().inherited() == "base" and work.Base().inherited() == "base"
    truth(1)


def inner():
    import work

    assert work.Work.Inner().step() == "inner"
    work.Work().step()
    truth(1)


def coroutine():
    import asyncio
    import inspect

    import work

    async def many():
        return await asyncio.gather(*[work.Work().coroutine(i) for i in range(-2, 8)], return_exceptions=True)

    assert inspect.iscoroutinefunction(work.Work.coroutine)
    results = asyncio.run(many())
    assert [type(r) for r in results[:2]] == [ValueError] * 2 and results[2:] == list(range(8))
    truth(0, 10)


def left_alone():
    import work

    assert list(work.Work().generator()) == [0, 1, 2] and work.Work.attribute == 3
    assert not hasattr(work.Work.generator, "__wrapped__")


def threads():
    import threading

    import work

    def run():
        w = work.Work()
        for i in range(300):
            w.step(i % 3)

    many = [threading.Thread(target=run) for _ in range(8)]
    for t in many:
        t.start()
    for t in many:
        t.join()
    truth(2400)


# ------------------------------------------------------------------------------------------------ ways to come in


def imports():
    """The class is made, and used at once, in every way a module can be made."""
    import importlib.util
    import shutil
    import tempfile
    import zipfile

    source = os.path.join(os.environ["STANDIN"], "work.py")
    made = 0
    with tempfile.TemporaryDirectory() as d:
        how = os.environ["HOW"]
        if how == "zip":
            with zipfile.ZipFile(d + "/w.zip", "w") as z:
                z.write(source, "work.py")
            sys.path.insert(0, d + "/w.zip")
        elif how == "pyc":
            import py_compile

            py_compile.compile(source, d + "/work.pyc")
            sys.path.insert(0, d)
        elif how == "package":
            os.mkdir(d + "/work")
            shutil.copy(source, os.path.join(d, "work", "__init__.py"))
            sys.path.insert(0, d)
        elif how == "spec":
            spec = importlib.util.spec_from_file_location("work", source)
            module = sys.modules["work"] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        elif how == "exec":
            module = sys.modules["work"] = type(sys)("work")
            with open(source) as f:
                exec(compile(f.read(), source, "exec"), module.__dict__)
        elif how == "thread":
            import threading

            t = threading.Thread(target=__import__, args=("work",))
            t.start()
            t.join()
        import work

        for made in range(3):
            work.Work().step()
    truth(made + 1)


class Main:
    def step(self):
        return 1


def main_class():
    """The class of the program itself; and copied by value, as cloudpickle does, into a process without us."""
    import pickle

    Main().step()
    for cell in Main.step.__closure__:
        if type(cell.cell_contents) is type(len):
            copy = pickle.loads(pickle.dumps(cell.cell_contents))
            assert copy({}) in (True, False) and copy(2) in (True, False)
    truth(1)


def late():
    """The library comes when the class is there already, as with CUDA_INJECTION64_PATH alone."""
    import ctypes

    import work

    w = work.Work()
    w.step()
    ctypes.CDLL(os.environ["EDGES_LIBRARY"]).edges_start_late()
    for _ in range(100):
        pass
    for _ in range(5):
        w.step()
    truth(5)


def worker(count):
    import work

    for _ in range(count):
        work.Work().step()
    truth(count)


def processes():
    import multiprocessing as mp

    import work

    for _ in range(3):
        work.Work().step()
    context = mp.get_context(os.environ["HOW"])
    if os.environ["HOW"] == "forkserver":
        context.set_forkserver_preload(["work"])
    many = [context.Process(target=worker, args=(10 + i,)) for i in range(3)]
    for p in many:
        p.start()
    for p in many:
        p.join()
    assert [p.exitcode for p in many] == [0, 0, 0]
    truth(3)


def inside_fork():
    """A child made in the middle of an iteration has none open, and counts its own."""
    import work

    pid = work.Forking().step()
    if pid:
        assert os.waitpid(pid, 0)[1] == 0
        truth(1)
    else:
        assert work.Forking.step.__wrapped__
        for _ in range(2):
            work.Forking().step(fork=False)
        truth(2)


# ------------------------------------------------------------------------------------------------ hostile programs


def guarded():
    """The program's own audit hook forbids to compile: the method is left alone, and nothing is raised."""
    import functools  # noqa: F401  which compiles, on 3.12

    up = []

    def guard(event, args):
        if up and event == "compile":
            raise RuntimeError("compiling is forbidden")

    import importlib.util

    spec = importlib.util.find_spec("work")
    code = spec.loader.get_code("work")
    module = sys.modules["work"] = type(sys)("work")
    sys.addaudithook(guard)
    up.append(1)
    exec(code, module.__dict__)
    up.clear()
    assert module.Work().step() == 0 and not hasattr(module.Work.step, "__wrapped__")


def untouched():
    """What a program can see of it: nothing but the wrapper."""
    import builtins
    import gc
    import threading

    import work

    assert builtins.__build_class__.__self__ is builtins
    assert threading.active_count() == 1 and len(os.listdir("/proc/self/task")) == 1
    assert not [m for m in sys.modules if "cuflight" in m]
    assert len(sys.meta_path) == int(os.environ["FINDERS"]), sys.meta_path
    gc.collect()
    work.Work().step()
    truth(1)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
