"""The models of models/, on the first few of their recorded inputs."""
import pathlib

from dsl import *

MODELS = pathlib.Path(__file__).resolve().parents[3] / "models"


def recorded(model, name):
    array = np.load(MODELS / model / "inputs.npz")[name]
    return [array[:16], array[16:19]]


def both(model):
    return {"pdmodel": MODELS / model, "pir": MODELS / f"{model}_pir"}


WORDS, LENGTHS = recorded("lstm_reviews", "words"), recorded("lstm_reviews", "lengths")

saved("lenet_digits", both("lenet_digits"), image=f32["b", 1, 8, 8].values(recorded("lenet_digits", "image")))
saved("lstm_reviews", both("lstm_reviews"), words=i64["b", "t"].values([WORDS[0], WORDS[1][:, : LENGTHS[1].max()]]), lengths=i64["b"].values(LENGTHS))
