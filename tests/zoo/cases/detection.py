"""Detectors of paddledet 2.6.0 as its export tool writes them: their own post-processing with NMS and everything, small and with random
weights. Image sizes are open and fixed; `_raw` rows end before the NMS.

The threshold of the scores is above what random weights give by the thousand, so that the order of nearly equal scores doesn't decide.
"""
import re
import sys

import paddle
import paddle.nn as nn
from dsl import *
from zoo import packages

D = packages.paddledet()

IMAGE, FIXED = f32["b", 3, "h", "w"], f32["b", 3, 128, 128]
SIZES = [{"b": 1, "h": 128, "w": 128}, {"b": 2, "h": 128, "w": 160}]
ONE = [{"h": 128, "w": 128}, {"h": 128, "w": 160}]
BATCHES = [{"b": 1}, {"b": 2}]
SHAPE = f32["b", 2].values([np.array([[128, 128]]), np.array([[128, 160], [120, 150]])])
SCALE = f32["b", 2].values([np.array([[0.5, 0.5]]), np.array([[1.0, 1.25], [0.8, 0.9]])])
ONE_SHAPE, ONE_SCALE = f32[1, 2].values([[128, 128]]), f32[1, 2].values([[0.5, 0.5]])
BATCH = {"b": 8, "h": 128, "w": 128}


class Exported(nn.Layer):
    """A detector of this configuration. Called in training mode it runs the backbone and the neck alone, for the statistics; before
    that, what random weights would spoil gets those of a trained network: the taps of a deformable convolution stay near their places,
    the projection of PP-YOLOE's distances is fixed, few scores are 1, and an R-CNN's regions stay near their anchors."""

    def __init__(self, config, names):
        super().__init__()
        self.net = packages.detector({"num_classes": 6, **config})
        self.names = names
        self.fixed = {name: weight.numpy() for name, weight in self.net.named_parameters() if "proj_conv" in name}

    def forward(self, *tensors):
        inputs = dict(zip(self.names, tensors))
        inputs.setdefault("im_shape", tensors[-1])  # some ask for it, and do nothing with it
        if self.training:
            for name, weight in self.net.named_parameters():
                if re.search(r"conv_offset|pred_cls|retina_reg|retina_cls|conv_reg\.\d\.2|rois_delta|bbox_delta", name):
                    weight.set_value(weight * 0.05)
                if name in self.fixed:
                    weight.set_value(self.fixed[name])
            inside = self.net.backbone(inputs)
            return self.net.neck(inside) if getattr(self.net, "neck", None) is not None else inside
        return self.net(inputs)


def in_paddle_3():
    """paddledet 2.6.0 appends these operators by the older API's LayerHelper, which Paddle 3 refuses ("The type of '%BBoxes' in operator
    multiclass_nms3 should be one of [str, bytes, Variable], but received: Value"): the same ones by Paddle 3's own functions."""
    ops = sys.modules["ppdet.modeling.ops"]

    def multiclass_nms(bboxes, scores, score_threshold, nms_top_k, keep_top_k, nms_threshold=0.3, normalized=True, nms_eta=1.0, background_label=-1, return_index=False, return_rois_num=True, rois_num=None, name=None):
        out, index, count = paddle._C_ops.multiclass_nms3(bboxes, scores, rois_num, score_threshold, nms_top_k, keep_top_k, nms_threshold, normalized, nms_eta, background_label)
        return out, count, index if return_index else None

    def matrix_nms(bboxes, scores, score_threshold, post_threshold, nms_top_k, keep_top_k, use_gaussian=False, gaussian_sigma=2.0, background_label=0, normalized=True, return_index=False, return_rois_num=True, name=None):
        out, index, count = paddle._C_ops.matrix_nms(bboxes, scores, score_threshold, nms_top_k, keep_top_k, post_threshold, use_gaussian, gaussian_sigma, background_label, normalized)
        return out, count, index if return_index else None

    ops.multiclass_nms, ops.matrix_nms, ops.prior_box = multiclass_nms, matrix_nms, paddle.vision.ops.prior_box


if not paddle.__version__.startswith("2."):
    in_paddle_3()


def detector(config, *names):
    def make():
        paddle.set_flags({"FLAGS_set_to_1d": False})
        return Exported(config, ("image", *names))

    return make


