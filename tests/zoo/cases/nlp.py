"""Language models: those of paddlenlp 2.8.1 in small configurations, with batch and length left open and fixed."""
from dsl import *
from zoo import packages

T = packages.paddlenlp()

WORDS = i64["b", "t"].ints(1, 50)
SIZES = [{"b": 1, "t": 7}, {"b": 3, "t": 12}]
FIXED = i64[2, 9].ints(1, 50)


def small(name):
    """A model of two layers and four heads, over 50 words."""
    config = getattr(T, name + "Config")(
        vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, max_position_embeddings=64
    )
    return getattr(T, name + "Model")(config)


case("bert", layer=lambda: small("Bert"), words=WORDS, sizes=SIZES)
case("ernie", layer=lambda: small("Ernie"), words=WORDS, sizes=SIZES)
case("roberta", layer=lambda: small("Roberta"), words=WORDS, sizes=SIZES)
case("electra", layer=lambda: small("Electra"), words=WORDS, sizes=SIZES)
case("albert", layer=lambda: small("Albert"), words=WORDS, sizes=SIZES)
case("tinybert", layer=lambda: small("TinyBert"), words=WORDS, sizes=SIZES)
case("distilbert", layer=lambda: small("DistilBert"), words=WORDS, sizes=SIZES)
case("roformer", layer=lambda: small("RoFormer"), words=WORDS, sizes=SIZES)
case("roformerv2", layer=lambda: small("RoFormerv2"), words=WORDS, sizes=SIZES)
case("mpnet", layer=lambda: small("MPNet"), words=WORDS, sizes=SIZES)
case("convbert", layer=lambda: small("ConvBert"), words=WORDS, sizes=SIZES)
case("mobilebert", layer=lambda: small("MobileBert"), words=WORDS, sizes=SIZES)
case("gpt", layer=lambda: small("GPT"), words=WORDS, sizes=SIZES, paddle_cannot={"pdmodel": "RuntimeError: super(): no arguments"})
case("bloom", layer=lambda: small("Bloom"), words=WORDS, sizes=SIZES, paddle_cannot={"pir": "TypeError: (InvalidType) bitwise_and(): argument (position 2) must be "})
case("fnet", layer=lambda: small("FNet"), words=WORDS, sizes=SIZES, opset=17)
case("erniem", layer=lambda: small("ErnieM"), words=WORDS, sizes=SIZES)
case("skep", layer=lambda: small("Skep"), words=WORDS, sizes=SIZES)
case("megatronbert", layer=lambda: small("MegatronBert"), words=WORDS, sizes=SIZES)
case("layoutlm", layer=lambda: small("LayoutLM"), words=WORDS, sizes=SIZES)
case("gaualpha", layer=lambda: small("GAUAlpha"), words=WORDS, sizes=SIZES)
case("bert_fixed", layer=lambda: small("Bert"), words=FIXED)
case("ernie_fixed", layer=lambda: small("Ernie"), words=FIXED)
case("gpt_fixed", layer=lambda: small("GPT"), words=FIXED, paddle_cannot={"pdmodel": "RuntimeError: super(): no arguments"})
case("llama_fixed", layer=lambda: small("Llama"), words=FIXED, paddle_cannot={"pdmodel": "NameError: name '__return_12' is not defined"})
case("mobilebert_fixed", layer=lambda: small("MobileBert"), words=FIXED)
case("bloom_fixed", layer=lambda: small("Bloom"), words=FIXED)
