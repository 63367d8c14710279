"""End to end: the real emulator, the real awslambdaric, real containers."""
