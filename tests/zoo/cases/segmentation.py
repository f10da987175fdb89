"""Segmentation: the networks of paddleseg 2.8.0 with the argmax that its export tool puts behind them.

An argmax hides small differences and shows a wrong pixel as a whole class; so each network stands here with its scores as well.
"""
import paddle
import paddle.nn as nn
from dsl import *
from zoo import packages

S = packages.paddleseg()
K = S.backbones

IMAGE = f32["b", 3, "h", "w"]
SIZES = [{"b": 1, "h": 64, "w": 64}, {"b": 2, "h": 64, "w": 96}]
BATCH = {"b": 4, "h": 64, "w": 64}  # what the norm statistics are taken from
FIXED = f32["b", 3, 64, 64]
BATCHES = [{"b": 1}, {"b": 2}]


class Exported(nn.Layer):
    """What paddleseg exports: the first of a network's results, as scores and as the class of each pixel. (Without the classes where two
    scores of a pixel are alike but for the last bits.)"""

    def __init__(self, net, classes=True):
        super().__init__()
        self.net, self.classes = net, classes

    def forward(self, image):
        scores = self.net(image)[0]
        if not self.classes:
            return scores
        return scores, paddle.argmax(scores, axis=1, dtype="int32")


case("ann", layer=lambda: Exported(S.ANN(4, K.ResNet18_vd(output_stride=8), key_value_channels=32, inter_channels=64, enable_auxiliary_loss=False)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("ann_fixed", layer=lambda: Exported(S.ANN(4, K.ResNet18_vd(output_stride=8), key_value_channels=32, inter_channels=64, enable_auxiliary_loss=False)), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("bisenet_v2", layer=lambda: Exported(S.BiSeNetV2(4)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("bisenet_v2_fixed", layer=lambda: Exported(S.BiSeNetV2(4)), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("ccnet", layer=lambda: Exported(S.CCNet(4, K.ResNet18_vd(output_stride=8), enable_auxiliary_loss=False)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("danet", layer=lambda: Exported(S.DANet(4, K.ResNet18_vd(output_stride=8), backbone_indices=(2, 3))), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("deeplab_v3", layer=lambda: Exported(S.DeepLabV3(4, K.ResNet18_vd(output_stride=8), aspp_out_channels=32)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("deeplab_v3_fixed", layer=lambda: Exported(S.DeepLabV3(4, K.ResNet18_vd(output_stride=8), aspp_out_channels=32), classes=False), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("dnlnet", layer=lambda: Exported(S.DNLNet(4, K.ResNet18_vd(output_stride=8), enable_auxiliary_loss=False)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("emanet", layer=lambda: Exported(S.EMANet(4, K.ResNet18_vd(output_stride=8), ema_channels=64, gc_channels=32, num_bases=8, enable_auxiliary_loss=False)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("encnet", layer=lambda: Exported(S.ENCNet(4, K.ResNet18_vd(output_stride=8), mid_channels=64, num_codes=8)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("enet", layer=lambda: Exported(S.ENet(4)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("espnet_v2", layer=lambda: Exported(S.ESPNetV2(4)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("fast_scnn", layer=lambda: Exported(S.FastSCNN(4, enable_auxiliary_loss=False)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("fastfcn", layer=lambda: Exported(S.FastFCN(4, K.ResNet50_vd(output_stride=8), mid_channels=64, num_codes=8)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("fcn_hrnet", layer=lambda: Exported(S.FCN(4, K.HRNet_W18())), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("gcnet", layer=lambda: Exported(S.GCNet(4, K.ResNet18_vd(output_stride=8), gc_channels=64, enable_auxiliary_loss=False)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("hardnet", layer=lambda: Exported(S.HarDNet(4)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("hardnet_fixed", layer=lambda: Exported(S.HarDNet(4)), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("ocrnet", layer=lambda: Exported(S.OCRNet(4, K.HRNet_W18(), backbone_indices=(0,), ocr_mid_channels=64, ocr_key_channels=32)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("ocrnet_fixed", layer=lambda: Exported(S.OCRNet(4, K.HRNet_W18(), backbone_indices=(0,), ocr_mid_channels=64, ocr_key_channels=32)), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("pfpnnet", layer=lambda: Exported(S.PFPNNet(4, K.ResNet50_vd(output_stride=8), backbone_indices=[0, 1, 2, 3], channels=64)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("portraitnet", layer=lambda: Exported(S.PortraitNet(2, K.MobileNetV2_x1_0())), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("pp_liteseg", layer=lambda: Exported(S.PPLiteSeg(4, K.STDC1())), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("pp_liteseg_fixed", layer=lambda: Exported(S.PPLiteSeg(4, K.STDC1())), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("pp_liteseg_channel", layer=lambda: Exported(S.PPLiteSeg(4, K.STDC1(), arm_type="UAFM_ChAtten")), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("pphumanseg_lite", layer=lambda: Exported(S.PPHumanSegLite(2)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("pspnet", layer=lambda: Exported(S.PSPNet(4, K.ResNet18_vd(output_stride=8), pp_out_channels=64, enable_auxiliary_loss=False)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("pspnet_fixed", layer=lambda: Exported(S.PSPNet(4, K.ResNet18_vd(output_stride=8), pp_out_channels=64, enable_auxiliary_loss=False)), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("sfnet", layer=lambda: Exported(S.SFNet(4, K.ResNet18_vd(output_stride=8), backbone_indices=[0, 1, 2, 3])), image=IMAGE, sizes=SIZES, calibrate=BATCH, paddle_cannot={"pir": "Paddle 3 does not divide a float by the int64 of an open image size"})
case("sinet", layer=lambda: Exported(S.SINet(4)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("sinet_fixed", layer=lambda: Exported(S.SINet(4)), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("stdcseg", layer=lambda: Exported(S.STDCSeg(4, K.STDC1())), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("topformer", layer=lambda: Exported(S.TopFormer(4, K.TopTransformer_Tiny())), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("topformer_fixed", layer=lambda: Exported(S.TopFormer(4, K.TopTransformer_Tiny())), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("u2netp", layer=lambda: Exported(S.U2Netp(4)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("u2netp_fixed", layer=lambda: Exported(S.U2Netp(4)), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("unet", layer=lambda: Exported(S.UNet(4)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("unet_fixed", layer=lambda: Exported(S.UNet(4)), image=FIXED, sizes=BATCHES, calibrate={"b": 4})
case("unet_deconv", layer=lambda: Exported(S.UNet(4, use_deconv=True)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("unet_plusplus", layer=lambda: Exported(S.UNetPlusPlus(4)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("upernet", layer=lambda: Exported(S.UPerNet(4, K.ResNet18_vd(output_stride=8), backbone_indices=[0, 1, 2, 3], channels=32)), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("lite_hrnet", layer=lambda: Exported(S.FCN(4, K.Lite_HRNet_18())), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("shufflenet", layer=lambda: Exported(S.FCN(4, K.ShuffleNetV2_x0_5())), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("ghostnet", layer=lambda: Exported(S.FCN(4, K.GhostNet_x0_5())), image=IMAGE, sizes=SIZES, calibrate=BATCH)
