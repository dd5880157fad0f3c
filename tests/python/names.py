"""names.py ENGINES.C STANDINS ARCHIVE...: do the engines' released sources have the names that the table and the
stand-ins have? ARCHIVE: a wheel, a source archive, or a directory with the package in it.

Every method of the table must be in the stand-ins, and every class, method and parameter of theirs in the archive
whose package it is. Prints a line for each module compared; exits with 1 where a name is missing.
"""
import ast
import os
import re
import sys
import tarfile
import zipfile

ENGINES = ("vllm", "sglang", "tensorrt_llm", "transformers")
# of the engines' classes, but the stand-ins' own
OWN = {("transformers/generation/utils.py", "GenerationMixin", "generate")}
OPTIONAL = {"sample_tokens"}  # not in vLLM 0.11.0: the table does without


def methods(text):
    """{class: {method: [parameter]}} of a module's text."""
    return {
        c.name: {
            m.name: [a.arg for a in m.args.posonlyargs + m.args.args + m.args.kwonlyargs]
            for m in c.body
            if isinstance(m, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        for c in ast.parse(text).body
        if isinstance(c, ast.ClassDef)
    }


def open_archive(path):
    """A function from a path within the package to its text, or None."""
    if os.path.isdir(path):
        files = {name: os.path.join(path, name) for name in wanted}
        return lambda name: open(files[name]).read() if os.path.exists(files[name]) else None
    if path.endswith((".whl", ".zip")):
        archive = zipfile.ZipFile(path)
        names, read = archive.namelist(), lambda n: archive.read(n).decode()
    else:
        archive = tarfile.open(path)
        names, read = archive.getnames(), lambda n: archive.extractfile(n).read().decode()

    def text(name):
        found = [n for n in names if n == name or n.endswith("/" + name)]
        return read(min(found, key=len)) if found else None

    return text


table, standins, archives = sys.argv[1], sys.argv[2], sys.argv[3:]
wanted = {}
for package in ENGINES:
    for directory, _, files in os.walk(os.path.join(standins, package)):
        for f in files:
            path = os.path.join(directory, f)
            if f.endswith(".py") and os.path.getsize(path):
                with open(path) as source:
                    wanted[os.path.relpath(path, standins)] = methods(source.read())

wrong = 0


def complain(text):
    global wrong
    wrong += 1
    print("MISSING " + text)


with open(table) as f:
    entries = re.findall(r'\.module = "(.*?)".*?\.owner = "(.*?)".*?\.method = "(.*?)"', f.read(), re.S)
if len(entries) < len(ENGINES):
    complain("%d entries in %s" % (len(entries), table))
for module, owner, method in entries:
    if method not in wanted.get(module.replace(".", "/") + ".py", {}).get(owner, {}):
        complain("stand-in of %s:%s.%s" % (module, owner, method))

for archive in archives:
    text = open_archive(archive)
    label = os.path.basename(archive.rstrip("/"))
    for path, classes in sorted(wanted.items()):
        source = text(path)
        if source is None:
            continue
        print("%s: %s" % (label, path))
        there = methods(source)
        for owner in classes:
            for method, parameters in classes[owner].items():
                if (path, owner, method) in OWN:
                    continue
                if method not in there.get(owner, {}):
                    if method in OPTIONAL and owner in there:
                        print("%s: %s: no %s, as expected of an older one" % (label, path, method))
                        continue
                    complain("%s: %s %s.%s" % (label, path, owner, method))
                    continue
                for p in set(parameters) - set(there[owner][method]):
                    complain("%s: %s %s.%s(%s)" % (label, path, owner, method, p))
sys.exit(1 if wrong else 0)
