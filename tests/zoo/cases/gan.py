"""Images from images: generators of ppgan 2.1.0, with the image size left open and fixed."""
from dsl import *
from zoo import packages

G = packages.ppgan()

IMAGE = f32["b", 3, "h", "w"]
SIZES = [{"b": 1, "h": 64, "w": 64}, {"b": 2, "h": 96, "w": 64}]
FIXED = f32["b", 3, 64, 64]
BATCHES = [{"b": 1}, {"b": 2}]


def both(name, layer):
    case(name, layer=layer, x=IMAGE, sizes=SIZES)
    case(name + "_fixed", layer=layer, x=FIXED, sizes=BATCHES)


both("cyclegan", lambda: G("resnet").ResnetGenerator(3, 3, ngf=8, n_blocks=2))
both("animegan", lambda: G("generater_animegan").AnimeGenerator())
both("animegan_lite", lambda: G("generater_animegan").AnimeGeneratorLite())
both("esrgan", lambda: G("rrdb_net").RRDBNet(3, 3, 8, 2, gc=8))
both("lesrcnn", lambda: G("lesrcnn").LESRCNNGenerator(scale=2))
both("drn", lambda: G("drn").DRNGenerator((2, 4), n_blocks=2, n_feats=8))
both("pan", lambda: G("pan").PAN(3, 3, 8, 6, 2))
case("pix2pix_fixed", layer=lambda: G("unet").UnetGenerator(3, 3, 6, ngf=8), x=FIXED, sizes=BATCHES, paddle_cannot={"pdmodel": "Required tensor shall not be nullptr"})
case("ugatit_fixed", layer=lambda: G("resnet_ugatit").ResnetUGATITGenerator(3, 3, ngf=8, n_blocks=2, img_size=64), x=FIXED, sizes=BATCHES)
case("starganv2_fixed", layer=lambda: G("generator_starganv2").StarGANv2Generator(64, 8, 32, 0), x=FIXED, s=f32["b", 8], sizes=BATCHES)
case("revision_fixed", layer=lambda: G("generater_lapstyle").RevisionNet(), x=f32["b", 6, 64, 64], sizes=BATCHES)
case("dcgan", layer=lambda: G("dcgenerator").DCGenerator(16, 16, 3, ngf=8), x=f32["b", 16, 1, 1], sizes=BATCHES)
case("edvr", layer=lambda: G("edvr").EDVRNet(nf=8, groups=2, front_RBs=1, back_RBs=1), x=f32["b", 5, 3, "h", "w"], sizes=[{"b": 1, "h": 32, "w": 32}, {"b": 2, "h": 48, "w": 32}],
     paddle_cannot={"pdmodel": "The number of input's channels should be equal to filter's channels"})
case("edvr_fixed", layer=lambda: G("edvr").EDVRNet(nf=8, groups=2, front_RBs=1, back_RBs=1), x=f32["b", 5, 3, 32, 32], sizes=BATCHES,
     paddle_cannot={"pdmodel": "The number of input's channels should be equal to filter's channels"})