def rcnn(config, **options):
    """As paddledet exports an R-CNN for ONNX (export_onnx: one image), where x[0] of a vector has the shape [1], as before Paddle 2.5.

    Paddle 2.6.2 by itself: "axes[0] = 0, rank of input is 0" (RCNNBox: rois_num[idx]), for Cascade "axis is expected to be in range of
    [0, 0)" (CascadeHead: a concat of paddle.shape(r)[0])."""

    def make():
        paddle.set_flags({"FLAGS_set_to_1d": True})
        return Exported({**config, "export_onnx": True, **options}, ("image", "im_shape", "scale_factor"))

    return make


NMS = {"name": "MultiClassNMS", "nms_top_k": 100, "keep_top_k": 20, "score_threshold": 0.3, "nms_threshold": 0.5}
MATRIX = {"name": "MatrixNMS", "nms_top_k": 50, "keep_top_k": 20, "score_threshold": 0.3, "post_threshold": 0.1}
YOLO_BOX = {"name": "YOLOBox", "conf_thresh": 0.3, "downsample_ratio": 32, "clip_bbox": True}

YOLOV3 = {
    "architecture": "YOLOv3",
    "YOLOv3": {"backbone": "DarkNet", "neck": "YOLOv3FPN", "yolo_head": "YOLOv3Head", "post_process": "BBoxPostProcess"},
    "BBoxPostProcess": {"decode": YOLO_BOX, "nms": NMS},
}
PPYOLOV2 = {
    "architecture": "YOLOv3",
    "YOLOv3": {"backbone": "ResNet", "neck": "PPYOLOPAN", "yolo_head": "YOLOv3Head", "post_process": "BBoxPostProcess"},
    "ResNet": {"depth": 50, "variant": "d", "return_idx": [1, 2, 3], "dcn_v2_stages": [3], "freeze_at": -1, "freeze_norm": False},
    "PPYOLOPAN": {"spp": True},
    "YOLOv3Head": {"iou_aware": True, "iou_aware_factor": 0.5},
    "BBoxPostProcess": {"decode": {**YOLO_BOX, "scale_x_y": 1.05}, "nms": {**MATRIX, "keep_top_k": 8}},
}
PPYOLOE = {
    "architecture": "YOLOv3",
    "depth_mult": 0.33,
    "width_mult": 0.25,
    "YOLOv3": {"backbone": "CSPResNet", "neck": "CustomCSPPAN", "yolo_head": "PPYOLOEHead", "post_process": None},
    "CSPResNet": {"use_large_stem": True, "use_alpha": True},
    "CustomCSPPAN": {"out_channels": [768, 384, 192], "act": "swish", "spp": True},
    "PPYOLOEHead": {"nms": NMS},
}
PICODET = {
    "architecture": "PicoDet",
    "PicoDet": {"backbone": "LCNet", "neck": "LCPAN", "head": "PicoHeadV2"},
    "LCNet": {"scale": 0.75, "feature_maps": [3, 4, 5]},
    "LCPAN": {"out_channels": 96, "use_depthwise": True, "num_features": 4, "spatial_scales": [0.125, 0.0625, 0.03125]},
    "PicoHeadV2": {"conv_feat": {"name": "PicoFeat", "feat_in": 96, "feat_out": 96, "num_convs": 2, "num_fpn_stride": 4, "norm_type": "bn", "share_cls_reg": True, "use_se": True}, "fpn_stride": [8, 16, 32, 64], "feat_in_chan": 96, "nms": NMS, "reg_max": 7, "loss_class": {"name": "VarifocalLoss", "use_sigmoid": False, "iou_weighted": True, "loss_weight": 1.0}, "assigner": {"name": "TaskAlignedAssigner", "topk": 13}, "static_assigner": {"name": "ATSSAssigner", "topk": 9}},
}
YOLOX = {
    "architecture": "YOLOX",
    "depth_mult": 0.33,
    "width_mult": 0.25,
    "YOLOX": {"backbone": "CSPDarkNet", "neck": "YOLOCSPPAN", "head": "YOLOXHead"},
    "CSPDarkNet": {"arch": "X", "return_idx": [2, 3, 4]},
    "YOLOXHead": {"nms": NMS, "assigner": {"name": "SimOTAAssigner", "candidate_topk": 10, "use_vfl": False}},
}
SSD = {
    "architecture": "SSD",
    "SSD": {"backbone": "VGG", "ssd_head": "SSDHead", "post_process": "BBoxPostProcess"},
    "SSDHead": {"anchor_generator": {"steps": [8, 16, 32, 64, 100, 300], "aspect_ratios": [[2.0], [2.0, 3.0], [2.0, 3.0], [2.0, 3.0], [2.0], [2.0]], "min_ratio": 20, "max_ratio": 90, "base_size": 300, "min_sizes": [30.0, 60.0, 111.0, 162.0, 213.0, 264.0], "max_sizes": [60.0, 111.0, 162.0, 213.0, 264.0, 315.0], "offset": 0.5, "flip": True, "min_max_aspect_ratios_order": True}},
    "BBoxPostProcess": {"decode": {"name": "SSDBox"}, "nms": NMS},
}
RESNET = {"depth": 50, "norm_type": "bn", "freeze_at": -1, "freeze_norm": False}
DENSE_RESNET = {**RESNET, "return_idx": [1, 2, 3]}
DENSE_FPN = {"out_channel": 64, "spatial_scales": [0.125, 0.0625, 0.03125], "extra_stage": 2, "has_extra_convs": True, "use_c5": False}
RETINANET = {
    "architecture": "RetinaNet",
    "RetinaNet": {"backbone": "ResNet", "neck": "FPN", "head": "RetinaHead"},
    "ResNet": DENSE_RESNET,
    "FPN": DENSE_FPN,
    "RetinaHead": {"conv_feat": {"name": "RetinaFeat", "feat_in": 64, "feat_out": 64, "num_convs": 2, "norm_type": None}, "nms": NMS, "bbox_assigner": {"name": "MaxIoUAssigner", "positive_overlap": 0.5, "negative_overlap": 0.4, "allow_low_quality": True}},
}
GFL = {
    "architecture": "GFL",
    "GFL": {"backbone": "ResNet", "neck": "FPN", "head": "GFLHead"},
    "ResNet": DENSE_RESNET,
    "FPN": DENSE_FPN,
    "GFLHead": {"conv_feat": {"name": "FCOSFeat", "feat_in": 64, "feat_out": 64, "num_convs": 2, "norm_type": "gn"}, "feat_in_chan": 64, "nms": {**NMS, "keep_top_k": 10}},
}
FCOS = {
    "architecture": "FCOS",
    "FCOS": {"backbone": "ResNet", "neck": "FPN", "fcos_head": "FCOSHead"},
    "ResNet": DENSE_RESNET,
    "FPN": {**DENSE_FPN, "out_channel": 256},
    "FCOSHead": {"fcos_feat": {"name": "FCOSFeat", "feat_in": 256, "feat_out": 256, "num_convs": 2, "norm_type": "gn"}, "nms": {**NMS, "score_threshold": 0.1}},
}
RPN = {
    "anchor_generator": {"aspect_ratios": [0.5, 1.0, 2.0], "anchor_sizes": [[32], [64], [128], [256], [512]], "strides": [4, 8, 16, 32, 64]},
    "test_proposal": {"min_size": 0.0, "nms_thresh": 0.7, "pre_nms_top_n": 200, "post_nms_top_n": 20},
}
FASTER = {
    "architecture": "FasterRCNN",
    "FasterRCNN": {"backbone": "ResNet", "neck": "FPN", "rpn_head": "RPNHead", "bbox_head": "BBoxHead", "bbox_post_process": "BBoxPostProcess"},
    "ResNet": RESNET,
    "FPN": {"out_channel": 64},
    "RPNHead": RPN,
    "BBoxHead": {"head": "TwoFCHead", "bbox_assigner": "BBoxAssigner", "roi_extractor": {"resolution": 7, "sampling_ratio": 0, "aligned": True}},
    "TwoFCHead": {"out_channel": 128},
    "BBoxPostProcess": {"decode": "RCNNBox", "nms": {**NMS, "score_threshold": 0.1}},
}
MASK = {
    **FASTER,
    "architecture": "MaskRCNN",
    "MaskRCNN": {"backbone": "ResNet", "neck": "FPN", "rpn_head": "RPNHead", "bbox_head": "BBoxHead", "mask_head": "MaskHead", "bbox_post_process": "BBoxPostProcess", "mask_post_process": "MaskPostProcess"},
    "MaskHead": {"head": "MaskFeat", "roi_extractor": {"resolution": 14, "sampling_ratio": 0, "aligned": True}},
    "MaskFeat": {"num_convs": 2, "out_channel": 64},
}
CASCADE = {
    **FASTER,
    "architecture": "CascadeRCNN",
    "CascadeRCNN": {"backbone": "ResNet", "neck": "FPN", "rpn_head": "RPNHead", "bbox_head": "CascadeHead", "bbox_post_process": "BBoxPostProcess"},
    "CascadeHead": {"head": "CascadeTwoFCHead", "bbox_assigner": "BBoxAssigner", "roi_extractor": {"resolution": 7, "sampling_ratio": 0, "aligned": True}},
    "CascadeTwoFCHead": {"out_channel": 128},
    "BBoxPostProcess": {"decode": {"name": "RCNNBox", "prior_box_var": [30.0, 30.0, 15.0, 15.0]}, "nms": {**NMS, "score_threshold": 0.1}},
}
DETR = {
    "architecture": "DETR",
    "hidden_dim": 64,
    "DETR": {"backbone": "ResNet", "transformer": "DETRTransformer", "detr_head": "DETRHead", "post_process": "DETRBBoxPostProcess"},
    "ResNet": {**RESNET, "return_idx": [3]},
    "DETRTransformer": {"num_queries": 20, "num_encoder_layers": 2, "num_decoder_layers": 2, "dim_feedforward": 128},
}
CENTERNET = {
    "architecture": "CenterNet",
    "CenterNet": {"backbone": "DLA", "neck": "CenterNetDLAFPN", "head": "CenterNetHead", "post_process": "CenterNetPostProcess"},
    "CenterNetHead": {"head_planes": 64, "regress_ltrb": False},
    "CenterNetPostProcess": {"max_per_img": 20, "regress_ltrb": False},
}
TTFNET = {
    "architecture": "TTFNet",
    "TTFNet": {"backbone": "DarkNet", "neck": "TTFFPN", "ttf_head": "TTFHead", "post_process": "BBoxPostProcess"},
    "DarkNet": {"freeze_at": -1, "return_idx": [1, 2, 3, 4], "norm_decay": 0.0},
    "BBoxPostProcess": {"decode": {"name": "TTFBox", "max_per_img": 20, "score_thresh": 0.01, "down_ratio": 4}},
}
HRNET = {
    "architecture": "TopDownHRNet",
    "TopDownHRNet": {"backbone": "HRNet", "post_process": "HRNetPostProcess", "flip_perm": [[1, 2]], "num_joints": 5, "width": 18, "use_dark": False, "flip": False},
    "HRNet": {"width": 18, "freeze_at": -1, "freeze_norm": False, "return_idx": [0]},
}

