"""What tests/operators and tests/models share: exporting with Paddle, driving the exporters, judging with ONNX Runtime."""
