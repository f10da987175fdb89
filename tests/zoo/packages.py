"""Makes the network definitions of Paddle's model packages importable without what else these packages bring in
(readers of data sets, download tools, metrics): their own __init__ files are passed over, and modules of others that no network
calls are stood in for."""
import copy
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import logging
import pathlib
import sys
import types
from unittest import mock

# What the packages import at their top, and no network needs to compute.
NOT_NEEDED = {"cv2", "requests", "tqdm", "yaml", "filelock", "visualdl", "scipy", "sklearn", "skimage", "matplotlib", "pandas", "prettytable",
              "paddle2onnx", "colorlog", "colorama", "jieba", "sentencepiece", "huggingface_hub", "aistudio_sdk", "datasets", "multiprocess",
              "dill", "seqeval", "rich", "safetensors", "tool_helpers", "regex", "fastapi", "uvicorn", "typer", "Crypto", "faiss", "easydict",
              "ujson", "jinja2", "pycocotools", "shapely", "motmetrics", "lap", "numba", "terminaltables", "Cython", "imgaug", "pyclipper", "mpl_toolkits", "munch", "pydantic"}  # fmt: skip


class _StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in NOT_NEEDED:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = mock.MagicMock(name=spec.name)
        module.__path__, module.__spec__, module.__name__ = [], spec, spec.name
        module.__version__ = "1.0.0"
        return module

    def exec_module(self, module):
        pass


# Behind all others: what is installed is taken as it is.
sys.meta_path.append(_StandIns())


def passed_over(name, folder):
    """A package whose modules can be imported, but whose own __init__ isn't run."""
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    package.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    sys.modules[name] = package
    return package


def site(module):
    """The folder that an installed package's modules are imported from, found without importing it."""
    return pathlib.Path(importlib.util.find_spec(module).submodule_search_locations[0])


def paddleclas():
    """ppcls.arch.backbone: all image classification networks."""
    root = site("paddleclas") / "ppcls"
    for name, folder in (("ppcls", root), ("ppcls.arch", root / "arch"), ("ppcls.utils", root / "utils")):
        passed_over(name, folder)
    importlib.import_module("ppcls.utils.logger")._logger = logging.getLogger("ppcls")
    return importlib.import_module("ppcls.arch.backbone")


def paddleseg():
    """paddleseg.models: all segmentation networks, and their backbones in .backbones."""
    passed_over("paddleseg", site("paddleseg"))
    return importlib.import_module("paddleseg.models")


def paddlenlp():
    """paddlenlp.transformers: language models."""
    passed_over("paddlenlp", site("paddlenlp")).__version__ = "2.8.1"
    importlib.import_module("paddlenlp.data")
    return importlib.import_module("paddlenlp.transformers")


def ppgan():
    """A module of ppgan.models.generators by its name."""
    root = site("ppgan")
    for name in ("ppgan", "ppgan.models", "ppgan.models.generators"):
        passed_over(name, root.joinpath(*name.split(".")[1:]))
    return lambda name: importlib.import_module(f"ppgan.models.generators.{name}")


def ppdiffusers():
    """A module of ppdiffusers.models by its name."""
    paddlenlp()
    return lambda name: importlib.import_module(f"ppdiffusers.models.{name}")


def paddledet():
    """ppdet.core.workspace: where detectors are made from a configuration. `detector` below does it."""
    root = site("ppdet")
    for name in ("ppdet", "ppdet.utils", "ppdet.data", "ppdet.data.transform", "ppdet.metrics"):
        passed_over(name, root.joinpath(*name.split(".")[1:]))
    importlib.import_module("ppdet.modeling")
    return importlib.import_module("ppdet.core.workspace")


def detector(config):
    """The network of a configuration as paddledet's yml files hold it, deployed as its export tool does."""
    workspace = sys.modules["ppdet.core.workspace"]
    # Deep copies of lists too: some necks append to their defaults.
    before = {name: {k: copy.deepcopy(v) if isinstance(v, (list, dict)) else v for k, v in value.items()} if isinstance(value, dict) else value
              for name, value in workspace.global_config.items()}  # fmt: skip
    try:
        workspace.merge_config(copy.deepcopy(config))
        net = workspace.create(config["architecture"])
    finally:
        for name in list(workspace.global_config):
            if name not in before:
                del workspace.global_config[name]
            elif isinstance(before[name], dict):
                workspace.global_config[name].clear()
                workspace.global_config[name].update(before[name])
    net.eval()
    if hasattr(net, "deploy"):
        net.deploy = True
    for layer in net.sublayers():
        if hasattr(layer, "convert_to_deploy"):
            layer.convert_to_deploy()
    return net