case("yolov3", layer=detector(YOLOV3, "im_shape", "scale_factor"), image=IMAGE, im_shape=SHAPE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, atol=2e-2, opset=11)
case("yolov3_fixed", layer=detector(YOLOV3, "im_shape", "scale_factor"), image=FIXED, im_shape=SHAPE, scale_factor=SCALE, sizes=BATCHES, calibrate=BATCH, atol=2e-2, opset=11)
case("yolov3_raw", layer=detector(YOLOV3, "im_shape", "scale_factor"), image=IMAGE, im_shape=SHAPE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, flags=["--remove_nms"], atol=2e-2, opset=11)
case("ppyolov2", layer=detector(PPYOLOV2, "im_shape", "scale_factor"), image=IMAGE, im_shape=SHAPE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, atol=0.3, opset=11)
case("ppyolov2_fixed", layer=detector(PPYOLOV2, "im_shape", "scale_factor"), image=FIXED, im_shape=SHAPE, scale_factor=SCALE, sizes=BATCHES, calibrate=BATCH, atol=0.3, opset=11)
case("ppyolov2_raw", layer=detector(PPYOLOV2, "im_shape", "scale_factor"), image=IMAGE, im_shape=SHAPE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, flags=["--remove_nms"], atol=0.3, opset=11)
case("ppyoloe", layer=detector(PPYOLOE, "scale_factor"), image=IMAGE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, atol=2e-2, opset=11)
case("ppyoloe_fixed", layer=detector(PPYOLOE, "scale_factor"), image=FIXED, scale_factor=SCALE, sizes=BATCHES, calibrate=BATCH, atol=2e-2, opset=11)
case("ppyoloe_raw", layer=detector(PPYOLOE, "scale_factor"), image=IMAGE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, flags=["--remove_nms"], atol=2e-2, opset=11)
case("picodet", layer=detector(PICODET, "scale_factor"), image=IMAGE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, atol=2e-2, opset=11)
case("picodet_fixed", layer=detector(PICODET, "scale_factor"), image=FIXED, scale_factor=SCALE, sizes=BATCHES, calibrate=BATCH, atol=2e-2, opset=11)
case("picodet_raw", layer=detector(PICODET, "scale_factor"), image=IMAGE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, flags=["--remove_nms"], atol=2e-2, opset=11)
case("yolox", layer=detector(YOLOX, "scale_factor"), image=IMAGE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, atol=2e-2, opset=11)
case("yolox_fixed", layer=detector(YOLOX, "scale_factor"), image=FIXED, scale_factor=SCALE, sizes=BATCHES, calibrate=BATCH, atol=2e-2, opset=11)
case("ssd", layer=detector(SSD, "im_shape", "scale_factor"), image=f32["b", 3, 300, 300], im_shape=SHAPE, scale_factor=SCALE, sizes=BATCHES, atol=2e-2, opset=11)
case("retinanet", layer=detector(RETINANET, "scale_factor"), image=f32[1, 3, "h", "w"], scale_factor=ONE_SCALE, sizes=ONE, calibrate=BATCH, atol=2e-2, opset=11)
case("retinanet_fixed", layer=detector(RETINANET, "scale_factor"), image=f32[1, 3, 128, 128], scale_factor=ONE_SCALE, calibrate=BATCH, atol=2e-2, opset=11)
case("gfl", layer=detector(GFL, "scale_factor"), image=IMAGE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, atol=2e-2, opset=11)
case("fcos", layer=detector(FCOS, "scale_factor"), image=IMAGE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, atol=2e-2, opset=11)
RCNN = dict(im_shape=ONE_SHAPE, scale_factor=ONE_SCALE, calibrate=BATCH, atol=2e-2, opset=16, paddle_cannot={"pir": "x[0] of a vector has rank 0 in PIR whatever the flag (list index out of range; Cascade: concat, axis in range of [0, 0))"})
case("faster_rcnn", layer=rcnn(FASTER), image=f32[1, 3, "h", "w"], sizes=ONE, **RCNN)
case("faster_rcnn_fixed", layer=rcnn(FASTER), image=f32[1, 3, 128, 128], **RCNN)
case("mask_rcnn", layer=rcnn(MASK), image=f32[1, 3, "h", "w"], sizes=ONE, **RCNN)
case("mask_rcnn_fixed", layer=rcnn(MASK), image=f32[1, 3, 128, 128], **RCNN)
case("cascade_rcnn", layer=rcnn(CASCADE), image=f32[1, 3, "h", "w"], sizes=ONE, **RCNN)
case("cascade_rcnn_fixed", layer=rcnn(CASCADE), image=f32[1, 3, 128, 128], **RCNN)
case("faster_rcnn_batch", layer=rcnn(FASTER, export_onnx=False), image=IMAGE, im_shape=SHAPE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, atol=2e-2, opset=16, paddle_cannot="Paddle exports it and cannot run it: tensor_array_to_tensor: Tensor holds no memory (roi_extractor: paddle.concat(roi) if len(roi) > 1 else roi[0])")
case("detr", layer=detector(DETR, "im_shape", "scale_factor"), image=IMAGE, im_shape=SHAPE, scale_factor=SCALE, sizes=SIZES, calibrate=BATCH, atol=2e-2, opset=11)
case("centernet", layer=detector(CENTERNET, "im_shape", "scale_factor"), image=f32[1, 3, "h", "w"], im_shape=ONE_SHAPE, scale_factor=ONE_SCALE, sizes=ONE, calibrate=BATCH, atol=2e-2, opset=11)
case("ttfnet", layer=detector(TTFNET, "scale_factor"), image=f32[1, 3, "h", "w"], scale_factor=f32[1, 2].values([[0.5, 0.5]]), sizes=ONE, calibrate=BATCH, atol=2e-2, opset=11)
case("keypoint_hrnet", layer=detector(HRNET), image=f32["b", 3, 128, 96], sizes=BATCHES, calibrate=BATCH, atol=2e-2, opset=11)
