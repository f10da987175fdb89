"""Diffusion: networks of ppdiffusers 0.29.0 in small configurations."""
from dsl import *
from zoo import packages

M = packages.ppdiffusers()

BATCHES = [{"b": 1}, {"b": 2}]
LATENT = f32["b", 4, 16, 16]
OPEN = f32["b", 4, "h", "w"]
SIZES = [{"b": 1, "h": 16, "w": 16}, {"b": 2, "h": 32, "w": 16}]
STEP = i64["b"].ints(1, 900)
TEXT = f32["b", 6, 32]
PICTURE = f32["b", 3, 32, 32]
SMALL = {"block_out_channels": (16, 32), "norm_num_groups": 8}
DENOISER = {**SMALL, "in_channels": 4, "layers_per_block": 1, "attention_head_dim": 8}


def sample(net, x):
    return net(x, return_dict=False)[0]


def denoised(net, x, step):
    return net(x, step, return_dict=False)[0]


def denoised_by_text(net, x, step, text):
    return net(x, step, encoder_hidden_states=text, return_dict=False)[0]


def decoded(net, z):
    return net.decode(z, return_dict=False)[0]


def encoded(net, x):
    return net.encode(x).latent_dist.mode()


def unet():
    return M("unet_2d").UNet2DModel(
        sample_size=16, out_channels=4, down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"), **DENOISER
    )


def text_unet():
    return M("unet_2d_condition").UNet2DConditionModel(
        sample_size=16, out_channels=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32, **DENOISER,
    )  # fmt: skip


def video_unet():
    return M("unet_3d_condition").UNet3DConditionModel(
        sample_size=16, out_channels=4, down_block_types=("DownBlock3D", "CrossAttnDownBlock3D"), up_block_types=("CrossAttnUpBlock3D", "UpBlock3D"),
        cross_attention_dim=32, **DENOISER,
    )  # fmt: skip


BLOCKS = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2, "latent_channels": 4, **SMALL}


def vae():
    return M("autoencoder_kl").AutoencoderKL(sample_size=32, **BLOCKS)


def dit():
    return M("transformer_2d").Transformer2DModel(
        num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=2, sample_size=16, patch_size=2,
        norm_type="ada_norm_zero", num_embeds_ada_norm=10, attention_bias=True, activation_fn="gelu-approximate",
    )  # fmt: skip


def controlnet():
    return M("controlnet").ControlNetModel(
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), cross_attention_dim=32, conditioning_embedding_out_channels=(8, 16), **DENOISER
    )


case("unet", denoised, layer=unet, x=OPEN, step=STEP, sizes=SIZES)
case("unet_fixed", denoised, layer=unet, x=LATENT, step=STEP, sizes=BATCHES)
case("unet_text", denoised_by_text, layer=text_unet, x=OPEN, step=STEP, text=TEXT, sizes=SIZES, paddle_cannot={"pir": "cond's branches give different types"})
case("unet_text_fixed", denoised_by_text, layer=text_unet, x=LATENT, step=STEP, text=TEXT, sizes=BATCHES)
case("unet_video_fixed", denoised_by_text, layer=video_unet, x=f32["b", 4, 3, 16, 16], step=STEP, text=TEXT, sizes=BATCHES,
     paddle_cannot={"pdmodel": "The number of input's channels should be equal to filter's channels"})
case("vae_decoder", decoded, layer=vae, z=OPEN, sizes=SIZES)
case("vae_decoder_fixed", decoded, layer=vae, z=LATENT, sizes=BATCHES)
case("vae_encoder_fixed", encoded, layer=vae, x=PICTURE, sizes=BATCHES)
case("vqvae_fixed", sample, layer=lambda: M("vq_model").VQModel(num_vq_embeddings=16, **BLOCKS), x=PICTURE, sizes=BATCHES)
case("vae_tiny_fixed", sample, layer=lambda: M("autoencoder_tiny").AutoencoderTiny(encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4), x=PICTURE, sizes=BATCHES)
case("dit_fixed", lambda net, x, step, c: net(x, timestep=step, class_labels=c, return_dict=False)[0], layer=dit, x=LATENT, step=STEP, c=i64["b"].ints(0, 10), sizes=BATCHES)
case("controlnet_fixed", lambda net, x, step, text, c: net(x, step, text, c, return_dict=False)[1], layer=controlnet, x=LATENT, step=STEP, text=TEXT, c=PICTURE, sizes=BATCHES)
