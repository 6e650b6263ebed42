"""Programs that register and promote in processes of their own, and are killed there, for the tests of this folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

from bartik.core import Column, table
from bartik.core.bundle import write_bundle

REGISTER = """
import sys
from pathlib import Path
from bartik.core.bundle import open_bundle
from bartik.registry import RunRecord, register
for path in sys.argv[1:]:
    print(register(open_bundle(Path(path)), RunRecord(parameters={"path": path}, metrics={"AUC": 0.9})).number)
"""

PROMOTE = """
import sys
from bartik.registry import promote
for reference in sys.argv[1:]:
    print(promote(reference, override="a test").number)
"""

RETIRE = """
import sys
from bartik.registry import retire
print(retire(sys.argv[1], "a test").number)
"""

_KILL = """
import os, signal
import bartik.registry.connection as connection
from mlflow import MlflowClient

calls = 0

def dies(*arguments, **keywords):
    global calls
    calls += 1
    done = original(*arguments, **keywords) if AFTER or calls != COUNT else None
    if calls == COUNT:
        os.kill(os.getpid(), signal.SIGKILL)
    return done

original = getattr(OWNER, NAME)
setattr(OWNER, NAME, dies)
"""

REGISTERING = {
    "while the tables are made": ("connection", "_initialize_tables", False, 1),
    "when the tables are made and not yet in place": ("connection", "_initialize_tables", True, 1),
    "before the run": ("MlflowClient", "create_run", False, 1),
    "in the middle of the artifacts": ("MlflowClient", "log_artifact", True, 1),
    "before the version": ("MlflowClient", "create_model_version", False, 1),
    "before the alias": ("MlflowClient", "create_model_version", True, 1),
    "after the alias": ("MlflowClient", "set_registered_model_alias", True, 1),
}
PROMOTING = {
    "before anything is noted": ("MlflowClient", "set_model_version_tag", False, 1),
    "when it is noted as begun": ("MlflowClient", "set_model_version_tag", True, 1),
    "when the champion has changed": ("MlflowClient", "set_registered_model_alias", True, 1),
    "when the former champion is archived": ("MlflowClient", "set_registered_model_alias", True, 2),
    "when all is done": ("MlflowClient", "set_model_version_tag", True, 2),
}
RETIRING = {
    "when it is noted as begun": ("MlflowClient", "set_model_version_tag", True, 1),
    "when there is no champion any more": ("MlflowClient", "delete_registered_model_alias", True, 1),
    "when the champion is archived": ("MlflowClient", "set_registered_model_alias", True, 1),
}


def bundle(folder: Path, gain: float, name: str = "toy") -> Path:
    """A linear model; another ``gain`` is another model."""
    x = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 1])
    y = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 1])
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1, 1], [gain])
    graph = helper.make_graph([helper.make_node("MatMul", ["features", "w"], ["score"])], "toy", [x], [y], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    rows = np.ones((2, 1), dtype=np.float32)
    reference = ({"features": rows}, {"score": np.float32(gain) * rows})
    return write_bundle(folder / f"bundle-{gain}", model, table((Column("a"),)), reference, name=name).path


def start(home: Path, code: str, *arguments: str | Path, uri: str = "") -> subprocess.Popen[str]:
    """A process of its own with this home, and the registry at ``uri`` where one is named."""
    variables = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    variables |= {"BARTIK_HOME": str(home), "OMP_NUM_THREADS": "1"} | ({"MLFLOW_TRACKING_URI": uri} if uri else {})
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def killed_at(point: tuple[str, str, bool, int], home: Path, code: str, *arguments: str | Path, uri: str = "") -> None:
    """Run ``code`` and kill it with SIGKILL at this point."""
    owner, name, after, count = point
    kill = _KILL.replace("OWNER", owner).replace("NAME", repr(name)).replace("AFTER", str(after)).replace("COUNT", str(count))
    process = start(home, kill + code, *arguments, uri=uri)
    said = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, said
