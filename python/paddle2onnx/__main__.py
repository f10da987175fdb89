"""python -m paddle2onnx: the command."""
from paddle2onnx.command import main

if __name__ == "__main__":
    main()
